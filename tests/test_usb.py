# SPDX-License-Identifier: MIT
"""USB on the emulated Seed: a host finds a serial port and a MIDI port, talks, pulls the cable, and sends rubbish."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from lottava.emulator import Seed, build_image
from lottava.emulator.errors import EmulatorError
from lottava.emulator.faults import garbage
from lottava.emulator.image import load_image
from lottava.emulator.seed import DEFAULT_SERIAL
from lottava.emulator.usb_host import UsbHost, code_of

from lottava import wire
from lottava.messages import Command, Empty, HelloReply, MonitorReply

ENUMERATION_BLOCKS = 60
PORTS = ("seed", "panel")
TINYUSB = (
    *("tusb", "common/tusb_fifo", "device/usbd", "device/usbd_control", "class/cdc/cdc_device"),
    *("class/midi/midi_device", "portable/synopsys/dwc2/dcd_dwc2", "portable/synopsys/dwc2/dwc2_common"),
)
SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "tinyusb.sh"

REGISTERS = {
    "RCC D2CCIP2R": (0x58024454, 0x00300000, 0x00300000, ""),
    "GPIOA AFRH": (0x58020024, 0x000AA000, 0x000AA000, ""),
    "OTG GAHBCFG": (0x40080008, 0x81, 0x01, "a transmit FIFO tells when it is empty, not half empty"),
    "OTG GUSBCFG": (0x4008000C, 0x40001847, 0x40000040, "turnaround 6 and the longest timeout, set at once"),
    "OTG GCCFG": (0x40080038, 0x00010000, 0x00210000, "no VBUS detection: the session is forced, no pin is needed"),
    "OTG DCFG": (0x40080800, 0x07, 0x03, "data where a request's status belongs are refused with a stall"),
    "OTG DCTL": (0x40080804, 0x00, 0x00, ""),
}
"""Address, our value before a host has come, that of a start-up that works (Rev4), and why ours is another."""


@pytest.fixture(scope="module")
def image() -> Path:
    """The image that is flashed."""
    built = build_image()
    if "tud_task_ext" not in load_image(built).symbols:
        pytest.skip("built without TinyUSB (scripts/tinyusb.sh brings it): the image has no USB")
    return built


@pytest.fixture
def seed(image: Path) -> Seed:
    module = Seed(image)
    module.run_blocks(2)
    return module


def plugged(seed: Seed, port: str = "seed", **options: bool) -> UsbHost:
    host = UsbHost(seed, port, **options)
    host.plug()
    wait(seed, host)
    return host


def wait(seed: Seed, host: UsbHost) -> None:
    for _ in range(ENUMERATION_BLOCKS):
        if host.ready:
            return
        seed.run_blocks(1)
    raise AssertionError("not enumerated")


def ask(seed: Seed, host: UsbHost, command: Command, sequence: int = 1) -> bytes:
    host.write(wire.request(command, sequence, Empty()))
    seed.run_blocks(3)
    return host.read()


def parsed(data: bytes) -> list:
    return [wire.parse_reply(frame) for frame in wire.Decoder().feed(data)]


@pytest.mark.parametrize("port", PORTS)
def test_a_host_finds_a_serial_port_and_a_midi_port(seed: Seed, port: str) -> None:
    said = plugged(seed, port).descriptors
    assert said.serial == DEFAULT_SERIAL.hex().upper()
    assert said.product.startswith("lottava ") and len(said.product) == 12
    assert said.strings[said.device[14]] == "lottava"
    assert said.endpoints == {(10, 0): (0x02, 0x82), (1, 3): (0x03, 0x83)}
    assert int.from_bytes(said.configuration[2:4], "little") == len(said.configuration)
    assert said.configuration[7] & 0x40, "the rack powers it"


def test_two_modules_have_two_names(image: Path) -> None:
    names = set()
    for number in (1, 2):
        other = Seed(image, serial=DEFAULT_SERIAL[:-1] + bytes([number]))
        names.add(plugged(other).descriptors.product)
    assert len(names) == 2


@pytest.mark.parametrize("name", REGISTERS)
def test_registers_are_those_of_a_start_up_that_works(seed: Seed, name: str) -> None:
    address, ours, reference, reason = REGISTERS[name]
    assert seed.bus.registers().get(address, 0) == ours
    assert (ours == reference) == (not reason)


@pytest.mark.parametrize("port", PORTS)
def test_hello_is_the_same_on_usb_and_usart(seed: Seed, port: str) -> None:
    host = plugged(seed, port)
    usb = ask(seed, host, Command.HELLO)
    seed.send(wire.request(Command.HELLO, 1, Empty()))
    seed.run_blocks(12)
    assert usb == seed.receive()
    assert isinstance(parsed(usb)[0][1], HelloReply)


def test_each_line_has_a_console_of_its_own(seed: Seed) -> None:
    """Half a frame on one is not in the way of a frame on the other."""
    host, frame = plugged(seed), wire.request(Command.HELLO, 1, Empty())
    host.write(frame[:3])
    seed.send(frame)
    seed.run_blocks(12)
    assert len(parsed(seed.receive())) == 1 and not host.read()
    host.write(frame[3:])
    seed.run_blocks(3)
    assert len(parsed(host.read())) == 1 and not seed.receive()


def test_a_host_that_raises_no_line_is_answered_all_the_same(seed: Seed) -> None:
    """DTR and RTS mean nothing here."""
    assert len(parsed(ask(seed, plugged(seed, dtr=False), Command.MONITOR))) == 1


def test_reboot_is_answered_and_the_host_finds_it_again(seed: Seed) -> None:
    host = plugged(seed)
    host.write(wire.request(Command.REBOOT, 1, Empty()))
    seed.run_seconds(0.02)
    assert parsed(host.read())[0][0] is Command.REBOOT
    assert seed.resets == 1
    wait(seed, host)
    assert host.enumerations == 2
    assert len(parsed(ask(seed, host, Command.HELLO))) == 1


def test_boot_waits_for_no_host(seed: Seed) -> None:
    assert seed.seconds < 0.3
    seed.run_blocks(50)
    assert seed.usb["seed"].attached and not seed.usb["panel"].attached


def test_cable_out_and_in_again(seed: Seed) -> None:
    host = plugged(seed)
    host.write(wire.request(Command.HELLO, 1, Empty())[:4])
    seed.run_blocks(2)
    for times in (2, 3):
        host.unplug()
        seed.run_blocks(20)
        host.plug()
        wait(seed, host)
        assert host.enumerations == times
    host.write(b"\0")
    assert len(parsed(ask(seed, host, Command.HELLO))) == 1


def test_the_panel_has_it_while_powered_unless_the_other_is_in_use(seed: Seed) -> None:
    panel = plugged(seed, "panel")
    assert not seed.usb["seed"].attached
    panel.unplug()
    seed.run_blocks(30)
    own = plugged(seed, "seed")
    panel.plug()
    seed.run_blocks(40)
    assert own.ready and not panel.ready
    own.unplug()
    wait(seed, panel)
    assert len(parsed(ask(seed, panel, Command.HELLO))) == 1


def test_a_host_that_never_reads_stops_nothing(seed: Seed) -> None:
    host = plugged(seed)
    host.deaf = True
    for sequence in range(40):
        host.write(wire.request(Command.MONITOR, sequence, Empty()))
    seed.run_blocks(60)
    host.deaf = False
    seed.run_blocks(10)
    host.read()
    replies = parsed(ask(seed, host, Command.MONITOR, 77))
    assert isinstance(replies[-1][1], MonitorReply)
    assert replies[-1][1].missed_blocks == 0


def test_requests_that_nobody_knows_are_refused_and_the_rest_goes_on(seed: Seed) -> None:
    host, draw = plugged(seed), random.Random(5)
    for _ in range(60):
        kind = draw.choice([0x80, 0x81, 0x82, 0xA1, 0xC0, 0x02, 0x21, 0x40])
        size = draw.randrange(64) if kind & 0x80 else 0
        host.request(kind, draw.randrange(256), draw.randrange(1 << 16), draw.randrange(4), size)
        seed.run_blocks(1)
    assert host.stalls > 10
    host.unplug()
    seed.run_blocks(10)
    host.plug()
    wait(seed, host)
    assert len(parsed(ask(seed, host, Command.HELLO))) == 1


@pytest.mark.parametrize("kind", ["serial", "midi"])
def test_garbage_and_traffic_leave_the_sound_alone(image: Path, kind: str) -> None:
    """The same samples with and without it, and no block missed."""

    def play(loud: bool) -> tuple[np.ndarray, Seed, UsbHost | None]:
        module, draw = Seed(image), random.Random(7)
        module.run_blocks(2)
        module.set_volts("level", 5.0)
        module.set_gate(True)
        host = UsbHost(module) if loud else None
        if host is not None:
            host.plug()
        heard = [module.run_blocks(30)]
        for _ in range(80):
            if host is not None and kind == "serial":
                host.write(garbage(draw, 64) + wire.request(Command.MONITOR, 1, Empty()))
            if host is not None and kind == "midi":
                host.midi_packets(bytes(draw.choice((0, 5, 15, 31)) if n % 4 == 0 else 0xF0 for n in range(64)))
            heard.append(module.run_blocks(1))
        return np.concatenate(heard), module, host

    quiet, _, _ = play(False)
    noisy, seed, host = play(True)
    assert np.abs(quiet).max() > 1000
    np.testing.assert_array_equal(quiet, noisy)
    assert host is not None
    seed.run_blocks(20)
    host.read()
    host.write(b"\0")
    assert parsed(ask(seed, host, Command.MONITOR, 9))[-1][1].missed_blocks == 0


def test_a_wrong_clock_or_pin_is_an_error_of_the_model(seed: Seed) -> None:
    seed.rcc.values[0x100] |= 1 << 28
    with pytest.raises(EmulatorError, match="stops whenever the core sleeps"):
        plugged(seed)


def test_codes_of_midi_messages() -> None:
    codes = {b"\x90\x40\x40": 9, b"\x80\x40\0": 8, b"\xe0\0\x40": 14, b"\xf8": 5, b"\xf2\0\0": 3}
    assert {message: code_of(message) for message in codes} == codes


def tools(folder: Path, **scripts: str) -> dict[str, str]:
    """An environment with a few of the system's programs, and some that are made up."""
    for name in ("bash", "mkdir", "mktemp", "rm", "head", "tail", "sed"):
        (folder / name).symlink_to(str(shutil.which(name)))
    for name, text in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return {"PATH": str(folder), "LOTTAVA_CACHE": str(folder / "cache")}


@pytest.mark.parametrize(
    ("scripts", "says"),
    [
        ({}, "this system has no apt"),
        ({"apt_get": "echo 'E: no such package' >&2; exit 100"}, "apt said: E: no such package"),
    ],
)
def test_without_sources_set_up_says_so_and_goes_on(tmp_path: Path, scripts: dict[str, str], says: str) -> None:
    named = {name.replace("_", "-"): text for name, text in scripts.items()}
    if named:
        named |= {"dpkg-deb": "exit 1", "apt-cache": "exit 100"}
    environment = tools(tmp_path, **named)
    done = subprocess.run(["bash", str(SCRIPT)], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "No USB in the firmware" in done.stdout and says in done.stdout
    assert not (tmp_path / "cache" / "tinyusb").exists()


@pytest.mark.parametrize("usb", [0, 1])
def test_usb_can_be_left_out(tmp_path: Path, usb: int) -> None:
    command = ["make", "-n", "-C", str(SCRIPT.parents[1] / "firmware"), "seed", f"USB={usb}", f"BUILD={tmp_path}"]
    sources = tmp_path / "tinyusb"
    command.append(f"TINYUSB={sources}")
    for name in TINYUSB:
        (sources / "src" / f"{name}.c").parent.mkdir(parents=True, exist_ok=True)
        (sources / "src" / f"{name}.c").touch()
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert ("usbd.c" in done.stdout) == bool(usb) == ("usb_none.cc" not in done.stdout)
