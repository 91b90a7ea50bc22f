# SPDX-License-Identifier: MIT
"""Rows of a comparison in a file of JSON lines: whole or not there, each cell once, one writer at a time."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from ..configs import TrainConfig
    from ..reduction.cell import Cell


Row = Mapping[str, Any]

IDLE = ("name", "save_every", "seed")
"""Entries of a training configuration that don't decide a row: the cell has its own seed."""


class CompareError(ValueError):
    """A comparison that can't go on: says why, and what to do."""


def digest(value: Any) -> str:
    """Short SHA-256 of JSON values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, allow_nan=False).encode()).hexdigest()[:16]


def config_values(config: TrainConfig) -> dict[str, Any]:
    """What of a training configuration decides a row."""
    return {name: value for name, value in config.as_dict().items() if name not in IDLE}


def identity(cell: Cell, dataset_sha256: str, device: str) -> dict[str, Any]:
    """What a row is about. `key` stands for all of it; the same key is never computed twice into one file."""
    found = {
        "family": cell.config.family,
        "dataset_sha256": dataset_sha256,
        "config_sha256": digest(config_values(cell.config)),
        "method": cell.method,
        "settings": dict(cell.settings),
        "rounds": cell.rounds,
        "target": cell.target,
        "seed": cell.seed,
        "device": device,
    }
    return {"key": digest(found)} | found


def parse(content: bytes, name: str) -> tuple[list[dict[str, Any]], int]:
    """Rows, and the length of what is whole: a last line without its end was cut off while it was written.

    Raises CompareError for a line that is no row.
    """
    whole = content.rfind(b"\n") + 1
    rows = []
    for number, line in enumerate(content[:whole].splitlines(), start=1):
        try:
            row = json.loads(line)
            row["key"]
        except (ValueError, TypeError, KeyError) as error:
            raise CompareError(f"{name}, line {number}: not a row of a comparison; remove it") from error
        rows.append(row)
    return rows, whole


def read(path: Path) -> list[dict[str, Any]]:
    """All whole rows of a file. Raises CompareError, OSError."""
    return parse(path.read_bytes(), path.name)[0]


class RowFile:
    """Rows that are there, and a place to add others; `with` holds the file against a second writer."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[dict[str, Any]] = []
        self._file: BinaryIO | None = None

    def __enter__(self) -> RowFile:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+b")
        try:
            _lock(file, self.path)
            file.seek(0)
            self.rows, whole = parse(file.read(), self.path.name)
            file.truncate(whole)
        except BaseException:
            file.close()
            raise
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

    @property
    def keys(self) -> set[str]:
        """Of the rows that are there."""
        return {str(row["key"]) for row in self.rows}

    def append(self, row: Row) -> None:
        """Add a row and see it on the disk. Raises ValueError for NaN, which JSON lacks."""
        if self._file is None:
            raise CompareError(f"{self.path.name} is not open for rows")
        line = json.dumps(dict(row), ensure_ascii=False, allow_nan=False) + "\n"
        self._file.write(line.encode())
        self._file.flush()
        os.fsync(self._file.fileno())
        self.rows.append(dict(row))

    def check_device(self, device: str) -> None:
        """Raise CompareError where the rows were made on the other kind of device: one table holds one kind."""
        others = sorted({str(row.get("device")) for row in self.rows} - {device})
        if others:
            raise CompareError(
                f"{self.path} holds rows made on {', '.join(others)}; a table holds one kind of device: "
                f"give the rows of {device} a file of their own with --out"
            )


def _lock(file: BinaryIO, path: Path) -> None:
    """The system takes the lock away with the process that holds it, however that ends."""
    with contextlib.suppress(ImportError):
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CompareError(f"{path} is being written by another comparison; wait for it, or take --out") from error
