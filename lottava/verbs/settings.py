# SPDX-License-Identifier: MIT
"""`lottava settings`: what a module keeps of the player's choices, in units of people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from lottava.settings import LIMITS

from ._common import VerbError, print_json, say
from .backup import Port

if TYPE_CHECKING:
    from lottava.settings import Settings

settings = typer.Typer(
    help="What a module keeps of your choices. Example:  lottava settings show --port /dev/ttyACM0",
    no_args_is_help=True,
)

BANKS, SLOTS_A_BANK = "ABCD", 8


@dataclass(frozen=True)
class Unit:
    """How a setting is written: words for some numbers, else a number times `scale` with a unit behind it."""

    meaning: str
    unit: str = ""
    scale: int = 1
    words: tuple[tuple[int, str], ...] = ()

    def show(self, value: int) -> str:
        """The setting for people."""
        word = dict(self.words).get(value)
        return word if word is not None else f"{value / self.scale:g} {self.unit}".strip()

    def read(self, text: str) -> int:
        """What `show` shows, or its number alone. Raises ValueError."""
        for value, word in self.words:
            if text.casefold() == word.casefold():
                return value
        number = float(text.removesuffix(self.unit).strip().replace(",", ".")) * self.scale
        if abs(number - round(number)) > 1e-6:
            raise ValueError(f"{text} is no multiple of {1 / self.scale:g}")
        return round(number)


SLOT_WORDS = tuple((index, f"{BANKS[index // SLOTS_A_BANK]}{index % SLOTS_A_BANK + 1}") for index in range(32))
OFF_ON = ((0, "off"), (1, "on"))
UNITS = {
    "root_octave": Unit("octaves added to the pitch", "octaves"),
    "tuning": Unit("added to the pitch", "cents", 10),
    "midi_channel": Unit("the channel that is heard", "", 1, ((0, "any"),)),
    "bend_semitones": Unit("full travel of the pitch bend", "semitones"),
    "led_brightness": Unit("of the lights, 0 to 255"),
    "slot": Unit("the voice that plays", "", 1, SLOT_WORDS),
    "hold": Unit("the note stays", "", 1, OFF_ON),
    "glide": Unit("from pitch to pitch", "ms"),
    "morph_span": Unit("what MORPH goes through", "", 1, ((0, "pair"), (1, "bank"))),
    "quality": Unit("of a nested voice: each step is narrower and takes less CPU", "", 1, ((0, "finest"),)),
}
"""Setting, in the order of LIMITS -> how it is written."""


@settings.command()
def show(
    port: Port,
    as_json: Annotated[bool, typer.Option("--json", help="print them as JSON, as they are stored")] = False,
) -> None:
    """Print every setting with its unit, and what it may be.

    Example:  lottava settings show --port /dev/ttyACM0
    """
    _, kept = _with_module(port, lambda now: now)
    if as_json:
        print_json({name: getattr(kept, name) for name in LIMITS})
        return
    for name, unit in UNITS.items():
        limits = LIMITS[name]
        span = f"{unit.show(limits.low)} .. {unit.show(limits.high)}"
        print(f"{name:<15} {unit.show(getattr(kept, name)):<14} {unit.meaning} ({span})")


@settings.command(name="set", context_settings={"ignore_unknown_options": True})
def set_(
    name: Annotated[str, typer.Argument(help="setting, as `show` names it")],
    value: Annotated[str, typer.Argument(help="value, as `show` writes it; the unit may be left out")],
    port: Port,
) -> None:
    """Change one setting; the module uses it at once and keeps it without power.

    Example:  lottava settings set tuning 3.5 --port /dev/ttyACM0
    """
    chosen = parse(name, value)
    before, _ = _with_module(port, lambda now: replace(now, **{name: chosen}))
    unit = UNITS[name]
    say(f"{name}: {unit.show(chosen)} (was {unit.show(getattr(before, name))})")


def parse(name: str, text: str) -> int:
    """The stored number. Raises VerbError that says what may be written."""
    if name not in UNITS:
        raise VerbError(f"no setting is called {name}; there are {', '.join(UNITS)}")
    unit, limits = UNITS[name], LIMITS[name]
    span = f"from {unit.show(limits.low)} to {unit.show(limits.high)}"
    try:
        value = unit.read(text)
    except ValueError as error:
        raise VerbError(f"{name}: {text!r} is not understood; it goes {span}") from error
    if not limits.low <= value <= limits.high:
        raise VerbError(f"{name}: {text} is outside; it goes {span}")
    return value


def _with_module(port: str, change: Callable[[Settings], Settings]) -> tuple[Settings, Settings]:
    """Settings before and after a change, which is stored where there is one."""
    from lottava.calibration.link import open_port
    from lottava.calibration.module import Module

    with open_port(port) as link:
        module = Module(link)
        module.hello()
        before, _ = module.read_settings()
        after = change(before)
        if after != before:
            module.write_settings(after)
    return before, after
