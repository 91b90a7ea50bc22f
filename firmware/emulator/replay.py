# SPDX-License-Identifier: MIT
"""The same panel once more: what the image was given block by block, played again by the host build."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lottava.units import BLOCK_SAMPLES

from .errors import EmulatorError
from .host import HostModule
from .library import Inputs
from .seed import Seed

FULL_SCALE = (1 << 23) - 1
BLOCKS_UNTIL_HEARD = 2
"""A block is computed while the next one sounds and sent after that one."""


class Recorder:
    """Runs a Seed from power-up block by block and keeps the inputs of each. Raises EmulatorError for other images.

    block_samples: what the image was built for.
    """

    def __init__(self, seed: Seed, block_samples: int = BLOCK_SAMPLES) -> None:
        found = [at for name, at in seed.image.symbols.items() if name.endswith("7inputs_E")]
        if len(found) != 1 or seed.timeline.now:
            raise EmulatorError("a replay needs the image of boards/daisy_seed/main.cc, from its power-up on")
        self._seed, self._address, self._block_samples = seed, found[0], block_samples
        self._inputs: list[Inputs] = []
        self._blocks: list[NDArray[np.int32]] = []

    def run_block(self) -> NDArray[np.int32]:
        """The next block as sent to the codec [block_samples, 2], 24 bits."""
        block = self._seed.run_blocks(1)
        if self._blocks:  # nothing was computed before the first one had been sent
            memory = self._seed.cpu.uc.mem_read(self._address, len(bytes(Inputs())))
            self._inputs.append(Inputs.from_buffer_copy(bytes(memory)))
        self._blocks.append(block)
        return block

    def differing_samples(self, blob: bytes) -> int:
        """Samples of either channel in which the host build of this voice, given the same inputs, says otherwise."""
        host = HostModule(blob, block_samples=self._block_samples)
        audio = [host.process_inputs(inputs).audio for inputs in self._inputs[: 1 - BLOCKS_UNTIL_HEARD]]
        expected = np.rint(np.concatenate([np.zeros((0, 2)), *audio]) * FULL_SCALE).astype(np.int32)
        sent = np.concatenate(self._blocks)[BLOCKS_UNTIL_HEARD * self._block_samples :]
        return int(np.count_nonzero(sent != expected))
