# SPDX-License-Identifier: MIT
"""A release: the same sources give the same bytes, its files name each other, and what was written can be flashed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from lottava.emulator import build_image

from lottava import firmware_file
from lottava.verbs import release as verb
from lottava.verbs._common import VerbError, load_voice

ROOT = Path(__file__).resolve().parents[1]
EPOCH = "1767323045"


@pytest.fixture(scope="module")
def data() -> bytes:
    return build_image().with_suffix(".bin").read_bytes()


def test_a_release_is_described_checked_and_can_be_flashed(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    voice = load_voice("sax")
    files = verb.write(tmp_path / "new", data, verb.describe(data, voice, verb.source_date()))
    image = files[0]
    assert re.fullmatch(r"lottava-seed-\d+\.\d+\.\d+\.bin", image.name)
    firmware = firmware_file.load(image)
    assert firmware.data == data and firmware.origin == image.with_suffix(".json").name
    manifest = firmware.manifest
    assert manifest is not None
    assert manifest.date == "2026-01-02T03:04:05Z" and manifest.voice == voice.card.name
    assert manifest.graph_sha256 == voice.card.id and bytes.fromhex(voice.card.id) in data, "as hello tells it"
    assert "arm-none-eabi" in manifest.toolchain
    assert subprocess.run(["sha256sum", "-c", files[1].name], cwd=image.parent, capture_output=True).returncode == 0
    again = verb.write(tmp_path / "again", data, verb.describe(data, voice, verb.source_date()))
    assert [path.read_bytes() for path in files] == [path.read_bytes() for path in again]


def test_two_builds_in_two_folders_give_the_same_bytes(data: bytes, tmp_path: Path) -> None:
    assert build_image(build_dir=tmp_path / "elsewhere").with_suffix(".bin").read_bytes() == data


def test_the_image_that_is_flashed_is_accepted(data: bytes) -> None:
    firmware_file.check_image(data, "lottava-seed.bin")


def test_without_a_date_there_is_no_release(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(VerbError, match="set SOURCE_DATE_EPOCH"):
        verb.source_date()
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    monkeypatch.setattr(verb, "_first_line", lambda *command: "unknown")
    with pytest.raises(VerbError, match=r"no date for the release \(unknown\)"):
        verb.source_date()


def test_a_missing_program_is_unknown() -> None:
    assert verb._first_line("no-such-program-here") == "unknown"
    assert verb._first_line("false") == "unknown"


def test_manifest_and_firmware_have_one_version() -> None:
    told = re.search(
        r"kFirmwareVersion\[3\] = \{(\d+), (\d+), (\d+)\}",
        "".join(path.read_text() for path in (ROOT / "firmware" / "boards" / "daisy_seed").glob("*.cc")),
    )
    declared = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M)
    assert told and declared and ".".join(told.groups()) == declared[1]


def test_the_voice_named_is_the_voice_inside(data: bytes) -> None:
    """The image's blob holds the graph's hash once."""
    assert data.count(bytes.fromhex(load_voice("sax").card.id)) == 1
    assert shutil.which("git") is None or verb._first_line("git", "describe", "--always") != "unknown"


def test_manifest_text_is_sorted_and_ends() -> None:
    text = firmware_file.Manifest("f", "1", "b", 0, 1, "s", "v", "g", "t", "c", "d").to_json()
    assert list(json.loads(text)) == sorted(json.loads(text)) and text.endswith("}\n")
