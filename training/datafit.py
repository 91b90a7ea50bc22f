# SPDX-License-Identifier: MIT
"""The trainer of reduction on a data set: works as reduction/fit.py, keeps every training in a folder, goes on there.

<root>/<hash of all that decides the result>/checkpoint.pt   while it trains
                                            /done.pt         written whole, last; its presence means done
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lottava.graph import named_arrays

from .along import Along
from .checkpoint import load_checkpoint, state_sha256
from .configs import TrainConfig
from .data.dataset import Dataset
from .generators.family import Network, State, graph_name
from .reduction.fit import Fitted, Penalty, Schedule, Watch
from .reduction.forward import Values
from .reduction.graph_trim import with_arrays
from .reduction.task import Task
from .slim import from_graph
from .train import LATEST, REWIND, Progress, prepare, train
from .wild import encoder_of

DONE = "done.pt"


@dataclass(frozen=True)
class DatasetFit:
    """A Fit. config: of a whole training; a schedule's steps, rate and seed take the place of its own."""

    dataset: Dataset
    config: TrainConfig
    root: Path
    device: str = "cpu"
    progress: Callable[[Progress], None] | None = None

    def __call__(
        self,
        task: Task,
        schedule: Schedule,
        seed: int,
        *,
        first_step: int = 0,
        rewind_step: int | None = None,
        penalty: Penalty | None = None,
        watch: Watch | None = None,
        extra: Values | None = None,
        prepare: Callable[[Values], Values] | None = None,
        tag: str = "",
    ) -> Fitted:
        """As Fit. A training that was done before is read; what it trained along and knew, too."""
        config = self._scheduled(schedule, seed, rewind_step)
        folder = self.root / self._identity(task, config, first_step, tag)
        model = network_of(task)
        trained_along = {name: nn.Parameter(value.detach().float().clone()) for name, value in (extra or {}).items()}
        trains = {graph_name(name) for name, _ in model.named_parameters()}
        fixed = {name: torch.tensor(a) for name, a in named_arrays(task.graph).items() if name not in trains}
        along = Along(fixed, trained_along, prepare, penalty, watch)
        with _alone(folder):
            if not (folder / DONE).exists():
                self._train(model, task, config, folder, first_step, along)
                model.cpu()
                along.to("cpu")
        done = torch.load(folder / DONE, weights_only=True)
        model.load_state_dict(done["model"])
        along.load(done["along"])
        made = along.made(model)
        state = model.state_dict() if made is None else {**model.state_dict(), **_detached(made)}
        rewind = task_of(task, done["rewind"], done["rewind_encoder"]) if rewind_step is not None else None
        trained = task_of(task, state, done["encoder"])
        return Fitted(trained, done["step"], rewind, _detached(along.extra))

    def _scheduled(self, schedule: Schedule, seed: int, rewind_step: int | None) -> TrainConfig:
        final = self.config.final_learning_rate * schedule.rate / self.config.learning_rate
        return replace(
            self.config,
            seed=seed,
            steps=schedule.steps,
            learning_rate=schedule.rate,
            final_learning_rate=final,
            rewind_fraction=(rewind_step or 0) / schedule.steps,
        )

    def _identity(self, task: Task, config: TrainConfig, first_step: int, tag: str) -> str:
        companion = None if task.companion is None else state_sha256(dict(task.companion))
        state = network_of(task).state_dict()
        decides = [state_sha256(state), companion, config.as_dict(), first_step, self.dataset.sha256, tag]
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]

    def _train(
        self, model: Network, task: Task, config: TrainConfig, folder: Path, first_step: int, along: Along
    ) -> None:
        encoder = encoder_of(task.companion, config.seed)
        prepare(model, self.dataset)
        last = train(
            model,
            encoder,
            self.dataset,
            config,
            folder,
            first_step=first_step,
            device=self.device,
            along=along,
            progress=self.progress,
        )
        content: dict[str, Any] = {
            "step": last.step,
            "model": last.model,
            "encoder": last.encoder,
            "along": last.along,
            "rewind": None,
            "rewind_encoder": None,
        }
        if first_step == 0:
            rewind = load_checkpoint(folder / REWIND)
            content |= {"rewind": rewind.model, "rewind_encoder": rewind.encoder}
        partial = folder / f"{DONE}.partial"
        torch.save(content, partial)
        os.replace(partial, folder / DONE)
        for name in (LATEST, REWIND):
            (folder / name).unlink(missing_ok=True)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """While inside, no other process trains in this folder: it waits, then finds the result. Not on Windows."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _detached(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().cpu().clone() for name, value in values.items()}


def network_of(task: Task) -> Network:
    """The network of a task's graph, float32."""
    network: Network = from_graph(task.graph, task.outside)
    return network


def task_of(like: Task, state: State, companion: State) -> Task:
    """The task of a state of the same network, with what trained along."""
    arrays = {graph_name(name): value.detach().cpu().numpy() for name, value in state.items()}
    held = named_arrays(like.graph)
    graph = with_arrays(like.graph, {name: array for name, array in arrays.items() if name in held})
    outside = {name: value.detach().cpu() for name, value in state.items() if graph_name(name) not in held}
    return replace(like.on(graph), outside=outside, companion=dict(companion))
