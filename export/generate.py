# SPDX-License-Identifier: MIT
"""Write generated headers: what depends on a voice, and what depends on lottava alone."""

from __future__ import annotations

from pathlib import Path

from lottava.graph import Graph

from . import blob, golden, placeholder, tables, voice_header


def constant_headers() -> dict[str, str]:
    """File name → text of every header that no voice changes."""
    return {
        "blob_format.h": voice_header.emit_blob_format(),
        "dsp_tables.h": tables.dsp_tables_header(),
        "nn_tables.h": tables.nn_tables_header(),
    }


def graph_headers(graph: Graph, parameters: blob.VoiceParameters, title: str) -> dict[str, str]:
    """File name → text of the headers of one voice: voice_blob.h and golden.h. title: its name, in line 1."""
    return {
        "golden.h": golden.emit_golden_header(graph, title),
        "voice_blob.h": voice_header.emit_voice_header(graph, parameters, title),
    }


def placeholder_headers() -> dict[str, str]:
    """The voice that the firmware builds with while no trained one is given."""
    return graph_headers(placeholder.placeholder_graph(), placeholder.PARAMETERS, placeholder.TITLE)


def write_headers(headers: dict[str, str], out_dir: Path) -> None:
    """Write each file whose text differs, so that make rebuilds only what changed."""
    out_dir.mkdir(parents=True, exist_ok=True)
    for name, text in headers.items():
        path = out_dir / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
