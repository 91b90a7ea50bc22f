# SPDX-License-Identifier: MIT
"""Tables of the manual that follow from code and logs: its pages keep their prose, their tables are written here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from lottava import messages, record, settings
from lottava.board import BOARD
from lottava.layout import REST, Layout

CALIBRATION_LOG = Path(__file__).resolve().parents[1] / "results" / "calibration.jsonl"
"""Written by `lottava bench calibration --write`."""
MARK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.S)


def _table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    listed = [tuple(headings)]
    lines = [f"| {' | '.join(str(cell) for cell in row)} |" for row in [*listed, *map(tuple, rows)]]
    return "\n".join([lines[0], "|" + "---|" * len(listed[0]), *lines[1:]]) + "\n"


def _fields(layout: type[Layout]) -> str:
    rows = []
    for item in layout.items():
        count = "" if item.count is None else f" × {item.count}"
        kind = {REST: "the rest", "bytes": "u8"}.get(item.kind, item.kind)
        rows.append((item.offset, kind + count, item.name, item.meaning))
    return _table(("byte", "type", "field", "meaning"), rows)


def _size(layout: type[Layout]) -> str:
    items = layout.items()
    if not items:
        return "–"
    return f"{layout.size()}{'+' if items[-1].kind == REST else ''}"


def commands() -> str:
    """Every command with its number and what it carries."""
    rows = [
        (f"0x{command:02X}", command.name, asked.__name__, _size(asked), answered.__name__, _size(answered))
        for command, (asked, answered) in messages.EXCHANGES.items()
    ]
    return _table(("number", "command", "request", "bytes", "reply", "bytes"), rows)


def payloads() -> str:
    """The fields of every message that has any."""
    shapes = {shape.__name__: shape for pair in messages.EXCHANGES.values() for shape in pair}
    shapes |= {messages.ErrorReply.__name__: messages.ErrorReply}
    parts = []
    for name, shape in shapes.items():
        if shape.items():
            parts.append(f"**{name}**: {(shape.__doc__ or '').strip().splitlines()[0]}\n\n{_fields(shape)}")
    return "\n".join(parts)


def errors() -> str:
    """Error codes."""
    return _table(("code", "name"), [(code.value, code.name) for code in messages.ErrorCode])


def capabilities() -> str:
    """Capability bits."""
    return _table(("bit", "name"), [(int(one).bit_length() - 1, one.name) for one in messages.Capability])


def record_fields() -> str:
    """The record's bytes."""
    return _fields(record.RecordImage)


def record_faults() -> str:
    """Why a record is refused."""
    return _table(("number", "fault"), [(fault.value, fault.name) for fault in record.RecordFault])


def settings_fields() -> str:
    """The settings' bytes."""
    return _fields(settings.SettingsImage)


def settings_limits() -> str:
    """What each setting may be."""
    rows = [(index, name, one.low, one.high, one.default) for index, (name, one) in enumerate(settings.LIMITS.items())]
    return _table(("index", "setting", "lowest", "highest", "as delivered"), rows)


def inputs() -> str:
    """Nominal volts and codes of the CV jacks."""
    rows = []
    for index, cv in enumerate(BOARD.cv_inputs):
        low, high = cv.jack.range_volts
        codes = f"{cv.code(1.0):.0f}, {cv.code(3.0):.0f}"
        span = f"{low:+g} … {high:+g} V"
        rows.append((index, cv.name, cv.jack.pin, span, f"{cv.nominal_gain:.4f}", f"{cv.nominal_offset:.4f}", codes))
    headings = ("index", "input", "pin", "range", "gain (V)", "offset (V)", "code at 1 V, 3 V")
    return _table(headings, rows)


def outputs() -> str:
    """Nominal volts of the CV outputs."""
    rows = [
        (index, cv.name, cv.jack.pin, f"{cv.nominal_gain:.4f}", f"{cv.nominal_offset:.4f}")
        for index, cv in enumerate(BOARD.cv_outputs)
    ]
    return _table(("index", "output", "pin", "gain (V)", "offset (V)"), rows)


def calibration() -> str:
    """Cents out of tune by route, as logged; a way's rows side by side for each bend of the output's converter."""
    rows = [json.loads(line) for line in CALIBRATION_LOG.read_text(encoding="utf-8").splitlines()]
    bends = sorted({row["dac_bend_codes"] for row in rows})

    def pair(row: dict, kind: str) -> str:
        high = row[f"{kind}_max"]
        return "–" if high is None else f"{row[f'{kind}_percentile_95']:.1f}, {high:.1f}"

    listed = []
    for way in dict.fromkeys(row["way"] for row in rows):
        by_bend = [next(row for row in rows if row["way"] == way and row["dac_bend_codes"] == bend) for bend in bends]
        listed.append((way, *(cell for row in by_bend for cell in (pair(row, "input"), pair(row, "output")))))
    headings = [name for bend in bends for name in (f"V/OCT, DAC bent by {bend:g}", "PITCH CV")]
    return _table((f"{rows[0]['units']} random boards", *headings), listed)


_WRITERS = (commands, payloads, errors, capabilities, record_fields, record_faults, settings_fields, settings_limits)
TABLES = {writer.__name__: writer for writer in (*_WRITERS, inputs, outputs)}
"""Of docs/protocol.md."""
LOGGED = {calibration.__name__: calibration}
"""Of docs/calibrate.md."""


def refresh(text: str) -> str:
    """`text` with every table between `<!-- table: NAME -->` and `<!-- end -->` written anew."""
    return MARK.sub(lambda found: f"{found[1]}\n{(TABLES | LOGGED)[found[2]]()}\n{found[3]}", text)


def refresh_file(path: Path) -> None:
    """Refresh a manual in place, if anything changed."""
    text = path.read_text(encoding="utf-8")
    fresh = refresh(text)
    if fresh != text:
        path.write_text(fresh, encoding="utf-8")
