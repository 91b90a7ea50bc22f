# SPDX-License-Identifier: MIT
"""Things that go wrong on a running image: hangs, faults, garbage, a flash or converter that lies. Sound first."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from instrument import answers, ask, hello, make_playing, stored
from lottava.emulator import EmulatorError, Seed, build_image
from lottava.emulator.faults import BRANCH_TO_SELF, UNDEFINED, garbage, load_from, patch
from lottava.emulator.nvic import BUS_FAULT, SYSTICK_EXCEPTION, USAGE_FAULT

from lottava import messages as say
from lottava import settings as kept
from lottava import wire
from lottava.messages import Command
from lottava.settings import Settings

POWER, ASKED, WATCHDOG, FAULT = range(4)
"""HelloReply.reset_cause."""
WATCHDOG_BLOCKS = 250
AUDIO_HANG_BLOCKS, MAIN_HANG_BLOCKS = 10, 105
BOOT_BLOCKS = 60
FULL_SCALE = (1 << 23) - 1
BLOCKS_PER_FRAME = 4


@pytest.fixture(scope="module")
def image() -> Path:
    return build_image()


def test_the_watchdog_is_fed_once_a_block_and_leaves_play_alone(image: Path) -> None:
    seed = make_playing(image)
    fed = seed.watchdog.feeds
    seed.run_blocks(400)
    assert 390 <= seed.watchdog.feeds - fed <= 401
    assert seed.resets == 0
    assert seed.watchdog.timeout_cycles / 480e6 == pytest.approx(1e-3 * WATCHDOG_BLOCKS, rel=1e-3)


def blocks_to_reset(seed: Seed, at_most: int) -> int:
    """Blocks sent until the next reset. Raises AssertionError after too many."""
    before = seed.resets
    for count in range(1, at_most + 2):
        seed.run_blocks(1)
        if seed.resets > before:
            return count
    raise AssertionError(f"no reset within {at_most} blocks")


@pytest.mark.parametrize(
    ("hung", "within"),
    [
        ("7Console7ProcessE", MAIN_HANG_BLOCKS),
        ("7OnBlockE", AUDIO_HANG_BLOCKS),
        ("DMA1_Stream2_IRQHandler", AUDIO_HANG_BLOCKS),
    ],
)
def test_what_hangs_is_named_reset_and_plays_again(image: Path, hung: str, within: int) -> None:
    """Main loop, audio interrupt, converter interrupt: the timer finds where, before the watchdog has to bite."""
    seed = make_playing(image)
    start = patch(seed, hung, BRANCH_TO_SELF)
    blocks_to_reset(seed, within + 5)
    told = hello(seed)
    assert (told.reset_cause, told.fault_exception, told.fault_address) == (FAULT, SYSTICK_EXCEPTION, start)
    assert np.abs(seed.run_blocks(60)).max() > FULL_SCALE / 1000
    assert seed.resets == 1


@pytest.mark.parametrize("hung", ["7Console7ProcessE", "7OnBlockE", "EXTI15_10_IRQHandler"])
def test_the_watchdog_bites_where_the_timer_is_dead(image: Path, hung: str) -> None:
    """Main loop, audio interrupt, and an interrupt as urgent as the timer."""
    seed = make_playing(image)
    if hung != "EXTI15_10_IRQHandler":
        seed.nvic.write(0x010, 0)
    patch(seed, hung, BRANCH_TO_SELF)
    seed.set_gate(False)
    seed.set_gate(True, after_samples=10)
    blocks_to_reset(seed, WATCHDOG_BLOCKS + 20)
    assert hello(seed).reset_cause == WATCHDOG
    assert np.abs(seed.run_blocks(60)).max() > FULL_SCALE / 1000


def test_a_write_to_flash_is_no_reason_to_bite(image: Path) -> None:
    seed = make_playing(image)
    reply = ask(seed, Command.SETTINGS_PUT, say.SettingsPutRequest(kept.pack(Settings())), blocks=400)
    assert reply == say.StoredReply(1, 0)
    assert seed.resets == 0


@pytest.mark.parametrize(
    ("code", "exception", "status", "access"),
    [(UNDEFINED, USAGE_FAULT, 1 << 16, 0), (load_from(0x6000_0000), BUS_FAULT, 0x8200, 0x6000_0000)],
)
def test_a_fault_is_silent_reported_and_over(
    image: Path, code: bytes, exception: int, status: int, access: int
) -> None:
    """In the audio interrupt, at full voice: no sample but zeros until the next start, then the note plays again."""
    seed = make_playing(image, real_faults=True)
    loud = np.abs(seed.run_blocks(100)).max()
    start = patch(seed, "7OnBlockE", code)
    peaks = np.abs(seed.run_blocks(110).reshape(110, -1)).max(axis=1)
    assert seed.resets == 1
    assert peaks[0] <= loud, "the block that was under way"
    assert not peaks[1:4].any()
    assert loud / 4 < peaks.max() <= 1.1 * loud
    told = hello(seed)
    assert (told.reset_cause, told.fault_exception, told.fault_status) == (FAULT, exception, status)
    assert (told.fault_access, told.fault_return) == (access, 0xFFFFFFE9)
    assert start <= told.fault_address < start + len(code)


def test_a_fault_is_remembered_until_the_power_goes(image: Path) -> None:
    seed = make_playing(image, real_faults=True)
    start = patch(seed, "7Console7ProcessE", UNDEFINED)
    seed.run_blocks(BOOT_BLOCKS)
    assert hello(seed).reset_cause == FAULT
    ask(seed, Command.REBOOT)
    seed.run_blocks(BOOT_BLOCKS)
    told = hello(seed)
    assert (told.reset_cause, told.fault_address) == (ASKED, start)
    seed.reboot()
    seed.run_blocks(BOOT_BLOCKS)
    told = hello(seed)
    assert (told.reset_cause, told.fault_address, told.fault_exception) == (POWER, 0, 0)


def test_a_stack_that_overflows_is_reported_without_a_frame(image: Path) -> None:
    """Nothing can be pushed: the handler takes a stack of its own and says that it doesn't know where."""
    seed = make_playing(image, real_faults=True)
    drop = b"\x4f\xf0\x00\x50\x85\x46\x01\xb4\xfe\xe7"  # mov.w r0, #0x20000000; mov sp, r0; push {r0}; b .
    patch(seed, "7Console7ProcessE", drop)
    seed.run_blocks(BOOT_BLOCKS)
    told = hello(seed)
    assert (told.reset_cause, told.fault_address) == (FAULT, 0xFFFFFFFF)
    assert told.fault_status & (1 << 12 | 1 << 4), "stacking"


def test_an_interrupt_that_nobody_expects_is_a_fault(image: Path) -> None:
    seed = make_playing(image, real_faults=True)
    seed.nvic.write(0x100 + 4 * 2, 1 << 7)
    seed.nvic.write(0x200 + 4 * 2, 1 << 7)
    seed.run_blocks(BOOT_BLOCKS)
    told = hello(seed)
    assert (told.reset_cause, told.fault_exception) == (FAULT, 16 + 64 + 7)


def test_a_handler_that_faults_locks_up_until_the_watchdog(image: Path) -> None:
    seed = make_playing(image, real_faults=True)
    patch(seed, "FaultEnter", UNDEFINED)
    patch(seed, "7Console7ProcessE", UNDEFINED)
    seed.run_blocks(WATCHDOG_BLOCKS + BOOT_BLOCKS)
    assert hello(seed).reset_cause == WATCHDOG


def test_without_real_faults_the_model_refuses_instead(image: Path) -> None:
    seed = make_playing(image)
    patch(seed, "7Console7ProcessE", load_from(0x6000_0000))
    with pytest.raises(EmulatorError, match=r"0x60000000.*Console7Process"):
        seed.run_blocks(2)


def test_settings_and_factory_reach_the_instrument(image: Path) -> None:
    """Root octave and tuning move the pitch that sounds; FACTORY takes them back and leaves the calibration."""

    def pitch(seed: Seed) -> float:
        reply = ask(seed, Command.MONITOR)
        assert isinstance(reply, say.MonitorReply)
        return reply.pitch_volts

    seed = make_playing(image)
    before = pitch(seed)
    chosen = say.SettingsPutRequest(kept.pack(replace(Settings(), root_octave=-1, tuning=240)))
    ask(seed, Command.SETTINGS_PUT, chosen, blocks=400)
    assert pitch(seed) - before == pytest.approx(-1 + 24 / 1200, abs=2e-3)
    seed.reboot()
    seed.run_blocks(BOOT_BLOCKS)
    assert pitch(seed) - before == pytest.approx(-1 + 24 / 1200, abs=2e-3)
    ask(seed, Command.FACTORY)
    seed.run_blocks(2 * BLOCKS_PER_FRAME)
    assert pitch(seed) == pytest.approx(before, abs=2e-3)
    for _ in range(28):
        seed.run_blocks(50)
        if stored(seed.qspi)[1].sequence == 2:
            break
    assert stored(seed.qspi)[1] == replace(Settings(), sequence=2)


def test_the_loader_is_reached_as_after_power_up(image: Path) -> None:
    """REBOOT_DFU: answered, then a reset, and no watchdog, interrupt or cache that would disturb the loader; once."""
    seed = make_playing(image)
    seed.receive()
    seed.send(b"\0" + wire.request(Command.REBOOT_DFU, 1, say.Empty()))
    seed.run_seconds(20e-3)
    assert [answered for answered, _ in answers(seed)] == [Command.REBOOT_DFU]
    assert (seed.in_loader, seed.resets) == (True, 1)
    assert not seed.watchdog.running
    assert seed.rcc.values[0x10] & 7 == 0, "still on the HSI"
    assert seed.nvic.values[0xD14] & 3 << 16 == 0, "caches off"
    assert (seed.nvic.values[0x010], seed.nvic.values[0xD94]) == (0, 0)
    seed.run_seconds(2.0)
    assert (seed.in_loader, seed.resets) == (True, 1)
    seed.cpu.reset()
    seed.run_blocks(4)
    assert hello(seed).reset_cause == ASKED


def frames(draw: random.Random) -> bytes:
    """Requests that are whole, and leave what sounds as it is."""
    requests = [
        wire.request(Command.HELLO, draw.randrange(256), say.Empty()),
        wire.request(Command.MONITOR, draw.randrange(256), say.Empty()),
        wire.request(Command.SETTINGS_GET, draw.randrange(256), say.Empty()),
        wire.request(Command.SETTINGS_PUT, draw.randrange(256), say.SettingsPutRequest(kept.pack(Settings()))),
        wire.request(Command.BENCH_CASE, draw.randrange(256), say.BenchCaseRequest(0)),
    ]
    return b"".join(draw.choice(requests) for _ in range(3))


@pytest.mark.parametrize("number", range(3))
def test_any_bytes_at_any_time_leave_the_audio_untouched(image: Path, number: int) -> None:
    """Bit for bit: noise, broken and whole frames, a settings write among them, against a module that hears nothing."""
    draw = random.Random(number)
    quiet, pestered = make_playing(image), make_playing(image)
    for _ in range(12):
        message = bytearray(frames(draw) if draw.random() < 0.5 else garbage(draw, draw.randrange(1, 300)))
        if draw.random() < 0.3:
            message[draw.randrange(len(message))] ^= 1 << draw.randrange(8)
        pestered.send(bytes(message))
        count = draw.randrange(1, 40)
        np.testing.assert_array_equal(pestered.run_blocks(count), quiet.run_blocks(count))
    assert hello(pestered).reset_cause == POWER
    reply = ask(pestered, Command.MONITOR)
    assert isinstance(reply, say.MonitorReply) and reply.missed_blocks == 0


def test_a_flash_that_fails_its_verification_keeps_the_old(image: Path) -> None:
    seed = make_playing(image)
    seed.flash_chip.defects = {0x2000 + 20: 0x01, 0x3000 + 20: 0x01}
    put = say.SettingsPutRequest(kept.pack(replace(Settings(), led_brightness=254)))
    seed.receive()
    seed.send(wire.request(Command.SETTINGS_PUT, 1, put))
    seed.run_blocks(400)
    (frame,) = wire.Decoder().feed(seed.receive())
    assert wire.parse_reply(frame) == (
        Command.ERROR,
        say.ErrorReply(Command.SETTINGS_PUT, say.ErrorCode.STORAGE_FAILED),
    )
    reply = ask(seed, Command.SETTINGS_GET)
    assert isinstance(reply, say.SettingsGetReply)
    assert kept.unpack(reply.settings) == Settings()


def test_without_its_flash_a_seed_plays_with_defaults(image: Path) -> None:
    """The same samples as with an empty one; storing is refused, and nothing hangs."""
    with_flash, without = Seed(image), Seed(image)
    without.flash_chip.present = False
    for seed in (with_flash, without):
        seed.set_volts("level", 5.0)
        seed.set_pot("level", 1.0)
        seed.set_gate(True)
    sound = without.run_blocks(60)
    assert np.abs(sound).max() > 1000
    np.testing.assert_array_equal(sound, with_flash.run_blocks(60))
    without.send(wire.request(Command.SETTINGS_PUT, 1, say.SettingsPutRequest(kept.pack(Settings()))))
    without.run_blocks(30)
    (frame,) = wire.Decoder().feed(without.receive())
    assert wire.parse_reply(frame)[0] is Command.ERROR
    assert without.resets == 0


def test_converters_that_stick_or_hiss_give_sound_within_its_range(image: Path) -> None:
    for code in (0, 65535, None):  # the last: hiss
        seed = make_playing(image)
        if code is None:
            seed.frontend.set_noise(0.5)
        else:
            for name in ("v_oct", "level", "z1", "pitch", "bright", "contour"):
                seed.frontend.stick(name, code)
        assert np.abs(seed.run_blocks(100)).max() <= FULL_SCALE
        assert seed.resets == 0
        reply = ask(seed, Command.MONITOR)
        assert isinstance(reply, say.MonitorReply) and reply.missed_blocks == 0
        if code is not None:
            assert reply.cv_codes[0] == code
            assert reply.pot_codes[0] == code
