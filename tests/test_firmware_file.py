# SPDX-License-Identifier: MIT
"""The file that is flashed: what is no Seed image is refused, and any byte that its manifest does not mean."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lottava.firmware_file import (
    ADDRESS,
    BOARD,
    FLASH_BYTES,
    Firmware,
    FirmwareError,
    Manifest,
    check_image,
    find_image,
    load,
    sha256,
)


def image(length: int = 4096, *, stack: int = 0x2000_2000, reset: int = ADDRESS + 0x301, other: int = 0) -> bytes:
    """The smallest thing that could start on a Seed."""
    vectors = struct.pack("<16I", stack, reset, *(other or ADDRESS + 0x201 for _ in range(14)))
    return vectors + bytes(i * 7 & 0xFF for i in range(length - len(vectors)))


def manifest(data: bytes) -> Manifest:
    return Manifest(
        file="lottava-seed-1.2.3.bin",
        version="1.2.3",
        board=BOARD,
        address=ADDRESS,
        bytes=len(data),
        sha256=sha256(data),
        voice="sax_alto_v1",
        graph_sha256="ab" * 32,
        toolchain="gcc 12.2.1",
        source="0123456789ab",
        date="2026-01-02T03:04:05Z",
    )


def release(folder: Path, data: bytes, described: Manifest | None = None) -> Path:
    """An image with its manifest beside it."""
    path = folder / "lottava-seed-1.2.3.bin"
    path.write_bytes(data)
    path.with_suffix(".json").write_text((described or manifest(data)).to_json(), encoding="utf-8")
    return path


def test_an_image_and_what_vouches_for_it(tmp_path: Path) -> None:
    data = image()
    path = release(tmp_path, data)
    assert load(path) == Firmware(path.name, data, "lottava-seed-1.2.3.json", manifest(data))
    path.with_suffix(".json").unlink()
    assert load(path) == Firmware(path.name, data, "")
    path.with_name(path.name + ".sha256").write_text(f"{sha256(data)}  {path.name}\n")
    assert load(path).origin == "lottava-seed-1.2.3.bin.sha256"
    path.with_name(path.name + ".sha256").write_text(f"{'0' * 64}  {path.name}\n")
    with pytest.raises(FirmwareError, match=r"is not the file that .*\.sha256 describes"):
        load(path)


@given(st.integers(0, 4095), st.integers(0, 7))
def test_any_flipped_bit_is_noticed(tmp_path_factory: pytest.TempPathFactory, at: int, bit: int) -> None:
    data = bytearray(image())
    path = release(tmp_path_factory.mktemp("release"), bytes(data))
    data[at] ^= 1 << bit
    path.write_bytes(data)
    with pytest.raises(FirmwareError):
        load(path)


@given(st.integers(0, 4095))
def test_a_download_cut_short_is_noticed(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    path = release(tmp_path_factory.mktemp("release"), image())
    path.write_bytes(image()[:length])
    with pytest.raises(FirmwareError):
        load(path)


@given(st.binary(max_size=512))
def test_noise_is_no_image(data: bytes) -> None:
    """Sixteen words that all point into the right memories do not happen by chance."""
    with pytest.raises(FirmwareError):
        check_image(data, "noise.bin")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x7fELF" + bytes(4000), "x.bin is an ELF file; flash the .bin beside it"),
        (b"DfuSe\x01" + bytes(4000), ".dfu container"),
        (b":020000040800F2\n" * 20, "Intel HEX"),
        (b"PK\x03\x04" + bytes(4000), "zip archive"),
        (b"", "0 bytes don't hold a vector table"),
        (image()[:63], "63 bytes don't hold a vector table"),
        (image(FLASH_BYTES + 1), "131,073 bytes, and the Seed's flash has 131,072"),
        (b"\xff" * 4096, "is no Seed image: its stack would be at 0xffffffff"),
        (image(stack=0x2000_2004), "stack would be at 0x20002004"),
        (image(stack=0x2002_0008), "stack would be at 0x20020008"),
        (image(reset=ADDRESS + 0x300), "would start at 0x08000300, outside of itself"),
        (image(reset=ADDRESS + 4097), "outside of itself"),
        (image(reset=0x2400_0301), "made for AXI SRAM and the Daisy bootloader"),
        (image(reset=0x9004_0301), "made for the QSPI chip and the Daisy bootloader"),
        (image(other=0x2400_1CF8), "vector 2 points to 0x24001cf8"),
        (image(other=0x1000_0001), "vector 2 points to 0x10000001"),
    ],
)
def test_what_is_no_image_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(FirmwareError) as refused:
        check_image(data, "x.bin")
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    "data", [image(), image(FLASH_BYTES), image(stack=0x2002_0000), image(other=0x55), image(other=0x2400_1CF9)]
)
def test_images_are_accepted(data: bytes) -> None:
    check_image(data, "x.bin")


def test_a_manifest_for_another_board_or_format_is_refused(tmp_path: Path) -> None:
    data = image()
    for described, reason in (
        (replace(manifest(data), board="daisy_patch_sm"), "its image is for daisy_patch_sm"),
        (replace(manifest(data), address=0x9000_0000), "not for daisy_seed at 0x08000000"),
        (replace(manifest(data), format=2), "not a manifest of format 1; get a newer lottava"),
    ):
        with pytest.raises(FirmwareError, match=reason):
            load(release(tmp_path, data, described))


def test_a_manifest_survives_its_text_and_damage_is_one_sentence() -> None:
    one = manifest(image())
    assert Manifest.from_json(one.to_json(), "m.json") == one
    later = json.loads(one.to_json()) | {"colour": "red"}
    assert Manifest.from_json(json.dumps(later), "m.json") == one
    for text in ("", "[]", "{", '{"format": 1}', "null"):
        with pytest.raises(FirmwareError, match=r"m\.json: "):
            Manifest.from_json(text, "m.json")


def test_the_only_image_of_the_first_folder_is_found(tmp_path: Path) -> None:
    here, built = tmp_path / "here", tmp_path / "built"
    here.mkdir()
    with pytest.raises(FirmwareError, match="no lottava-seed"):
        find_image([here, built])
    built.mkdir()
    (built / "lottava-seed.bin").touch()
    assert find_image([here, built]) == built / "lottava-seed.bin"
    (here / "lottava-seed-1.0.0.bin").touch()
    assert find_image([here, built]).parent == here
    (here / "lottava-seed-1.1.0.bin").touch()
    with pytest.raises(FirmwareError, match=r"holds 2 images \(.*1\.0\.0\.bin, .*1\.1\.0\.bin\); name one"):
        find_image([here, built])
