# SPDX-License-Identifier: MIT
"""What to tell someone who flashes: the buttons, what is missing on this system, and the way out of trouble."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

NO_SEED = "No Seed in loader mode. Hold BOOT, tap RESET."

HELD = "The write goes on to its end, so that the Seed keeps a whole image. Ctrl-C again stops it all the same."

RECOVER = (
    "The Seed is silent until it has a whole image, but not lost: its loader is in ROM, and calibration, settings and "
    "voices are in another chip. Hold BOOT, tap RESET, then give the same command again."
)

UDEV_RULE = 'SUBSYSTEM=="usb", ATTRS{idVendor}=="0483", ATTRS{idProduct}=="df11", MODE="0660", TAG+="uaccess"'
"""Whoever sits at the machine may open an STM32's ROM loader."""
UDEV_FILE = "/etc/udev/rules.d/60-lottava.rules"
"""Before 73, where systemd's rule turns the tag uaccess into permission."""

PACKAGES = {
    "debian": "sudo apt install dfu-util",
    "ubuntu": "sudo apt install dfu-util",
    "fedora": "sudo dnf install dfu-util",
    "arch": "sudo pacman -S dfu-util",
    "suse": "sudo zypper install dfu-util",
}
"""ID or ID_LIKE of os-release -> how its users get dfu-util."""


def os_release(path: Path = Path("/etc/os-release")) -> Mapping[str, str]:
    """The keys of os-release(5), unquoted; none where there is no such file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return {key: value.strip("\"'") for key, _, value in (line.partition("=") for line in lines)}


def install(system: str = sys.platform, release: Mapping[str, str] | None = None) -> str:
    """How to get dfu-util on a system (sys.platform, os-release)."""
    if system == "darwin":
        return "install it with:  brew install dfu-util"
    if system == "win32":
        return "unpack dfu-util's Windows binaries (dfu-util.sourceforge.net) and pass --dfu-util PATH\\dfu-util.exe"
    known = os_release() if release is None else release
    for name in (known.get("ID", ""), *known.get("ID_LIKE", "").split()):
        for family, command in PACKAGES.items():
            if name == family or name.startswith(f"open{family}"):
                return f"install it with:  {command}"
    return "install your system's package dfu-util"


def driver(system: str = sys.platform) -> str:
    """What gives this user access to a loader that is seen, but can't be opened."""
    if system == "win32":
        return (
            "Windows has no driver for it yet: run Zadig (zadig.akeo.ie), Options > List All Devices, choose "
            "'DFU in FS Mode', install WinUSB, and give the same command again."
        )
    if system == "darwin":
        return "Another program holds it: close STM32CubeProgrammer and browser tabs that flash, then try again."
    return (
        "A udev rule is missing (or another program holds the loader). Paste this, then plug the Seed in again:\n"
        f"  echo '{UDEV_RULE}' | sudo tee {UDEV_FILE}\n"
        "  sudo udevadm control --reload && sudo udevadm trigger"
    )
