# SPDX-License-Identifier: MIT
"""One module a sheet; BLOCKS in the order of their pages."""

from __future__ import annotations

from . import (
    audio_in,
    audio_out,
    cv_inputs,
    cv_outputs,
    gates,
    leds_buttons,
    pots_mux,
    power,
    reference,
    root,
    seed,
    usb_oled,
)

ROOT = root.draw
BLOCKS = (
    power.draw,
    seed.draw,
    reference.draw,
    cv_inputs.draw,
    pots_mux.draw,
    gates.draw,
    audio_in.draw,
    audio_out.draw,
    cv_outputs.draw,
    leds_buttons.draw,
    usb_oled.draw,
)
