# SPDX-License-Identifier: MIT
"""Any frame, any message, any record that a real board could have: strategies for tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from lottava import record as records
from lottava import wire
from lottava.board import BOARD
from lottava.layout import REST, Item, Layout
from lottava.messages import EXCHANGES, ErrorReply
from lottava.record import INPUTS, KNOTS, OUTPUTS, Record
from lottava.wire import Frame

FRAMES = st.builds(Frame, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=wire.MAX_PAYLOAD))
SHAPES = sorted({shape for pair in EXCHANGES.values() for shape in pair} | {ErrorReply}, key=lambda one: one.__name__)


def one_value(item: Item) -> st.SearchStrategy:
    if item.kind == REST:
        return st.binary(max_size=200)
    if item.kind == "bytes":
        return st.binary(min_size=item.count or 0, max_size=item.count)
    if item.kind == "f32":
        single: st.SearchStrategy = st.floats(width=32, allow_nan=False, allow_infinity=False)
    else:
        bits = int(item.kind[1:])
        low = -(1 << (bits - 1)) if item.kind[0] == "s" else 0
        single = st.integers(low, low + (1 << bits) - 1)
    return single if item.count is None else st.tuples(*[single] * item.count)


@st.composite
def message(draw: st.DrawFn) -> Layout:
    shape = draw(st.sampled_from(SHAPES))
    return shape(**{item.name: draw(one_value(item)) for item in shape.items()})


@st.composite
def plausible(draw: st.DrawFn) -> Record:
    """A record that a real board could have."""

    def stretched(channels: tuple, count: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        factors = [1 + draw(st.floats(-0.049, 0.049)) for _ in range(count)]
        shifts = [draw(st.floats(-0.29, 0.29)) for _ in range(count)]
        gains = [np.float32(one.nominal_gain * factor) for one, factor in zip(channels, factors, strict=True)]
        offsets = [
            np.float32(one.nominal_offset * factor + shift)
            for one, factor, shift in zip(channels, factors, shifts, strict=True)
        ]
        return tuple(map(float, gains)), tuple(map(float, offsets))

    input_gain, input_offset = stretched(BOARD.cv_inputs, INPUTS)
    output_gain, output_offset = stretched(BOARD.cv_outputs, OUTPUTS)
    codes = draw(st.lists(st.integers(-5000, 5000), min_size=KNOTS, max_size=KNOTS))
    return Record(
        sequence=draw(st.integers(0, 2**32 - 1)),
        serial=draw(st.binary(min_size=12, max_size=12)),
        created_unix=draw(st.integers(0, 2**32 - 1)),
        board_revision=draw(st.integers(0, 255)),
        measured=draw(st.integers(0, 2**16 - 1)),
        input_gain=input_gain,
        input_offset=input_offset,
        output_gain=output_gain,
        output_offset=output_offset,
        v_oct_knots=tuple(code * records.KNOT_UNIT_VOLTS for code in codes),
    )
