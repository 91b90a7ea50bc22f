# SPDX-License-Identifier: MIT
"""A Seed's ROM loader through dfu-util: who is there, write, read back, start.

The loader is in the STM32H750's ROM and speaks ST's DFU over the Seed's own USB socket (AN2606, AN3156). It claims
sixteen sectors where the H750 has one, and every chip gives the same serial number: Seeds are told apart by USB path.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import dfu_help
from .firmware_file import ADDRESS

DEVICE = "0483:df11"
"""USB vendor and product of the ROM loader; the Daisy bootloader borrows them."""

Progress = Callable[[str, float], None]
"""Step ("erase", "write", "read") and how much of it is done, 0..1."""

_STEPS = {"Erase": "erase", "Download": "write", "Upload": "read"}
_FOUND = re.compile(r'Found DFU: \[0483:df11\].*?path="([^"]*)", alt=(\d+), name="([^"]*)"')
_CANNOT_OPEN = re.compile(r"Cannot open (?:DFU )?device[^\r\n]*")
_BAR = re.compile(r"(Erase|Download|Upload)\s+\[[= ]*\]\s+(\d+)%")
_GONE = ("NO_DEVICE", "LIBUSB_ERROR_IO", "LIBUSB_ERROR_PIPE", "get_status", "Lost device", "No DFU capable")


class DfuError(RuntimeError):
    """Flashing can't go on: says why and what to do."""


class NoSeed(DfuError):
    """Nothing in loader mode is attached."""


@dataclass(frozen=True)
class Loader:
    """A Seed in loader mode: its place on the USB, and the alternate setting that is the internal flash."""

    path: str
    alternate: int


@dataclass(frozen=True)
class Listing:
    """What `dfu-util --list` sees. denied: its words on a loader that it may not open; foreign: a Daisy bootloader."""

    loaders: tuple[Loader, ...]
    denied: str = ""
    foreign: bool = False


@dataclass(frozen=True)
class DfuUtil:
    """The program, found."""

    program: str

    def run(self, arguments: list[str], progress: Progress = lambda step, part: None) -> tuple[int, str]:
        """Exit status and all it said; its bars go to progress as they grow. Ctrl-C doesn't reach it by itself."""
        child = subprocess.Popen(
            [self.program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"LC_ALL": "C"},
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        assert child.stdout
        said, shown = "", 0
        try:
            while chunk := os.read(child.stdout.fileno(), 4096):
                said += chunk.decode("utf-8", "replace")
                for bar in _BAR.finditer(said, shown):
                    progress(_STEPS[bar[1]], int(bar[2]) / 100)
                    shown = bar.end()
        except BaseException:
            child.terminate()
            raise
        finally:
            child.stdout.close()
            child.wait()
        return child.returncode, said

    def listing(self) -> Listing:
        """Loaders that are attached."""
        _, said = self.run(["--list", "-d", f",{DEVICE}"])
        found = [(path, int(alternate), name) for path, alternate, name in _FOUND.findall(said)]
        flash = {
            path: Loader(path, alternate) for path, alternate, name in found if f"/0x{ADDRESS:08x}/" in name.lower()
        }
        denied = _CANNOT_OPEN.search(said)
        return Listing(tuple(flash.values()), denied[0] if denied else "", bool(found) and not flash)

    def target(self, loader: Loader) -> list[str]:
        """Options that mean this Seed's internal flash."""
        return ["-d", f",{DEVICE}", "-p", loader.path, "-a", str(loader.alternate)]

    def write(self, loader: Loader, data: bytes, progress: Progress) -> None:
        """Erase the flash and write it. Raises DfuError; if the erasing had begun, with the way out."""
        with tempfile.TemporaryDirectory(prefix="lottava-") as folder:
            image = Path(folder) / "image.bin"
            image.write_bytes(data)
            code, said = self.run([*self.target(loader), "-s", f"0x{ADDRESS:08x}", "-D", str(image)], progress)
        if code:
            way_out = dfu_help.RECOVER if "Erase" in said else "Nothing was changed on the Seed."
            raise DfuError(f"{_reason(said, 'written')}. {way_out}")

    def read(self, loader: Loader, length: int, progress: Progress) -> bytes:
        """The first bytes of the flash. Raises DfuError."""
        with tempfile.TemporaryDirectory(prefix="lottava-") as folder:
            image = Path(folder) / "image.bin"
            code, said = self.run([*self.target(loader), "-s", f"0x{ADDRESS:08x}:{length}", "-U", str(image)], progress)
            if code or not image.exists():
                raise DfuError(
                    f"{_reason(said, 'read back')}. The image was written, but not compared: flash it again."
                )
            return image.read_bytes()

    def start(self, loader: Loader) -> bool:
        """Leave the loader for the image. False where dfu-util is not sure, as old ones are when all went well."""
        code, _ = self.run([*self.target(loader), "-s", f"0x{ADDRESS:08x}:leave"])
        return code == 0


def _reason(said: str, doing: str) -> str:
    """Why dfu-util stopped, from what it said."""
    if "LIBUSB_ERROR_ACCESS" in said:
        return f"this user may not open the Seed's loader\n{dfu_help.driver()}\n"
    if any(word in said for word in _GONE):
        return f"the Seed went away while it was {doing} (cable pulled, RESET tapped, or a weak USB hub)"
    lines = [line.strip() for line in re.split(r"[\r\n]+", said) if line.strip()]
    return f"dfu-util failed while the Seed was {doing}: {lines[-1] if lines else 'it said nothing'}"


def find(program: str | None = None) -> DfuUtil:
    """dfu-util, by name or path. Raises DfuError with the way to install it on this system."""
    found = shutil.which(program or "dfu-util")
    if found is None:
        missing = f"{program} is no program that runs here" if program else "dfu-util is not installed"
        raise DfuError(f"{missing}; {dfu_help.install()}")
    return DfuUtil(found)


def choose(listing: Listing, path: str | None = None) -> Loader:
    """The one Seed to flash. Raises NoSeed where none is there, DfuError where it can't be opened or isn't alone."""
    loaders = [loader for loader in listing.loaders if path in (None, loader.path)]
    if len(loaders) == 1:
        return loaders[0]
    if loaders:
        places = ", ".join(loader.path for loader in loaders)
        raise DfuError(
            f"{len(loaders)} Seeds are in loader mode ({places}): unplug all but one, or name it with --path"
        )
    if listing.denied:
        raise DfuError(f"a loader is there, but it can't be opened ({listing.denied})\n{dfu_help.driver()}")
    if listing.foreign:
        raise DfuError("this is the Daisy bootloader, not the Seed's own loader. Keep BOOT held while you tap RESET.")
    if listing.loaders:
        places = ", ".join(loader.path for loader in listing.loaders)
        raise DfuError(f"no Seed at {path}; in loader mode: {places}")
    raise NoSeed(dfu_help.NO_SEED)


@contextmanager
def holding_interrupts(say: Callable[[str], None]) -> Iterator[Callable[[], bool]]:
    """Let one Ctrl-C wait until the block is done; a second one stops it. Gives a function: was there one?"""
    pressed = []

    def note(number: int, frame: object) -> None:
        pressed.append(number)
        if len(pressed) > 1:
            raise KeyboardInterrupt
        say(dfu_help.HELD)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(pressed)
    except KeyboardInterrupt:
        say(dfu_help.RECOVER)
        raise
    finally:
        signal.signal(signal.SIGINT, before)


def flash(util: DfuUtil, loader: Loader, data: bytes, progress: Progress, say: Callable[[str], None]) -> bool:
    """Write, read back, compare, start. True when the image was started, False when the Seed waits for RESET.

    Raises DfuError, and KeyboardInterrupt: after a whole image where Ctrl-C was pressed once.
    """
    with holding_interrupts(say) as interrupted:
        util.write(loader, data, progress)
    if interrupted():
        say("The image is written, not read back. Tap RESET to start it.")
        raise KeyboardInterrupt
    heard = util.read(loader, len(data), progress)
    if heard != data:
        at = next((i for i, (a, b) in enumerate(zip(heard, data, strict=False)) if a != b), min(len(heard), len(data)))
        raise DfuError(f"the Seed holds something else than was sent (from byte {at:,} on). {dfu_help.RECOVER}")
    return util.start(loader)
