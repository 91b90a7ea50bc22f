# SPDX-License-Identifier: MIT
"""`lottava flash` against a stand-in for dfu-util: what is missing is named, and no failure leaves anyone stuck."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import fake_dfu_util
import pytest
from fake import Clock, FakeModule
from fake_dfu_util import FLASH, Bus, install
from lottava.calibration import link as links
from lottava.calibration.link import Link
from test_firmware_file import image, release
from typer.testing import CliRunner

from lottava import cli, dfu, dfu_help
from lottava.messages import Empty
from lottava.verbs import flash as flash_verb

IMAGE = image(10_000)


def run_flash(bus: Bus, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The verb as a user calls it."""
    command = [sys.executable, "-m", "lottava", "flash", "--dfu-util", str(bus.program), "--wait", "0", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=os.environ | {"NO_COLOR": "1"})


def write(bus: Bus, data: bytes = IMAGE) -> tuple[bool, list[tuple[str, float]], list[str]]:
    """Flash without the verb: (started, progress, words)."""
    steps: list[tuple[str, float]] = []
    said: list[str] = []
    util = dfu.find(str(bus.program))
    started = dfu.flash(util, dfu.choose(util.listing()), data, lambda *step: steps.append(step), said.append)
    return started, steps, said


def test_a_seed_gets_the_image_and_starts_it(tmp_path: Path) -> None:
    bus = install(tmp_path)
    started, steps, said = write(bus)
    assert started and not said
    assert bus.flash() == IMAGE + b"\xff" * (FLASH - len(IMAGE))
    names = [name for name, _ in steps]
    assert names == sorted(names, key=("erase", "write", "read").index), "one step after the other"
    for name in ("erase", "write", "read"):
        parts = [part for step, part in steps if step == name]
        assert parts == sorted(parts) and parts[-1] == 1.0
    target = ["-d", ",0483:df11", "-p", "1-4", "-a", "0", "-s"]
    assert [call[: len(target)] for call in bus.calls[1:]] == [target] * 3
    assert [call[len(target)] for call in bus.calls[1:]] == ["0x08000000", "0x08000000:10000", "0x08000000:leave"]


def test_the_verb_says_what_it_did(tmp_path: Path) -> None:
    bus, path = install(tmp_path), release(tmp_path, IMAGE)
    done = run_flash(bus, str(path), "--json")
    assert done.returncode == 0, done.stderr
    assert "10,000 bytes, version 1.2.3, voice sax_alto_v1" in done.stderr
    assert "as lottava-seed-1.2.3.json says" in done.stderr
    assert "Read back, hash matches. Image started." in done.stderr
    result = json.loads(done.stdout)
    assert (result["written"], result["verified"], result["started"], result["path"]) == (True, True, True, "1-4")
    assert bus.flash().startswith(IMAGE)


def test_the_image_of_this_folder_needs_no_name(tmp_path: Path) -> None:
    bus, path = install(tmp_path), release(tmp_path, IMAGE)
    assert run_flash(bus, cwd=path.parent).returncode == 0
    assert bus.flash().startswith(IMAGE)


def test_check_writes_nothing(tmp_path: Path) -> None:
    bus, path = install(tmp_path), release(tmp_path, IMAGE)
    done = run_flash(bus, str(path), "--check")
    assert done.returncode == 0 and "Nothing was written" in done.stderr
    assert bus.flash() == b"\xa5" * FLASH and len(bus.calls) == 1


@pytest.mark.parametrize(
    ("bus", "reason"),
    [
        ({"paths": ()}, "lottava: No Seed in loader mode. Hold BOOT, tap RESET."),
        (
            {"paths": ("1-4", "2-1.3")},
            "2 Seeds are in loader mode (1-4, 2-1.3): unplug all but one, or name it with --path",
        ),
        ({"denied": "LIBUSB_ERROR_ACCESS"}, "a loader is there, but it can't be opened"),
        ({"names": fake_dfu_util.DAISY_BOOTLOADER}, "this is the Daisy bootloader, not the Seed's own loader"),
    ],
)
def test_without_a_seed_to_write_nothing_is_touched(tmp_path: Path, bus: dict, reason: str) -> None:
    usb, path = install(tmp_path, **bus), release(tmp_path, IMAGE)
    done = run_flash(usb, str(path))
    assert done.returncode == 1 and reason in done.stderr and "Traceback" not in done.stderr
    assert all(usb.flash(name) == b"\xa5" * FLASH for name in bus.get("paths", ("1-4",)))
    assert len(usb.calls) == 1


def test_a_file_that_is_no_image_never_meets_the_seed(tmp_path: Path) -> None:
    bus, path = install(tmp_path), release(tmp_path, IMAGE)
    path.write_bytes(IMAGE[:-1] + b"!")
    done = run_flash(bus, str(path))
    assert done.returncode == 1 and bus.calls == []
    assert "is not the file that lottava-seed-1.2.3.json describes" in done.stderr.splitlines()[-1]
    assert run_flash(bus, str(tmp_path / "none.bin")).stderr.strip().endswith("none.bin: No such file or directory")


def test_one_of_two_seeds_by_its_path(tmp_path: Path) -> None:
    bus, path = install(tmp_path, ("1-4", "2-1.3")), release(tmp_path, IMAGE)
    assert run_flash(bus, str(path), "--path", "2-1.3").returncode == 0
    assert bus.flash("2-1.3").startswith(IMAGE) and bus.flash("1-4") == b"\xa5" * FLASH
    done = run_flash(bus, str(path), "--path", "3-3")
    assert done.returncode == 1 and "no Seed at 3-3; in loader mode: 1-4, 2-1.3" in done.stderr


def test_a_seed_that_comes_late_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = install(tmp_path, appear_after=2)
    said: list[str] = []
    monkeypatch.setattr(flash_verb, "say", said.append)
    monkeypatch.setattr(flash_verb, "POLL_S", 0.0)
    loader = flash_verb._await_loader(dfu.find(str(bus.program)), None, 60)
    assert loader == dfu.Loader("1-4", 0)
    assert said == ["No Seed in loader mode. Hold BOOT, tap RESET. Waiting 60 s …"]


class WithLoader(FakeModule):
    """A module whose firmware can restart in the ROM loader."""

    asked = 0

    def _reboot_dfu(self, message: Empty) -> Empty:
        self.asked += 1
        return message


@pytest.mark.parametrize("module", [WithLoader(), FakeModule()], ids=["can", "can not"])
def test_a_running_module_is_asked_into_its_loader(
    module: FakeModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus, path = install(tmp_path), release(tmp_path, IMAGE)
    monkeypatch.setattr(links, "open_port", lambda port: Link(module, clock=Clock()))
    words = ["flash", str(path), "--port", "here", "--wait", "0", "--dfu-util", str(bus.program)]
    done = CliRunner().invoke(cli.build(), words)
    if isinstance(module, WithLoader):
        assert done.exit_code == 0 and module.asked == 1 and "The module at here goes into loader mode" in done.stderr
        assert bus.flash().startswith(IMAGE)
    else:
        assert isinstance(done.exception, links.LinkError) and bus.calls == []
    assert module.closed


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"unplug_at": 5000}, "the Seed went away while it was written"),
        ({"fail_at": 0}, "Failed to write whole chunk"),
        ({"flip_at": 7777}, "holds something else than was sent (from byte 7,777 on)"),
    ],
)
def test_a_write_that_fails_tells_the_way_out(tmp_path: Path, fault: dict, reason: str) -> None:
    with pytest.raises(dfu.DfuError) as failed:
        write(install(tmp_path, **fault))
    assert reason in str(failed.value) and str(failed.value).endswith(dfu_help.RECOVER)
    started, _, _ = write(install(tmp_path))
    assert started, "the way out works: the same command again"


def test_a_seed_that_leaves_before_the_write_is_unchanged(tmp_path: Path) -> None:
    bus = install(tmp_path)
    util = dfu.find(str(bus.program))
    loader = util.listing().loaders[0]
    install(tmp_path, ("7-7",))
    with pytest.raises(dfu.DfuError, match=r"went away .* Nothing was changed on the Seed\.$"):
        util.write(loader, IMAGE, lambda step, part: None)
    with pytest.raises(dfu.DfuError, match="written, but not compared"):
        util.read(loader, 100, lambda step, part: None)


def test_a_loader_that_does_not_answer_leave_is_no_failure(tmp_path: Path) -> None:
    bus, path = install(tmp_path, leave_fails=True), release(tmp_path, IMAGE)
    done = run_flash(bus, str(path))
    assert done.returncode == 0 and "hash matches. If it stays silent, tap RESET." in done.stderr


def test_one_ctrl_c_waits_for_a_whole_image(tmp_path: Path) -> None:
    bus, path = install(tmp_path, interrupt_at=2000), release(tmp_path, IMAGE)
    done = run_flash(bus, str(path))
    assert done.returncode == 130 and dfu_help.HELD in done.stderr
    assert "The image is written, not read back." in done.stderr
    assert bus.flash().startswith(IMAGE)


def test_two_stop_it_and_tell_the_way_out(tmp_path: Path) -> None:
    bus, path = install(tmp_path, interrupt_at=2000, interrupts=2), release(tmp_path, IMAGE)
    done = run_flash(bus, str(path))
    assert done.returncode == 130 and dfu_help.RECOVER in done.stderr and "Traceback" not in done.stderr
    assert not bus.flash().startswith(IMAGE)
    again = run_flash(install(tmp_path), str(path))
    assert again.returncode == 0 and bus.flash().startswith(IMAGE)


@pytest.mark.skipif(shutil.which("dfu-util") is None, reason="dfu-util is not installed: only its stand-in is asked")
def test_the_real_dfu_util_understands_every_call() -> None:
    """It finds no Seed at this place of the USB, which it looks for after it has read its options."""
    util, nowhere = dfu.find(), dfu.Loader("99-99", 0)
    with pytest.raises(dfu.DfuError, match=r"while it was written|while the Seed was written"):
        util.write(nowhere, IMAGE, lambda step, part: None)
    with pytest.raises(dfu.DfuError, match=r"while it was read back|while the Seed was read back"):
        util.read(nowhere, 16, lambda step, part: None)
    assert not util.start(nowhere)
    assert all(loader.path != "99-99" for loader in util.listing().loaders)


@pytest.mark.parametrize(
    ("system", "release_file", "words"),
    [
        ("linux", {"ID": "debian"}, "sudo apt install dfu-util"),
        ("linux", {"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, "sudo apt install dfu-util"),
        ("linux", {"ID": "fedora"}, "sudo dnf install dfu-util"),
        ("linux", {"ID": "opensuse-leap", "ID_LIKE": "suse opensuse"}, "sudo zypper install dfu-util"),
        ("linux", {"ID": "manjaro", "ID_LIKE": "arch"}, "sudo pacman -S dfu-util"),
        ("linux", {}, "your system's package dfu-util"),
        ("darwin", {}, "brew install dfu-util"),
        ("win32", {}, "--dfu-util PATH"),
    ],
)
def test_how_to_get_dfu_util_here(system: str, release_file: dict, words: str) -> None:
    assert words in dfu_help.install(system, release_file)


def test_a_missing_dfu_util_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(dfu.DfuError, match="dfu-util is not installed; "):
        dfu.find()
    with pytest.raises(dfu.DfuError, match="no/such is no program that runs here; "):
        dfu.find("no/such")


def test_what_gives_access_per_system() -> None:
    assert dfu_help.UDEV_RULE in dfu_help.driver("linux") and "sudo tee /etc/udev/rules.d/" in dfu_help.driver("linux")
    assert "Zadig" in dfu_help.driver("win32") and "WinUSB" in dfu_help.driver("win32")
    assert "STM32CubeProgrammer" in dfu_help.driver("darwin")


def test_os_release_is_read_unquoted(tmp_path: Path) -> None:
    (tmp_path / "os-release").write_text("NAME=\"Debian GNU/Linux\"\nID=debian\nID_LIKE='a b'\n")
    assert dfu_help.os_release(tmp_path / "os-release") == {
        "NAME": "Debian GNU/Linux",
        "ID": "debian",
        "ID_LIKE": "a b",
    }
    assert dfu_help.os_release(tmp_path / "none") == {}


PACKAGED = (dfu_help.PACKAGES["debian"], dfu_help.PACKAGES["fedora"], "sudo pacman -S dfu-util")
DOCS = Path(__file__).resolve().parents[1] / "docs"
COMMANDS = [
    line
    for name in ("flash.md", "recover.md")
    for block in re.findall(r"^ *```sh\n(.*?)^ *```", (DOCS / name).read_text(encoding="utf-8"), re.M | re.S)
    for line in (text.strip() for text in block.splitlines())
    if line.startswith("lottava flash") and "--port" not in line
]


@pytest.mark.parametrize("line", sorted(set(COMMANDS)))
def test_what_the_manual_says_works(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Seed in loader mode, a downloaded image in this folder."""
    bus = install(tmp_path)
    release(tmp_path, IMAGE).rename(tmp_path / "lottava-seed-0.1.0.bin")
    (tmp_path / "lottava-seed-1.2.3.json").rename(tmp_path / "lottava-seed-0.1.0.json")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    done = CliRunner().invoke(cli.build(), shlex.split(line)[1:])
    assert done.exit_code == 0, done.output
    assert bus.flash().startswith(IMAGE) != ("--check" in line)


def test_the_manual_gives_the_same_rule() -> None:
    text = (DOCS / "flash.md").read_text(encoding="utf-8")
    assert f"echo '{dfu_help.UDEV_RULE}' | sudo tee {dfu_help.UDEV_FILE}" in text
    assert dfu_help.NO_SEED in text and set(PACKAGED) <= set(re.findall(r"sudo \w+ \S+ dfu-util", text))
