# SPDX-License-Identifier: MIT
"""`lottava backup`: a module's calibration and settings as a file."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ._common import check_folder, say

KIND = "lottava-backup"
FORMAT = 1

Port = Annotated[str, typer.Option(help="serial port: /dev/ttyACM0, COM3, or a pyserial URL")]


def backup(
    file: Annotated[Path, typer.Argument(help="JSON file to write")],
    port: Port,
) -> None:
    """Write a module's calibration and settings to a file.

    Example:  lottava backup my-module.json --port /dev/ttyACM0
    """
    from lottava.calibration.link import open_port
    from lottava.calibration.module import Module

    check_folder(file.parent)
    with open_port(port) as link:
        module = Module(link)
        serial = module.hello().serial.hex()
        record, _ = module.read_record()
        settings, _ = module.read_settings()
    calibration = asdict(record) | {"serial": record.serial.hex()}
    whole = {"kind": KIND, "format": FORMAT, "serial": serial, "calibration": calibration, "settings": asdict(settings)}
    partial = file.with_name(f"partial-{file.name}")
    partial.write_text(json.dumps(whole, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    partial.replace(file)
    say(f"calibration and settings of module {serial}: {file}")
