# SPDX-License-Identifier: MIT
"""What a schematic must say: every part can be ordered, every Seed pin carries the board's net; and bulk updates."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from lottava.board import BOARD, Board, Stage

from .blocks.nets import AUDIO_PINS, header_pin, seed_nets
from .parts import PARTS, PartType, find, resistor_key
from .sheetfile import Part, SheetFile

REQUIRED_FIELDS = ("Value", "Footprint", "MPN", "Manufacturer", "LCSC", "Tolerance", "Rating")
SEED_SYMBOL = "Electrosmith_Daisy_Seed_Rev4"
SEED_PADS: Mapping[str, str] = {
    name: str(header_pin(name)) for name in (*(f"D{number}" for number in range(31)), *AUDIO_PINS)
}
"""Seed pin → number of its pad."""
UNUSED = {"AUDIO_IN_2": {"GND"}}
"""Seed pins that the board has no signal for, and where they go; others stay open."""


def lint_fields(parts: Iterable[Part]) -> list[str]:
    """Sentences about parts that can't be ordered as they are: a field missing, or against the catalogue."""
    catalogue = {part.first.mpn: part for part in PARTS.values()}
    found = []
    for part in parts:
        if part.is_power or not part.is_in_bom or part.unit != 1:
            continue
        missing = [name for name in REQUIRED_FIELDS if not part.fields.get(name, "").strip()]
        if missing:
            found.append(f"{part.reference}: no {', '.join(missing)}")
            continue
        if not re.fullmatch(r"C\d{3,8}|generic", part.fields["LCSC"]):
            found.append(f"{part.reference}: LCSC is {part.fields['LCSC']!r}, neither a number (C…) nor generic")
        known = catalogue.get(part.fields["MPN"])
        found += [f"{part.reference}: {one}" for one in _against_catalogue(part, known)]
    return found


def _against_catalogue(part: Part, known: PartType | None) -> list[str]:
    if known is None:
        return [f"the catalogue has no {part.fields['MPN']}"]
    differing = [name for name, text in known.fields.items() if part.fields.get(name) != text]
    wrong = [f"{name} is {part.fields.get(name)!r}, {known.fields[name]!r} in the catalogue" for name in differing]
    if part.reference[0] in "RCL" and part.value != known.value and not part.reference.startswith("RV"):
        wrong.append(f"value {part.value} is not that of its number {known.first.mpn}: {known.value}")
    return wrong


def lint_references(parts: Iterable[Part]) -> list[str]:
    """Sentences about designators that are used twice or never given."""
    units = Counter((part.reference, part.unit) for part in parts if not part.is_power)
    found = [f"{reference}: used {count} times" for (reference, _), count in units.items() if count > 1]
    return found + [f"{reference}: not numbered" for reference, _ in units if reference.endswith("?")]


def seed_names(sheets: Iterable[SheetFile]) -> dict[str, set[str]]:
    """Seed pin → labels it is wired to. Raises ValueError for no Seed, two Seeds, or a Seed that is turned."""
    found = [(sheet, part) for sheet in sheets for part in sheet.parts if part.lib_id.split(":")[-1] == SEED_SYMBOL]
    if len(found) != 1:
        raise ValueError(f"{len(found)} symbols {SEED_SYMBOL} in the schematic, one is needed")
    sheet, seed = found[0]
    if seed.turn:
        raise ValueError(f"{seed.reference} is turned by {seed.turn}°: the Seed's pins are read at 0° only")
    return {pin: sheet.names_at(seed.pins[pad]) for pin, pad in SEED_PADS.items()}


def lint_pin_map(sheets: Iterable[SheetFile]) -> list[str]:
    """Sentences about Seed pins whose labels are not what the board says."""
    try:
        names = seed_names(sheets)
    except ValueError as error:
        return [str(error)]
    found = []
    for pin, labels in names.items():
        wanted = {seed_nets()[pin]} if pin in seed_nets() else UNUSED.get(pin, set())
        if labels != wanted:
            drawn, said = (", ".join(sorted(one)) or "nothing" for one in (labels, wanted))
            found.append(f"Seed {pin}: {drawn}, {said} on the board")
    return found


def stage_keys(board: Board = BOARD) -> dict[str, str]:
    """Designator → catalogue key of every resistor that the board's CV stages compute their gain and bias from."""
    keys: dict[str, str] = {}

    def add(stage: Stage, **names: str) -> None:
        ohms = {"input": stage.input_ohms, "feedback": stage.feedback_ohms}
        ohms |= {"top": stage.bias.top_ohms, "bottom": stage.bias.bottom_ohms}
        keys.update((names[what], resistor_key(ohms[what], stage.tolerance)) for what in names)

    for index, cv in enumerate(board.cv_inputs):
        add(cv.stage, input=f"R{410 + 10 * index}", feedback=f"R{411 + 10 * index}")
    for first, cv in ((401, board.cv_inputs[0]), (403, board.cv_inputs[1])):
        add(cv.stage, top=f"R{first}", bottom=f"R{first + 1}")
    for index, out in enumerate(board.cv_outputs):
        names = (f"R{910 + 10 * index + offset}" for offset in range(4))
        add(out.stage, **dict(zip(("input", "top", "bottom", "feedback"), names, strict=True)))
    return keys


def lint_stages(parts: Iterable[Part], board: Board = BOARD) -> list[str]:
    """Sentences about resistors of the CV stages that are not the board's."""
    drawn = {part.reference: part for part in parts}
    found = []
    for reference, key in stage_keys(board).items():
        mpn = drawn[reference].fields.get("MPN") if reference in drawn else None
        if mpn != find(key).first.mpn:
            value = drawn[reference].value if reference in drawn else "missing"
            found.append(f"{reference}: {value}, {key} by the board's stage")
    return found


def lint(sheets: list[SheetFile]) -> list[str]:
    """Everything that is wrong with a project's sheets."""
    parts = [part for sheet in sheets for part in sheet.parts]
    return [*lint_fields(parts), *lint_references(parts), *lint_pin_map(sheets), *lint_stages(parts)]


def fit_parts(sheets: Iterable[SheetFile], keys: Mapping[str, str]) -> list[SheetFile]:
    """Give designators other catalogue parts, value and order fields alike; the sheets changed, not yet saved.

    keys: designator → catalogue key. Raises KeyError for an unknown key or designator.
    """
    wanted = {reference: find(key) for reference, key in keys.items()}
    changed, left = [], set(wanted)
    for sheet in sheets:
        here = {part.reference for part in sheet.parts} & set(wanted)
        for reference in sorted(here):
            part = wanted[reference]
            for name, text in {"Value": part.value, **part.fields}.items():
                sheet.set_field(reference, name, text)
        if here:
            changed.append(sheet)
        left -= here
    if left:
        raise KeyError(f"no part {', '.join(sorted(left))} in the schematic")
    return changed
