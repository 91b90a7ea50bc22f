# SPDX-License-Identifier: MIT
"""Recurrent cells in integer codes over whole crops, each with its own backward pass.

Autograd would visit two dozen small tensors a frame. The gradient is that of the real cell at the integer activations.
Saturated gates need no mask: at ±8 the slopes of sigmoid and tanh are 3e-4 and less.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function

from lottava import fixedpoint

_LOW, _HIGH = fixedpoint.S16_MIN, fixedpoint.S16_MAX
_CODES = np.arange(_LOW, _HIGH + 1)
_SIGMOID = torch.from_numpy(fixedpoint.lookup(fixedpoint.SIGMOID_TABLE, _CODES).astype(np.float64))
_TANH = torch.from_numpy(fixedpoint.lookup(fixedpoint.TANH_TABLE, _CODES).astype(np.float64))
"""The interpolated tables, written out for all 65 536 gate codes."""

_UNIT = 2.0**fixedpoint.UNIT_FRACTION_BITS
_GATE = 2.0**fixedpoint.GATE_FRACTION_BITS


class IntegerGru(Function):
    """Codes: gates [batch, frames, 3 H], weight [3 H, H], bias, factor [3 H], state [batch, H] → [batch, frames, H]."""

    @staticmethod
    def forward(ctx: Any, gates: Tensor, weight: Tensor, bias: Tensor, factor: Tensor, hidden: Tensor) -> Tensor:
        sigmoid, tanh = _SIGMOID.to(gates.device), _TANH.to(gates.device)
        size, columns = hidden.shape[-1], weight.t()
        states = [hidden]
        kept: list[tuple[Tensor, Tensor, Tensor]] = []
        for gate in gates.unbind(1):
            recurrent = _recurrent(hidden, columns, bias, factor)
            sums = (gate[:, : 2 * size] + recurrent[:, : 2 * size]).clamp_(_LOW, _HIGH)
            reset_update = sigmoid[sums.long() - _LOW]
            reset, update = reset_update.chunk(2, dim=-1)
            recurrent_new = recurrent[:, 2 * size :]
            inner = (reset * recurrent_new).add_(2.0**14).mul_(2.0**-15).floor_()
            candidate = tanh[(gate[:, 2 * size :] + inner).clamp_(_LOW, _HIGH).long() - _LOW]
            mixed = (_UNIT - update) * candidate + update * hidden
            hidden = mixed.add_(2.0**14).mul_(2.0**-15).floor_().clamp_(_LOW, _HIGH)
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
        weight_gradient, bias_gradient = _product_gradients(recurrents, factor, states[:-1])
        return inputs.transpose(0, 1), weight_gradient, bias_gradient, None, carried / _UNIT


class IntegerLstm(Function):
    """As IntegerGru with gates i, f, g, o [batch, frames, 4 H] and a cell state [batch, H] at 2^-12.

    Returns the hidden states [batch, frames, H] and the cell state after the last frame. Where the cell saturates the
    gradient through it stops.
    """

    @staticmethod
    def forward(
        ctx: Any, gates: Tensor, weight: Tensor, bias: Tensor, factor: Tensor, hidden: Tensor, cell: Tensor
    ) -> tuple[Tensor, Tensor]:
        sigmoid, tanh = _SIGMOID.to(gates.device), _TANH.to(gates.device)
        columns = weight.t()
        states, cells = [hidden], [cell]
        kept: list[tuple[Tensor, Tensor, Tensor]] = []
        for gate in gates.unbind(1):
            sums = (gate + _recurrent(hidden, columns, bias, factor)).clamp_(_LOW, _HIGH).long() - _LOW
            i, f, g, o = sums.chunk(4, dim=-1)
            i, f, g, o = sigmoid[i], sigmoid[f], tanh[g], sigmoid[o]
            entering = (i * g).add_(4.0).mul_(2.0**-3).floor_()
            exact = (f * cell).add_(entering).add_(2.0**14).mul_(2.0**-15).floor_()
            cell = exact.clamp(_LOW, _HIGH)
            squashed = tanh[cell.long() - _LOW]
            hidden = (o * squashed).add_(2.0**14).mul_(2.0**-15).floor_()
            states.append(hidden)
            cells.append(cell)
            kept.append((torch.cat((i, f, g, o), dim=-1), squashed, exact == cell))
        stacks = [torch.stack(list(column)) for column in (states, cells, *zip(*kept, strict=True))]
        ctx.save_for_backward(weight, factor, *stacks)
        return stacks[0][1:].transpose(0, 1), cell.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None, Tensor, Tensor]:
        weight, factor, states, cells, opened, squashed, unsaturated = ctx.saved_tensors
        back = weight * factor[:, None] * (_UNIT / _GATE)
        i, f, g, o = (opened / _UNIT).chunk(4, dim=-1)
        squashed, before = squashed / _UNIT, cells[:-1] / _GATE
        slopes = torch.cat((g * i * (1 - i), before * f * (1 - f), i * (1 - g.square())), dim=-1)
        slope_output, slope_cell = squashed * o * (1 - o), o * (1 - squashed.square())
        incoming, carried_cell = gradients[0].transpose(0, 1) * _UNIT, gradients[1] * _GATE
        carried, to_gates = torch.zeros_like(carried_cell), []
        for frame in range(len(incoming) - 1, -1, -1):
            total = incoming[frame] + carried
            cell = (carried_cell + total * slope_cell[frame]) * unsaturated[frame]
            gates = torch.cat((slopes[frame] * cell.repeat(1, 3), total * slope_output[frame]), dim=-1)
            to_gates.append(gates)
            carried, carried_cell = gates @ back, cell * f[frame]
        inputs = torch.stack(to_gates[::-1]) / _GATE
        weight_gradient, bias_gradient = _product_gradients(inputs, factor, states[:-1])
        return inputs.transpose(0, 1), weight_gradient, bias_gradient, None, carried / _UNIT, carried_cell / _GATE


def _recurrent(hidden: Tensor, columns: Tensor, bias: Tensor, factor: Tensor) -> Tensor:
    """The requantised product of the hidden state."""
    return torch.addmm(bias, hidden, columns).mul_(factor).add_(0.5).floor_().clamp_(_LOW, _HIGH)


def _product_gradients(gates: Tensor, factor: Tensor, states: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients of weight and bias codes from those of the gate codes [frames, batch, rows]."""
    scaled = gates * factor
    return torch.einsum("tbr,tbc->rc", scaled, states), scaled.sum(dim=(0, 1))
