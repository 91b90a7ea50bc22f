# SPDX-License-Identifier: MIT
"""The emulated module as a player and a serial tool meet it: turned up, asked by frames, its stored records read."""

from __future__ import annotations

from pathlib import Path

from lottava.emulator import Seed
from lottava.emulator.norflash import SECTOR_BYTES

from lottava import record as records
from lottava import settings as kept
from lottava import wire
from lottava.layout import Layout
from lottava.messages import Command, Empty, HelloReply
from lottava.record import RECORD_BYTES, Record
from lottava.settings import SETTINGS_BYTES, Settings

KEPT_BYTES = 4 * SECTOR_BYTES


def make_playing(image: Path, *, qspi: bytearray | None = None, real_faults: bool = False) -> Seed:
    """A module with nominal parts, turned up, a note held, its attack over."""
    seed = Seed(image, qspi=qspi, real_faults=real_faults)
    seed.set_volts("level", 5.0)
    seed.set_pot("level", 1.0)
    seed.set_gate(True)
    seed.run_blocks(20)
    return seed


def answers(seed: Seed) -> list[tuple[Command, Layout]]:
    """Replies that have come since the last call."""
    return [wire.parse_reply(frame) for frame in wire.Decoder().feed(seed.receive())]


def ask(seed: Seed, command: Command, message: Layout | None = None, *, blocks: int = 40) -> Layout:
    """Send a request and wait for its reply, at most `blocks` blocks. Raises AssertionError without one."""
    seed.receive()
    seed.send(b"\0" + wire.request(command, 1, message or Empty()))
    decoder = wire.Decoder()
    for _ in range(blocks):
        seed.run_blocks(1)
        for frame in decoder.feed(seed.receive()):
            answered, reply = wire.parse_reply(frame)
            assert answered is command, reply
            return reply
    raise AssertionError(f"no reply to {command.name} within {blocks} blocks")


def hello(seed: Seed) -> HelloReply:
    """Who is there."""
    reply = ask(seed, Command.HELLO)
    assert isinstance(reply, HelloReply)
    return reply


def stored(content: bytes | bytearray) -> tuple[Record, Settings]:
    """What a module with this flash content uses after power-up."""
    starts = [bytes(content[sector * SECTOR_BYTES :][:RECORD_BYTES]) for sector in range(4)]
    record, _ = records.latest(*starts[:2])
    settings, _ = kept.latest(starts[2][:SETTINGS_BYTES], starts[3][:SETTINGS_BYTES])
    return record, settings
