# SPDX-License-Identifier: MIT
"""Power lost at every command that a write gives the flash, before, during and after it: the old or the new."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from instrument import KEPT_BYTES, ask, hello, make_playing, stored
from lottava.emulator import Seed, build_image
from lottava.emulator.faults import cut_power, cut_power_at_operation
from lottava.emulator.norflash import (
    CHIP_BYTES,
    ERASE_SECONDS,
    PAGE_PROGRAM,
    READ_STATUS,
    SECTOR_ERASE,
    WRITE_ENABLE,
    Operation,
    torn,
)

from lottava import messages as say
from lottava import record as records
from lottava import settings as kept
from lottava import wire
from lottava.layout import Layout
from lottava.messages import Command
from lottava.record import Record
from lottava.settings import Settings

TORN_DRAWS = 24
WRITE_BLOCKS = int(1000 * ERASE_SECONDS) + 60
RECORDS = [replace(Record(), created_unix=n, v_oct_knots=(0.001 * n,) * 11) for n in range(1, 4)]
SETTINGS = [replace(Settings(), root_octave=n - 2, slot=n) for n in range(1, 4)]


@pytest.fixture(scope="module")
def image() -> Path:
    return build_image()


def commit(seed: Seed, record: Record) -> None:
    """Ask for a calibration to be stored; its reply is for who waits."""
    ask(seed, Command.CALIBRATE_BEGIN, say.CalibrateBeginRequest(0))
    seed.send(say_request(Command.CALIBRATE_COMMIT, say.CalibrateCommitRequest(records.pack(record))))


def put(seed: Seed, settings: Settings) -> None:
    """As commit, for settings."""
    seed.send(say_request(Command.SETTINGS_PUT, say.SettingsPutRequest(kept.pack(settings))))


def say_request(command: Command, message: Layout) -> bytes:
    """A frame that resynchronises first."""
    return b"\0" + wire.request(command, 2, message)


@dataclass
class Written:
    """A write as the flash saw it: its content before, every command, its content after."""

    before: bytes
    operations: list[Operation]
    after: bytes


@pytest.fixture(scope="module")
def written(image: Path) -> dict[str, list[Written]]:
    """Three writes of each kind, one after the other: into an empty slot, the other one, and over the first."""
    seed = make_playing(image)
    operations: list[Operation] = []
    seed.flash_chip.watch = operations.append

    def observe(write: Callable[[], None]) -> Written:
        before = bytes(seed.qspi[:KEPT_BYTES])
        operations.clear()
        write()
        seed.run_blocks(WRITE_BLOCKS)
        return Written(before, list(operations), bytes(seed.qspi[:KEPT_BYTES]))

    found: dict[str, list[Written]] = {"calibration": [], "settings": []}
    for record, settings in zip(RECORDS, SETTINGS, strict=True):
        found["calibration"].append(observe(lambda record=record: commit(seed, record)))  # type: ignore[misc]
        found["settings"].append(observe(lambda settings=settings: put(seed, settings)))  # type: ignore[misc]
    return found


def possible_contents(write: Written) -> Iterator[tuple[int, bytes]]:
    """(Number of the command, what the flash may hold) for a cut before, during and after each command."""
    content = bytearray(write.before)
    draw = random.Random(1)
    for number, operation in enumerate(write.operations):
        yield number, bytes(content)
        if operation.before != operation.after:
            end = operation.start + len(operation.after)
            for _ in range(TORN_DRAWS):
                left = torn(operation.before, operation.after, draw)
                yield number, bytes(content[: operation.start]) + left + bytes(content[end:])
            content[operation.start : end] = operation.after
        yield number, bytes(content)
    assert content == write.after


def values(content: bytes) -> tuple[Record, Settings]:
    """What is in use, sequence numbers and what the module fills in apart."""
    record, settings = stored(content)
    return replace(record, sequence=0, serial=bytes(12), board_revision=0, seed_revision=0), replace(
        settings, sequence=0
    )


@pytest.mark.parametrize("kind", ["calibration", "settings"])
def test_a_cut_at_any_command_leaves_the_old_or_the_new(written: dict[str, list[Written]], kind: str) -> None:
    for number, write in enumerate(written[kind]):
        codes = [operation.code for operation in write.operations]
        assert codes[:2] == [WRITE_ENABLE, SECTOR_ERASE]
        assert (codes.count(SECTOR_ERASE), codes.count(PAGE_PROGRAM)) == (1, 1)
        assert codes.count(READ_STATUS) > 100, "polled, not waited for"
        old, new = values(write.before), values(write.after)
        index = 0 if kind == "calibration" else 1
        assert new[index] == (RECORDS, SETTINGS)[index][number] != old[index]
        assert new[1 - index] == old[1 - index]
        verdicts: dict[bytes, tuple[Record, Settings]] = {}
        at = set()
        for operation, content in possible_contents(write):
            at.add(operation)
            if content not in verdicts:
                verdicts[content] = values(content)
            assert verdicts[content] in (old, new), f"cut at command {operation}"
        assert at == set(range(len(write.operations)))
        assert set(map(str, verdicts.values())) == {str(old), str(new)}


@pytest.mark.parametrize("kind", ["calibration", "settings"])
def test_the_module_takes_what_a_cut_left_as_we_do(image: Path, written: dict[str, list[Written]], kind: str) -> None:
    """The same bytes in the image: some of every kind of cut in the third write, which overwrites the oldest."""
    contents = list(dict.fromkeys(content for _, content in possible_contents(written[kind][2])))
    for content in contents[:: max(1, len(contents) // 4)] + contents[-1:]:
        qspi = bytearray(b"\xff") * CHIP_BYTES
        qspi[:KEPT_BYTES] = content
        seed = Seed(image, qspi=qspi)
        record = ask(seed, Command.CALIBRATE_READ, blocks=60)
        settings = ask(seed, Command.SETTINGS_GET)
        assert isinstance(record, say.CalibrateReadReply) and isinstance(settings, say.SettingsGetReply)
        assert (records.unpack(record.record), kept.unpack(settings.settings)) == stored(content)


def test_power_cut_for_real_at_chosen_commands(image: Path) -> None:
    """In the running image: before the erase, as it begins, in it, at the first poll."""
    seed = make_playing(image)
    for number, seconds_after in ((0, None), (1, None), (1, 40e-3), (2, None)):
        old = values(seed.qspi)[0]
        new = replace(Record(), created_unix=1000 + number)
        resets = seed.resets
        cut_power_at_operation(seed, number, seconds_after)
        commit(seed, new)
        seed.run_blocks(90)
        assert seed.resets == resets + 1
        assert values(seed.qspi)[0] in (old, new)
        reply = ask(seed, Command.CALIBRATE_READ)
        assert isinstance(reply, say.CalibrateReadReply)
        assert values(seed.qspi)[0].created_unix == records.unpack(reply.record).created_unix


def test_power_cut_at_any_instruction(image: Path) -> None:
    """Instants at random over boot, erase, program and what follows; what was stored before is never lost."""
    draw = random.Random(4)
    seed = make_playing(image)
    for number in range(4):
        old, new = values(seed.qspi), replace(Settings(), slot=number + 5)
        put(seed, new)
        seconds = ERASE_SECONDS + 0.01 * draw.random() + 0.005 if number == 2 else 0.03 * draw.random() + 0.005
        cut_power(seed, seconds)
        seed.run_blocks(int(1000 * seconds) + 10)
        assert seed.resets % 2 == 1
        assert values(seed.qspi) in (old, (old[0], new))
        cut_power(seed, draw.random() * 0.02)
        seed.run_blocks(25)
        assert hello(seed).reset_cause == 0


def test_a_first_boot_cut_at_any_command_leaves_a_chip_that_works(image: Path) -> None:
    """Quad mode is switched on once, at the first boot; a torn status register can hold any protection."""
    commands: list[Operation] = []
    seed = Seed(image)
    seed.flash_chip.watch = commands.append
    seed.run_blocks(2)
    assert len({operation.code for operation in commands}) >= 5
    changing = [number for number, operation in enumerate(commands) if operation.before != operation.after]
    for number in (*changing, len(commands) - 1):
        for seconds_after in (None, 5e-3):
            seed = Seed(image)
            cut_power_at_operation(seed, number, seconds_after)
            seed.run_blocks(2)
            assert seed.flash_chip.status == 0x40
            assert seed.resets == 1


@pytest.mark.parametrize("status", [0x80, 0xBC, 0xFC, 0x7C, 0xC0])
def test_protections_that_an_accident_left_are_taken_away(image: Path, status: int) -> None:
    seed = Seed(image)
    seed.flash_chip.status = status
    seed.run_blocks(2)
    assert seed.flash_chip.status == 0x40


@given(before=st.binary(min_size=1, max_size=40), flips=st.binary(min_size=40, max_size=40), seed=st.integers(0, 99))
def test_what_is_torn_is_made_of_both(before: bytes, flips: bytes, seed: int) -> None:
    after = bytes(a ^ b for a, b in zip(before, flips, strict=False))
    left = torn(before, after, random.Random(seed))
    assert all((one ^ a) & (one ^ b) == 0 for one, a, b in zip(left, before, after, strict=True))
