# SPDX-License-Identifier: MIT
"""From a data set to a voice on a nano budget: trainer, integers, card, level; and the module's hosts agree on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs it: install lottava[train]")

from lottava.training.analysis.integer import IntegerVoice
from lottava.training.analysis.lufs import measure_lufs
from lottava.training.analysis.wildness import sweep_wild
from lottava.training.configs import load_config
from lottava.training.data.report import DataReport, Finding
from lottava.training.wild import WildReport
from small_dataset import small_dataset

from lottava import card as cards
from lottava import gesture, reference
from lottava.graph import graph_hash
from lottava.scales import input_codes
from lottava.verbs import _finish, _make, _module, _score
from lottava.verbs._common import VerbError
from lottava.voicefile import Voice

DATASET = small_dataset()
CONFIG = replace(load_config("nano"), steps=4, save_every=2)
SOURCE = {"work": "alto saxophone, 32 notes", "author": "A. Player", "licence": "CC-BY-3.0", "source": "a package"}


def quiet(name: str, step: int, steps: int) -> None:
    """Progress to nobody."""


@pytest.fixture(scope="module", autouse=True)
def little() -> Iterator[None]:
    """A target that takes something of a nano parent, of 3 333 cycles."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_make, "TARGET_CYCLES", 3_000.0)
        yield


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("training")


@pytest.fixture(scope="module")
def lottery(root: Path) -> _make.Lottery:
    return _make.draw_lottery(DATASET, CONFIG, 1, root, quiet)


@pytest.fixture(scope="module")
def made(lottery: _make.Lottery, root: Path) -> _make.Integers:
    return _make.to_integers(lottery.winner, DATASET, CONFIG, root, quiet)


@pytest.fixture(scope="module")
def report(lottery: _make.Lottery, made: _make.Integers) -> dict:
    models = {"parent": lottery.parent.model, "ticket_float": lottery.winner.model}
    arms = _score.score_arms(models, made, DATASET)
    return {"arms": arms, **_score.sweep(made, lottery.winner, DATASET)}


@pytest.fixture(scope="module")
def voice(lottery: _make.Lottery, made: _make.Integers, report: dict) -> Voice:
    claims = _finish.Claims("nano_v1", Path("takes"))
    return _finish.finish(claims, DATASET, made, lottery.ticket, report, CONFIG.seed)[0]


def test_what_is_done_is_not_trained_again(lottery: _make.Lottery, made: _make.Integers, root: Path) -> None:
    def forbidden(name: str, step: int, steps: int) -> None:
        raise AssertionError(f"{name} trains again")

    again = _make.draw_lottery(DATASET, CONFIG, 1, root, forbidden)
    assert again.ticket == lottery.ticket
    assert graph_hash(_make.to_integers(again.winner, DATASET, CONFIG, root, forbidden).graph) == graph_hash(made.graph)


def test_controls_have_the_tickets_widths_or_its_cycles(lottery: _make.Lottery, root: Path) -> None:
    controls = _make.train_controls(DATASET, CONFIG, 1, root, quiet)
    small, drawn = controls["dense_small"], controls["random_ticket"]
    assert small.model.widths == lottery.winner.model.widths != lottery.parent.model.widths
    assert small.ticket == lottery.ticket != drawn.ticket
    assert max(small.network_cycles, drawn.network_cycles) <= _make.TARGET_CYCLES


def test_the_integer_voice_sounds_what_the_oracle_computes(made: _make.Integers) -> None:
    inputs = {name: value[:2, :40] for name, value in _make.representative_inputs(DATASET).items()}
    voice = IntegerVoice(made.graph)
    audio = voice.render(inputs)
    assert audio.shape == (2, 40 * 192) and np.isfinite(audio).all() and audio.any()
    controls = voice.executor.run(input_codes(inputs))
    np.testing.assert_array_equal(controls, reference.run(made.graph, input_codes(inputs))["controls"])


def test_a_thousand_hertz_reads_as_the_standard_says() -> None:
    time = np.arange(2 * 48_000) / 48_000
    tone = np.sin(2 * np.pi * 997 * time)
    assert measure_lufs(tone) == pytest.approx(-3.01, abs=0.02)
    assert measure_lufs(0.1 * tone) == pytest.approx(-23.01, abs=0.02)
    assert measure_lufs(np.concatenate((tone, np.zeros(96_000)))) == pytest.approx(-3.2, abs=0.3), "silence is gated"
    assert measure_lufs(np.zeros(96_000)) == measure_lufs(tone[:1000]) == -70.0
    assert measure_lufs(np.sin(2 * np.pi * 40 * time)) < -9 < -1 < measure_lufs(np.sin(2 * np.pi * 4000 * time))


def test_wild_is_seen_where_its_knob_moves_the_sound() -> None:
    rng = np.random.default_rng(0)

    def render(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        noise = rng.uniform(-1, 1, (1, inputs["pitch"].shape[1] * 192))
        return (noise * 10 ** inputs["axes"][:, :1, 3] * 0.01).astype(np.float32)

    curve = sweep_wild(render, 0.5, DATASET)
    assert np.all(np.diff(curve.change_db) > 0)
    assert curve.change_db[0] == pytest.approx(-curve.change_db[-1], rel=0.3)
    assert sweep_wild(lambda inputs: np.ones((10, 192 * 150), np.float32), 0.5, DATASET).change_db[0] == 0
    assert replace(curve, nats=0.001).dead and not replace(curve, nats=1.0).dead


def test_a_dead_wild_is_given_a_ripple(
    lottery: _make.Lottery, made: _make.Integers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sweep(nats: float) -> dict:
        monkeypatch.setattr("lottava.training.wild.measure_wild", lambda *_: WildReport(nats, 0.0, 0.0))
        return _score.sweep(made, lottery.winner, DATASET)

    assert sweep(1.0)["edits"]["ripple_db"] == 9.0, "a knob that is hardly heard is dead, whatever its encoder says"
    monkeypatch.setattr("lottava.training.analysis.wildness.LEAST_CHANGE_DB", 0.0)
    taught, swept = sweep(1.0), sweep(0.001)
    assert taught["edits"]["ripple_db"] == 0 and taught["card_axes"][3]["learned"]
    row, entry = swept["axes"][3], swept["card_axes"][3]
    assert swept["edits"] == taught["edits"] | {"ripple_db": 9.0}
    assert row["dead"] and not row["learned"] and not entry["learned"] and "ripple" in entry["descriptor"]
    assert row["spearman"] == 1.0 and row["value"][-1] > taught["axes"][3]["value"][-1] + 0.5
    assert swept["axes"][:3] == taught["axes"][:3]


def test_the_gain_brings_any_voice_to_one_level() -> None:
    def tone(level: float):  # type: ignore[no-untyped-def]
        wave = np.sin(2 * np.pi * 220 * np.arange(96_000) / 48_000)
        return lambda inputs: level * wave[None, : inputs["pitch"].shape[1] * 192]

    assert _finish.gain_for(tone(0.1)) == pytest.approx(_finish.gain_for(tone(0.2)) + 20 * np.log10(2), abs=1e-6)
    assert _finish.gain_for(tone(0.0)) == _finish.HIGHEST_GAIN_DB


def test_a_voice_knows_itself_and_claims_nothing(voice: Voice, made: _make.Integers, report: dict) -> None:
    card = voice.card
    assert card.id == graph_hash(made.graph) and card.parent == graph_hash(made.float_graph)
    assert card.rights == {"basis": cards.NOT_STATED, "performers_consent": False}
    assert card.summary == "Nano v1, C4 to A#4, learned from 0.1 minutes of recordings."
    assert card.cost["cycles_mean"] is None and card.cost["flash"] > 0
    assert card.metrics["mrstft"] == report["arms"]["ticket_integer"]["mrstft"]
    assert cards.publishable(card) is not None
    told = _finish.with_cycles(voice, {"cycles_per_sample_mean": 500.04, "cycles_per_sample_worst_block": 900.0})
    assert told.card.id == card.id
    assert (told.card.cost["cycles_mean"], told.card.cost["cycles_worst"]) == (500.0, 900.0)


def test_fetched_recordings_bring_their_licence_but_no_consent(made: _make.Integers, voice: Voice) -> None:
    fetched = replace(DATASET, source=SOURCE)
    measured = {name: getattr(voice.card, name) for name in ("axes", "metrics", "gain_db", "edits", "ticket", "train")}
    card = _finish.make_card(_finish.Claims("sax_v1", Path("x")), fetched, made, **measured)
    assert card.licence == "CC-BY-4.0" and card.title == "Alto saxophone"
    assert card.summary.startswith("An alto saxophone, C4 to A#4, learned from ")
    assert card.rights == {"basis": "licensed", "performers_consent": False}
    assert cards.publishable(card) is None, "their licence speaks for the performance"
    mine = _finish.Claims("mine_v1", Path("x"), author="Me", licence="CC0-1.0", own=True, consent=True)
    assert cards.publishable(_finish.make_card(mine, DATASET, made, **measured)) is None


def test_a_folder_without_a_note_to_judge_by_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from lottava.training.data import prepare

    monkeypatch.setattr(prepare, "build", lambda folder: small_dataset(2))
    with pytest.raises(VerbError, match="three or more pitches"):
        _make.recordings(Path("takes"), DataReport("good", (), 2, 2, 0.1))
    few = Finding("few", "will not work", "too few")
    with pytest.raises(VerbError, match="no voice can be made of takes"):
        _make.recordings(Path("takes"), DataReport("will not work", (few,), 2, 2, 0.1))


def test_host_and_oracle_play_a_gesture_alike(voice: Voice) -> None:
    played = gesture.phrase("short", [gesture.Note(0.02, 0.2, 0.25)], 0.3)
    ticks: list[int] = []
    heard, exact = _module.play_host(voice, played, ticks.append), _module.play_oracle(voice, played)
    assert ticks == list(range(1, len(played.gate) + 1))
    assert heard.audio.shape == (len(played.gate) * 48, 2)
    assert np.abs(heard.audio).max() > 1e-4
    assert np.max(np.abs(heard.audio - exact.audio)) <= 2**-15
    traced = np.stack([frame.controls for frame in heard.frames])
    np.testing.assert_array_equal(_module.oracle_controls(voice, heard.frames), traced)


def test_an_image_is_built_in_a_relative_folder(voice: Voice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    elf = _module.build_image(voice, Path("demo") / "image")
    assert elf.resolve().is_relative_to(tmp_path)
    assert elf.read_bytes().startswith(b"\x7fELF")


def test_the_limiter_is_straight_then_bends() -> None:
    x = np.linspace(-4, 4, 4001)
    y = _module.soft_limit(x)
    np.testing.assert_array_equal(y[np.abs(x) <= 0.9375], x[np.abs(x) <= 0.9375])
    assert np.all(np.diff(y) > 0) and np.abs(y).max() < 1
    np.testing.assert_allclose(y, -y[::-1], atol=1e-12)
