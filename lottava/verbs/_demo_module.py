# SPDX-License-Identifier: MIT
"""The module's part of the demo: executors compared, gate to sound, cycles, pitch before and after calibration."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lottava.gesture import Gesture
from lottava.units import BLOCK_SAMPLES, HOP_SAMPLES, SAMPLE_RATE_HZ, TRUE_SAMPLE_RATE_HZ, cents, volts_to_hz
from lottava.voicefile import Voice

from . import _module
from ._common import progress
from ._make import representative_inputs

if TYPE_CHECKING:
    from lottava.emulator.seed import Seed
    from lottava.training.data.dataset import Dataset

LSB_16 = 2.0**-15
LATENCY_BOUND_SAMPLES = 2 * BLOCK_SAMPLES + HOP_SAMPLES
CYCLES_PER_BLOCK = 480_000
TUNING_VOLTS = tuple(np.arange(-2.0, 3.01, 0.5).tolist())
"""Five octaves, C2 to C7."""
TUNING_S = 0.2
SOURCE_SETTLE_S = 0.02
POINT_BLOCKS = 64
"""Readings a point: 0.3 mV of noise falls to 0.04 mV, 0.15 cents at V/OCT."""


def compare_executors(voice: Voice, inputs: dict[str, NDArray], elf: Path, played: Gesture) -> list[dict[str, Any]]:
    """Oracle, JAX, host library and image on the same frames and the same panel: what, result, equal."""
    from lottava import reference
    from lottava.emulator.host import HostNetwork
    from lottava.export.generate import voice_blob
    from lottava.training.analysis.executor import Executor

    frames = len(inputs["pitch"][0])
    oracle = reference.run(voice.graph, {name: value[0] for name, value in inputs.items()})[voice.graph.outputs[0]]
    jax = Executor(voice.graph).run({name: value[:1] for name, value in inputs.items()})[0]
    together = np.concatenate([inputs[name][0] for name in voice.graph.inputs], axis=1)
    host = HostNetwork(voice_blob(voice)).run(together)
    heard, exact = _module.play_host(voice, played), _module.play_oracle(voice, played)
    steps = float(np.max(np.abs(heard.audio - exact.audio))) / LSB_16
    image_blocks, image_equal = compare_image(voice, elf, played)

    def row(what: str, equal: bool, result: str) -> dict[str, Any]:
        return {"what": what, "equal": bool(equal), "result": result if equal else "they differ"}

    return [
        row("network: NumPy oracle and JAX", np.array_equal(oracle, jax), f"bit for bit, {frames:,} frames"),
        row("network: NumPy oracle and host C", np.array_equal(oracle, host), f"bit for bit, {frames:,} frames"),
        row("module: host C and Cortex-M7 image", image_equal, f"bit for bit, {image_blocks:,} blocks of sound"),
        row("sound: host C and NumPy oracle", steps <= 1, f"within {steps:.3f} of a 16-bit step"),
    ]


def compare_image(voice: Voice, elf: Path, played: Gesture) -> tuple[int, bool]:
    """Play on the emulated Seed, feed the host library what the image's callbacks read, compare all samples.

    Returns the number of blocks compared and whether every sample of OUT and AUX is the same.
    """
    from lottava.emulator.frontend import FrontEnd
    from lottava.emulator.host import HostModule
    from lottava.emulator.library import Inputs
    from lottava.emulator.seed import Seed
    from lottava.export.generate import voice_blob

    seed, host = Seed(elf, frontend=FrontEnd.random(1)), HostModule(voice_blob(voice))
    address = _module.symbol_address(elf, "inputs_")
    image, library = [], []
    for index in range(len(played.gate)):
        _module.set_panel(seed, played, index)
        image.append(seed.run_blocks(1) / float((1 << 23) - 1))
        if index == 0:
            continue  # the first callback comes when the first block has been sent
        read = Inputs.from_buffer_copy(bytes(seed.cpu.uc.mem_read(address, ctypes.sizeof(Inputs))))
        library.append(host.process_inputs(read).audio)
    sent, computed = np.concatenate(image), np.concatenate(library)
    for delay in range(1, 4):
        late = sent[delay * BLOCK_SAMPLES :]
        count = min(len(late), len(computed))
        if np.array_equal(late[:count], computed[:count]):
            return count // BLOCK_SAMPLES, True
    return len(library), False


def latency(elf: Path) -> dict[str, Any]:
    """Gate to sound, the worst over edges at eight places in a block."""
    from lottava.emulator.measure import measure_latency
    from lottava.emulator.seed import Seed

    found = measure_latency(lambda: Seed(elf))
    return {
        "samples": found.worst,
        "ms": round(1000 * found.worst / SAMPLE_RATE_HZ, 3),
        "bound_samples": LATENCY_BOUND_SAMPLES,
        "by_phase": list(found.samples),
    }


def compare_cycles(voice: Voice, elf: Path, played: Gesture, dataset: Dataset, folder: Path) -> dict[str, Any]:
    """Cycles of the voice's image, and of one with a tiny untrained network, which tells what a MAC costs."""
    from lottava import cost
    from lottava.emulator.build import build_image
    from lottava.export import generate
    from lottava.export.quantise import quantise
    from lottava.training.generators.ddsp import DDSP, NANO
    from lottava.training.slim import to_graph

    tiny, _ = quantise(to_graph(DDSP(NANO)), representative_inputs(dataset))
    headers = generate.graph_headers(tiny, generate.voice_parameters(voice), "tiny network, for comparison")
    generate.write_headers(headers, folder / "generated")
    smallest = build_image(build_dir=folder, voice_header=folder / "generated")
    return {
        "voice": _module.cycles(elf, played),
        "smallest": _module.cycles(smallest, played),
        "smallest_macs": cost.macs_per_sample(tiny),
    }


def held_out_codes(dataset: Dataset, frames: int) -> dict[str, NDArray[np.int16]]:
    """s16 network inputs [1, frames, size] of the first held-out notes, one after the other."""
    from lottava.scales import input_codes
    from lottava.training.analysis.render import clip_inputs

    inputs = [clip_inputs(clip, dataset) for clip in dataset.heldout]
    joined = {name: np.concatenate([each[name] for each in inputs], axis=1)[:, :frames] for name in inputs[0]}
    return input_codes(joined)


def spread_cycles(
    arms: dict[str, dict[str, Any]], ticket: dict[str, Any], small: dict[str, Any], small_macs: float
) -> None:
    """Cycles of every arm. Those of the ticket's widths run its image; the parent, too large for the chip's fast
    memory, gets the ticket's cycles and, for each further MAC, the slope between the ticket and a smaller voice.
    """
    macs = arms["ticket_integer"]["macs_per_sample"]
    keys = {"cycles_per_sample_mean": 1.0, "cycles_per_sample_worst_block": HOP_SAMPLES / BLOCK_SAMPLES}
    for row in arms.values():
        beyond = row["macs_per_sample"] - macs
        values = []
        for key, blocks in keys.items():
            slope = (ticket["cycles_per_sample_mean"] - small["cycles_per_sample_mean"]) / (macs - small_macs) * blocks
            values.append(ticket[key] + slope * beyond)
        row["cycles_per_sample_mean"], row["cycles_per_sample_worst"] = (round(value, 1) for value in values)
        row["cpu_percent"] = round(100 * values[1] * BLOCK_SAMPLES / CYCLES_PER_BLOCK, 2)
        row["cycles"] = "modelled" if beyond == 0 else "extrapolated by MAC"


def tuning_cents(seed: Seed, volts: Sequence[float] = TUNING_VOLTS) -> list[float]:
    """Error of the sounding pitch at exact volts, from the sound; the codec's true sample rate is accounted for."""
    from lottava.training.analysis.metrics import measure_pitch_hz

    errors = []
    seed.set_gate(True)
    for value in volts:
        seed.set_volts("v_oct", value)
        seed.run_blocks(50)
        sound = seed.run_blocks(round(TUNING_S * SAMPLE_RATE_HZ / BLOCK_SAMPLES))[:, 0] / float((1 << 23) - 1)
        wanted = float(volts_to_hz(value))
        near = np.full(len(sound) // HOP_SAMPLES, wanted)
        # The measure assumes 48 000 Hz; the module plays 0.03 % faster.
        sounding = np.median(measure_pitch_hz(sound, near)[2:-2]) * TRUE_SAMPLE_RATE_HZ / SAMPLE_RATE_HZ
        errors.append(float(cents(sounding, wanted)))
    seed.set_gate(False)
    return errors


def calibrate_over_serial(seed: Seed) -> dict[str, Any]:
    """`lottava calibrate` in small: pyserial at one end of a pty, the emulated module at the other, an exact source."""
    from lottava.calibration.link import open_port
    from lottava.calibration.module import Module
    from lottava.calibration.procedure import calibrate, default_plan
    from lottava.emulator.pty import Pty

    with Pty(seed) as pty:
        pty.start()

        def source(jack: str, volts: float) -> float:
            with pty.lock:
                seed.set_volts(jack.lower(), volts)
                seed.run_seconds(SOURCE_SETTLE_S)
            return volts

        with progress() as bar, open_port(pty.port) as link:
            task = bar.add_task("calibrating", total=None, note="")
            report = calibrate(
                Module(link),
                source,
                default_plan(),
                blocks=POINT_BLOCKS,
                created_unix=int(time.time()),
                progress=lambda done, total, note: bar.update(task, completed=done, total=total, note=note),
            )
    return report.to_dict()


def calibrate_and_measure(elf: Path, board: int) -> dict[str, Any]:
    """Pitch errors of a random board from exact volts, before and after calibration and a reboot."""
    from lottava.emulator.frontend import FrontEnd
    from lottava.emulator.seed import Seed

    seed = Seed(elf, frontend=FrontEnd.random(board))
    before = tuning_cents(seed)
    outcome = calibrate_over_serial(seed)
    seed.reboot()
    after = tuning_cents(seed)
    return {
        "board": board,
        "volts": list(TUNING_VOLTS),
        "before_cents": before,
        "after_cents": after,
        "worst_before_cents": max(map(abs, before)),
        "worst_after_cents": max(map(abs, after)),
        "procedure": outcome,
    }
