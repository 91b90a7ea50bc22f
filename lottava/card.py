# SPDX-License-Identifier: MIT
"""The voice card: what a player, a reviewer and a lawyer want to know of a voice, as a value that travels with it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from . import licences
from .graph import SHA256
from .synth import SynthEdits
from .units import HOP_SAMPLES

FORMAT = 1
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,23}")
VERSION = re.compile(r"\d{1,6}\.\d{1,6}\.\d{1,6}(-[0-9A-Za-z.-]{1,32})?", re.ASCII)
CREATED = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?", re.ASCII)
CONTROL_CHARACTER = re.compile("[\x00-\x1f\x7f-\x9f]")
MAX_DEPTH = 16
NOT_STATED = "not stated"
OWN_RECORDINGS = "own recordings"
RIGHTS = (OWN_RECORDINGS, "licensed", "public domain", NOT_STATED)
KINDS = ("sustained", "plucked", "percussive", "texture")
AXES = ("z1", "z2", "z3", "z4")

Check = Callable[[Any], bool]


class CardError(ValueError):
    """A card that can't be used: names the field and what it should be."""


def _number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 53


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 4096 and CONTROL_CHARACTER.search(value) is None


def _words(value: Any) -> bool:
    return _text(value) and bool(value.strip())


def _like(pattern: re.Pattern[str]) -> Check:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _one_of(*choices: Any) -> Check:
    return lambda value: type(value) in {type(choice) for choice in choices} and value in choices


def _optional(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _list(check: Check, least: int = 0) -> Check:
    return lambda value: isinstance(value, list) and least <= len(value) <= 1024 and all(map(check, value))


def _boundary(value: Any) -> bool:
    return _number(value) or _text(value)


def _gain(value: Any) -> bool:
    return _number(value) and abs(value) <= 60


def _range(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_number, value)) and value[0] <= value[1]


def _span(value: Any) -> bool:
    return _range(value) and value[0] < value[1]


def _frequencies(value: Any) -> bool:
    return _range(value) and value[0] > 0


def _object(**checks: Check) -> Check:
    """An object with at least these keys; others are kept."""
    return lambda value: (
        isinstance(value, dict) and all(key in value and check(value[key]) for key, check in checks.items())
    )


_flag = _one_of(True, False)
_attribution = _object(work=_words, author=_text, source=_text, licence=_like(licences.SPDX_ID), changed=_text)
_axis = _object(
    id=_one_of(*AXES),
    name=_words,
    descriptor=_words,
    low=_boundary,
    high=_boundary,
    learned=_flag,
    spearman=_optional(_number),
)


def _axes(value: Any) -> bool:
    return _list(_axis)(value) and [axis["id"] for axis in value] == list(AXES)


CHECKS: dict[str, tuple[Check, str]] = {
    "format": (_one_of(FORMAT), f"{FORMAT}, the only format that this version knows"),
    "id": (_like(SHA256), "the SHA-256 of the model in lower-case hex"),
    "name": (_like(NAME), "1 to 24 of a-z 0-9 _ -, starting with a letter or digit"),
    "title": (_text, "text of one line"),
    "summary": (_words, "one sentence"),
    "authors": (_list(_words, 1), "a list of one or more names"),
    "created": (_like(CREATED), "a date like 2026-01-31 or 2026-01-31T12:00:00Z"),
    "version": (_like(VERSION), "a semantic version like 1.0.0"),
    "licence": (_like(licences.SPDX_ID), "an SPDX id or LicenseRef-Private"),
    "attribution": (_list(_attribution, 1), "a list of {work, author, source, licence, changed}"),
    "rights": (
        _object(basis=_one_of(*RIGHTS), performers_consent=_flag),
        f"{{basis: one of {', '.join(RIGHTS)}; performers_consent: true or false}}",
    ),
    "family": (_words, "the family of the generator, like ddsp"),
    "kind": (_one_of(*KINDS), f"one of {', '.join(KINDS)}"),
    "data": (
        _object(minutes=_number, files=_count, range_hz=_frequencies, levels_db=_range, hash=_like(SHA256)),
        "{minutes, files, range_hz, levels_db, hash}",
    ),
    "axes": (_axes, "z1 to z4 in order, each {id, name, descriptor, low, high, learned, spearman}"),
    "range_hz": (_frequencies, "[lowest, highest] in Hz"),
    "loudness_range_db": (_span, "[lowest, highest] A-weighted dB that the network was trained on"),
    "root_note": (_one_of(*range(128)), "a MIDI note, 0 to 127"),
    "loudness_lufs": (_number, "a number"),
    "gain_db": (_gain, "a number from -60 to 60"),
    "aux": (_text, "what AUX carries, in words"),
    "defaults": (_object(contour=_number, glide=_number), "{contour, glide}"),
    "edits": (
        _object(tilt=_number, breath_db=_gain, body_db=_gain, ripple_db=_gain),
        "{tilt, breath_db, body_db, ripple_db}, 0 = off",
    ),
    "control_hop": (_one_of(HOP_SAMPLES), f"{HOP_SAMPLES} samples"),
    "cost": (
        _object(
            flash=_count, ram=_count, cycles_mean=_optional(_number), cycles_worst=_optional(_number), modelled=_flag
        ),
        "{flash, ram, cycles_mean, cycles_worst, modelled}; cycles a sample, null while nobody has modelled them",
    ),
    "metrics": (lambda value: isinstance(value, dict), "an object of measured figures"),
    "parent": (_like(SHA256), "the SHA-256 of what the voice was made from"),
    "ticket": (_optional(_like(SHA256)), "the SHA-256 of the ticket, or null"),
    "train": (lambda value: isinstance(value, dict), "{command, seed, version, machine}"),
    "min_firmware": (_like(VERSION), "a semantic version like 0.1.0"),
    "tags": (_list(_words), "a list of words"),
    "contact": (_text, "text of one line"),
}

OPTIONAL = frozenset({"title", "root_note", "aux", "defaults", "ticket", "train", "tags", "contact"})
"""Fields that a card file may leave out; all others must be there."""


def _plain(value: Any, where: str, depth: int = 0) -> Any:
    """JSON values only, tuples as lists; refuses NaN, lone surrogates, foreign types and absurd nesting."""
    if depth > MAX_DEPTH:
        raise CardError(f"card field {where!r} nests deeper than {MAX_DEPTH} levels; flatten it")
    if isinstance(value, Mapping):
        return {_plain(key, where, depth + 1): _plain(item, where, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, where, depth + 1) for item in value]
    if isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise CardError(f"card field {where!r} holds text that is no valid UTF-8; retype it")
        return value
    if value is None or isinstance(value, bool) or (isinstance(value, int | float) and math.isfinite(value)):
        return value
    raise CardError(f"card field {where!r} holds {value!r}; a card holds finite numbers, text, lists and objects")


@dataclass(frozen=True)
class Card:
    """Fields of the card, checked on construction; `extra` keeps fields that this version does not know.

    Raises CardError naming the first field that is wrong.
    """

    id: str
    name: str
    summary: str
    authors: list[str]
    created: str
    attribution: list[dict[str, Any]]
    data: dict[str, Any]
    axes: list[dict[str, Any]]
    range_hz: list[float]
    loudness_range_db: list[float]
    loudness_lufs: float
    gain_db: float
    cost: dict[str, Any]
    metrics: dict[str, Any]
    parent: str
    format: int = FORMAT
    title: str = ""
    version: str = "0.1.0"
    licence: str = licences.PRIVATE
    rights: dict[str, Any] = field(default_factory=lambda: {"basis": NOT_STATED, "performers_consent": False})
    family: str = "ddsp"
    kind: str = KINDS[0]
    root_note: int = 60
    aux: str = "noise part"
    defaults: dict[str, Any] = field(default_factory=lambda: {"contour": 0.5, "glide": 0.0})
    edits: dict[str, Any] = field(default_factory=lambda: asdict(SynthEdits()))
    control_hop: int = HOP_SAMPLES
    ticket: str | None = None
    train: dict[str, Any] = field(default_factory=dict)
    min_firmware: str = "0.1.0"
    tags: list[str] = field(default_factory=list)
    contact: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for entry in fields(self):
            object.__setattr__(self, entry.name, _plain(getattr(self, entry.name), entry.name))
        validate(self)

    @property
    def synth_edits(self) -> SynthEdits:
        """The edits as the synthesiser takes them."""
        return SynthEdits(**{entry.name: float(self.edits[entry.name]) for entry in fields(SynthEdits)})


def validate(card: Card) -> None:
    """Raise CardError for the first field that is not what instrument.md §3 asks for."""
    for name, (check, meaning) in CHECKS.items():
        value = getattr(card, name)
        if not check(value):
            raise CardError(f"card field {name!r} is {str(value)[:80]!r}; it should be {meaning}")
    if clash := sorted(set(card.extra) & set(CHECKS)) or [key for key in card.extra if not isinstance(key, str)]:
        raise CardError(f"card fields {clash} can't be extra ones; set them by name")


def to_json(card: Card) -> str:
    """The card as JSON text: fields in the order of CHECKS, then the unknown ones by name; same card, same text."""
    known = {name: getattr(card, name) for name in CHECKS}
    unknown = {name: card.extra[name] for name in sorted(card.extra)}
    return json.dumps(known | unknown, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(text: str) -> Card:
    """Inverse of to_json. Raises CardError for anything that is not a card, or lacks required fields."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CardError(f"the card is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise CardError("the card is not a JSON object")
    if missing := sorted(set(CHECKS) - OPTIONAL - set(values)):
        raise CardError(f"the card lacks {', '.join(missing)}")
    known = {name: values.pop(name) for name in CHECKS if name in values}
    return Card(**known, extra=values)


def publishable(card: Card) -> str | None:
    """None for a card that may be published, else one sentence that says why not."""
    for entry in card.attribution:
        if reason := licences.blocks_publishing(entry["licence"]):
            return f"the licence {entry['licence']} of {entry['work']!r} {reason}: keep this voice private"
    allowed = licences.voice_licence(entry["licence"] for entry in card.attribution)
    if card.licence not in licences.PUBLISHABLE:
        return f"the voice's licence is {card.licence}: set it to {allowed} to publish"
    if card.licence == licences.FREE and allowed != licences.FREE:
        return f"the recordings ask for credit: set the voice's licence to {allowed}"
    for entry in card.attribution:
        if not (entry["author"].strip() and entry["source"].strip()):
            return f"the attribution of {entry['work']!r} lacks its author or source: add them"
    if card.rights["basis"] == NOT_STATED:
        return (
            f"the card does not say by what right the recordings are used: set rights.basis to {', '.join(RIGHTS[:3])}"
        )
    # A public licence covers the performance too (CC-BY-4.0 §1 "similar rights"); one's own recording may be of others.
    if card.rights["basis"] == OWN_RECORDINGS and not card.rights["performers_consent"]:
        return "the card does not say that the performers consent: ask them, then set rights.performers_consent"
    return None
