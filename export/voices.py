# SPDX-License-Identifier: MIT
"""The two kinds of voices that the module has players for, told by what their graphs read and give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lottava import nsf_source, synth
from lottava.card import Card
from lottava.graph import Graph
from lottava.nsf_player import CONDITIONS
from lottava.scales import INPUT_SCALES, OUTPUT_SCALES, STREAM_INPUT_SCALES
from lottava.units import BLOCK_SAMPLES

from .blob import BlobError

MERGE_LIMIT = 40.0
"""Larger weights would magnify what the firmware's single precision rounds off to more than a code."""


@dataclass(frozen=True)
class Player:
    """What a player feeds and hears. inputs: name → (size, period in ticks), in the graph's order; block: ticks a run.

    sounds: size of its one output, at `scale`.
    """

    name: str
    inputs: Mapping[str, tuple[int, int]]
    sounds: int
    scale: float
    block: int = 1

    @property
    def period(self) -> int:
        """Ticks from frame to frame."""
        return max(period for _, period in self.inputs.values())


DDSP = Player(
    "synthesiser", {"pitch": (1, 1), "loudness": (1, 1), "axes": (4, 1)}, synth.CONTROLS, OUTPUT_SCALES["controls"]
)
NSF = Player(
    "source-filter player",
    {"source": (1, 1), "noise": (1, 1), "condition": (CONDITIONS, nsf_source.MODEL_HOP_SAMPLES)},
    sounds=1,
    scale=OUTPUT_SCALES["audio"],
    block=BLOCK_SAMPLES // 2,
)
PLAYERS = (DDSP, NSF)


def player_of(graph: Graph) -> Player:
    """Who plays a graph. Raises BlobError for one whose inputs nobody feeds."""
    for player in PLAYERS:
        if graph.inputs == tuple(player.inputs):
            return player
    known = " or ".join(str(list(player.inputs)) for player in PLAYERS)
    raise BlobError(f"the graph's inputs are {list(graph.inputs)}, the module feeds {known}")


def check_voice(graph: Graph) -> Player:
    """Who plays the graph; raises BlobError unless all its inputs and its output are as that player has them."""
    if graph.number_format != "s8s16":
        raise BlobError(f"the graph is {graph.number_format if graph.is_integer else 'float'}; quantise it first")
    player, tensors = player_of(graph), graph.tensors
    found = {name: (tensors[name].size, tensors[name].period) for name in graph.inputs}
    if found != dict(player.inputs):
        raise BlobError(f"the inputs' sizes and periods are {found}, the {player.name} feeds {dict(player.inputs)}")
    if len(graph.outputs) != 1 or tensors[graph.outputs[0]].size != player.sounds:
        raise BlobError(f"the graph's outputs are {graph.outputs}, the {player.name} takes one of {player.sounds}")
    scales = {name: (INPUT_SCALES | STREAM_INPUT_SCALES)[name] for name in graph.inputs}
    scales |= dict.fromkeys(graph.outputs, player.scale)
    if wrong := [name for name, scale in scales.items() if tensors[name].scale != scale]:
        raise BlobError(f"tensors {wrong} are not at the module's scales {scales}")
    if tensors[graph.outputs[0]].period != 1:
        raise BlobError(
            f"the output has a column every {tensors[graph.outputs[0]].period} ticks; it should have one each"
        )
    if slow := [tensor.name for tensor in tensors.values() if tensor.period > player.period]:
        raise BlobError(f"tensors {slow} have longer periods than a frame, which is {player.period} ticks")
    return player


def merge_of(card: Card) -> nsf_source.Merge:
    """What makes one source of a source-filter's sines, from its card. Raises BlobError where it is missing or odd."""
    outside = card.extra.get("outside")
    values = outside if isinstance(outside, dict) else {}
    try:
        weights = np.asarray(values["merge.weight"], dtype=np.float32)
        bias = np.asarray(values["merge.bias"], dtype=np.float32)
    except (KeyError, TypeError, ValueError) as error:
        raise BlobError("the card has no numbers in outside.merge.weight and outside.merge.bias; train anew") from error
    if weights.shape != (nsf_source.SINES,) or bias.shape not in ((), (1,)):
        raise BlobError(f"the source's merge has shapes {weights.shape}, {bias.shape}; it takes 8 weights and one bias")
    if not np.all(np.abs(np.append(weights, bias)) <= MERGE_LIMIT):
        raise BlobError(f"the source's merge has numbers beyond {MERGE_LIMIT:g}; train it again with less")
    return nsf_source.Merge(weights.astype(np.float64), float(bias.reshape(-1)[0]))
