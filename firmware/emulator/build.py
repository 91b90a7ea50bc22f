# SPDX-License-Identifier: MIT
"""Builds the Seed's image with the cross compiler."""

from __future__ import annotations

import shutil
from pathlib import Path

from lottava.units import BLOCK_SAMPLES

from .errors import EmulatorError
from .library import BUILD, HostError, build

IMAGES = {"seed": "seed/lottava-seed.elf", "seed-tone": "seed/lottava-tone.elf", "bench": "bench/lottava-bench.elf"}


def build_image(
    target: str = "seed",
    *,
    voice_header: Path | None = None,
    build_dir: Path = BUILD,
    block_samples: int = BLOCK_SAMPLES,
) -> Path:
    """Make `target` and return its ELF file. voice_header: folder of voice_blob.h and golden.h to compile in.

    Give each voice a build folder of its own: make can't see that the folder of headers is another one.
    Raises EmulatorError when the cross compiler is missing or the build fails.
    """
    if shutil.which("arm-none-eabi-g++") is None:
        raise EmulatorError("arm-none-eabi-g++ is missing; install gcc-arm-none-eabi and libnewlib-arm-none-eabi")
    try:
        folder = build(target, build_dir=build_dir, voice_header=voice_header, block_samples=block_samples)
        return folder / IMAGES[target]
    except HostError as error:
        raise EmulatorError(str(error)) from error
