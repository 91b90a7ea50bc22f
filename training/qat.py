# SPDX-License-Identifier: MIT
"""Training through the module's own arithmetic: forward in integer codes, bit for bit; backward straight through.

Everything between the inputs and the controls is a float64 tensor of integer codes, which float64 holds exactly
(|accumulator * multiplier| < 2^53), so the forward pass equals the integer oracle on the quantised graph.
Rounding passes gradients unchanged, saturation stops them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function

from lottava import fixedpoint
from lottava.scales import tensor_scales

from .generators.ddsp import DDSP
from .slim import model_of, to_graph

_CODES = np.arange(fixedpoint.S16_MIN, fixedpoint.S16_MAX + 1)
_SIGMOID = torch.from_numpy(fixedpoint.lookup(fixedpoint.SIGMOID_TABLE, _CODES).astype(np.float64))
_TANH = torch.from_numpy(fixedpoint.lookup(fixedpoint.TANH_TABLE, _CODES).astype(np.float64))
"""The interpolated tables, written out for all 65 536 gate codes."""

_UNIT = 2.0**fixedpoint.UNIT_FRACTION_BITS
_GATE = 2.0**fixedpoint.GATE_FRACTION_BITS


class _Round(Function):
    """Round and saturate; the gradient passes where rounding alone lands in range. half_up: ties as >> does, else even.

    Half a code of margin, because a row's largest weight lies at 127 codes and may come out an ulp above.
    """

    @staticmethod
    def forward(ctx: Any, value: Tensor, low: int, high: int, half_up: bool) -> Tensor:
        ctx.save_for_backward((value >= low - 0.5) & (value <= high + 0.5))
        rounded = torch.floor(value + 0.5) if half_up else torch.round(value)
        return rounded.clamp(low, high)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        (inside,) = ctx.saved_tensors
        return gradients[0] * inside, None, None, None


def _s16(value: Tensor, *, low: int = fixedpoint.S16_MIN, half_up: bool = True) -> Tensor:
    return _Round.apply(value, low, fixedpoint.S16_MAX, half_up)  # type: ignore[no-any-return, no-untyped-call]


class _Product(NamedTuple):
    """One matrix product in codes: weight [rows, columns], bias [rows]; factor [rows] requantises the accumulator.

    rows: value of one weight code, per row.
    """

    weight: Tensor
    bias: Tensor
    factor: Tensor
    rows: Tensor

    def apply(self, codes: Tensor, low: int = fixedpoint.S16_MIN) -> Tensor:
        """s16 codes [..., columns] → s16 codes [..., rows], not below `low`."""
        return _s16(torch.nn.functional.linear(codes, self.weight, self.bias) * self.factor, low=low)


def _product(weight: Tensor, bias: Tensor, input_scale: float, output_scale: float) -> _Product:
    """Codes as the quantiser chooses them, gradients to the real weights. Raises ValueError for weights too large."""
    scales = fixedpoint.legal_weight_scales(
        weight.detach().cpu().numpy(), bias.detach().cpu().numpy(), input_scale, output_scale
    )
    pairs = [fixedpoint.quantise_multiplier(factor) for factor in input_scale * scales / output_scale]
    multiplier, shift = (np.array(column) for column in zip(*pairs, strict=True))
    exact = fixedpoint.reduce_multiplier(multiplier) * 2.0 ** (shift - 15)
    rows, factor = (torch.from_numpy(array).to(weight.device) for array in (scales, exact))
    codes = _Round.apply(weight.double() / rows[:, None], -fixedpoint.S8_MAX, fixedpoint.S8_MAX, False)
    bias_codes = _Round.apply(bias.double() / (input_scale * rows), fixedpoint.S32_MIN, fixedpoint.S32_MAX, False)
    return _Product(codes, bias_codes, factor, rows)


class _IntegerGru(Function):
    """The recurrence over all frames, with its own backward pass: autograd would visit two dozen small tensors a frame.

    Codes: gates [batch, frames, 3 H] and hidden [batch, H] → [batch, frames, H]. The gradient is that of the real GRU
    at the integer activations. Saturated gates need no mask: at ±8 the slopes of sigmoid and tanh are 3e-4 and less.
    """

    @staticmethod
    def forward(ctx: Any, gates: Tensor, weight: Tensor, bias: Tensor, factor: Tensor, hidden: Tensor) -> Tensor:
        sigmoid, tanh = _SIGMOID.to(gates.device), _TANH.to(gates.device)
        low, high, size = fixedpoint.S16_MIN, fixedpoint.S16_MAX, hidden.shape[-1]
        columns = weight.t()
        states = [hidden]
        kept: list[tuple[Tensor, Tensor, Tensor]] = []
        for gate in gates.unbind(1):
            recurrent = torch.addmm(bias, hidden, columns).mul_(factor).add_(0.5).floor_().clamp_(low, high)
            sums = (gate[:, : 2 * size] + recurrent[:, : 2 * size]).clamp_(low, high)
            reset_update = sigmoid[sums.long() - low]
            reset, update = reset_update.chunk(2, dim=-1)
            recurrent_new = recurrent[:, 2 * size :]
            inner = (reset * recurrent_new).add_(2.0**14).mul_(2.0**-15).floor_()
            candidate = tanh[(gate[:, 2 * size :] + inner).clamp_(low, high).long() - low]
            mixed = (_UNIT - update) * candidate + update * hidden
            hidden = mixed.add_(2.0**14).mul_(2.0**-15).floor_().clamp_(low, high)
            states.append(hidden)
            kept.append((reset_update, candidate, recurrent_new))
        stacks = [torch.stack(list(column)) for column in (states, *zip(*kept, strict=True))]
        ctx.save_for_backward(weight, factor, *stacks)
        return stacks[0][1:].transpose(0, 1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None, Tensor]:
        weight, factor, states, resets_updates, candidates, gates_new = ctx.saved_tensors
        back = weight * factor[:, None] * (_UNIT / _GATE)
        resets, updates = (resets_updates / _UNIT).chunk(2, dim=-1)
        candidates, gates_new, before = candidates / _UNIT, gates_new / _GATE, states[:-1] / _UNIT
        slope_new = (1 - updates) * (1 - candidates.square())
        slope_reset = gates_new * resets * (1 - resets)
        slope_update = (before - candidates) * updates * (1 - updates)
        incoming = gradients[0].transpose(0, 1) * _UNIT
        carried = torch.zeros_like(incoming[0])
        to_input, to_hidden = [], []
        for frame in range(len(incoming) - 1, -1, -1):
            total = incoming[frame] + carried
            new = total * slope_new[frame]
            reset_update = torch.cat((new * slope_reset[frame], total * slope_update[frame]), dim=-1)
            recurrent = torch.cat((reset_update, new * resets[frame]), dim=-1)
            to_input.append(torch.cat((reset_update, new), dim=-1))
            to_hidden.append(recurrent)
            carried = torch.addmm(total * updates[frame], recurrent, back)
        inputs, recurrents = (torch.stack(kept[::-1]) / _GATE for kept in (to_input, to_hidden))
        scaled = recurrents * factor
        weight_gradient = torch.einsum("tbr,tbc->rc", scaled, states[:-1])
        return inputs.transpose(0, 1), weight_gradient, scaled.sum(dim=(0, 1)), None, carried / _UNIT


_PRODUCTS = (
    ("pitch_mlp.weight", "pitch_mlp.bias", "pitch", "pitch_features"),
    ("loudness_mlp.weight", "loudness_mlp.bias", "loudness", "loudness_features"),
    ("axes_mlp.weight", "axes_mlp.bias", "axes", "axes_features"),
    ("memory.weight_ih_l0", "memory.bias_ih_l0", "features_in", "gates"),
    ("memory.weight_hh_l0", "memory.bias_hh_l0", "hidden", "gates"),
    ("out_mlp.weight", "out_mlp.bias", "features_out", "out_features"),
    ("head.weight", "head.bias", "out_features", "controls"),
)
"""Parameters of each matrix product, the tensor that it reads and the one that it is requantised for."""


class FakeQuantDDSP(DDSP):
    """A decoder with the same weights, names and call, whose forward pass is that of the quantised graph."""

    def __init__(self, model: DDSP) -> None:
        with torch.random.fork_rng(devices=[]):
            super().__init__(model.widths)
        self.scales = tensor_scales(to_graph(model)) | {"gates": 1.0 / _GATE}
        self.to(device=model.head.weight.device, dtype=model.head.weight.dtype)
        self.load_state_dict(model.state_dict())

    def _products(self) -> list[_Product]:
        """In the order of _PRODUCTS."""
        values = dict(self.named_parameters())
        return [
            _product(values[weight], values[bias], self.scales[source], self.scales[target])
            for weight, bias, source, target in _PRODUCTS
        ]

    def forward(
        self, pitch: Tensor, loudness: Tensor, axes: Tensor, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """As DDSP.forward; the controls are multiples of 2^-11, the state of 2^-15."""
        rows, scales = (*axes.shape[:2], 1), self.scales
        *mlps, memory_in, memory_back, out_mlp, head = self._products()
        real_inputs = {"pitch": pitch.reshape(rows), "loudness": loudness.reshape(rows), "axes": axes}
        codes = [_s16(value.double() / scales[name], half_up=False) for name, value in real_inputs.items()]
        features = [mlp.apply(value, low=0) for mlp, value in zip(mlps, codes, strict=True)]
        gates = memory_in.apply(torch.cat(features, dim=-1))
        before = self.init_state(axes.shape[0]) if state is None else state
        start = _s16(before[0].double() / scales["hidden"], half_up=False)
        weight, bias, factor, _ = memory_back
        hidden: Tensor = _IntegerGru.apply(gates, weight, bias, factor, start)  # type: ignore[no-untyped-call]
        rescaled = _s16(hidden * (scales["hidden"] / scales["features_out"]))
        out = out_mlp.apply(torch.cat((rescaled, *features[:2]), dim=-1), low=0)
        controls = head.apply(out) * scales["controls"]
        after = hidden[:, -1:].transpose(0, 1) * scales["hidden"]
        return controls.to(axes.dtype), after.to(axes.dtype)

    def snapped(self) -> DDSP:
        """The float decoder whose weights lie on the integer grid, so that quantising it moves none of them."""
        state = {name: value.detach().clone() for name, value in self.state_dict().items()}
        for (weight, bias, source, _), product in zip(_PRODUCTS, self._products(), strict=True):
            state[weight].copy_(product.weight.detach() * product.rows[:, None])
            state[bias].copy_(product.bias.detach() * product.rows * self.scales[source])
        return model_of(state)
