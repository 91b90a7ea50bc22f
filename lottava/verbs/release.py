# SPDX-License-Identifier: MIT
"""`lottava release`: the image as it is given away, its hash and a manifest; the same sources give the same bytes."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._common import VerbError, load_voice, print_json, say

if TYPE_CHECKING:
    from lottava.firmware_file import Manifest
    from lottava.voicefile import Voice

ROOT = Path(__file__).resolve().parents[2]


def release(
    voice: Annotated[
        str, typer.Argument(help="the built-in voice: a .lottava file, or a factory voice's name")
    ] = "sax",
    out: Annotated[Path, typer.Option(help="folder that receives the files")] = Path("build/release"),
    as_json: Annotated[bool, typer.Option("--json", help="print the manifest")] = False,
) -> None:
    """Build the image and write lottava-seed-VERSION.bin, its SHA-256, and a manifest that `lottava flash` checks.

    The date is SOURCE_DATE_EPOCH's, else the last commit's. Example:  lottava release sax --out build/release
    """
    from lottava import firmware_file

    from . import _module

    loaded, date = load_voice(voice), source_date()
    data = _module.build_image(loaded, out / "build").with_suffix(".bin").read_bytes()
    firmware_file.check_image(data, "the image")
    manifest = describe(data, loaded, date)
    for path in write(out, data, manifest):
        say(f"{path.stat().st_size:>9,}  {path}")
    if as_json:
        print_json(vars(manifest))


def describe(data: bytes, voice: Voice, date: str) -> Manifest:
    """The manifest of an image with a voice."""
    from lottava.firmware_file import ADDRESS, BOARD, Manifest, sha256
    from lottava.graph import graph_hash

    number = version("lottava")
    return Manifest(
        file=f"lottava-seed-{number}.bin",
        version=number,
        board=BOARD,
        address=ADDRESS,
        bytes=len(data),
        sha256=sha256(data),
        voice=voice.card.name,
        graph_sha256=graph_hash(voice.graph),
        toolchain=_first_line("arm-none-eabi-g++", "--version"),
        source=_first_line("git", "describe", "--always", "--dirty", "--abbrev=12"),
        date=date,
    )


def write(folder: Path, data: bytes, manifest: Manifest) -> list[Path]:
    """The release's three files, under the names that `lottava flash` and `sha256sum -c` look for."""
    folder.mkdir(parents=True, exist_ok=True)
    image = folder / manifest.file
    hashed = image.with_name(image.name + ".sha256")
    image.write_bytes(data)
    hashed.write_bytes(f"{manifest.sha256}  {image.name}\n".encode())
    image.with_suffix(".json").write_bytes(manifest.to_json().encode())
    return [image, hashed, image.with_suffix(".json")]


def source_date() -> str:
    """When the sources were last changed, as ISO 8601 in UTC: SOURCE_DATE_EPOCH, else the last commit. VerbError."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH") or _first_line("git", "log", "-1", "--format=%ct")
    if not seconds.isdecimal():
        raise VerbError(f"no date for the release ({seconds}): set SOURCE_DATE_EPOCH to seconds since 1970")
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _first_line(*command: str) -> str:
    """What a program says first, asked in the checkout; 'unknown' where there is none."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.partition("\n")[0].strip() or "unknown"
