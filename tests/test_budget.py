# SPDX-License-Identifier: MIT
"""What a voice takes, counted and modelled; what does not fit is refused with widths that do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cards import example_card
from graphs import PARENT, Widths, random_graph, random_inputs
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.emulator.host import HostNetwork
from lottava.export import VoiceParameters, blob, generate
from lottava.export.budget import BudgetError, budget_of, flash_bytes, use_of
from lottava.export.gate import check
from lottava.export.placement import AXI, DTCM, executions, placement
from lottava.export.trim import STEP, fitting_widths, trims
from lottava.export.widths import narrowed, width_groups
from lottava.training.generators.topologies import NsfWidths, nsf_graph, wavenet_graph
from typer.testing import CliRunner

from lottava import cli, library, voicefile
from lottava.arena import arena_bytes
from lottava.graph import Graph
from lottava.units import BLOCK_SAMPLES

FIRMWARE = Path(__file__).resolve().parents[1] / "firmware"
WIDE = Widths(96, 96, 96, 128, 64)
widths = st.builds(Widths, *[st.integers(1, 40)] * 5)


def used(graph: Graph) -> dict[str, float]:
    return {line.name: line.used for line in budget_of(graph).lines}


@settings(max_examples=20, deadline=None)
@given(widths)
def test_flash_is_the_blobs_length(sizes: Widths) -> None:
    graph = random_graph(0, sizes, integer=True)
    assert flash_bytes(graph) == len(blob.to_bytes(graph, VoiceParameters()))
    assert flash_bytes(random_graph(0, sizes)) == flash_bytes(graph), "a float graph counts as quantised"


@settings(max_examples=20, deadline=None)
@given(widths, st.data())
def test_narrower_never_costs_more(sizes: Widths, data: st.DataObject) -> None:
    graph = random_graph(0, sizes, integer=True)
    group = data.draw(st.sampled_from(width_groups(graph)))
    less = narrowed(graph, {group.name: data.draw(st.integers(1, group.width))})
    before, after = used(graph), used(less)
    assert all(after[name] <= before[name] for name in ("flash", "DTCM", "worst block", "mean block"))
    assert narrowed(graph, {}).tensors == graph.tensors


def test_the_decoders_groups_are_its_hidden_tensors() -> None:
    groups = {group.name: group.width for group in width_groups(random_graph(0, Widths(1, 2, 3, 4, 5)))}
    assert groups == {
        "pitch_features": 1, "loudness_features": 2, "axes_features": 3, "hidden": 4, "out_features": 5,
    }  # fmt: skip


def test_the_factory_voice_fits_with_headroom() -> None:
    budget = budget_of(voicefile.load(library.find_voice("sax")).graph)
    assert budget.fits and not budget.excess
    assert all(line.headroom is None or line.headroom > 0.1 for line in budget.lines)
    assert {layer.memory for layer in budget.layers} == {"DTCM"}


@pytest.mark.parametrize("sizes", [PARENT, WIDE])
def test_what_does_not_fit_is_refused_with_widths_that_do(sizes: Widths) -> None:
    graph = random_graph(0, sizes, integer=True)
    with pytest.raises(BudgetError, match=r"does not fit the module \(flash .* of .* bytes.*trim .* to ") as caught:
        check(graph)
    assert "\n" not in str(caught.value)
    wanted = fitting_widths(graph)
    assert wanted is not None
    check(narrowed(graph, wanted))
    for trim in trims(graph):
        if trim.fits_at is not None:
            check(narrowed(graph, {trim.group: trim.fits_at}))
            with pytest.raises(BudgetError):
                check(narrowed(graph, {trim.group: trim.fits_at + STEP}))


def test_a_source_filter_that_is_too_wide_is_told_what_fits() -> None:
    graph = nsf_graph(NsfWidths(hidden=16))
    with pytest.raises(BudgetError, match=r"mean block .* worst block .* trim harmonic1_projection from 16 units to"):
        check(graph)
    wanted = fitting_widths(graph)
    assert wanted is not None
    check(narrowed(graph, wanted))


def test_a_unit_less_saves_what_the_budget_says() -> None:
    graph = random_graph(0, WIDE, integer=True)
    for trim in trims(graph):
        before, after = used(graph), used(narrowed(graph, {trim.group: trim.width - STEP}))
        assert {name: STEP * saved for name, saved in trim.saves.items()} == pytest.approx(
            {name: before[name] - after[name] for name in before}
        )


@pytest.mark.parametrize("make", [nsf_graph, wavenet_graph])
def test_audio_rate_layers_lie_in_dtcm_before_frame_rate_ones(make: Callable[[], Graph]) -> None:
    graph = make()
    use = use_of(graph)
    everything = arena_bytes(graph, block=use.block)[DTCM]
    memory = placement(graph, block=use.block, room=everything - 1)
    slow = {layer.name for layer in graph.layers if executions(graph, layer) < 1}
    far = {name for name, place in memory.items() if place == AXI}
    assert far and far <= slow
    assert arena_bytes(graph, block=use.block, memory=memory)[DTCM] < everything
    budget = budget_of(graph)
    rates = {layer.name: layer.per_second for layer in budget.layers}
    assert {rates[name] for name in slow} == {250.0} and max(rates.values()) == use.tick_hz


def test_the_exporter_refuses_unless_told(tmp_path: Path) -> None:
    graph = random_graph(0, WIDE, integer=True)
    voice = voicefile.Voice(graph, example_card(graph))
    with pytest.raises(BudgetError, match="does not fit"):
        generate.voice_blob(voice)
    with pytest.raises(BudgetError, match="does not fit"):
        generate.write_generated(voice, tmp_path)
    assert not list(tmp_path.iterdir())
    data = generate.voice_blob(voice, over_budget=True)
    generate.write_generated(voice, tmp_path, over_budget=True)
    assert {path.name for path in tmp_path.iterdir()} == {"golden.h", "voice_blob.h"}
    far = HostNetwork(data, axi_bytes=1 << 20)
    near = HostNetwork(blob.to_bytes(graph, generate.voice_parameters(voice)))
    assert far.used[AXI] > 0 == near.used[AXI]
    frames = np.concatenate(list(random_inputs(1, 5, integer=True).values()), axis=-1)
    np.testing.assert_array_equal(far.run(frames), near.run(frames))


@pytest.mark.parametrize(
    ("line", "row"),
    [("mean block", "voice voice sax, mean, lottava"), ("worst block", "voice voice sax, worst block, lottava")],
)
def test_the_factory_voice_costs_what_its_image_was_modelled_to(line: str, row: str) -> None:
    baselines = json.loads((FIRMWARE / "bench" / "baseline.json").read_text())
    modelled = [rows["rows"][row]["cycles"] for rows in baselines.values() if isinstance(rows, dict) and "rows" in rows]
    graph = voicefile.load(library.find_voice("sax")).graph
    assert used(graph)[line] / BLOCK_SAMPLES == pytest.approx(modelled[0], rel=0.05)


def test_inputs_that_nothing_feeds_are_refused() -> None:
    graph = random_graph(0, Widths(2, 2, 2, 2, 2))
    with pytest.raises(BudgetError, match="nothing on the module feeds the inputs loudness, pitch, axes"):
        budget_of(Graph(graph.number_format, ("loudness", "pitch", "axes"), graph.outputs, graph.tensors, graph.layers))


def saved(graph: Graph, folder: Path) -> str:
    path = folder / "some.lottava"
    voicefile.save(voicefile.Voice(graph, example_card(graph)), path)
    return str(path)


def test_the_verb_says_yes_with_0() -> None:
    shown = CliRunner().invoke(cli.build(), ["budget", "sax"])
    assert shown.exit_code == 0
    assert "fits the module" in shown.stdout and "left" in shown.stdout and "DTCM" in shown.stdout


def test_the_verb_says_no_with_1_and_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = saved(random_graph(0, WIDE, integer=True), tmp_path)
    monkeypatch.setattr("sys.argv", ["lottava", "budget", path])
    with pytest.raises(SystemExit) as left:
        cli.main()
    told = capsys.readouterr()
    assert left.value.code == 1
    assert told.err.startswith("lottava: the voice does not fit the module") and len(told.err.splitlines()) == 1
    assert "too much" in told.out and "alone fits" in told.out


def test_the_verb_speaks_json(tmp_path: Path) -> None:
    path = saved(random_graph(0, WIDE, integer=True), tmp_path)
    said = json.loads(CliRunner().invoke(cli.build(), ["budget", path, "--json"]).stdout)
    assert said["fits"] is False
    assert {line["name"] for line in said["lines"] if not line["fits"]} >= {"flash", "worst block"}
    assert said["trims"][0]["fits_at"] and len(said["layers"]) == 8
