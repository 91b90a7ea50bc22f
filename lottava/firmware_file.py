# SPDX-License-Identifier: MIT
"""The file that is flashed: is it an image for the Seed's internal flash, and is it the one its manifest describes?

lottava-seed-0.1.0.bin          what the Seed gets, from address 0x08000000 on: vectors first
lottava-seed-0.1.0.bin.sha256   its hash, as sha256sum writes and checks it
lottava-seed-0.1.0.json         the manifest
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ADDRESS = 0x0800_0000
FLASH_BYTES = 128 << 10
"""The STM32H750's internal flash is one sector of this size (RM0433 4.3.9): a write always erases all of it."""

BOARD = "daisy_seed"
MANIFEST_FORMAT = 1

_SYSTEM_VECTORS = 16
_CODE_IN_RAM = ((0, 64 << 10), (0x2400_0000, 512 << 10))
"""Memories that interrupt handlers may be unpacked to after reset: ITCM, AXI SRAM."""
_STACKS = ((0x2000_0000, 128 << 10), (0x2400_0000, 512 << 10), (0x3000_0000, 288 << 10), (0x3800_0000, 64 << 10))
"""Memories that a stack may end in: DTCM, AXI SRAM, D2, D3 (RM0433 2.3.2)."""
_OTHER_KINDS = {
    b"\x7fELF": "an ELF file; flash the .bin beside it",
    b"DfuSe": "a .dfu container; flash the .bin it was made from",
    b":02000004": "an Intel HEX file; flash the .bin it was made from",
    b"PK\x03\x04": "a zip archive (a voice?), not a firmware image",
}
_ELSEWHERE = {0x24: "AXI SRAM", 0x90: "the QSPI chip"}
"""Top byte of a reset vector that images for the Daisy bootloader have."""


class FirmwareError(ValueError):
    """A file that must not go onto a Seed: says why, and what to do."""


@dataclass(frozen=True)
class Manifest:
    """What a release says of its image. graph_sha256: of the built-in voice's graph, as `lottava hello` shows it."""

    file: str
    version: str
    board: str
    address: int
    bytes: int
    sha256: str
    voice: str
    graph_sha256: str
    toolchain: str
    source: str
    date: str
    format: int = MANIFEST_FORMAT

    def to_json(self) -> str:
        """The manifest's bytes: the same values give the same text."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str, name: str) -> Manifest:
        """Read a manifest; fields of later versions are passed over. Raises FirmwareError."""
        try:
            values: Any = json.loads(text)
            if not isinstance(values, Mapping) or values["format"] != MANIFEST_FORMAT:
                raise FirmwareError(f"{name}: not a manifest of format {MANIFEST_FORMAT}; get a newer lottava")
            manifest = cls(**{field: values[field] for field in cls.__dataclass_fields__})
        except (ValueError, KeyError) as error:
            if isinstance(error, FirmwareError):
                raise
            raise FirmwareError(f"{name}: damaged manifest ({error}); download it again with its image") from None
        return manifest


@dataclass(frozen=True)
class Firmware:
    """An image that may be flashed. origin: what vouches for its bytes, '' where nothing does."""

    name: str
    data: bytes
    origin: str
    manifest: Manifest | None = None

    @property
    def sha256(self) -> str:
        return sha256(self.data)


def sha256(data: bytes) -> str:
    """Hash in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def check_image(data: bytes, name: str) -> None:
    """Is this an image for the internal flash of a Seed? Raises FirmwareError: kind of file, length, vector table."""
    for magic, kind in _OTHER_KINDS.items():
        if data.startswith(magic):
            raise FirmwareError(f"{name} is {kind}")
    if len(data) < 4 * _SYSTEM_VECTORS:
        raise FirmwareError(f"{name} is no Seed image: {len(data)} bytes don't hold a vector table; download it again")
    if len(data) > FLASH_BYTES:
        raise FirmwareError(f"{name} is no Seed image: {len(data):,} bytes, and the Seed's flash has {FLASH_BYTES:,}")
    stack, reset, *handlers = struct.unpack_from(f"<{_SYSTEM_VECTORS}I", data)
    if reset >> 24 in _ELSEWHERE:
        where = _ELSEWHERE[reset >> 24]
        raise FirmwareError(f"{name} is made for {where} and the Daisy bootloader, which lottava doesn't use")
    if stack % 8 or not any(start < stack <= start + size for start, size in _STACKS):
        raise FirmwareError(f"{name} is no Seed image: its stack would be at 0x{stack:08x}, where no memory is")
    if not _is_code(reset, len(data), ADDRESS):
        raise FirmwareError(f"{name} is no Seed image: it would start at 0x{reset:08x}, outside of itself")
    for number, handler in enumerate(handlers, 2):
        if handler and not any(_is_code(handler, size, start) for start, size in ((ADDRESS, len(data)), *_CODE_IN_RAM)):
            raise FirmwareError(f"{name} is no Seed image: vector {number} points to 0x{handler:08x}, where no code is")


def _is_code(address: int, length: int, start: int) -> bool:
    """A Thumb address (odd) in these bytes."""
    return address % 2 == 1 and start <= address < start + length


def load(path: Path) -> Firmware:
    """Read an image and compare it with the manifest or hash that lies beside it. Raises FirmwareError, OSError."""
    data = path.read_bytes()
    check_image(data, path.name)
    described, hashed = path.with_suffix(".json"), path.with_name(path.name + ".sha256")
    if described.is_file():
        manifest = Manifest.from_json(described.read_text(encoding="utf-8"), described.name)
        _compare(data, manifest.sha256, path.name, described.name)
        if (manifest.board, manifest.address, manifest.bytes) != (BOARD, ADDRESS, len(data)):
            raise FirmwareError(
                f"{described.name}: its image is for {manifest.board}, not for {BOARD} at 0x{ADDRESS:08x}"
            )
        return Firmware(path.name, data, described.name, manifest)
    if hashed.is_file():
        _compare(data, hashed.read_text(encoding="utf-8").split(" ")[0].strip(), path.name, hashed.name)
        return Firmware(path.name, data, hashed.name)
    return Firmware(path.name, data, "")


def _compare(data: bytes, expected: str, name: str, beside: str) -> None:
    if sha256(data) != expected.lower():
        raise FirmwareError(f"{name} is not the file that {beside} describes (SHA-256 differs); download both again")


def find_image(folders: list[Path]) -> Path:
    """The image to flash where none is named: the only lottava-seed*.bin of the first folder that has one.

    Raises FirmwareError where there is none, or more than one.
    """
    for folder in folders:
        found = sorted(folder.glob("lottava-seed*.bin"))
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise FirmwareError(f"{folder} holds {len(found)} images ({names}); name one:  lottava flash {found[-1]}")
        if found:
            return found[0]
    raise FirmwareError(
        "no lottava-seed*.bin in this folder; name the file:  lottava flash FILE  (or build one: make firmware)"
    )
