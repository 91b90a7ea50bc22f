# SPDX-License-Identifier: MIT
"""Write generated headers: what depends on a voice, and what depends on lottava alone."""

from __future__ import annotations

from pathlib import Path

from lottava.graph import Graph
from lottava.units import hz_to_volts
from lottava.voicefile import Voice, load

from . import blob, cmsis_graph, excitation, golden, interfaces, tables, upsampling, voice_header, wavetable
from .cmsis_example import example_graph
from .gate import check
from .placement import placement
from .voices import NSF, check_voice, merge_of, player_of


def constant_headers() -> dict[str, str]:
    """File name → text of every header that no voice changes."""
    return {
        "blob_format.h": voice_header.emit_blob_format(),
        "cmsis_graph_s8.h": cmsis_graph.emit_header(example_graph(), "lottava.export.cmsis_example"),
        "dsp_tables.h": tables.dsp_tables_header(),
        "nsf_tables.h": excitation.nsf_tables_header(),
        "upsample_taps.h": upsampling.upsample_taps_header(),
        "wave_tables.h": wavetable.wave_tables_header(),
        **interfaces.headers(),
    }


def graph_headers(graph: Graph, parameters: blob.VoiceParameters, title: str) -> dict[str, str]:
    """File name → text of the headers of one voice: voice_blob.h and golden.h. title: its name, in line 1.

    Raises BlobError for one that the module can't run or play.
    """
    block = check_voice(graph).block
    memory = placement(graph, block=block)
    return {
        "golden.h": golden.emit_golden_header(graph, title),
        "voice_blob.h": voice_header.emit_voice_header(graph, parameters, title, block=block, memory=memory),
    }


def voice_parameters(voice: Voice) -> blob.VoiceParameters:
    """What the blob says beside the network, from a voice's card. Raises BlobError where that lacks a part of it."""
    card = voice.card
    low_volts, high_volts = (float(volts) for volts in hz_to_volts(card.range_hz))
    low_db, high_db = (float(db) for db in card.loudness_range_db)
    return blob.VoiceParameters(
        gain=10.0 ** (card.gain_db / 20.0),
        loudness_db=(low_db, high_db),
        range_volts=(low_volts, high_volts),
        edits=card.synth_edits,
        merge=merge_of(card) if player_of(voice.graph) is NSF else None,
    )


def voice_blob(voice: Voice, *, over_budget: bool = False) -> bytes:
    """What a bank slot holds of a voice, its layers placed.

    Raises BlobError for one that the module can't run, BudgetError for one that it has no room or time for, unless
    told that this is known.
    """
    block = check_voice(voice.graph).block
    if not over_budget:
        check(voice.graph)
    memory = placement(voice.graph, block=block)
    return blob.to_bytes(voice.graph, voice_parameters(voice), block=block, memory=memory)


def voice_headers(voice: Voice) -> dict[str, str]:
    """File name → text of the headers of one voice. Raises BlobError for one that the module can't run."""
    return graph_headers(voice.graph, voice_parameters(voice), voice.card.name)


def committed_headers(voices: Path) -> dict[str, str]:
    """All of firmware/generated/: constants, and the first voice of a folder. Raises OSError where it holds none."""
    files = sorted(voices.glob("*.lottava"))
    if not files:
        raise FileNotFoundError(f"{voices} holds no .lottava file to build into the image")
    return constant_headers() | voice_headers(load(files[0]))


def write_generated(voice: Voice, out_dir: Path, *, over_budget: bool = False) -> None:
    """Write the headers of one voice, for make's VOICE_HEADER=out_dir. Raises BlobError, BudgetError as voice_blob."""
    if not over_budget:
        check(voice.graph)
    write_headers(voice_headers(voice), out_dir)


def write_headers(headers: dict[str, str], out_dir: Path) -> None:
    """Write each file whose text differs, so that make rebuilds only what changed."""
    out_dir.mkdir(parents=True, exist_ok=True)
    for name, text in headers.items():
        path = out_dir / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
