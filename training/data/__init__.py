# SPDX-License-Identifier: MIT
"""Sounds in, control frames out: fetch, check, prepare and measure recordings."""

from .audio import AudioError
from .dataset import AXES, Clip, Dataset, DatasetError, network_inputs, normalise_axes, normalise_loudness
from .features import measure_descriptors, measure_loudness_db
from .fetch import SOURCES, FetchError, fetch
from .prepare import build
from .store import load, save

__all__ = [
    "AXES",
    "SOURCES",
    "AudioError",
    "Clip",
    "Dataset",
    "DatasetError",
    "FetchError",
    "build",
    "fetch",
    "load",
    "measure_descriptors",
    "measure_loudness_db",
    "network_inputs",
    "normalise_axes",
    "normalise_loudness",
    "save",
]
