# SPDX-License-Identifier: MIT
"""C text reads back as the values it was made of, and the header form of a voice is its blob, byte for byte."""

from __future__ import annotations

import ctypes
import subprocess
from dataclasses import replace
from pathlib import Path

import graphs
import numpy as np
import pytest
from cards import example_card
from hypothesis import given
from hypothesis import strategies as st
from lottava.emulator.library import FIRMWARE, Memories, host_library, memory
from lottava.export import BlobError, VoiceParameters, blob, cgen, generate, golden, tables, voice_header, wavetable

from lottava import synth
from lottava.graph import Graph
from lottava.voicefile import Voice

GENERATED = FIRMWARE / "generated"
VOICES = FIRMWARE.parent / "voices"


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_float_literals_lose_nothing(value: float) -> None:
    text = cgen.float_literal(value)
    assert text.endswith("f")
    assert np.float32(text[:-1]) == np.float32(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_has_no_literal(value: float) -> None:
    with pytest.raises(ValueError, match="no C literal"):
        cgen.float_literal(value)


@given(st.integers(-(2**31), 2**32 - 1))
def test_integer_literals_read_back(value: int) -> None:
    assert eval(cgen.integer_literal(value).rstrip("u")) == value


def test_integers_beyond_32_bits_and_odd_values_are_refused() -> None:
    for value in (2**32, -(2**31) - 1):
        with pytest.raises(ValueError, match="32 bits"):
            cgen.integer_literal(value)
    with pytest.raises(TypeError, match="no C literal"):
        cgen.literal(None)
    with pytest.raises(TypeError, match="no C type"):
        cgen.emit_array("x", np.zeros(2, np.complex64))


@pytest.mark.parametrize("name", ["", "1st", "with space", "while", "double", "class", "a__b", "_x", "é"])
def test_names_that_are_no_identifiers_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="identifier"):
        cgen.identifier(name)


def test_strings_are_escaped_and_only_ascii() -> None:
    assert cgen.string_literal('a"b\\c?') == '"a\\"b\\\\c\\?"'
    with pytest.raises(ValueError, match="ASCII"):
        cgen.string_literal("é")


def test_a_recipe_can_not_break_out_of_its_comment() -> None:
    for recipe in ("a\nb", "a */ b"):
        with pytest.raises(ValueError, match="one line"):
            cgen.emit_header("GUARD", recipe, [])


def compile_and_run(source: str, folder: Path, include: Path) -> bytes:
    (folder / "dump.c").write_text(source)
    flags = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror", f"-I{include}", f"-I{FIRMWARE}"]
    subprocess.run(["cc", *flags, "dump.c", "-o", "dump"], cwd=folder, check=True)
    return subprocess.run([folder / "dump"], check=True, capture_output=True).stdout


DUMP = """#include <stdio.h>
#include "voice_blob.h"
int main(void) { return fwrite(&lottava_voice, 1, sizeof lottava_voice, stdout) != sizeof lottava_voice; }
"""

ODD = VoiceParameters(0.123456789, (-61.7, -18.3), (-2.25, 1.75), synth.SynthEdits(0.5, 6.1, -0.3, 9.2))


@pytest.mark.parametrize(
    ("widths", "wild"), [(graphs.Widths(), False), (graphs.Widths(1, 3, 2, 5, 7), True), (graphs.PARENT, True)]
)
def test_the_header_form_compiles_to_the_bytes_of_the_blob(tmp_path: Path, widths: graphs.Widths, wild: bool) -> None:
    graph = graphs.random_graph(7, widths, integer=True, wild=wild)
    generate.write_headers({"voice_blob.h": voice_header.emit_voice_header(graph, ODD, "a test")}, tmp_path)
    assert compile_and_run(DUMP, tmp_path, tmp_path) == blob.to_bytes(graph, ODD)


def test_the_compiled_in_voice_is_its_blob_and_meets_its_golden_vectors() -> None:
    library, length = host_library(), ctypes.c_size_t()
    data = ctypes.string_at(library.lottava_builtin_voice(ctypes.byref(length)), length.value)
    header = np.frombuffer(data[: blob.HEADER.itemsize], blob.HEADER)[0]
    assert header["length"] == len(data)
    network = memory(library.lottava_nn_size())
    assert library.lottava_builtin_selftest(network.ctypes.data, Memories(1 << 20).address) == 0
    assert library.lottava_builtin_selftest(network.ctypes.data, Memories(64).address) == -1


def test_generated_files_are_fresh() -> None:
    for name, text in generate.committed_headers(VOICES).items():
        committed = (GENERATED / name).read_text()
        assert committed == text, f"{name} is stale: run `python -m lottava.export`"
    assert {path.name for path in GENERATED.iterdir()} == set(generate.committed_headers(VOICES))


def test_golden_vectors_reach_the_rails() -> None:
    inputs, outputs = golden.golden_vectors(graphs.random_graph(1, integer=True))
    assert {-(1 << 15), (1 << 15) - 1} <= set(np.concatenate(inputs).tolist())
    assert [run.shape for run in outputs] == golden.TICKS * [(1, synth.CONTROLS)]
    assert [run.shape for run in inputs] == golden.TICKS * [(6,)]


def voice_of(graph: Graph, **changes: object) -> Voice:
    return Voice(graph, example_card(graph, **changes))


def test_a_voice_brings_its_card_into_the_blob(tmp_path: Path) -> None:
    graph = graphs.random_graph(2, integer=True)
    edits = {"tilt": 0.5, "breath_db": 0.0, "body_db": 3.0, "ripple_db": 9.0}
    voice = voice_of(graph, gain_db=-6.0, edits=edits)
    header = np.frombuffer(generate.voice_blob(voice)[: blob.HEADER.itemsize], blob.HEADER)[0]
    assert header["voice"]["gain"] == pytest.approx(0.501187, rel=1e-5)
    assert header["voice"]["range_lo_volts"] == pytest.approx(np.log2(138.6 / 261.6255653), rel=1e-5)
    assert {name: header["voice"][name] for name in edits} == edits
    assert bytes(header["graph_sha256"]).hex() == voice.card.id
    generate.write_generated(voice, tmp_path)
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    generate.write_generated(voice, tmp_path)
    assert stamps == {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert {path.name for path in stamps} == {"voice_blob.h", "golden.h"}


def test_graphs_that_the_module_can_not_run_are_refused() -> None:
    integer = graphs.random_graph(1, integer=True)
    tensors = dict(integer.tensors)
    tensors["pitch"] = replace(tensors["pitch"], scale=2.0**-13)
    for graph, sentence in (
        (graphs.random_graph(1), "quantise it first"),
        (graphs.random_graph(1, graphs.Widths(gru=257), integer=True), "wider than 256"),
        (replace(integer, tensors=tensors), "not at the module's scales"),
        (replace(integer, outputs=("hidden",)), "the synthesiser takes one of 82"),
    ):
        with pytest.raises(BlobError, match=sentence):
            generate.graph_headers(graph, VoiceParameters(), "a test")


def test_tables_are_what_they_stand_for() -> None:
    value = np.polynomial.polynomial.polyval
    f = np.linspace(-0.5, 0.5, 10_001)
    assert np.max(np.abs(value(f, tables.exp2_polynomial()) / np.exp2(f) - 1)) < 4e-9


def test_reading_between_points_leaves_every_partial_as_it_is() -> None:
    k, x = np.arange(1.0, 65.0), np.linspace(-0.5, 0.5, 401)
    read = wavetable.response(k, x) * wavetable.gains()[:, None]
    assert np.max(np.abs(read - 1.0)) < 3e-6


def test_every_partial_is_built_once() -> None:
    assert sorted(wavetable.partials()) == list(range(1, 65))


def test_headers_need_a_voice(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"holds no \.lottava file"):
        generate.committed_headers(tmp_path)
