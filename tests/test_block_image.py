# SPDX-License-Identifier: MIT
"""The image with audio callbacks of 16 samples, as `make -C firmware seed BLOCK=16` builds it."""

from __future__ import annotations

import random

import numpy as np
from lottava.emulator import FrontEnd, Seed, build_image
from lottava.emulator.latency import STIMULI, measure_response
from lottava.emulator.replay import Recorder

SMALL = 16


def test_the_image_with_blocks_of_16_plays_what_the_host_does() -> None:
    """A second of a moving panel, gates at any sample; a gate is heard two blocks of 16 after its edge."""
    elf, draw = build_image(block_samples=SMALL), random.Random(2)
    seed = Seed(elf, frontend=FrontEnd.random(5))
    voice = seed.image.symbols["lottava_voice"]
    held = bytes(seed.cpu.uc.mem_read(voice, int.from_bytes(seed.cpu.uc.mem_read(voice + 8, 4), "little")))
    recorder, peak = Recorder(seed, SMALL), 0
    for block in range(3000):
        if block % 30 == 0:
            seed.set_volts("level", 3 + draw.random())
            seed.set_volts("v_oct", draw.randrange(24) / 12)
            seed.set_pot("bright", draw.random())
        if block % 300 == 150:
            seed.set_gate(True, after_samples=draw.uniform(0, 48))
            seed.set_gate(False, after_samples=draw.uniform(1000, 4000))
        sent = recorder.run_block()
        assert sent.shape == (SMALL, 2)
        peak = max(peak, int(np.abs(sent).max()))
    assert peak > 1000
    assert recorder.differing_samples(held) == 0
    response = measure_response(lambda: Seed(elf), STIMULI[0], phases=3, settle_blocks=72)
    assert 2 * SMALL <= response.best <= response.worst <= 2 * SMALL + 3
