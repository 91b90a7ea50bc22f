# SPDX-License-Identifier: MIT
"""The one command: finds the verbs, and turns every expected failure into a sentence and an exit code.

Verb files import rooms (torch, jax, serial) inside the verb: `lottava --help` and `lottava calibrate` stay light.
"""

from __future__ import annotations

import sys
from importlib import import_module

import typer

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 + SIGINT, as shells count it."""

HELP = """
Turn a folder of recorded sounds into a small neural voice, and play it
on a Eurorack module.

\b
The way through:
  recordings > data report > training > structured lottery (90 % of the
  network goes) > 8-bit voice file > firmware image > Daisy Seed, emulated
  or real > calibration over serial

\b
Examples:
  lottava demo                                 all of it, with a report
  lottava play --voice sax --out phrase.wav    hear the factory voice
  lottava data report ~/cello                  will these recordings do?
  lottava train ~/cello --name cello_body_v1   make a voice of them
  lottava audition cello_body_v1.lottava       play it from the keyboard
  lottava calibrate --port /dev/ttyACM0        put a module in tune

\b
Words: a VOICE is one .lottava file. Its four AXES are knobs of fixed
meaning: BRIGHT, BREATH, BODY (measured on the recordings) and WILD (what
is left, learned). What recordings do not teach, an effect gives its knob.

Measuring verbs take --json. Exit codes: 0 good, 1 refused with a reason,
2 wrong usage, 130 interrupted.
"""

VERBS = {
    "Start here": ("demo", "play", "audition"),
    "Make a voice": ("data", "train", "nest", "quantise", "card", "budget", "export", "release"),
    "Research": ("reduce", "compare", "report"),
    "The module": ("emulate", "flash", "hello", "monitor", "calibrate", "settings", "selftest", "backup", "restore")
    + ("reboot", "factory", "bench", "size", "soak"),
}
"""Panel of the help page -> verbs, in teaching order. Verb X is the function, or the Typer app, X of verbs/X.py."""

EXTRAS = {
    **dict.fromkeys(("torch", "jax", "scipy", "soxr", "swift_f0", "onnxruntime", "matplotlib", "auraloss"), "train"),
    "serial": "bench",
    **dict.fromkeys(("unicorn", "capstone", "elftools"), "emulator"),
    "ray": "cluster",
    **dict.fromkeys(("mido", "sounddevice", "rtmidi"), "play"),
}
"""Imported module -> the extra of this package that brings it."""


def build() -> typer.Typer:
    """The Typer application with every verb registered."""
    app = typer.Typer(
        help=HELP,
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for panel, names in VERBS.items():
        for name in names:
            verb = getattr(import_module(f".verbs.{name}", __package__), name)
            if isinstance(verb, typer.Typer):
                app.add_typer(verb, name=name, rich_help_panel=panel)
            else:
                app.command(name, rich_help_panel=panel)(verb)
    return app


def _expected(error: Exception) -> str | None:
    """The sentence for a failure that is the user's business; None for one that is our bug."""
    if isinstance(error, ModuleNotFoundError):
        extra = EXTRAS.get((error.name or "").partition(".")[0])
        return f"this verb needs {error.name}: install it with  pip install 'lottava[{extra}]'" if extra else None
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}"
    ours = type(error).__module__.startswith("lottava.")
    return str(error) if ours and isinstance(error, ValueError | RuntimeError) else None


def main() -> None:
    """Entry point of the `lottava` command."""
    try:
        build()()
    except SystemExit as leaving:
        if leaving.code == INTERRUPTED:
            print("\nInterrupted: run the same command again to resume.", file=sys.stderr)
        raise
    except Exception as error:
        sentence = _expected(error)
        if sentence is None:
            raise
        print(f"lottava: {sentence}", file=sys.stderr)
        sys.exit(1)
