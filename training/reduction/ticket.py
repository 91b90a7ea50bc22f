# SPDX-License-Identifier: MIT
"""A ticket: which units of the parent survive, and all that is needed to draw the same ticket again."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT = 1
_HASHES = ("parent_sha256", "theta_k_sha256", "data_sha256")


class TicketError(ValueError):
    """A ticket that can't be used: says what is wrong with it."""


@dataclass(frozen=True)
class Ticket:
    """Units kept per group, as indices of the parent's units. Level 0 keeps everything."""

    kept: Mapping[str, tuple[int, ...]]
    parent_widths: Mapping[str, int]
    level: int
    rewind_step: int
    seed: int
    criterion: str
    parameters: int
    parent_sha256: str
    theta_k_sha256: str
    data_sha256: str

    def __post_init__(self) -> None:
        validate(self)

    @property
    def widths(self) -> dict[str, int]:
        """Units left in each group."""
        return {name: len(units) for name, units in self.kept.items()}

    @property
    def keep(self) -> dict[str, NDArray[np.int64]]:
        """The kept units as index arrays into the parent."""
        return {name: np.array(units, dtype=np.int64) for name, units in self.kept.items()}


def _is_hash(text: object) -> bool:
    return isinstance(text, str) and len(text) == 64 and set(text) <= set("0123456789abcdef")


def validate(ticket: Ticket) -> None:
    """Raise TicketError unless every field is of its type and in range."""
    for name in ("level", "rewind_step", "seed", "parameters"):
        value = getattr(ticket, name)
        if type(value) is not int or value < 0:
            raise TicketError(f"the ticket's {name} is {value!r}, not a whole number of at least 0")
    if not isinstance(ticket.criterion, str) or not ticket.criterion:
        raise TicketError("the ticket names no criterion")
    for name in _HASHES:
        if not _is_hash(getattr(ticket, name)):
            raise TicketError(f"the ticket's {name} is not a SHA-256")
    if not isinstance(ticket.kept, Mapping) or not isinstance(ticket.parent_widths, Mapping) or not ticket.kept:
        raise TicketError("the ticket lists no groups")
    if set(ticket.kept) != set(ticket.parent_widths):
        raise TicketError("the ticket's kept units and parent widths name different groups")
    for name, units in ticket.kept.items():
        size = ticket.parent_widths[name]
        if type(size) is not int or not units or any(type(unit) is not int for unit in units):
            raise TicketError(f"group {name!r} of the ticket does not list its units as whole numbers")
        if list(units) != sorted(set(units)) or units[0] < 0 or units[-1] >= size:
            raise TicketError(f"group {name!r} of the ticket keeps units that are not sorted in 0..{size - 1}")


def is_nested(inner: Ticket, outer: Ticket) -> bool:
    """True where inner keeps only units that outer keeps, of the same parent."""
    return inner.parent_widths == outer.parent_widths and all(
        set(units) <= set(outer.kept[name]) for name, units in inner.kept.items()
    )


def to_json(ticket: Ticket) -> str:
    """Canonical text: same ticket, same bytes."""
    values = {field.name: getattr(ticket, field.name) for field in fields(ticket)}
    values["kept"] = {name: list(units) for name, units in ticket.kept.items()}
    values["parent_widths"] = dict(ticket.parent_widths)
    values["widths"] = ticket.widths
    return json.dumps({"format": FORMAT, "kind": "lottava-ticket", **values}, indent=1, sort_keys=True) + "\n"


def from_json(text: str) -> Ticket:
    """Inverse of to_json. Raises TicketError on anything missing, malformed, or of another version."""
    try:
        values: Any = json.loads(text)
    except ValueError as error:
        raise TicketError(f"the ticket is not JSON: {error}") from error
    if not isinstance(values, dict) or values.get("kind") != "lottava-ticket":
        raise TicketError("this is not a ticket")
    if values.get("format") != FORMAT:
        raise TicketError(f"the ticket has format {values.get('format')!r}; this version reads {FORMAT}")
    names = {field.name for field in fields(Ticket)}
    if missing := sorted((names | {"widths"}) - set(values)):
        raise TicketError(f"the ticket lacks {missing}")
    kept = values["kept"]
    if not isinstance(kept, dict) or not all(isinstance(units, list) for units in kept.values()):
        raise TicketError("the ticket's kept units are not lists by group")
    content = {name: values[name] for name in names} | {"kept": {k: tuple(v) for k, v in kept.items()}}
    ticket = Ticket(**content)
    if values["widths"] != ticket.widths:
        raise TicketError("the ticket's widths are not those of the units it keeps")
    return ticket


def save(ticket: Ticket, path: Path) -> None:
    """Write the ticket whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(to_json(ticket), encoding="utf-8")
    os.replace(partial, path)


def load(path: Path) -> Ticket:
    """Read a ticket. Raises TicketError naming the file."""
    try:
        return from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, TicketError) as error:
        raise TicketError(f"{path}: {error}") from error
