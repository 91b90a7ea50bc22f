# SPDX-License-Identifier: MIT
"""A stand-in for dfu-util 0.11 with Seeds on an imagined USB: its options, words, bars, exit codes, and failures.

`install` writes it as a program; bus.json beside it says what is attached and what goes wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

FLASH, CHUNK, EX_IOERR = 128 << 10, 1024, 74
BANNER = "dfu-util 0.11\n\nCopyright 2005-2009 Weston Schmidt, Harald Welte and OpenMoko Inc.\n\n"
ROM = ("@Option Bytes   /0x5200201C/01*128 e", "@Internal Flash   /0x08000000/16*128Kg")
"""What an STM32H750's ROM loader calls its alternate settings 1 and 0."""
DAISY_BOOTLOADER = ("@Flash /0x90000000/64*4Kg/0x90040000/60*64Kg/0x90400000/60*64Kg",)


class Bus:
    """The imagined USB, as tests see it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "dfu-util"

    def flash(self, path: str = "1-4") -> bytes:
        """What a Seed's flash holds."""
        return (self.folder / path).read_bytes()

    @property
    def calls(self) -> list[list[str]]:
        """Arguments of each call so far."""
        log = self.folder / "calls"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def install(
    folder: Path,
    paths: tuple[str, ...] = ("1-4",),
    *,
    names: tuple[str, ...] = ROM,
    denied: str = "",
    appear_after: int = 0,
    unplug_at: int | None = None,
    fail_at: int | None = None,
    flip_at: int | None = None,
    interrupt_at: int | None = None,
    interrupts: int = 1,
    leave_fails: bool = False,
) -> Bus:
    """A program `dfu-util` in a folder. denied: libusb's error on opening; appear_after: calls of --list that see
    nothing; *_at: byte of a download at which the cable is pulled, the loader reports an error, a bit is stored
    wrongly, Ctrl-C is pressed (interrupts times)."""
    settings = {key: value for key, value in locals().items() if key != "folder"}
    (folder / "bus.json").write_text(json.dumps(settings))
    for path in paths:
        (folder / path).write_bytes(b"\xa5" * FLASH)
    program = folder / "dfu-util"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{Path(__file__).resolve()}" "{folder}" "$@"\n')
    program.chmod(0o755)
    return Bus(folder)


def fail(words: str) -> None:
    """errx(EX_IOERR, …)."""
    print(f"dfu-util: {words}", file=sys.stderr, flush=True)
    sys.exit(EX_IOERR)


def show_bar(step: str, done: int, total: int) -> None:
    part = done * 100 // total
    print(f"\r{step}\t[{'=' * (part // 4):<25}] {part:3d}% {done:12d} bytes", end="", flush=True)


def list_devices(bus: dict, paths: list[str]) -> None:
    for number, path in enumerate(paths, 9):
        if bus["denied"]:
            print(
                f"dfu-util: Cannot open DFU device 0483:df11 found on devnum {number} ({bus['denied']})",
                file=sys.stderr,
            )
            continue
        for alternate, name in reversed(list(enumerate(reversed(bus["names"])))):
            print(
                f"Found DFU: [0483:df11] ver=0200, devnum={number}, cfg=1, intf=0, "
                f'path="{path}", alt={alternate}, name="{name}", serial="200364500000"'
            )


def press_ctrl_c(times: int) -> None:
    """As the terminal does it, to the caller: once, or until the caller stops us."""
    os.kill(os.getppid(), signal.SIGINT)
    while times > 1:
        time.sleep(0.01)
        os.kill(os.getppid(), signal.SIGINT)


def download(bus: dict, flash: Path, data: bytes) -> None:
    flash.write_bytes(b"\xff" * FLASH)
    show_bar("Erase   ", len(data), len(data))
    print("\nErase    done.")
    for start in range(0, len(data), CHUNK):
        show_bar("Download", start, len(data))
        chunk = bytearray(data[start : start + CHUNK])
        for fault in ("unplug_at", "fail_at", "flip_at", "interrupt_at"):
            if bus[fault] is None or not start <= bus[fault] < start + CHUNK:
                continue
            if fault == "unplug_at":
                print("dfu-util: dfuse_download: libusb_control_transfer returned -4 (LIBUSB_ERROR_NO_DEVICE)")
                fail("Error during download")
            if fault == "fail_at":
                print(" failed!\nDFU state(10) = dfuERROR, status(3) = file is corrupt or write failed", flush=True)
                fail("Failed to write whole chunk: -1 of 1024 bytes")
            if fault == "flip_at":
                chunk[bus[fault] - start] ^= 0x10
            if fault == "interrupt_at":
                press_ctrl_c(bus["interrupts"])
        held = bytearray(flash.read_bytes())
        held[start : start + len(chunk)] = chunk
        flash.write_bytes(held)
    show_bar("Download", len(data), len(data))
    print("\nDownload done.\nFile downloaded successfully")


def upload(flash: Path, length: int, out: Path) -> None:
    if out.exists():
        fail(f"Cannot open file {out} for writing: File exists")
    out.write_bytes(flash.read_bytes()[:length])
    for done in (0, length // 2, length):
        show_bar("Upload  ", done, length)
    print("\nUpload  done.")


def main() -> None:
    folder = Path(sys.argv[1])
    bus = json.loads((folder / "bus.json").read_text())
    with (folder / "calls").open("a") as log:
        log.write(json.dumps(sys.argv[2:]) + "\n")
    parser = argparse.ArgumentParser()
    for short, long in (("-d", "--device"), ("-p", "--path"), ("-a", "--alt"), ("-s", "--dfuse-address")):
        parser.add_argument(short, long)
    parser.add_argument("-D", "--download", type=Path)
    parser.add_argument("-U", "--upload", type=Path)
    parser.add_argument("-l", "--list", action="store_true")
    options = parser.parse_args(sys.argv[2:])
    print(BANNER, end="", flush=True)
    lists = sum("--list" in line for line in (folder / "calls").read_text().splitlines())
    paths = [path for path in bus["paths"] if options.path in (None, path)] if lists > bus["appear_after"] else []
    if options.list:
        return list_devices(bus, paths)
    if not paths:
        fail("No DFU capable USB device available")
    if len(paths) > 1:
        fail("More than one DFU capable USB device found! Try `--list' and specify the serial number")
    address, _, modifier = options.dfuse_address.partition(":")
    assert address == "0x08000000" and options.alt == "0" and options.device == ",0483:df11"
    flash = folder / paths[0]
    if options.download:
        print("dfu-util: Warning: Invalid DFU suffix signature", file=sys.stderr, flush=True)
        download(bus, flash, options.download.read_bytes())
    elif options.upload:
        upload(flash, int(modifier), options.upload)
    else:
        assert modifier == "leave"
        print("Submitting leave request...", flush=True)
        if bus["leave_fails"]:
            fail("Error during download get_status")


if __name__ == "__main__":
    main()
