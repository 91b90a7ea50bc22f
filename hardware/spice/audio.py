# SPDX-License-Identifier: MIT
"""Audio in and out: level, flatness to 20 kHz, what is left at 400 kHz, the mute."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lottava.board import BOARD, SUPPLY_VOLTS

from .bench import CODEC_IN_OHMS, Bench, Setup
from .devices import node
from .rows import Row

BAND_HERTZ = (20.0, 20e3)
STOP_HERTZ = 400e3
_AC = ("ac dec 60 10 1meg",)


def _decibels(plot, net: str) -> tuple[NDArray, NDArray]:
    return plot["frequency"].real, 20 * np.log10(np.abs(plot[f"v({net})"]) + 1e-15)


def _flatness(hertz: NDArray, gain: NDArray, middle: float) -> float:
    """Largest departure from the gain at 1 kHz within the band, in dB, with its sign."""
    inside = (hertz >= BAND_HERTZ[0] * 0.999) & (hertz <= BAND_HERTZ[1] * 1.001)
    off = gain[inside] - middle
    return float(off[np.argmax(np.abs(off))])


def audio_outputs(bench: Bench) -> list[Row]:
    """From the codec's pin to the jack, into 100 kΩ and a metre of cable."""
    rows = []
    for jack in BOARD.audio_outputs:
        tip, pin = bench.tip(jack.name), f"{jack.name}_CODEC"
        setup = Setup(driven=(pin,), drive="DC 0 AC 1", loads={jack.name: (100e3, 100e-12)})
        (plot,) = bench.run(setup, (*_AC, f"write out {tip}"))
        hertz, gain = _decibels(plot, tip)
        middle, stop = (float(np.interp(at, hertz, gain)) for at in (1e3, STOP_HERTZ))
        muted = Setup(driven=(pin,), drive="DC 0 AC 1", pins={"OUTPUT_MUTE": SUPPLY_VOLTS})
        (quiet,) = bench.run(muted, (*_AC, f"write out {tip}"))
        left = float(np.interp(1e3, *_decibels(quiet, tip)))
        in_reset = Setup(driven=(pin,), drive="DC 0 AC 1", released=("OUTPUT_MUTE",))
        (reset,) = bench.run(in_reset, (*_AC, f"write out {tip}"))
        left_in_reset = float(np.interp(1e3, *_decibels(reset, tip)))
        (sine,) = bench.run(
            Setup(driven=(pin,), drive="SIN(0 0.95 1k)", loads=setup.loads), ("tran 2u 3m", f"write out {tip}")
        )
        rows += [
            Row("Audio out: gain at 1 kHz", jack.name, middle, "dB", 19.4, 20.6),
            Row("Audio out: 20 Hz - 20 kHz", jack.name, _flatness(hertz, gain, middle), "dB", -0.5, 0.5),
            Row("Audio out: 400 kHz is down by", jack.name, middle - stop, "dB", 38, None),
            Row("Audio out: the mute takes", jack.name, middle - left, "dB", 45, None),
            Row("Audio out: a Seed in reset takes", jack.name, middle - left_in_reset, "dB", 45, None),
            Row("Audio out: 0.95 V peak become", jack.name, float(np.max(sine[f"v({tip})"])), "V", 9.0, 10.2),
            Row("Audio out: harmonics of that", jack.name, _distortion(sine, tip), "dB", None, -60),
        ]
    return rows


def _distortion(plot, net: str) -> float:
    """Harmonics 2 to 9 of 1 kHz over the fundamental, from the last two periods, in dB."""
    even = np.linspace(1e-3, 3e-3, 2048, endpoint=False)
    spectrum = np.abs(np.fft.rfft(np.interp(even, plot["time"], plot[f"v({net})"])))
    harmonics = np.sqrt(np.sum(spectrum[4:20:2] ** 2))
    return float(20 * np.log10(harmonics / spectrum[2]))


def audio_inputs(bench: Bench) -> list[Row]:
    """From the jack to the codec's pin, whose own resistance divides a little."""
    rows = []
    for jack in BOARD.audio_inputs:
        pin = node(f"{jack.name}_CODEC")
        (plot,) = bench.run(Setup(driven=(jack.name,), drive="DC 0 AC 1"), (*_AC, f"write out {pin}"))
        hertz, gain = _decibels(plot, pin)
        middle = float(np.interp(1e3, hertz, gain))
        subject = f"{jack.name} into {CODEC_IN_OHMS / 1e3:g} kΩ"
        rows += [
            Row("Audio in: gain at 1 kHz", subject, middle, "dB", -21.5, -19.5),
            Row("Audio in: 20 Hz - 20 kHz", subject, _flatness(hertz, gain, middle), "dB", -0.5, 0.5),
        ]
    return rows
