# SPDX-License-Identifier: MIT
"""A valid card for any graph, for tests of whatever reads or writes voices."""

from __future__ import annotations

from typing import Any

from lottava.card import Card
from lottava.graph import Graph, graph_hash

HASH = "ab" * 32


def example_card(graph: Graph | None = None, **changes: Any) -> Card:
    """A private card; `changes` replace its fields."""
    axis = {"descriptor": "centroid", "low": "dark", "high": "bright", "learned": True, "spearman": 0.97}
    names = {"z1": "BRIGHT", "z2": "BREATH", "z3": "BODY", "z4": "WILD"}
    fields: dict[str, Any] = {
        "id": HASH if graph is None else graph_hash(graph),
        "name": "sax_warm_v1",
        "title": "Saxophon, wärmer 🎷",
        "summary": "A tenor saxophone, warm, over three octaves.",
        "authors": ["A. Maker"],
        "created": "2026-01-31",
        "attribution": [
            {
                "work": "Sax notes",
                "author": "B. Player",
                "source": "https://example.org",
                "licence": "CC0-1.0",
                "changed": "",
            }
        ],
        "data": {"minutes": 2.5, "files": 33, "range_hz": [138.6, 880.0], "levels_db": [-40.0, -12.0], "hash": HASH},
        "axes": [{"id": z, "name": name, **axis} for z, name in names.items()],
        "range_hz": [138.6, 880.0],
        "loudness_range_db": [-50.0, -20.0],
        "loudness_lufs": -18.2,
        "gain_db": 3.5,
        "cost": {"flash": 33112, "ram": 96, "cycles_mean": 700.0, "cycles_worst": 1100.0, "modelled": True},
        "metrics": {"mrstft": 1.23, "f0_cents": 2.1},
        "parent": HASH,
    }
    return Card(**(fields | changes))
