# SPDX-License-Identifier: MIT
"""Sounds in, control frames out: fetch, check, prepare and measure recordings."""

from .audio import AudioError
from .dataset import AXES, Clip, Dataset, DatasetError, network_inputs, normalise_axes, normalise_loudness
from .features import measure_descriptors, measure_loudness_db
from .fetch import SOURCES, FetchError, fetch
from .prepare import build, report
from .report import BUT, GOOD, STOP, DataReport, Finding
from .store import load, save

__all__ = [
    "AXES",
    "BUT",
    "GOOD",
    "SOURCES",
    "STOP",
    "AudioError",
    "Clip",
    "DataReport",
    "Dataset",
    "DatasetError",
    "FetchError",
    "Finding",
    "build",
    "fetch",
    "load",
    "measure_descriptors",
    "measure_loudness_db",
    "network_inputs",
    "normalise_axes",
    "normalise_loudness",
    "report",
    "save",
]
