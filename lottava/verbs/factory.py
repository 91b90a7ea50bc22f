# SPDX-License-Identifier: MIT
"""`lottava factory`: settings as delivered."""

from __future__ import annotations

from ._common import say
from .backup import Port


def factory(port: Port) -> None:
    """Settings as delivered; calibration and voices stay.

    Example:  lottava factory --port /dev/ttyACM0
    """
    from lottava.calibration.link import open_port
    from lottava.calibration.module import Module

    with open_port(port) as link:
        Module(link).factory()
    say("settings are as delivered; the calibration stays")
