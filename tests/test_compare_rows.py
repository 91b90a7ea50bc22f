# SPDX-License-Identifier: MIT
"""A comparison's rows: whole or not there, one writer, and the same rows however often it was stopped."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="comparisons train: install lottava[train]")

import fake_cells
from hypothesis import given
from hypothesis import strategies as st
from lottava.training.compare import plan, rows
from small_dataset import small_dataset

from lottava.verbs import _compare
from lottava.verbs._common import VerbError

ROW = {"key": "a", "device": "cpu", "mrstft": 1.25}
TINY = {
    "data": "small",
    "training": "nano",
    "targets": [0.6],
    "seeds": [1, 2],
    "methods": [{"method": "lth_rewind", "rounds": 1}, {"method": "rand", "rounds": 1}],
}


@pytest.fixture(scope="module")
def dataset():
    return small_dataset(notes=3, frames=60)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rows.jsonl"


def test_a_row_is_a_line(file: Path) -> None:
    with rows.RowFile(file) as out:
        out.append(ROW)
        out.append(ROW | {"key": "ü"})
        assert out.keys == {"a", "ü"}
    assert rows.read(file) == [ROW, ROW | {"key": "ü"}]
    assert file.read_bytes().count(b"\n") == 2


@given(st.integers(0, 200))
def test_a_torn_last_line_is_dropped(cut: int) -> None:
    whole = "".join(json.dumps(ROW | {"key": key}) + "\n" for key in "abc").encode()
    kept, length = rows.parse(whole[:cut], "rows")
    assert len(kept) == whole[:cut].count(b"\n")
    assert whole[:length].count(b"\n") == len(kept)


def test_the_next_start_writes_over_a_torn_line(file: Path) -> None:
    file.write_bytes(json.dumps(ROW).encode() + b'\n{"key": "b", "mrs')
    with rows.RowFile(file) as out:
        assert out.keys == {"a"}
        out.append(ROW | {"key": "c"})
    assert [row["key"] for row in rows.read(file)] == ["a", "c"]


@pytest.mark.parametrize("line", [b"{}", b"no JSON", b"[1]"])
def test_a_line_that_is_no_row_is_named(file: Path, line: bytes) -> None:
    file.write_bytes(json.dumps(ROW).encode() + b"\n" + line + b"\n")
    with pytest.raises(rows.CompareError, match="line 2"):
        rows.read(file)


@pytest.mark.skipif(sys.platform == "win32", reason="the lock is the system's flock")
def test_two_writers_are_refused(file: Path) -> None:
    with rows.RowFile(file), pytest.raises(rows.CompareError, match="another comparison"), rows.RowFile(file):
        pass
    with rows.RowFile(file):
        pass


def test_what_json_lacks_is_not_written(file: Path) -> None:
    with rows.RowFile(file) as out:
        with pytest.raises(ValueError, match="JSON"):
            out.append(ROW | {"mrstft": float("nan")})
        assert out.rows == []
    with pytest.raises(rows.CompareError, match="not open"):
        out.append(ROW)


def test_one_file_holds_one_kind_of_device(file: Path) -> None:
    with rows.RowFile(file) as out:
        out.append(ROW)
        out.check_device("cpu")
        with pytest.raises(rows.CompareError, match="one kind of device"):
            out.check_device("cuda")


def test_the_key_is_all_that_decides_a_row() -> None:
    cells = plan.from_values("x", TINY).cells()
    keys = [rows.identity(cell, "0", "cpu")["key"] for cell in cells]
    assert len(set(keys)) == len(cells)
    slower = plan.from_values("y", TINY | {"overrides": {"save_every": 99, "seed": 7}}).cells()
    assert [rows.identity(cell, "0", "cpu")["key"] for cell in slower] == keys, "neither decides a bit"
    longer = plan.from_values("x", TINY | {"overrides": {"steps": 13}}).cells()
    assert not set(keys) & {rows.identity(cell, "0", "cpu")["key"] for cell in longer}
    assert rows.identity(cells[0], "1", "cpu")["key"] != keys[0] != rows.identity(cells[0], "0", "cuda")["key"]


def fill(file: Path, values: dict[str, Any], run: _compare.Run) -> int:
    with rows.RowFile(file) as out:
        return _compare.fill(out, plan.from_values("tiny", values), run)


def without_seconds(file: Path) -> list[dict[str, Any]]:
    found = [{name: value for name, value in row.items() if name != "seconds"} for row in rows.read(file)]
    return sorted(found, key=lambda row: row["key"])


def test_workers_fill_what_is_missing_and_nothing_twice(file: Path, dataset, capsys: pytest.CaptureFixture) -> None:
    one = _compare.Run(dataset, "small", jobs=2, work=fake_cells.figures)
    assert fill(file, TINY | {"seeds": [1]}, replace(one, jobs=1)) == 0
    assert len(rows.read(file)) == 3
    said = capsys.readouterr().err
    assert "lth_rewind, 0.6 of cycles, seed 1: MRSTFT 1.201, 0.0 min" in said
    assert fill(file, TINY, one) == 0
    assert len(rows.read(file)) == 6
    again = file.read_bytes()
    assert fill(file, TINY, one) == 0
    assert file.read_bytes() == again
    row = rows.read(file)[0]
    assert (row["method"], row["data"], row["training"], row["steps_each"]) == ("parent", "small", "nano", 12)


def test_a_failing_cell_leaves_the_others(file: Path, dataset, capsys: pytest.CaptureFixture) -> None:
    values = TINY | {"methods": [{"method": "snip"}, {"method": "rand"}], "seeds": [1]}
    assert fill(file, values, _compare.Run(dataset, "small", jobs=1, work=fake_cells.figures)) == 1
    assert [row["method"] for row in rows.read(file)] == ["parent", "rand"]
    assert "snip is said to fail here" in capsys.readouterr().err


def test_a_killed_worker_is_told_in_a_sentence(file: Path, dataset) -> None:
    with pytest.raises(VerbError, match="fewer --jobs"):
        fill(file, TINY, _compare.Run(dataset, "small", jobs=1, work=fake_cells.killed))
    assert rows.read(file) == []


def test_a_cluster_gives_the_same_rows(file: Path, tmp_path: Path, dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = fake_cells.FakeRay({"CPU": 4.0})
    monkeypatch.setitem(sys.modules, "ray", ray)
    far, near = file, tmp_path / "near.jsonl"
    assert fill(far, TINY, _compare.Run(dataset, "small", address="auto", work=fake_cells.figures)) == 0
    assert (ray.asked, ray.address) == ({"max_retries": 0, "num_cpus": 1}, "")
    assert fill(near, TINY, _compare.Run(dataset, "small", jobs=1, work=fake_cells.figures)) == 0
    assert without_seconds(far) == without_seconds(near)


def test_a_cluster_that_cant_be_used_is_told(file: Path, dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(address: str, device: str = "cpu") -> None:
        fill(file, TINY, _compare.Run(dataset, "small", device, address=address, work=fake_cells.figures))

    monkeypatch.setitem(sys.modules, "ray", fake_cells.FakeRay({"CPU": 4.0}))
    with pytest.raises(VerbError, match="no Ray cluster at nowhere:1"):
        run("nowhere:1")
    with pytest.raises(VerbError, match="offers no GPU"):
        run("auto", "cuda")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(VerbError, match=r"lottava\[cluster\]"):
        run("auto")
