# SPDX-License-Identifier: MIT
"""`lottava flash`: an image onto a Seed over USB, read back and compared; needs dfu-util, but no compiler."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._common import print_json, progress, say

if TYPE_CHECKING:
    from lottava.dfu import DfuUtil, Loader
    from lottava.firmware_file import Firmware

FOLDERS = (Path(), Path("build/firmware/seed"))
"""Where an image is looked for when none is named: what was downloaded here, what `make firmware` built."""
POLL_S = 0.5


def flash(
    file: Annotated[Path | None, typer.Argument(help="image; else the only lottava-seed*.bin here or as built")] = None,
    path: Annotated[str | None, typer.Option(help="USB path of the Seed, where several are in loader mode")] = None,
    port: Annotated[str | None, typer.Option(help="serial port of a running module: asks it into its loader")] = None,
    wait: Annotated[float, typer.Option(help="seconds to wait for a Seed in loader mode", min=0)] = 60,
    check: Annotated[bool, typer.Option("--check", help="look at file, dfu-util and Seed; write nothing")] = False,
    dfu_util: Annotated[str | None, typer.Option(help="the program dfu-util, where it is not in the PATH")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print what was done as JSON")] = False,
) -> None:
    """Put an image on a Seed in loader mode (hold BOOT, tap RESET), read it back, compare, start it.

    Calibration, settings and voices are in another chip and stay. Example:  lottava flash lottava-seed-0.1.0.bin
    """
    from lottava import dfu, firmware_file

    firmware = firmware_file.load(file or firmware_file.find_image(list(FOLDERS)))
    _introduce(firmware)
    util = dfu.find(dfu_util)
    if port:
        _ask_into_loader(port)
    loader = _await_loader(util, path, wait)
    if check:
        say(f"Seed in loader mode at {loader.path}. Nothing was written.")
        started = None
    else:
        started = _write(util, loader, firmware)
        say("Read back, hash matches. " + ("Image started." if started else "If it stays silent, tap RESET."))
    if as_json:
        result = {"file": firmware.name, "bytes": len(firmware.data), "sha256": firmware.sha256, "path": loader.path}
        print_json(result | {"written": not check, "verified": not check, "started": started})


def _introduce(firmware: Firmware) -> None:
    """What is about to go onto the Seed."""
    manifest = firmware.manifest
    what = f", version {manifest.version}, voice {manifest.voice}" if manifest else ""
    vouched = f"as {firmware.origin} says" if firmware.origin else "no manifest beside it: only its form was checked"
    say(f"{firmware.name}: {len(firmware.data):,} bytes{what}; SHA-256 {firmware.sha256[:16]}…, {vouched}")


def _ask_into_loader(port: str) -> None:
    """No buttons: the firmware restarts in the ROM loader. Raises LinkError, also where it can't."""
    from lottava.calibration.link import open_port
    from lottava.messages import Command, Empty

    with open_port(port) as link:
        link.ask(Command.REBOOT_DFU, Empty())
    say(f"The module at {port} goes into loader mode.")


def _await_loader(util: DfuUtil, path: str | None, wait: float) -> Loader:
    """The Seed to flash, as soon as it is there. Raises NoSeed when the time is over."""
    from lottava import dfu

    end = time.monotonic() + wait
    told = False
    while True:
        try:
            return dfu.choose(util.listing(), path)
        except dfu.NoSeed as error:
            if time.monotonic() >= end:
                raise
            if not told:
                say(f"{error} Waiting {wait:.0f} s …")
                told = True
            time.sleep(POLL_S)


def _write(util: DfuUtil, loader: Loader, firmware: Firmware) -> bool:
    """Flash with a bar over all steps."""
    from lottava import dfu

    before = {"erase": 0.0, "write": 0.1, "read": 0.6}
    share = {"erase": 0.1, "write": 0.5, "read": 0.4}
    words = {"erase": "erasing", "write": "writing", "read": "reading back"}
    with progress() as bar:
        task = bar.add_task("erasing", total=100, note="")

        def show(step: str, done: float) -> None:
            bar.update(task, description=words[step], completed=round(100 * (before[step] + share[step] * done)))

        return dfu.flash(util, loader, firmware.data, show, say)
