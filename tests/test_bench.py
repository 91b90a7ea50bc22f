# SPDX-License-Identifier: MIT
"""`lottava bench`: graphs on the emulated core equal the oracle, regressions fail, and a board's answers are judged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake import HELLO
from graphs import random_columns, random_streaming_graph
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.emulator import EmulatorError, Machine, Seed, bench, build_image
from lottava.emulator.bench import Counts, Row
from lottava.emulator.bench_graphs import layer_graph, random_integers
from lottava.emulator.network import MachineNetwork
from lottava.export import blob

from lottava import messages as say
from lottava import reference, wire
from lottava.messages import Capability, Command
from lottava.verbs import _bench, _bench_board, _bench_reference
from lottava.verbs._common import VerbError

BLOCKS = (1, 7, 16, 48)


@pytest.fixture(scope="module")
def machine() -> Machine:
    return Machine(build_image("bench"))


@given(st.integers(0, 2**32 - 1), st.sampled_from(BLOCKS), st.booleans())
@settings(max_examples=25, deadline=None)
def test_any_graph_on_the_core_equals_the_oracle(machine: Machine, seed: int, block: int, wild: bool) -> None:
    graph = random_streaming_graph(seed, integer=True, wild=wild)
    graph = replace(graph, outputs=graph.outputs[-1:])
    machine.release()
    network = MachineNetwork(machine, graph, blob.to_bytes(graph, blob.VoiceParameters(), block=block))
    inputs = random_columns(graph, seed, 60)
    expected = reference.run(graph, inputs)
    for splits in ([block], [1, max(1, block // 3), block]):
        network.reset()
        found, _ = network.run(inputs, splits)
        for name, columns in found.items():
            np.testing.assert_array_equal(columns, expected[name])


def test_a_graph_that_is_too_large_is_refused(machine: Machine) -> None:
    machine.release()
    graph = layer_graph("dense", 64, 64)
    with pytest.raises(EmulatorError, match="arena too small"):
        MachineNetwork(machine, graph, blob.to_bytes(graph, blob.VoiceParameters()), dtcm=4096, axi=64)


def test_reference_kernels_equal_the_oracle_and_take_twice_the_cycles(machine: Machine) -> None:
    graph = layer_graph("conv1d", 16, 16, kernel=3)
    others = {row.kernel: row for row in _bench_reference._plain(machine, graph, "16>16 k3")}
    ours = bench._layer_row(machine, _bench.blob_of, graph, bench.BLOCK, "16>16 k3")
    assert all(row.exact for row in (*others.values(), ours))
    assert others["CMSIS-NN's s16 method"].counts.cycles >= 2.0 * ours.counts.cycles
    assert others["naive C"].rate < others["CMSIS-NN's s16 method"].rate < ours.rate < bench.PEAK_MACS_PER_CYCLE


def test_a_random_graph_of_a_name_is_the_same_each_time() -> None:
    first, second = (random_integers(layer_graph("gru", 8, 8)) for _ in range(2))
    for a, b in zip(first.layers, second.layers, strict=True):
        assert all(np.array_equal(a.arrays[name], b.arrays[name]) for name in a.arrays)


def row(cycles: float, exact: bool | None = True) -> Row:
    return Row("conv1d", "8>8", "lottava", Counts(10.0, cycles, cycles), 64, "MAC", exact)


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "baseline.json"
    monkeypatch.setattr(_bench, "baseline_file", lambda: path)
    return path


def test_a_regression_of_more_than_three_percent_fails(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _bench.check([row(100.0)])
    assert "nothing was compared" in capsys.readouterr().err
    _bench.write_baseline([row(100.0)], {})
    _bench.check([row(103.0)])
    with pytest.raises(VerbError, match=r"conv1d 8>8, lottava takes 104 cycles instead of 100"):
        _bench.check([row(104.0)])
    with pytest.raises(VerbError, match="no longer measured"):
        _bench.check([])
    with pytest.raises(VerbError, match="differ from the oracle"):
        _bench.check([row(100.0, exact=False)])
    stored.write_text(json.dumps({"another compiler": json.loads(stored.read_text())[_bench.compiler_version()]}))
    _bench.check([row(200.0)])
    assert "another compiler" in capsys.readouterr().err


class AnsweringModule:
    """A module whose counter says what it is told."""

    def __init__(self, cycles: dict[str, int], hello: say.HelloReply) -> None:
        self._cycles, self._hello = cycles, hello

    def hello(self) -> say.HelloReply:
        return self._hello

    def bench_case(self, number: int) -> say.BenchCaseReply:
        name = list(self._cycles)[number]
        return say.BenchCaseReply(self._cycles[name], len(self._cycles), name.encode().ljust(24, b"\0"))

    def bench(self) -> say.BenchReply:
        return say.BenchReply(27_000, 69_000, 1000, 480_000_000)


def test_a_board_is_judged_by_the_band() -> None:
    able = replace(HELLO, capabilities=int(Capability.BENCH_CASE))
    module = AnsweringModule({"as_modelled": 1040, "slow": 1400, "quick": 900, "new": 5}, able)
    modelled = {"gcc": {"cases": {"as_modelled": [1000, 1100], "slow": [1000, 1100], "quick": [1000, 1100]}}}
    result = _bench_board.compare(module, modelled)  # type: ignore[arg-type]
    assert [case.agrees for case in result.cases] == [True, False, False, None]
    assert not result.emulated
    assert result.voice is None
    with pytest.raises(VerbError, match="no programs to measure"):
        _bench_board.compare(AnsweringModule({}, HELLO), {})  # type: ignore[arg-type]


def test_a_board_tells_what_its_voice_costs(capsys: pytest.CaptureFixture[str]) -> None:
    able = replace(HELLO, capabilities=int(Capability.BENCH_CASE | Capability.BENCH))
    result = _bench_board.compare(AnsweringModule({"any": 5}, able), {})  # type: ignore[arg-type]
    assert result.as_dict()["voice"] == {"mean": 27_000, "max": 69_000, "of": 480_000}
    result.show()
    assert "27,000 cycles a block, at most 69,000, of 480,000" in capsys.readouterr().out


def test_the_image_on_the_seed_knows_every_case_that_the_model_has_a_figure_of() -> None:
    seed = Seed(build_image())
    seed.run_blocks(2)
    seed.receive()
    for number, name in ((0, b"nothing"), (1, b"add_add")):
        seed.send(wire.encode(wire.Frame(Command.BENCH_CASE, 7 + number, say.BenchCaseRequest(number).pack())))
        seed.run_blocks(12)
        ((command, reply),) = [wire.parse_reply(frame) for frame in wire.Decoder().feed(seed.receive())]
        assert command == Command.BENCH_CASE
        assert isinstance(reply, say.BenchCaseReply)
        assert reply.name.rstrip(b"\0") == name
    assert all(len(figures["cases"]) == reply.cases for figures in _bench.read_baseline().values())


def test_the_stored_baseline_covers_what_is_measured() -> None:
    """Of every compiler that it knows: the issue's kinds of rows, and the cases of a board."""
    for figures in _bench.read_baseline().values():
        groups = {name.split()[0] for name in figures["rows"]}
        assert groups >= {
            "conv1d",
            "dense",
            "gru",
            "lstm",
            "matvec",
            "lookup",
            "harmonics",
            "upsampler",
            "graph",
            "voice",
        }
        assert len(figures["cases"]) > 30
