# SPDX-License-Identifier: MIT
"""A voice of a family that makes samples: trained at its size, through integers, scored, with all that lies around it.

No edit gives an axis the travel that the recordings don't teach: where the card says that an axis is not learned, its
knob changes little or nothing.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from lottava.card import Card
from lottava.synth import SynthEdits
from lottava.units import db_to_gain
from lottava.voicefile import Voice

from ._common import progress, say

if TYPE_CHECKING:
    from lottava.training.analysis.integer import IntegerSamples
    from lottava.training.configs import TrainConfig
    from lottava.training.data.dataset import Dataset
    from lottava.training.reduction.cell import Outcome
    from lottava.training.reduction.ticket import Ticket

    from ._finish import Claims
    from ._make import Integers


def make(dataset: Dataset, config: TrainConfig, claims: Claims) -> tuple[Voice, Voice, dict[str, Any]]:
    """The integer voice of a data set, the float model it was quantised from, and their figures."""
    from lottava.training.data.cache import cache_dir

    from . import _make

    root = cache_dir() / "training"
    with progress() as bar:
        show = _make.bars(bar)
        trained = _make.run(dataset, config, "parent", root, show)
        made = _make.to_integers(trained, dataset, config, root, show)
    return finish(claims, dataset, config, made, trained)


def finish(
    claims: Claims,
    dataset: Dataset,
    config: TrainConfig,
    made: Integers,
    trained: Outcome,
    ticket: Ticket | None = None,
) -> tuple[Voice, Voice, dict[str, Any]]:
    """As make, of a trained network and what the module computes of it."""
    from lottava.training.analysis.integer import integer_voice
    from lottava.training.analysis.render import score_model

    from . import _finish, _score

    say("scoring on the held-out notes …")
    sounding = integer_voice(made.graph, made.network)
    arms = {
        "float": _score.arm(trained.graph, score_model(trained.model, dataset)),
        "integer": _score.arm(made.graph, sounding.score(dataset)),
    }
    trained_weights = {"parameters": made.network.widths.parameter_count}
    report = {"arms": {name: row | trained_weights for name, row in arms.items()}, "worst_layer": made.worst}
    card = finish_card(claims, dataset, config, made, sounding, trained, report, ticket)
    gain = db_to_gain(card.gain_db)
    phrase = sounding.render(_finish.phrase_inputs(_finish.gesture.load("demo")))[0]
    voice = Voice(made.graph, card, _finish.preview_ogg(gain * phrase))
    return voice, _finish.float_model(voice, made), report


def finish_card(
    claims: Claims,
    dataset: Dataset,
    config: TrainConfig,
    made: Integers,
    sounding: IntegerSamples,
    trained: Outcome,
    report: dict[str, Any],
    ticket: Ticket | None,
) -> Card:
    """The card; `outside` holds what the graph lacks of the network, the merge of the source's sines."""
    from lottava.training.analysis.axes import sweep_axes
    from lottava.training.analysis.wildness import sweep_wild
    from lottava.training.generators.registry import family_of
    from lottava.training.wild import encoder_of, measure_wild

    from . import _finish, _make, _score

    wild = sweep_wild(sounding.render, measure_wild(encoder_of(trained.companion), dataset).kl_nats, dataset)
    curves = sweep_axes(sounding.render, dataset)
    axes = _score.card_axes(curves, wild.dead)
    axes[3]["descriptor"] = "largest remaining variance, from an encoder"
    report["axes"] = axes
    state, outside = made.network.state_dict(), family_of(made.network).outside
    integer = report["arms"]["integer"]
    card = _finish.make_card(
        claims,
        dataset,
        made,
        axes=axes,
        metrics={key: value for key, value in integer.items() if "error" in key or key == "mrstft"},
        gain_db=_finish.gain_for(sounding.render),
        edits=asdict(SynthEdits()),
        ticket=None if ticket is None else _finish.ticket_sha256(ticket),
        train={"command": claims.command, "seed": config.seed, "machine": _make.machine()},
    )
    extra = {"outside": {name: state[name].tolist() for name in sorted(outside & set(state))}}
    return replace(card, family=config.family, aux="nothing", extra=extra)


def network_of(model: Voice) -> Any:
    """The network of a float voice. Raises GraphError, FamilyError or ValueError where its card lacks what it needs."""
    import torch

    from lottava.training.slim import from_graph

    outside = {name: torch.tensor(value) for name, value in model.card.extra["outside"].items()}
    return from_graph(model.graph, outside)


def representative_inputs(model: Voice, dataset: Dataset) -> dict[str, Any]:
    """What the graph of a float voice reads of the training clips: [windows, columns, size] an input."""
    from lottava.training.analysis import render

    return render.representative_inputs(network_of(model), dataset)
