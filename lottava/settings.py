# SPDX-License-Identifier: MIT
"""The settings record: what the player last chose, in 64 bytes, in two slots of the flash behind the calibration's.

    sector 0 | 1  calibration     sector 2 | 3  settings     the same rule for both: see `record`

Every setting is a signed 16-bit number within its limits, so that one loop checks them all. Bytes that fail any check
give complete defaults.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields

from .layout import Layout, item
from .levels import MAX_LEVELS
from .record import SLOTS, RecordError, RecordFault, checked_image, is_newer

MAGIC = int.from_bytes(b"LTST", "little")
VERSION = 1
SETTINGS_BYTES = 64
SECTOR = SLOTS
"""Flash sector of slot 0; slot 1 is behind it."""


@dataclass(frozen=True)
class Limits:
    """What a setting may be, ends included, and what it is where nothing is stored."""

    low: int
    high: int
    default: int


LIMITS = {
    "root_octave": Limits(-3, 3, 0),
    "tuning": Limits(-1000, 1000, 0),
    "midi_channel": Limits(0, 16, 0),
    "bend_semitones": Limits(0, 24, 2),
    "led_brightness": Limits(0, 255, 96),
    "slot": Limits(0, 31, 0),
    "hold": Limits(0, 1, 0),
    "glide": Limits(0, 5000, 0),
    "morph_span": Limits(0, 1, 0),
    "quality": Limits(0, MAX_LEVELS - 1, 0),
}


@dataclass(frozen=True)
class SettingsImage(Layout):
    """The 64 bytes, version 1."""

    magic: int = item("u32", '"LTST"')
    version: int = item("u16", "1")
    length: int = item("u16", "bytes, checksum included: 64")
    sequence: int = item("u32", "higher = newer, compared as a signed difference")
    root_octave: int = item("s16", "octaves added to the pitch, -3 .. 3")
    tuning: int = item("s16", "0.1 cent added to the pitch, -1000 .. 1000")
    midi_channel: int = item("s16", "1 .. 16; 0 = any")
    bend_semitones: int = item("s16", "full travel of the pitch bend, 0 .. 24")
    led_brightness: int = item("s16", "0 .. 255")
    slot: int = item("s16", "voice that plays: A1 = 0 .. D8 = 31")
    hold: int = item("s16", "1 = hold on")
    glide: int = item("s16", "milliseconds, 0 .. 5000")
    morph_span: int = item("s16", "0 = this voice and the next, 1 = the whole bank")
    quality: int = item("s16", "level of a nested voice, 0 = the whole; beyond its levels the narrowest")
    reserved: bytes = item("bytes", "0", 28)
    crc32: int = item("u32", "CRC-32 (zlib's) of all bytes before it")


@dataclass(frozen=True)
class Settings:
    """Settings as values, in the units of SettingsImage; the defaults are those of a module as delivered."""

    sequence: int = 0
    root_octave: int = LIMITS["root_octave"].default
    tuning: int = LIMITS["tuning"].default
    midi_channel: int = LIMITS["midi_channel"].default
    bend_semitones: int = LIMITS["bend_semitones"].default
    led_brightness: int = LIMITS["led_brightness"].default
    slot: int = LIMITS["slot"].default
    hold: int = LIMITS["hold"].default
    glide: int = LIMITS["glide"].default
    morph_span: int = LIMITS["morph_span"].default
    quality: int = LIMITS["quality"].default


def validate(settings: Settings) -> None:
    """Raise RecordError for a setting outside its limits; its index is the setting's place in LIMITS."""
    for index, (name, limits) in enumerate(LIMITS.items()):
        value = getattr(settings, name)
        if not limits.low <= value <= limits.high:
            sentence = f"{name} is {value}; it goes from {limits.low} to {limits.high}"
            raise RecordError(RecordFault.SETTING, sentence, index)


def pack(settings: Settings) -> bytes:
    """The 64 bytes. Raises LayoutError for values that don't fit their fields; checks no limits."""
    image = SettingsImage(MAGIC, VERSION, SETTINGS_BYTES, **asdict(settings), reserved=bytes(28), crc32=0).pack()
    return image[:-4] + zlib.crc32(image[:-4]).to_bytes(4, "little")


UPGRADES: dict[int, Callable[[bytes], bytes]] = {}
"""As record.UPGRADES."""


def unpack(data: bytes) -> Settings:
    """The settings at the start of `data`. Raises RecordError when any check fails."""
    image = SettingsImage.unpack(checked_image(data, MAGIC, VERSION, SETTINGS_BYTES, UPGRADES))
    settings = Settings(**{one.name: getattr(image, one.name) for one in fields(Settings)})
    validate(settings)
    return settings


def latest(slot_a: bytes, slot_b: bytes) -> tuple[Settings, int | None]:
    """The settings in use and their slot (0, 1); complete defaults and None where neither slot holds any."""
    found: list[tuple[Settings, int]] = []
    for index, data in enumerate((slot_a, slot_b)):
        try:
            found.append((unpack(data), index))
        except RecordError:
            continue
    if not found:
        return Settings(), None
    if len(found) == 2 and is_newer(found[1][0].sequence, found[0][0].sequence):
        return found[1]
    return found[0]
