# SPDX-License-Identifier: MIT
"""The module fits a rack of 25 mm, by the heights of the parts that are ordered."""

from __future__ import annotations

import pytest
from lottava.hardware import depth
from lottava.hardware.parts import find
from lottava.hardware.pcb import rules
from lottava.hardware.pcb.stackup import BOARD, MASK_MM


def test_the_module_is_no_deeper_than_asked() -> None:
    assert depth.depth_mm() <= depth.LIMIT_MM
    assert depth.depth_mm() + depth.PANEL_MM <= depth.LIMIT_MM
    assert depth.cable_mm() <= depth.LIMIT_MM


def test_usual_sockets_would_be_too_tall() -> None:
    assert depth.depth_mm(depth.USUAL_SOCKET_MM) > depth.LIMIT_MM


def test_buttons_reach_a_finger_and_hide_under_no_knob() -> None:
    assert f"{depth.BUTTON_MM:g} mm tall" in find("Button 6mm").note
    assert 1 < depth.button_mm() < 4


def test_heights_are_those_of_what_is_ordered() -> None:
    assert f"{depth.SOCKET_MM:g} mm tall" in find("Socket 1x20").note
    assert "{:g} to {:g} mm".format(*depth.PIN_LENGTHS_MM) in find("Socket 1x20").note
    assert rules.THICKNESS_MM == depth.BOARD_MM
    board_mm = sum(layer[2] for layer in BOARD) + 2 * MASK_MM
    assert board_mm == pytest.approx(depth.BOARD_MM, abs=0.02)
