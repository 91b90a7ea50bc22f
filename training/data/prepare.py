# SPDX-License-Identifier: MIT
"""A folder of sounds to a data set and its report, kept in the cache under the hash of the files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from .analyse import Progress, analyse_folder, cut_clips
from .audio import find_sounds
from .cache import cache_dir, write_whole
from .dataset import Dataset, DatasetError, assemble
from .estimate import DEFAULT_STEPS, estimate_training
from .fetch import SOURCE_FILE
from .report import STOP, DataReport, from_json, make_report
from .store import load, save

ANALYSIS_VERSION = 4
"""Counts up whenever the analysis changes, so that no stale cache is read."""


def folder_hash(files: Iterable[tuple[str, str]]) -> str:
    """Identity of a data set: names and hashes of its files, and the version of the analysis."""
    listing = "\n".join(f"{name} {digest}" for name, digest in sorted(files))
    return hashlib.sha256(f"lottava data {ANALYSIS_VERSION}\n{listing}".encode()).hexdigest()


def read_source(folder: Path) -> dict[str, str]:
    """The folder's source.json (work, author, licence, attribution), or nothing where there is none."""
    path = folder / SOURCE_FILE
    if not path.is_file():
        return {}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): str(value) for key, value in values.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise DatasetError(f"{path} is not a JSON object ({error}); mend or remove it") from error


def _prepare(folder: Path, progress: Progress | None) -> tuple[Dataset | None, DataReport]:
    paths = find_sounds(folder)
    names = [path.relative_to(folder).as_posix() for path in paths]
    source = read_source(folder)
    sha256 = folder_hash(
        (name, hashlib.sha256(path.read_bytes()).hexdigest()) for name, path in zip(names, paths, strict=True)
    )
    data_path = cache_dir() / "prepared" / f"{sha256}.npz"
    report_path = data_path.with_suffix(".json")
    try:
        dataset = load(data_path) if data_path.is_file() else None
        kept = from_json(json.loads(report_path.read_text(encoding="utf-8")))
        if dataset is not None or kept.verdict == STOP:
            return dataset and replace(dataset, source=source), replace(kept, licence=source.get("licence"))
    except (OSError, ValueError, TypeError, KeyError):
        pass
    analyses = analyse_folder(folder, progress)
    try:
        dataset = assemble(cut_clips(analyses), sha256, source)
    except DatasetError:
        dataset = None
    report = make_report(analyses, dataset, sha256, source)
    if dataset is not None:
        save(dataset, data_path)
    write_whole(report_path, lambda stream: stream.write(json.dumps(report.to_json(), indent=1).encode()))
    return dataset, report


def build(folder: str | Path, *, progress: Progress | None = None) -> Dataset:
    """Data set of a folder of sounds, from the cache where the same files were prepared before.

    progress(done, total, name) is called before each file. Raises AudioError without any sound file, DatasetError
    where the report says that it will not work.
    """
    dataset, report = _prepare(Path(folder), progress)
    if dataset is None or report.verdict == STOP:
        stop = report.findings[0]
        raise DatasetError(f"{folder} will not work: {stop.text}; {stop.remedy}")
    return dataset


def prepared(sha256: str) -> Dataset | None:
    """The data set of this hash from the cache, None where it is not there. Raises DatasetError where it is damaged."""
    path = cache_dir() / "prepared" / f"{sha256}.npz"
    return load(path) if path.is_file() else None


def report(
    folder: str | Path,
    *,
    steps: int = DEFAULT_STEPS,
    seconds_per_step: float | None = None,
    progress: Progress | None = None,
) -> DataReport:
    """What a folder holds and whether it will work, with the time that `steps` of training need on this machine.

    Raises AudioError without any sound file.
    """
    found = _prepare(Path(folder), progress)[1]
    return replace(found, time=estimate_training(steps, seconds_per_step))
