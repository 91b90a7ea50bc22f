# SPDX-License-Identifier: MIT
"""From a comparison's file to cells in order, and through workers: each once, none beside what it would repeat."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="comparisons train: install lottava[train]")

from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.training.compare import plan, schedule
from lottava.training.compare.names import PARENT, SCRATCH, label
from lottava.training.configs import ConfigError

VALUES: dict[str, Any] = {
    "data": "sax",
    "training": "nano",
    "targets": [0.5, 0.2],
    "seeds": [1, 2],
    "methods": [
        {"method": "snip"},
        {"method": "diet", "rounds": 2, "settings": {"criterion": "information"}},
        {"method": "scratch_b", "of": "diet/information"},
    ],
}


@pytest.mark.parametrize("name", plan.known_comparisons())
def test_shipped_comparisons_load(name: str) -> None:
    cells = plan.load_comparison(name).cells()
    assert cells[0].method == PARENT
    assert len({(cell.seed, cell.target, label(cell.method, cell.settings)) for cell in cells}) == len(cells)


def test_the_published_table_is_what_the_issue_asks_for() -> None:
    found = plan.load_comparison("ddsp-sax")
    assert (found.config.steps, found.config.batch, found.config.crop_seconds) == (1000, 4, 1.0)
    assert found.config.parent.parameter_count == 1_008_210
    assert len(found.config.fft_sizes) == 6
    assert found.seeds == (1, 2, 3)
    names = {entry.label for entry in found.entries}
    assert {"rand", "uniform", "reverse", "scratch_b of uniform", "scratch_e of lth_rewind"} <= names
    assert len([name for name in names if name.split(" ")[0] not in ("rand", "uniform", "reverse", *SCRATCH)]) == 6


def test_a_control_takes_settings_and_rounds_of_its_ticket() -> None:
    cell = plan.from_values("x", VALUES).cells()[3]
    assert (cell.method, cell.rounds) == ("scratch_b", 2)
    assert dict(cell.settings) == {"of": "diet", "criterion": "information"}
    assert label(cell.method, cell.settings) == "scratch_b of diet/information"


def test_the_order_is_the_files() -> None:
    seeds_first = [(cell.seed, cell.target) for cell in plan.from_values("x", VALUES).cells()]
    assert [seed for seed, _ in seeds_first] == [1] * 7 + [2] * 7
    turned = plan.from_values("x", VALUES | {"order": ["methods", "targets", "seeds"]}).cells()
    assert [cell.seed for cell in turned[:4]] == [1, 1, 2, 2]
    assert [cell.method for cell in turned[:4]] == [PARENT, "snip", PARENT, "snip"]


def test_the_least_target_is_the_least_widths() -> None:
    (target,) = plan.from_values("x", VALUES | {"targets": ["least"]}).targets
    config = plan.from_values("x", VALUES).config
    assert target == plan.least_cycles(config) > 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"colour": 1}, "colour"),
        ({"targets": [0]}, "target"),
        ({"targets": []}, "targets are missing"),
        ({"methods": []}, "methods are missing"),
        ({"seeds": [1, 1]}, "different whole numbers"),
        ({"order": ["seeds"]}, "order"),
        ({"training": "none"}, "no configuration"),
        ({"overrides": {"stepps": 1}}, "stepps"),
        ({"methods": [{"method": "luck"}]}, "no method 'luck'"),
        ({"methods": [{"method": "scratch_b", "of": "snip"}]}, "listed before"),
        ({"methods": [{"method": "snip"}, {"method": "snip"}]}, "twice"),
        ({"methods": [{"method": "snip", "round": 1}]}, "round"),
    ],
)
def test_what_cant_be_used_is_named(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        plan.from_values("x", VALUES | change)


def test_an_unknown_comparison_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ddsp-sax"):
        plan.load_comparison("none")
    file = tmp_path / "mine.toml"
    file.write_text("data = [")
    with pytest.raises(ConfigError, match="not valid TOML"):
        plan.load_comparison(file)


class LatePool:
    """Holds cells until all its places are taken, or nothing else can start; then ends one of them."""

    def __init__(self, size: int, choices: list[int]) -> None:
        self.size, self.choices = size, choices
        self.running = list[tuple[Any, Future[dict[str, Any]]]]()
        self.settled = set[Any]()

    def submit(self, cell: Any) -> Future[dict[str, Any]]:
        for other, future in self.running:
            self.settled |= schedule.trainings(other) if future.done() else set()
        self.running = [(other, future) for other, future in self.running if not future.done()]
        for other, _ in self.running:
            assert not (schedule.trainings(other) & schedule.trainings(cell)) - self.settled
        future: Future[dict[str, Any]] = Future()
        self.running.append((cell, future))
        assert len(self.running) <= self.size
        return future

    def end_one(self) -> None:
        late = [future for _, future in self.running if not future.done()]
        late[(self.choices.pop() if self.choices else 0) % len(late)].set_result({})


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 4), st.lists(st.integers(0, 3), max_size=14))
def test_every_cell_once_none_beside_what_it_would_repeat(size: int, choices: list[int]) -> None:
    cells = plan.from_values("x", VALUES).cells()
    pool, done = LatePool(size, choices), list[Any]()

    def wait(running: Any, **_: Any) -> tuple[set[Any], set[Any]]:
        pool.end_one()
        return {future for future in running if future.done()}, set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedule.futures, "wait", wait)
        schedule.run_cells(cells, pool, lambda cell, _: done.append(cell), lambda cell, error: None)
    assert len(done) == len(cells) and all(any(cell is other for other in done) for cell in cells)
    if size == 1:
        assert done == cells


def test_what_shares_a_training_waits_until_it_is_there() -> None:
    parent, snip, diet, scratch = plan.from_values("x", VALUES).cells()[:4]
    assert schedule.trainings(parent) < schedule.trainings(diet) == schedule.trainings(scratch)
    assert not schedule.trainings(parent) & schedule.trainings(snip), "it scores before any training"
    waiting = [diet, snip, scratch]
    assert schedule.next_cell(waiting, [parent], set()) is snip
    assert schedule.next_cell([scratch], [diet], set(schedule.trainings(parent))) is None
    assert schedule.next_cell([scratch], [diet], set(schedule.trainings(diet))) is scratch
    assert schedule.next_cell([scratch, diet], [], set()) is scratch, "it makes the ticket itself"


def test_every_cell_runs_once_and_failures_are_told() -> None:
    cells = plan.from_values("x", VALUES).cells()
    done, failed = list[Any](), list[Any]()

    class Pool:
        size = 3

        def submit(self, cell: Any) -> Future[dict[str, Any]]:
            future: Future[dict[str, Any]] = Future()
            if cell.method == "snip":
                future.set_exception(ValueError("no"))
            else:
                future.set_result({"method": cell.method})
            return future

    schedule.run_cells(cells, Pool(), lambda c, row: done.append((c, row)), lambda c, e: failed.append((c, str(e))))
    assert len(done) + len(failed) == len(cells) == 14
    assert {cell.method for cell, _ in failed} == {"snip"}
    assert all(row["method"] == cell.method for cell, row in done)


def test_an_interrupt_goes_through() -> None:
    class Pool:
        size = 1

        def submit(self, cell: Any) -> Future[dict[str, Any]]:
            future: Future[dict[str, Any]] = Future()
            future.set_exception(KeyboardInterrupt())
            return future

    with pytest.raises(KeyboardInterrupt):
        schedule.run_cells(plan.from_values("x", VALUES).cells(), Pool(), lambda c, r: None, lambda c, e: None)
