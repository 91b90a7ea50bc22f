# SPDX-License-Identifier: MIT
"""The voice file: save∘load is the identity, same voice same bytes, and nothing malformed gets in."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cards import example_card
from graphs import Widths, random_graph, random_streaming_graph
from hypothesis import given, settings
from hypothesis import strategies as st

from lottava import card as cards
from lottava import graph as graphs
from lottava import voicefile
from lottava.voicefile import Voice, VoiceFileError

TINY = Widths(1, 2, 1, 2, 2)
PREVIEW = b"OggS" + bytes(range(64))


def voice_of(seed: int = 0, widths: Widths = TINY, integer: bool = True, preview: bytes = PREVIEW) -> Voice:
    graph = random_graph(seed, widths, integer=integer)
    return Voice(graph, example_card(graph, extra={"later": [1, 2]}), preview)


VOICE = voice_of()
DATA = voicefile.to_bytes(VOICE)


def same(a: Voice, b: Voice) -> bool:
    return graphs.graph_hash(a.graph) == graphs.graph_hash(b.graph) and a.card == b.card and a.preview == b.preview


def entries(data: bytes = DATA) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def refused(data: bytes, match: str | None = None) -> None:
    with pytest.raises(VoiceFileError, match=match) as caught:
        voicefile.from_bytes(data, "some.lottava")
    message = str(caught.value)
    assert message.startswith("some.lottava: ")
    assert "\n" not in message


def accepted(data: bytes) -> Voice | None:
    """The voice, or None where it was refused in one sentence that names the file."""
    try:
        return voicefile.from_bytes(data, "some.lottava")
    except VoiceFileError:
        refused(data)
        return None


@given(st.integers(0, 2**32), st.builds(Widths, *[st.integers(1, 5)] * 5), st.booleans(), st.booleans())
@settings(max_examples=20, deadline=None)
def test_load_of_save_is_the_identity_and_bytes_are_stable(
    seed: int, widths: Widths, integer: bool, preview: bool
) -> None:
    voice = voice_of(seed, widths, integer, PREVIEW if preview else b"")
    data = voicefile.to_bytes(voice)
    again = voicefile.from_bytes(data)
    assert same(again, voice)
    assert voicefile.to_bytes(again) == data


@given(st.integers(0, 2**32), st.booleans())
@settings(max_examples=15, deadline=None)
def test_graphs_of_any_kinds_and_rates_are_kept(seed: int, integer: bool) -> None:
    graph = random_streaming_graph(seed, integer=integer)
    voice = Voice(graph, example_card(graph))
    again = voicefile.from_bytes(voicefile.to_bytes(voice))
    assert same(again, voice)
    assert graphs.to_manifest(again.graph) == graphs.to_manifest(graph)


def test_save_and_load_through_a_file(tmp_path: Path) -> None:
    path = tmp_path / "sax.lottava"
    path.write_bytes(b"old")
    voicefile.save(VOICE, path)
    assert path.read_bytes() == DATA
    assert same(voicefile.load(path), VOICE)
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_zipped_anew_loads_too() -> None:
    assert same(voicefile.from_bytes(zipped(entries(), zipfile.ZIP_DEFLATED)), VOICE)


def test_loaded_arrays_can_be_written_to() -> None:
    assert all(a.flags.writeable for a in graphs.named_arrays(voicefile.from_bytes(DATA).graph).values())


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_flipped_bits_are_refused_or_harmless(data: st.DataObject) -> None:
    damaged = bytearray(DATA)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(DATA) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    voice = accepted(bytes(damaged))
    assert voice is None or same(voice, VOICE)


@given(st.integers(0, len(DATA) - 1))
@settings(max_examples=100, deadline=None)
def test_truncated_files_are_refused(length: int) -> None:
    refused(DATA[:length])


@given(st.binary(max_size=300))
@settings(max_examples=100)
def test_noise_is_refused(noise: bytes) -> None:
    refused(noise)
    refused(b"PK\x05\x06" + noise)


@given(st.sampled_from(sorted(entries())), st.binary(max_size=200), st.booleans())
@settings(max_examples=100, deadline=None)
def test_any_entry_of_other_content_is_refused(name: str, content: bytes, prefix: bool) -> None:
    parts = entries()
    changed = parts[name][: len(content)] + content if prefix else content
    if voice := accepted(zipped(parts | {name: changed})):
        assert name == voicefile.PREVIEW
        assert same(replace(voice, preview=PREVIEW), VOICE)


def npy(array: np.ndarray, **options: Any) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, **options)
    return buffer.getvalue()


def with_header(text: bytes, data: bytes = b"") -> bytes:
    return voicefile.NPY_MAGIC + struct.pack("<H", len(text)) + text + data


WEIGHT = graphs.named_arrays(VOICE.graph)["head.weight"]
ARRAYS: dict[str, bytes] = {
    "pickled": npy(np.array([{"a": 1}], dtype=object), allow_pickle=True),
    "float64": npy(WEIGHT.astype(np.float64)),
    "float32 where int8 belongs": npy(WEIGHT.astype(np.float32)),
    "big-endian": npy(WEIGHT.astype(">f4")),
    "transposed": npy(np.ascontiguousarray(WEIGHT.T)),
    "in Fortran order": npy(np.asfortranarray(WEIGHT)),
    "one row short": npy(WEIGHT[:-1]),
    "one-dimensional": npy(WEIGHT.ravel()),
    "scalar": npy(np.array(1, np.int8)),
    "three-dimensional": npy(WEIGHT[None]),
    "version 2": npy(WEIGHT, version=(2, 0)),
    "longer than announced": npy(WEIGHT) + b"x",
    "announcing gigabytes": with_header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (9999999, 9999999), }\n"),
    "announcing a negative size": with_header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }\n"),
    "code in its header": with_header(b"__import__('os').abort()\n"),
    "no header": voicefile.NPY_MAGIC,
    "with other weights": npy(-WEIGHT),
}


@pytest.mark.parametrize("what", ARRAYS)
def test_wrong_arrays_are_refused(what: str) -> None:
    refused(zipped(entries() | {"arrays/head.weight.npy": ARRAYS[what]}))


def test_float_arrays_with_nan_are_refused() -> None:
    parts = entries(voicefile.to_bytes(voice_of(integer=False)))
    refused(zipped(parts | {"arrays/head.bias.npy": npy(np.full(82, np.nan, np.float32))}), "NaN")


def edit_manifest(change: Callable[[dict[str, Any]], object]) -> bytes:
    manifest = json.loads(entries()[voicefile.MANIFEST])
    change(manifest)
    return zipped(entries() | {voicefile.MANIFEST: json.dumps(manifest).encode()})


MANIFESTS: dict[str, tuple[Callable[[dict[str, Any]], object], str | None]] = {
    "a later format": (lambda m: m.update(format=2), "format 2 is not 1; update"),
    "format true": (lambda m: m.update(format=True), "format"),
    "another kind": (lambda m: m.update(kind="bank"), "doesn't describe a voice"),
    "no graph": (lambda m: m.pop("graph"), "fields"),
    "a graph that is a list": (lambda m: m.update(graph=[]), "fields"),
    "an extra field": (lambda m: m.update(more=1), "fields"),
    "another hash": (lambda m: m.update(graph_sha256="0" * 64), "hash"),
    "an unknown layer": (lambda m: m["graph"]["layers"][0].update(kind="conv"), "unknown"),
    "an option that dense lacks": (lambda m: m["graph"]["layers"][0].update(options={"kernel": 3}), "has no options"),
    "a period that nothing has": (lambda m: m["graph"]["tensors"][0].update(period=3), "output's period is 1"),
    "a period of 10^9": (lambda m: m["graph"]["tensors"][0].update(period=10**9), "period 1000000000, should be"),
    "a huge tensor": (lambda m: m["graph"]["tensors"][0].update(size=10**9), "size"),
    "a scale NaN": (lambda m: m["graph"]["tensors"][0].update(scale=float("nan")), "NaN"),
    "a scale 1e999": (lambda m: m["graph"]["tensors"][0].update(scale=10**400), None),
    "a list as a name": (lambda m: m["graph"]["layers"][3].update(name=[]), "malformed"),
    "a loop": (lambda m: m["graph"]["layers"][0].update(inputs=["pitch_features"]), "reads"),
}


@pytest.mark.parametrize("what", MANIFESTS)
def test_wrong_manifests_are_refused(what: str) -> None:
    change, match = MANIFESTS[what]
    refused(edit_manifest(change), match)


PARTS: dict[str, tuple[dict[str, bytes], str]] = {
    "deep JSON": ({voicefile.MANIFEST: b"[" * 100_000}, "manifest.json is damaged"),
    "JSON that is no UTF-8": ({voicefile.MANIFEST: b'"\xff"'}, "manifest.json is damaged"),
    "a card of another model": (
        {voicefile.CARD: cards.to_json(example_card()).encode()},
        "not the SHA-256 of the graph",
    ),
    "a broken card": ({voicefile.CARD: b"{}"}, "card.json is damaged: the card lacks"),
    "a preview that is no Ogg": ({voicefile.PREVIEW: b"RIFF"}, "not an Ogg"),
    "a stray entry": ({"readme.txt": b""}, "doesn't belong"),
    "an entry that climbs": ({"../evil.npy": b""}, "doesn't belong"),
    "an array of no layer": ({"arrays/head.extra.npy": npy(np.zeros(1, np.float32))}, "belong to no layer"),
}


@pytest.mark.parametrize("what", PARTS)
def test_wrong_parts_are_refused(what: str) -> None:
    changed, match = PARTS[what]
    refused(zipped(entries() | changed), match)


@pytest.mark.parametrize("name", [voicefile.MANIFEST, voicefile.CARD, "arrays/head.bias.npy"])
def test_missing_parts_are_refused(name: str) -> None:
    refused(zipped({key: value for key, value in entries().items() if key != name}))


def test_the_preview_may_be_missing() -> None:
    parts = {key: value for key, value in entries().items() if key != voicefile.PREVIEW}
    assert voicefile.from_bytes(zipped(parts)).preview == b""


def test_two_entries_of_one_name_are_refused() -> None:
    buffer = io.BytesIO(DATA)
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(voicefile.CARD, entries()[voicefile.CARD])
    refused(buffer.getvalue(), "share a name")


def test_zip_bombs_are_refused_before_they_unpack() -> None:
    bomb = zipped(entries() | {voicefile.PREVIEW: bytes(voicefile.MAX_BYTES)}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 1 << 20
    refused(bomb, "over 16 MB")
    lying = bomb.replace(struct.pack("<I", voicefile.MAX_BYTES), struct.pack("<I", 4))
    refused(lying)


def test_other_compressions_are_refused() -> None:
    refused(zipped(entries(), zipfile.ZIP_BZIP2), "neither stored nor deflated")


def test_huge_files_are_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "huge.lottava"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(VoiceFileError, match="too large"):
        voicefile.load(path)


def test_missing_files_and_folders_are_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(VoiceFileError, match="can't be read"):
        voicefile.load(tmp_path / "none.lottava")
    with pytest.raises(VoiceFileError, match="can't be written"):
        voicefile.save(VOICE, tmp_path / "none" / "sax.lottava")


def test_voices_too_large_to_load_are_not_saved(tmp_path: Path) -> None:
    voice = replace(VOICE, preview=b"OggS" + bytes(voicefile.MAX_BYTES))
    with pytest.raises(VoiceFileError, match="over 16"):
        voicefile.save(voice, tmp_path / "huge.lottava")
    assert not list(tmp_path.iterdir())


def test_a_voice_needs_its_own_card() -> None:
    with pytest.raises(VoiceFileError, match="card's id"):
        Voice(VOICE.graph, example_card())
