# SPDX-License-Identifier: MIT
"""What each kind of layer couples: positions of its parameters' axes and channels of its tensors, as bonds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lottava.graph import Layer

Role = Literal["produce", "recur", "consume", "carry"]
"""What a position is to its unit: makes it, feeds it back to itself, reads it, or is its channel in a tensor."""


@dataclass(frozen=True, order=True)
class Span:
    """Positions offset, offset + stride, … (`size` of them) along one axis of a tensor or of 'layer.array'."""

    tensor: str
    axis: int
    offset: int
    size: int
    stride: int = 1

    def positions(self) -> Sequence[int]:
        """Indices along the axis, one per unit."""
        return range(self.offset, self.offset + self.stride * self.size, self.stride)


@dataclass(frozen=True)
class Bond:
    """Position i of `span` and channel i of `channels` belong to one unit; `role` is that of `span`."""

    span: Span
    channels: Span
    role: Role


Sizes = Mapping[str, int]


def _whole(tensor: str, axis: int, size: int, offset: int = 0) -> Span:
    return Span(tensor, axis, offset, size)


def _rows(layer: Layer, out: Span, suffixes: tuple[str, ...] = ("",), copies: int = 1) -> Iterator[Bond]:
    """Channel j is made by rows j, j + H, … of every weight and bias, `copies` of them."""
    for copy in range(copies):
        for array in ("weight", "bias"):
            for suffix in suffixes:
                span = _whole(f"{layer.name}.{array}{suffix}", 0, out.size, copy * out.size)
                yield Bond(span, out, "produce")


def _columns(layer: Layer, axis: int, source: Span, array: str = "weight") -> Bond:
    """Channel i of the source is read by index i of a weight's axis."""
    return Bond(_whole(f"{layer.name}.{array}", axis, source.size), source, "consume")


def _ends(layer: Layer, sizes: Sizes) -> tuple[Span, Span]:
    """All channels of the first input and of the output."""
    return _whole(layer.inputs[0], 0, sizes[layer.inputs[0]]), _whole(layer.output, 0, sizes[layer.output])


def _dense(layer: Layer, sizes: Sizes) -> Iterator[Bond]:
    source, out = _ends(layer, sizes)
    yield from _rows(layer, out)
    yield _columns(layer, 1, source)


def is_depthwise(layer: Layer, sizes: Sizes) -> bool:
    """One group a channel: a convolution whose rows each read one channel only."""
    return layer.kind == "conv1d" and layer.option("groups") == sizes[layer.inputs[0]]


def _conv(layer: Layer, sizes: Sizes) -> Iterator[Bond]:
    """Depthwise, a channel goes with the rows that read it; in groups, one channel of each group goes at a time."""
    source, out = _ends(layer, sizes)
    yield from _rows(layer, out)
    groups = layer.option("groups") if layer.kind == "conv1d" else 1
    if groups == 1:
        yield _columns(layer, 2, source)
    elif is_depthwise(layer, sizes):
        copies = out.size // groups
        for copy in range(copies):
            yield Bond(Span(layer.output, 0, copy, groups, copies), source, "carry")
    else:
        read, made = source.size // groups, out.size // groups
        for group in range(groups):
            yield _columns(layer, 2, _whole(source.tensor, 0, read, group * read))
            yield Bond(_whole(out.tensor, 0, made, group * made), _whole(out.tensor, 0, made), "carry")


def _gated_conv(layer: Layer, sizes: Sizes) -> Iterator[Bond]:
    """Unit j owns rows j and j + H, and channels j and j + H of the condition."""
    source, out = _ends(layer, sizes)
    yield from _rows(layer, out, copies=2)
    yield _columns(layer, 2, source)
    for condition in layer.inputs[1:]:
        for half in range(2):
            yield Bond(_whole(condition, 0, out.size, half * out.size), out, "carry")


def _recurrent(layer: Layer, sizes: Sizes) -> Iterator[Bond]:
    """Cell j owns its row of every gate, bias included, column j of the recurrent weights, and what reads it."""
    source, out = _ends(layer, sizes)
    yield from _rows(layer, out, ("_ih", "_hh"), 3 if layer.kind == "gru" else 4)
    yield Bond(_whole(f"{layer.name}.weight_hh", 1, out.size), out, "recur")
    yield _columns(layer, 1, source, "weight_ih")


def _concat(layer: Layer, sizes: Sizes) -> Iterator[Bond]:
    offset = 0
    for source in layer.inputs:
        size = sizes[source]
        yield Bond(_whole(layer.output, 0, size, offset), _whole(source, 0, size), "carry")
        offset += size


def _split(layer: Layer, sizes: Sizes) -> Iterator[Bond]:
    _, out = _ends(layer, sizes)
    yield Bond(out, _whole(layer.inputs[0], 0, out.size, layer.option("offset")), "carry")


def _elementwise(layer: Layer, sizes: Sizes) -> Iterator[Bond]:
    """Channel by channel: all that is added or multiplied is one group."""
    _, out = _ends(layer, sizes)
    for source in layer.inputs:
        yield Bond(out, _whole(source, 0, out.size), "carry")


def _scale(layer: Layer, sizes: Sizes) -> Iterator[Bond]:
    yield from _rows(layer, _ends(layer, sizes)[1])
    yield from _elementwise(layer, sizes)


def _broadcast(layer: Layer, sizes: Sizes) -> Iterator[Bond]:
    """Copies of a channel go together; copies of a single one may go one by one, for it stays."""
    source, out = _ends(layer, sizes)
    if source.size > 1:
        for copy in range(out.size // source.size):
            yield Bond(_whole(out.tensor, 0, source.size, copy * source.size), source, "carry")


RULES: dict[str, Callable[[Layer, Sizes], Iterable[Bond]]] = {
    "dense": _dense,
    "conv1d": _conv,
    "gated_conv1d": _gated_conv,
    "conv_transpose1d": _conv,
    "gru": _recurrent,
    "lstm": _recurrent,
    "add": _elementwise,
    "multiply": _elementwise,
    "scale": _scale,
    "concat": _concat,
    "split": _split,
    "broadcast": _broadcast,
    "interpolate": _elementwise,
    "activation": _elementwise,
}
"""Layer kind → its bonds, given the sizes of all tensors."""
