# SPDX-License-Identifier: MIT
"""Comparisons with real trainings of nano networks: killed and run again they end with the same rows."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch", reason="comparisons train: install lottava[train]")

import fake_cells
import torch
from lottava.training.compare import plan, publish, rows
from small_dataset import small_dataset
from typer.testing import CliRunner

from lottava import cli
from lottava.verbs import _cells, _compare
from lottava.verbs import compare as verb

PATIENCE_S = 120
VALUES: dict[str, Any] = {
    "data": "small",
    "training": "nano",
    "targets": [0.7],
    "seeds": [1],
    "overrides": {"steps": 16, "save_every": 2},
    "methods": [{"method": "lth_rewind", "rounds": 1}, {"method": "scratch_e", "of": "lth_rewind"}],
}


def dataset() -> Any:
    return small_dataset(notes=3, frames=60)


def run(path: Path, **options: Any) -> int:
    """The comparison in processes of its own, as the verb starts it."""
    with rows.RowFile(path) as out:
        return _compare.fill(out, plan.from_values("tiny", VALUES), _compare.Run(dataset(), "small", **options))


def await_file(folder: Path, pattern: str, alive: Callable[[], bool] = lambda: True) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not list(folder.rglob(pattern)):
        assert alive() and time.monotonic() < deadline
        threading.Event().wait(0.01)


def without_seconds(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "seconds"}


@pytest.mark.skipif(os.name == "nt", reason="a kill reaches a process otherwise there")
def test_a_killed_comparison_ends_with_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.jsonl"
    monkeypatch.setenv("LOTTAVA_CACHE", str(tmp_path / "cache"))
    command = multiprocessing.get_context("spawn").Process(target=run, args=(path,), kwargs={"jobs": 1})
    command.start()
    await_file(tmp_path / "cache", "checkpoint.pt", command.is_alive)
    command.kill()
    command.join(PATIENCE_S)
    assert command.exitcode == -signal.SIGKILL
    assert rows.read(path) == []
    monkeypatch.setattr(_compare.Run, "pool", lambda self, cells: Here(self.dataset))
    whole = tmp_path / "whole.jsonl"
    with one_thread():
        assert run(path) == 0
        monkeypatch.setenv("LOTTAVA_CACHE", str(tmp_path / "unbroken"))
        assert run(whole) == 0
    assert [without_seconds(row) for row in rows.read(path)] == [without_seconds(row) for row in rows.read(whole)]
    check(rows.read(path))


class Here:
    """Cells in this process: a new one takes seconds to start."""

    size, updates = 1, None

    def __init__(self, dataset: Any) -> None:
        self.bench = _cells.Bench(dataset)

    def submit(self, cell: Any) -> Future[dict[str, Any]]:
        future: Future[dict[str, Any]] = Future()
        future.set_result(_cells.figures(self.bench, cell))
        return future

    def close(self) -> None:
        """Nothing is held."""


@contextlib.contextmanager
def one_thread():
    """Sums round alike."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def check(found: list[dict[str, Any]]) -> None:
    """The rows are what a report needs, and what they say of the trainings is so."""
    parent, ticket, scratch = found
    assert parent["network_cycles"] == parent["parent_cycles"] == ticket["parent_cycles"]
    assert ticket["network_cycles"] <= ticket["target_cycles"] < parent["network_cycles"]
    assert ticket["distance"] == pytest.approx(ticket["target_cycles"] - ticket["network_cycles"])
    assert scratch["widths"] == ticket["widths"]
    assert scratch["weights_sha256"] != ticket["weights_sha256"]
    assert parent["steps"] == 16 < ticket["steps"]
    assert ticket["parameters"] < parent["parameters"] == ticket["parent_parameters"]
    for row in found:
        assert row["mrstft"] > 0 and row["worst_block_cycles"] > row["network_cycles"]
        assert {"machine", "torch", "threads", "seconds", "bank_voices", "bright_spearman"} <= set(row)
        json.dumps(row, allow_nan=False)
    assert "ddsp-small/error" in publish.report(found).blocks


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C reaches a process otherwise there")
def test_ctrl_c_lets_the_cells_save_and_end(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    pool = _cells.LocalPool(marks, 1, work=fake_cells.unending)  # type: ignore[arg-type]
    cell = SimpleNamespace(method="rand", settings={}, seed=1)
    future = pool.submit(cell)  # type: ignore[arg-type]
    await_file(marks, "begun")
    pool.close()
    assert (marks / "stopped").exists()
    assert isinstance(future.exception(), KeyboardInterrupt)


def test_what_can_be_refused_is_refused_before_training(tmp_path: Path) -> None:
    for words, reason in (
        (["none"], "there is no comparison 'none'; take one of ['ddsp-sax', "),
        (["nano", "--device", "tpu"], "--device tpu: take one of cpu, cuda"),
    ):
        refused = CliRunner().invoke(cli.build(), ["compare", *words, "--out", str(tmp_path / "rows.jsonl")])
        assert refused.exit_code == 1
        assert reason in str(refused.exception)
    assert not (tmp_path / "rows.jsonl").exists()


def test_the_list_tells_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "_dataset", lambda name: SimpleNamespace(sha256="0"))
    path = tmp_path / "rows.jsonl"
    with rows.RowFile(path) as out:
        out.append(rows.identity(plan.load_comparison("nano").cells()[0], "0", "cpu"))
    listed = CliRunner().invoke(cli.build(), ["compare", "nano", "--list", "--out", str(path)]).stdout.splitlines()
    assert len(listed) == 10
    assert listed[0].split() == ["done", "seed", "1", "1", "of", "cycles", "parent"]
    assert listed[1].split() == ["to", "do", "seed", "1", "0.8", "of", "cycles", "lth_rewind"]
