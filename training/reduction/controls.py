# SPDX-License-Identifier: MIT
"""What a ticket must beat: the same widths without its weights, and the same weights without its choice."""

from __future__ import annotations

import numpy as np
import torch

from ..generators.registry import family_of_state
from .arms import Arm, Trained
from .lottery import LotteryConfig, draw, rewound
from .ticket import Ticket
from .trim import channels_of


def dense_small(ticket: Ticket, parent: Trained, seed: int) -> Arm:
    """A fresh decoder of the ticket's widths, trained from step 0 with a fresh companion (arXiv 1810.05270).

    Raises ValueError for the ticket's own seed: the control must not share its data order.
    """
    if seed == ticket.seed:
        raise ValueError(f"the control needs another seed than the ticket's {ticket.seed}")
    small = rewound("", ticket, parent).state
    kind = family_of_state(small)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = kind.build(kind.widths_of(small))
    return Arm("dense-small", model.state_dict(), None, 0, seed)


def random_ticket(ticket: Ticket, parent: Trained, config: LotteryConfig, seed: int) -> Arm:
    """Units drawn at random at the ticket's widths, rewound to the same θ_k and trained like the ticket."""
    rng = np.random.default_rng(seed)
    free = channels_of(parent.model).free
    widths = ticket.widths
    keep = {name: np.sort(rng.permutation(group.size)[: widths[name]]) for name, group in free.items()}
    return rewound("random-ticket", draw(keep, ticket.level, parent, config, f"random, seed {seed}"), parent)
