# SPDX-License-Identifier: MIT
"""Training through the integer arithmetic: forward equals the oracle bit for bit, backward points where float does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lottava.export.quantise import quantise, quantise_at
from lottava.training.generators.ddsp import DDSP, Widths
from lottava.training.qat import FakeQuantDDSP
from lottava.training.slim import to_graph

from lottava import reference
from lottava.scales import input_codes, tensor_scales

SMALL = Widths(pitch=4, loudness=5, axes=6, gru=8, out=7)


def decoder(seed: int = 0, widths: Widths = SMALL, spread: float = 1.0) -> DDSP:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = DDSP(widths)
    with torch.no_grad():
        for value in model.parameters():
            value *= spread
    return model


def clip(seed: int, frames: int = 40, batch: int = 2) -> dict[str, torch.Tensor]:
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(0, 0.2, (batch, frames, 6)), axis=1)
    curves = torch.tensor(np.sin(walk), dtype=torch.float32)
    return {"pitch": 3 * curves[..., :1], "loudness": curves[..., 1:2], "axes": curves[..., 2:]}


def oracle_codes(model: DDSP, inputs: dict[str, torch.Tensor]) -> np.ndarray:
    """Quantised unasked: `quantise` refuses controls that saturate, which the arithmetic has to agree on as well."""
    graph = to_graph(model)
    integer = quantise_at(graph, tensor_scales(graph))
    return reference.run(integer, input_codes({name: value.numpy() for name, value in inputs.items()}))["controls"]


def codes(model: DDSP, inputs: dict[str, torch.Tensor]) -> np.ndarray:
    with torch.no_grad():
        controls, _ = model(**inputs)
    return controls.numpy().astype(np.float64) * 2**11


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.integers(1, 9), min_size=5, max_size=5),
    st.integers(0, 10_000),
    st.sampled_from([1e-4, 0.05, 1.0, 2.5]),
)
def test_forward_equals_the_integer_oracle_bit_for_bit(sizes, seed, spread):
    model, inputs = decoder(seed, Widths(*sizes), spread), clip(seed)
    assert np.array_equal(codes(FakeQuantDDSP(model), inputs), oracle_codes(model, inputs))


def test_forward_equals_the_integer_oracle_at_the_widths_of_the_demo():
    model, inputs = decoder(3, Widths(32, 32, 32, 48, 32)), clip(3, frames=100)
    assert np.array_equal(codes(FakeQuantDDSP(model), inputs), oracle_codes(model, inputs))


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10_000))
def test_snapped_weights_survive_quantising(seed):
    trained = FakeQuantDDSP(decoder(seed))
    model, inputs = trained.snapped(), clip(seed)
    real = {name: value.numpy() for name, value in inputs.items()}
    again, integer = (quantise(to_graph(m), real)[0] for m in (model, trained))
    expected = reference.run(again, input_codes(real))["controls"]
    assert np.array_equal(codes(FakeQuantDDSP(model), inputs), expected)
    assert np.mean(np.abs(codes(model, inputs) - codes(trained, inputs))) < 4
    for a, b in zip(again.layers, integer.layers, strict=True):
        assert all(np.array_equal(a.arrays[name], b.arrays[name]) for name in a.arrays if name.startswith("weight"))


def test_split_into_blocks_gives_the_same_controls():
    model, inputs = FakeQuantDDSP(decoder(1)), clip(1)
    whole, last = model(**inputs)
    first, state = model(**{name: value[:, :13] for name, value in inputs.items()})
    second, end = model(**{name: value[:, 13:] for name, value in inputs.items()}, state=state)
    assert torch.equal(torch.cat((first, second), dim=1), whole) and torch.equal(end, last)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000))
def test_gradient_points_where_the_float_gradient_does(seed):
    model, inputs = decoder(seed), clip(seed)
    quantised = FakeQuantDDSP(model)
    gradients = []
    for net in (model, quantised):
        axes = inputs["axes"].clone().requires_grad_()
        start = torch.full((1, 2, 8), 0.25, requires_grad=True)
        controls, _ = net(inputs["pitch"], inputs["loudness"], axes, start)
        target = torch.sin(torch.arange(82.0))
        (controls - target).square().mean().backward()
        gradients.append([*(value.grad for value in net.parameters()), axes.grad, start.grad])
    exact, straight = (torch.cat([value.flatten() for value in values]) for values in gradients)
    assert (exact - straight).norm() <= 0.1 * exact.norm()
    for a, b in zip(*gradients, strict=True):
        assert (a - b).norm() <= 0.3 * a.norm() + 5e-3 * exact.norm()


def test_saturated_controls_stop_the_gradient():
    model = decoder(0)
    with torch.no_grad():
        model.head.bias[0] = 20.0
    quantised = FakeQuantDDSP(model)
    controls, _ = quantised(**clip(0))
    controls[..., 0].sum().backward()
    assert torch.all(controls[..., 0] == (2**15 - 1) / 2**11)
    assert torch.all(quantised.head.weight.grad == 0)


def test_a_few_steps_lower_the_integer_loss():
    model = FakeQuantDDSP(decoder(2))
    inputs, optimiser = clip(2), torch.optim.Adam(model.parameters(), lr=2e-2)
    losses = []
    for _ in range(15):
        optimiser.zero_grad()
        controls, _ = model(**inputs)
        loss = (controls - inputs["pitch"]).square().mean()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_weights_that_no_factor_can_hold_are_refused():
    model = decoder(0)
    with torch.no_grad():
        model.out_mlp.weight[0, 0] = 100.0
    with pytest.raises(ValueError, match="rows"):
        FakeQuantDDSP(model)(**clip(0))
