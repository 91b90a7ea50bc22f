# SPDX-License-Identifier: MIT
"""Training as a function of values: a network, a dataset and a configuration in, a checkpoint out; it can be killed.

Every random choice of a step is drawn from (seed, step), so a run that was interrupted and resumed gives the same
bits as one that was not, on the same machine with the same number of threads.

On Linux set MALLOC_TOP_PAD_=268435456 MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=4294967296 before the
process starts: glibc otherwise returns and refetches the step's memory each time, a quarter of the time.
"""

from __future__ import annotations

import contextlib
import math
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .along import Along, render
from .checkpoint import Checkpoint, TrainingError, load_checkpoint, save_checkpoint
from .configs import TrainConfig
from .crops import Crops, draws
from .data.dataset import Dataset
from .generators.base import Controls
from .generators.family import Family, Network, Studio
from .generators.registry import family, family_of
from .losses import multi_scale_spectral, spectral_targets
from .probes import probe_loss
from .wild import WildEncoder, kl_nats, sample_axis

LATEST, REWIND = "checkpoint.pt", "rewind.pt"


@dataclass(frozen=True)
class Progress:
    """One finished step, for a progress bar. loss: spectral distance; kl: of WILD, in nats; probe: axis error."""

    step: int
    steps: int
    loss: float
    kl: float
    probe: float


@dataclass(frozen=True, eq=False)
class _Run:
    """What every step of one training needs and none changes."""

    config: TrainConfig
    crops: Crops
    studio: Studio[Any]
    probes: int
    along: Along
    half_ranges: Tensor
    learnable: Tensor


def new_model(config: TrainConfig, dataset: Dataset) -> tuple[Any, WildEncoder]:
    """The untrained parent and encoder of a configuration's seed. Inputs of axes that the data can't teach are cut."""
    torch.manual_seed(config.seed)
    model, encoder = family(config.family).build(config.parent), WildEncoder()
    prepare(model, dataset)
    return model, encoder


def prepare(model: Network, dataset: Dataset) -> None:
    """Zero the weights of axes that the data can't teach: with their input at 0 in training, they stay zero."""
    for axis, learnable in enumerate(dataset.axis_learnable):
        if not learnable:
            family_of(model).cut_axis(model, axis)


def learning_rate(config: TrainConfig, step: int, first_step: int = 0, scale: float = 1.0) -> float:
    """Linear rise over the warm-up, then half a cosine down to the final rate; scale: see Family.rate_scale.

    A rewound network takes up the schedule at first_step, but its optimiser's moments are fresh and need the warm-up:
    without it a level of the demo's lottery broke down (held-out MRSTFT 1.96 instead of 1.16).
    """
    rise = min(1.0, (step - first_step + 1) / max(1, config.warmup_steps))
    fall = 0.5 + 0.5 * math.cos(math.pi * min(1.0, step / config.steps))
    rate = config.final_learning_rate + (config.learning_rate - config.final_learning_rate) * fall
    return scale * rise * rate


def probe_weight(config: TrainConfig, step: int) -> float:
    """Falls to a fifth over the first half: knobs that part early stay apart, and the sound comes after."""
    return config.probe_weight * max(0.2, 1 - 2 * step / config.steps)


def train(
    model: Network,
    encoder: WildEncoder,
    dataset: Dataset,
    config: TrainConfig,
    out_dir: Path,
    *,
    first_step: int = 0,
    resume: bool = True,
    device: str = "cpu",
    along: Along | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Checkpoint:
    """Train model and encoder in place from first_step to config.steps and return the last checkpoint.

    out_dir receives checkpoint.pt (every config.save_every steps, at the end, and on Ctrl-C) and rewind.pt (at
    config.rewind_step). With resume, a checkpoint found there is continued, after checking that it belongs to this
    configuration, data, and network; first_step > 0 starts a rewound network with the schedule of that step.
    along: what a reduction method does meanwhile; it may end the training before its last step.
    Raises TrainingError where the checkpoint belongs to something else or the loss is no longer a number, and
    KeyboardInterrupt after saving on Ctrl-C.
    """
    model.to(device).train()
    encoder.to(device).train()
    along = along or Along()
    along.to(device)
    parameters = [*model.parameters(), *encoder.parameters(), *along.extra.values()]
    optimiser = torch.optim.Adam(parameters, lr=config.learning_rate)
    start = first_step
    out_dir.mkdir(parents=True, exist_ok=True)
    if resume and (out_dir / LATEST).exists():
        start = _resume(out_dir / LATEST, model, encoder, optimiser, dataset, config, first_step, along)
        if along.ended:
            return load_checkpoint(out_dir / LATEST)
    run = _prepare_run(family_of(model), config, dataset, device, along)
    scale = family_of(model).rate_scale(model.widths)
    last = Progress(start, config.steps, math.nan, math.nan, math.nan)

    def save(name: str, step: int) -> Checkpoint:
        checkpoint = Checkpoint.capture(step, first_step, model, encoder, optimiser, dataset, config, along.state())
        save_checkpoint(checkpoint, out_dir / name)
        return checkpoint

    with _flushed_denormals(), _interrupt_flag() as interrupted:
        for step in range(start, config.steps):
            if step == config.rewind_step and first_step == 0:
                save(REWIND, step)
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(config, step, first_step, scale)
            last = _step(run, model, encoder, optimiser, step)
            if progress is not None:
                progress(last)
            if along.after(step + 1, model, optimiser, _loss_of(run, model, encoder, step)):
                prepare(model, dataset)
                return save(LATEST, step + 1)
            if along.watch is not None:
                prepare(model, dataset)
            if interrupted.is_set():
                save(LATEST, step + 1)
                raise KeyboardInterrupt
            if (step + 1) % config.save_every == 0 and step + 1 < config.steps:
                save(LATEST, step + 1)
    return save(LATEST, config.steps)


def _prepare_run(kind: Family[Any], config: TrainConfig, dataset: Dataset, device: str, along: Along) -> _Run:
    ranges = np.asarray(dataset.axis_ranges, dtype=np.float32)
    half = np.maximum((ranges[:, 1] - ranges[:, 0]) / 2, 1e-3)
    return _Run(
        config,
        Crops.from_dataset(dataset, config.crop_frames, device, kind.rate_hz),
        kind.studio(config.seed, device),
        config.probes if kind.probed else 0,
        along,
        torch.as_tensor(half, device=device),
        torch.as_tensor(np.asarray(dataset.axis_learnable, dtype=np.float32), device=device),
    )


def _step(run: _Run, model: Network, encoder: WildEncoder, optimiser: torch.optim.Optimizer, step: int) -> Progress:
    config = run.config
    loss, kl, probe = _losses(run, model, encoder, step, run.along.made(model))
    optimiser.zero_grad(set_to_none=True)
    run.along.added(model, _sum(config, step, loss, kl, probe)).backward()
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    norm = torch.nn.utils.clip_grad_norm_(parameters, config.clip_norm)
    values = torch.stack((loss.detach(), kl.detach(), probe.detach(), norm)).tolist()
    if not all(math.isfinite(value) for value in values):
        raise TrainingError(
            f"training broke down at step {step}: loss {values[0]}, gradient {values[3]}; "
            "the last checkpoint is intact: lower learning_rate and train again"
        )
    optimiser.step()
    return Progress(step + 1, config.steps, *values[:3])


def _sum(config: TrainConfig, step: int, loss: Tensor, kl: Tensor, probe: Tensor) -> Tensor:
    return loss + config.wild_beta * kl + probe_weight(config, step) * probe


def _loss_of(run: _Run, model: Network, encoder: WildEncoder, step: int) -> Callable[[Mapping[str, Tensor]], Tensor]:
    """The loss of a step's batch as a function of the network's parameters."""
    return lambda made: _sum(run.config, step, *_losses(run, model, encoder, step, made))


def _losses(
    run: _Run, model: Network, encoder: WildEncoder, step: int, made: Mapping[str, Tensor] | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Spectral loss, KL and probe loss of a step's batch; the probed crops ride along in one pass of the network.

    made: parameters in place of the network's own.
    """
    config, rng = run.config, draws(run.config.seed, step)
    batch = run.crops.batch(rng, config.batch)
    targets, device = spectral_targets(batch.audio, config.fft_sizes), batch.audio.device
    noise = torch.as_tensor(rng.standard_normal(config.batch), dtype=torch.float32, device=device)
    keep = torch.as_tensor(rng.random(config.batch) < config.wild_keep, dtype=torch.float32, device=device)
    mean, log_variance = encoder(batch.timbre)
    wild = sample_axis(mean, log_variance, noise, keep)
    axes = torch.cat((batch.axes, wild[:, None, None].expand(-1, config.crop_frames, 1)), dim=-1)
    count = run.probes
    probed = _turn_knobs(axes[:count], run.learnable, rng)
    pitch, loudness = (torch.cat((x, x[:count])) for x in (batch.pitch, batch.loudness))
    controls = Controls(pitch, loudness, torch.cat((axes, probed)))
    rendering = render(run.studio, model, made, controls, count, rng)
    loss, kl = multi_scale_spectral(rendering.audio, targets, config.fft_sizes), kl_nats(mean, log_variance)
    if rendering.before is None or rendering.after is None:
        return loss, kl, loss.new_zeros(())
    turned = probed[..., :3] - axes[:count, :, :3]
    return loss, kl, probe_loss(rendering.before, rendering.after, turned, run.half_ranges, run.learnable)


def _turn_knobs(axes: Tensor, learnable: Tensor, rng: np.random.Generator) -> Tensor:
    """The same crops with each knob left as measured or held anywhere in its travel, half and half."""
    held = torch.as_tensor(rng.uniform(-1, 1, (len(axes), 1, 3)), dtype=axes.dtype, device=axes.device)
    turn = torch.as_tensor(rng.random((len(axes), 1, 3)) < 0.5, device=axes.device) & (learnable > 0)
    return torch.cat((torch.where(turn, held, axes[..., :3]), axes[..., 3:].detach()), dim=-1)


def _resume(
    path: Path,
    model: Network,
    encoder: WildEncoder,
    optimiser: torch.optim.Optimizer,
    dataset: Dataset,
    config: TrainConfig,
    first_step: int,
    along: Along,
) -> int:
    checkpoint = load_checkpoint(path)
    checkpoint.require(model.widths, dataset.sha256, config, first_step)
    model.load_state_dict(checkpoint.model)
    encoder.load_state_dict(checkpoint.encoder)
    optimiser.load_state_dict(checkpoint.optimiser)
    along.load(checkpoint.along)
    return checkpoint.step


@contextlib.contextmanager
def _flushed_denormals() -> Iterator[None]:
    """Moments of weights that no longer move decay into denormals, which processors compute 100 times slower."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


@contextlib.contextmanager
def _interrupt_flag() -> Iterator[threading.Event]:
    """While inside, Ctrl-C sets the flag instead of stopping half-way through a step; a second one stops at once."""
    flag = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return
    previous = signal.getsignal(signal.SIGINT)

    def on_interrupt(*_: object) -> None:
        flag.set()
        signal.signal(signal.SIGINT, previous)

    signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield flag
    finally:
        signal.signal(signal.SIGINT, previous)
