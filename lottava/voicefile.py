# SPDX-License-Identifier: MIT
"""NAME.lottava, the file by which people exchange voices: a zip whose bytes depend on the voice alone.

    manifest.json           format, kind, the graph without its arrays, the graph's SHA-256
    arrays/LAYER.ARRAY.npy  one NumPy array each, version 1.0, C order, never pickled
    card.json               see card.py
    preview.ogg             at most 10 s of sound; may be absent

Entries are stored, not deflated: bytes then don't depend on the zlib at hand. Loading accepts deflated ones too.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import card as cards
from . import graph as graphs

FORMAT = 1
KIND = "lottava-voice"
MEDIA_TYPE = "application/vnd.lottava.voice+zip"
SUFFIX = ".lottava"
MAX_BYTES = 16 << 20
MANIFEST, CARD, PREVIEW = "manifest.json", "card.json", "preview.ogg"

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
NPY_MAGIC = b"\x93NUMPY\x01\x00"
NPY_HEADER = re.compile(
    rb"\{'descr': '(<f4|\|i1|<i4)', 'fortran_order': False, "
    rb"'shape': \((\d{1,7}),(?: (\d{1,7})(?:, (\d{1,7}))?)?\), \} *\n"
)

BROKEN_ZIP = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
"""What zipfile raises on damaged input: bad signatures, encryption, unknown compression, offsets beyond the file."""


class VoiceFileError(ValueError):
    """A voice file that can't be read or written: names the file, the part of it, and what to do."""


@dataclass(frozen=True, eq=False)
class Voice:
    """A graph, its card (card.id = the graph's SHA-256) and a preview as Ogg bytes (b"" for none)."""

    graph: graphs.Graph
    card: cards.Card
    preview: bytes = b""

    def __post_init__(self) -> None:
        if problem := _voice_error(self.graph, self.card, self.preview):
            raise VoiceFileError(f"voice {self.card.name!r}: {problem}")


def _voice_error(graph: graphs.Graph, card: cards.Card, preview: bytes) -> str | None:
    if card.id != graphs.graph_hash(graph):
        return "the card's id is not the SHA-256 of the graph; make the card from this graph"
    if preview and not preview.startswith(b"OggS"):
        return "the preview is not an Ogg file; encode it as Ogg, or leave it out"
    return None


def _npy_bytes(array: NDArray) -> bytes:
    buffer = io.BytesIO()
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    np.lib.format.write_array(buffer, little, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def _parse_npy(data: bytes) -> NDArray:
    """An array of 1 to 3 dimensions from .npy bytes, without evaluating them and with every size checked before use."""
    if not data.startswith(NPY_MAGIC) or len(data) < 10:
        raise ValueError("it is no .npy of version 1.0")
    start = 10 + int.from_bytes(data[8:10], "little")
    if not (header := NPY_HEADER.fullmatch(data[10:start])):
        raise ValueError("its .npy header is not one of a float32, int8 or int32 array in C order")
    shape = tuple(int(size) for size in header.groups()[1:] if size is not None)
    dtype = np.dtype(header.group(1).decode())
    if len(data) - start != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"it holds {len(data) - start} bytes, not the {shape} of {dtype} that it announces")
    return np.frombuffer(data, dtype=dtype, offset=start).reshape(shape).copy()


def to_bytes(voice: Voice) -> bytes:
    """The file's bytes: equal for equal voices, on any machine."""
    manifest = {
        "format": FORMAT,
        "kind": KIND,
        "graph": graphs.to_manifest(voice.graph),
        "graph_sha256": graphs.graph_hash(voice.graph),
    }
    entries = {MANIFEST: (json.dumps(manifest, indent=1, allow_nan=False) + "\n").encode()}
    entries |= {f"arrays/{name}.npy": _npy_bytes(array) for name, array in graphs.named_arrays(voice.graph).items()}
    entries[CARD] = cards.to_json(voice.card).encode()
    if voice.preview:
        entries[PREVIEW] = voice.preview
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in entries.items():
            info = zipfile.ZipInfo(name, ZIP_EPOCH)
            info.create_system, info.external_attr = 3, 0o100644 << 16
            archive.writestr(info, data)
    return buffer.getvalue()


def save(voice: Voice, path: Path | str) -> None:
    """Write NAME.lottava whole or not at all. Raises VoiceFileError above 16 MB or where the disk refuses."""
    path, data = Path(path), to_bytes(voice)
    if len(data) > MAX_BYTES:
        raise VoiceFileError(f"{path}: the voice takes {len(data) >> 20} MB, over 16; shorten its preview or trim it")
    try:
        handle, temporary = tempfile.mkstemp(prefix=path.name, dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise VoiceFileError(f"{path}: can't be written ({error.strerror}); choose another folder") from error


def _read_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """One entry. Asking for its announced size keeps a deflated bomb from unpacking further than that."""
    with archive.open(info) as file:
        return file.read(info.file_size)


def _read_entries(data: bytes) -> dict[str, bytes]:
    """All entries of the zip, their checksums verified; sizes are bounded before anything is unpacked."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
        if len({info.filename for info in infos}) != len(infos):
            raise ValueError("two entries share a name")
        if sum(info.file_size for info in infos) > MAX_BYTES:
            raise ValueError("its entries unpack to over 16 MB")
        if any(info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in infos):
            raise ValueError("an entry is neither stored nor deflated")
        return {info.filename: _read_entry(archive, info) for info in infos}


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"it holds {constant}")


def _parse_manifest(data: bytes) -> dict[str, Any]:
    manifest = json.loads(data.decode(), parse_constant=_refuse_constant)
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        raise ValueError("it doesn't describe a voice")
    if manifest.get("format") != FORMAT or type(manifest["format"]) is not int:
        raise ValueError(f"format {manifest.get('format')!r} is not {FORMAT}; update lottava")
    if set(manifest) != {"format", "kind", "graph", "graph_sha256"} or not isinstance(manifest["graph"], dict):
        raise ValueError("its fields are not format, kind, graph and graph_sha256")
    return manifest


def _part(where: str, part: str, parse: Callable[[], Any]) -> Any:
    """parse(), its failure told as one sentence."""
    try:
        return parse()
    except (*BROKEN_ZIP, RecursionError, KeyError) as error:
        detail = " ".join(str(error).split())[:300] or type(error).__name__
        raise VoiceFileError(f"{where}: {part} is damaged: {detail}; get the file again, or save it anew") from error


def from_bytes(data: bytes, where: str = "voice") -> Voice:
    """Inverse of to_bytes. Raises VoiceFileError for anything that is not exactly a voice; `where` names it there."""
    if len(data) > MAX_BYTES:
        raise VoiceFileError(f"{where}: {len(data) >> 20} MB is too large for a voice, which takes 16 at most")
    entries: dict[str, bytes] = _part(where, "the zip", lambda: _read_entries(data))
    for name in (MANIFEST, CARD):
        if name not in entries:
            raise VoiceFileError(f"{where}: it lacks {name}, so it is no voice; choose a {SUFFIX} file")
    manifest = _part(where, MANIFEST, lambda: _parse_manifest(entries[MANIFEST]))
    arrays = {}
    for name in entries.keys() - {MANIFEST, CARD, PREVIEW}:
        if not (name.startswith("arrays/") and name.endswith(".npy")):
            raise VoiceFileError(f"{where}: {name[:80]!r} doesn't belong into a voice; remove it")
        arrays[name[len("arrays/") : -len(".npy")]] = _part(where, name, partial(_parse_npy, entries[name]))
    graph = _part(where, "the graph", lambda: graphs.from_manifest(manifest["graph"], arrays))
    if graphs.graph_hash(graph) != manifest["graph_sha256"]:
        raise VoiceFileError(f"{where}: the graph is not the one that {MANIFEST} names by hash; get the file again")
    card = _part(where, CARD, lambda: cards.from_json(entries[CARD].decode()))
    preview = entries.get(PREVIEW, b"")
    if problem := _voice_error(graph, card, preview):
        raise VoiceFileError(f"{where}: {problem}")
    return Voice(graph, card, preview)


def load(path: Path | str) -> Voice:
    """Read NAME.lottava. Raises VoiceFileError, one sentence, for whatever is missing, malformed or too large."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise VoiceFileError(f"{path}: can't be read ({error.strerror}); check the name") from error
    return from_bytes(data, str(path))
