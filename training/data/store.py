# SPDX-License-Identifier: MIT
"""A prepared data set as one .npz file: arrays end to end, the rest as JSON, nothing pickled."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from .cache import write_whole
from .dataset import Clip, Dataset, DatasetError
from .features import BrightFit

FORMAT = 1
ARRAYS = ("audio", "f0_hz", "f0_filled_hz", "voiced", "loudness_db", "descriptors", "axes")


def save(dataset: Dataset, path: Path) -> None:
    """Write a data set; the file appears whole or not at all."""
    clips = [{"name": c.name, "source": c.source, "heldout": c.heldout, "note": c.note} for c in dataset.clips]
    manifest = {
        "format": FORMAT,
        "clips": [entry | {"frames": c.frames} for entry, c in zip(clips, dataset.clips, strict=True)],
        "loudness_range_db": dataset.loudness_range_db,
        "axis_ranges": dataset.axis_ranges,
        "axis_spreads": dataset.axis_spreads,
        "axis_learnable": dataset.axis_learnable,
        "bright_fit": asdict(dataset.bright_fit),
        "range_hz": dataset.range_hz,
        "sha256": dataset.sha256,
        "source": dict(dataset.source),
    }
    arrays = {name: np.concatenate([getattr(clip, name) for clip in dataset.clips]) for name in ARRAYS}
    arrays["manifest"] = np.frombuffer(json.dumps(manifest).encode(), dtype=np.uint8)
    write_whole(path, lambda stream: np.savez(stream, allow_pickle=False, **arrays))


def _pair(values: Any) -> tuple[float, float]:
    low, high = values
    return float(low), float(high)


def load(path: Path) -> Dataset:
    """Read what `save` wrote. Raises DatasetError when the file is damaged or of another version."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            manifest = json.loads(bytes(archive["manifest"]))
            arrays = {name: archive[name] for name in ARRAYS}
        if manifest["format"] != FORMAT:
            raise DatasetError(
                f"{path} is of format {manifest['format']}, this version reads {FORMAT}; prepare it again"
            )
        return _assemble(manifest, arrays)
    except (OSError, KeyError, TypeError, AttributeError, ValueError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(
            f"{path} is not a readable data set ({error}); delete it and prepare the sounds again"
        ) from error


def _assemble(manifest: dict[str, Any], arrays: dict[str, np.ndarray]) -> Dataset:
    counts = [int(entry["frames"]) for entry in manifest["clips"]]
    ends = np.cumsum(counts)
    per_frame = {name: len(array) // max(int(ends[-1]), 1) for name, array in arrays.items()}
    clips = []
    for entry, stop, count in zip(manifest["clips"], ends, counts, strict=True):
        parts = {}
        for name, array in arrays.items():
            part = array[(stop - count) * per_frame[name] : stop * per_frame[name]]
            if len(part) != count * per_frame[name]:
                raise ValueError(f"{name} is too short")
            parts[name] = part
        clips.append(Clip(entry["name"], entry["source"], heldout=entry["heldout"], note=entry["note"], **parts))
    fit = manifest["bright_fit"]
    return Dataset(
        clips=tuple(clips),
        loudness_range_db=_pair(manifest["loudness_range_db"]),
        axis_ranges=tuple(_pair(entry) for entry in manifest["axis_ranges"]),
        axis_spreads=tuple(manifest["axis_spreads"]),
        axis_learnable=tuple(manifest["axis_learnable"]),
        bright_fit=BrightFit(
            tuple(fit["coefficients"]), _pair(fit["pitch_range_volts"]), _pair(fit["loudness_range_db"])
        ),
        range_hz=_pair(manifest["range_hz"]),
        sha256=manifest["sha256"],
        source=manifest["source"],
    )
