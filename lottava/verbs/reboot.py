# SPDX-License-Identifier: MIT
"""`lottava reboot`: start a module anew, or send it to its loader."""

from __future__ import annotations

from typing import Annotated

import typer

from ._common import say
from .backup import Port


def reboot(
    port: Port,
    loader: Annotated[bool, typer.Option("--loader", help="into the loader in ROM, for `lottava flash`")] = False,
) -> None:
    """Start the module anew; what it keeps stays.

    Example:  lottava reboot --port /dev/ttyACM0
    """
    from lottava.calibration.link import open_port
    from lottava.calibration.module import Module

    with open_port(port) as link:
        Module(link).reboot(loader=loader)
    say("the module goes into loader mode" if loader else "the module starts anew")
