# SPDX-License-Identifier: MIT
"""Protocol v1: the commands, what each asks and what comes back, as layouts. `wire` carries them.

A request has exactly its bytes. A reply may grow at its end in later firmware: readers ignore what they don't know.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from .layout import REST, Layout, item
from .record import INPUTS, OUTPUTS, RECORD_BYTES
from .settings import SETTINGS_BYTES
from .units import BLOCK_SAMPLES, SAMPLE_RATE_HZ

PROTOCOL_VERSION = 1
REPLY_FLAG = 0x80
"""A reply's command byte is the request's with this bit set."""
BLOCKS_PER_SECOND = SAMPLE_RATE_HZ // BLOCK_SAMPLES
POINT_BLOCKS = 256
"""Readings that a calibration point averages by default: 0.3 mV of noise at the ADC become 0.02 mV."""
MAX_POINT_BLOCKS = 4096
NO_SLOT = 255
"""Slot number of the built-in defaults."""
REFERENCE_NODE = INPUTS
"""Behind the CV inputs, for CALIBRATE_POINT: the reference straight at the converter."""
CONTACTS = OUTPUTS
"""Behind the CV outputs, for CALIBRATE_DRIVE: the switch contacts of jacks without a cable."""
DRIVE_FULL_SCALE = 65_520
"""Code of CALIBRATE_DRIVE in 1/16 of the converter's; at the contacts 0 is 0 V and anything else 2.5 V."""


class Command(IntEnum):
    """All verbs of protocol v1. Numbers are never reused; firmware that lacks one answers UNSUPPORTED."""

    HELLO = 0x01
    IDENTIFY = 0x02
    MONITOR = 0x03
    SELFTEST = 0x04
    BENCH = 0x05
    REBOOT = 0x06
    REBOOT_DFU = 0x07
    FACTORY = 0x08
    BENCH_CASE = 0x09
    SETTINGS_GET = 0x10
    SETTINGS_PUT = 0x11
    CALIBRATE_BEGIN = 0x20
    CALIBRATE_POINT = 0x21
    CALIBRATE_COMMIT = 0x22
    CALIBRATE_UNDO = 0x23
    CALIBRATE_READ = 0x24
    CALIBRATE_DRIVE = 0x25
    CALIBRATE_ABORT = 0x26
    BANK_LIST = 0x30
    BANK_PUT = 0x31
    BANK_GET = 0x32
    BANK_REMOVE = 0x33
    BANK_MOVE = 0x34
    BANK_LICENCES = 0x35
    BACKUP = 0x38
    RESTORE = 0x39
    FIRMWARE_PUT = 0x3A
    UPLOAD_DATA = 0x3C
    UPLOAD_COMMIT = 0x3D
    DOWNLOAD_DATA = 0x3E
    ERROR = 0x7F


class ErrorCode(IntEnum):
    """Why a request was refused."""

    UNKNOWN_COMMAND = 1
    UNSUPPORTED = 2
    BAD_LENGTH = 3
    BAD_VALUE = 4
    BUSY = 5
    NOT_CALIBRATING = 6
    RECORD_REFUSED = 7
    STORAGE_FAILED = 8
    NOTHING_TO_UNDO = 9
    JACK_PATCHED = 10


class Capability(IntFlag):
    """What a firmware can do, as a bitmask in hello."""

    IDENTIFY = 1 << 0
    MONITOR = 1 << 1
    REBOOT = 1 << 2
    DFU = 1 << 3
    FACTORY = 1 << 4
    SETTINGS = 1 << 5
    SELFTEST = 1 << 6
    BENCH = 1 << 7
    CALIBRATE_SOURCE = 1 << 8
    CALIBRATE_REFERENCE = 1 << 9
    CALIBRATE_OUTPUT = 1 << 10
    BENCH_CASE = 1 << 11
    BANK = 1 << 16
    BACKUP = 1 << 17
    FIRMWARE = 1 << 18


class Route(IntEnum):
    """Where the volts of a calibration come from."""

    SOURCE = 0
    REFERENCE = 1
    OUTPUT = 2


class Gate(IntFlag):
    """Bits of MonitorReply.gates."""

    GATE = 1
    FREEZE = 2
    GATE_OUT = 4


@dataclass(frozen=True)
class Empty(Layout):
    """No payload: a request without arguments, or a reply that only says done."""


@dataclass(frozen=True)
class HelloReply(Layout):
    """Who is there."""

    protocol: int = item("u8", "protocol version")
    record_version: int = item("u8", "calibration record version that the firmware writes")
    board_revision: int = item("u8", "of the board behind the Seed; 0 = none found, bench mode")
    seed_revision: int = item("u8", "0 = Rev4 (AK4556), 1 = 1.1 (WM8731), 2 = 2 DFM (PCM3060)")
    capabilities: int = item("u32", "bitmask of Capability")
    firmware: tuple[int, ...] = item("u8", "firmware version: major, minor, patch", 3)
    reset_cause: int = item("u8", "0 = power or reset pin, 1 = asked for, 2 = watchdog, 3 = fault", default=0)
    serial: bytes = item("bytes", "the chip's unique number", 12, default=bytes(12))
    graph_sha256: bytes = item("bytes", "of the voice that is loaded; zeros = none", 32, default=bytes(32))
    fault_address: int = item("u32", "program counter of the last fault since power-up; 0 = none", default=0)
    fault_status: int = item("u32", "CFSR of the last fault", default=0)
    fault_return: int = item("u32", "link register of the last fault", default=0)
    fault_access: int = item("u32", "address that the last fault touched; 0 = none or unknown", default=0)
    fault_exception: int = item("u32", "3 hard, 4 memory, 5 bus, 6 usage, 15 found hanging, else unexpected", default=0)


@dataclass(frozen=True)
class IdentifyRequest(Layout):
    """Blink, so that the player sees which module this port is."""

    seconds: int = item("u8", "how long; 0 stops")


@dataclass(frozen=True)
class MonitorReply(Layout):
    """What the module reads and does now. Orders as in board.py."""

    blocks: int = item("u32", "audio blocks since the start")
    cv_volts: tuple[float, ...] = item("f32", "CV inputs in volts, calibrated", 7)
    pitch_volts: float = item("f32", "pitch that sounds; 0 V = C4")
    loudness_db: float = item("f32", "the network's loudness input, in the voice's decibels")
    axes: tuple[float, ...] = item("f32", "BRIGHT, BREATH, BODY, WILD as the network sees them, -1..1", 4)
    cv_codes: tuple[int, ...] = item("u16", "CV inputs, raw", 7)
    pot_codes: tuple[int, ...] = item("u16", "pots, raw; 0 = fully counter-clockwise", 12)
    gates: int = item("u8", "bitmask of Gate")
    patch_known: int = item("u8", "1 where patch detection works")
    patched: int = item("u32", "bit per jack, in the order of Board.jacks")
    cycles_mean: int = item("u32", "CPU cycles of an audio block, mean")
    cycles_max: int = item("u32", "and the most since the start")
    missed_blocks: int = item("u32", "audio blocks that came too late")
    bad_frames: int = item("u32", "serial frames that failed their checksum")


@dataclass(frozen=True)
class SelftestReply(Layout):
    """Nodes found good and bad; a node in neither was not tested."""

    good: int = item("u32", "bit per node: CV inputs, pots, normalling node, board ID, buttons, +12 V/10, voice")
    bad: int = item("u32", "bit per node")
    codes: tuple[int, ...] = item("u16", "what each node reads, raw; the last 0", 24, default=(0,) * 24)


@dataclass(frozen=True)
class BenchReply(Layout):
    """Measured cost of the loaded voice."""

    cycles_mean: int = item("u32", "CPU cycles of a block")
    cycles_max: int = item("u32", "and the most")
    blocks: int = item("u32", "blocks measured")
    cpu_hz: int = item("u32", "core clock")


@dataclass(frozen=True)
class BenchCaseRequest(Layout):
    """Run one of the small programs that pin the timing model, interrupts off. BAD_VALUE: there is no such case."""

    case_number: int = item("u8", "from 0")
    reserved: bytes = item("bytes", "0", 3, default=bytes(3))


@dataclass(frozen=True)
class BenchCaseReply(Layout):
    """What the core's cycle counter says."""

    cycles: int = item("u32", "CPU cycles of the second of two runs")
    cases: int = item("u32", "how many there are")
    name: bytes = item("bytes", "ASCII, zero filled", 24)


@dataclass(frozen=True)
class SettingsGetReply(Layout):
    """The settings in use."""

    settings: bytes = item("bytes", "a whole settings record", SETTINGS_BYTES)
    slot: int = item("u8", f"slot they came from; {NO_SLOT} = built-in defaults, or not yet stored")


@dataclass(frozen=True)
class SettingsPutRequest(Layout):
    """Check settings, store and use them. The module sets the sequence number itself."""

    settings: bytes = item("bytes", "a whole settings record with its checksum", SETTINGS_BYTES)


@dataclass(frozen=True)
class CalibrateBeginRequest(Layout):
    """Start a calibration; the record in use stays until commit."""

    route: int = item("u8", "Route")


@dataclass(frozen=True)
class CalibratePointRequest(Layout):
    """Average one CV input; the reply comes when the readings are in, a block each."""

    blocks: int = item("u16", f"readings to average, 1..{MAX_POINT_BLOCKS}")
    input: int = item("u8", f"CV input; {REFERENCE_NODE} = the reference, straight at the converter")
    reserved: int = item("u8", "0", default=0)


@dataclass(frozen=True)
class CalibratePointReply(Layout):
    """One averaged reading."""

    mean: int = item("u32", "mean code, 1/256")
    deviation: int = item("u32", "standard deviation, 1/256 code")
    lowest: int = item("u16", "lowest code")
    highest: int = item("u16", "highest code")
    blocks: int = item("u16", "readings")
    input: int = item("u8", "as asked")
    reserved: int = item("u8", "0", default=0)


@dataclass(frozen=True)
class CalibrateCommitRequest(Layout):
    """Check a record, store it and use it. The module sets sequence, serial number and revisions itself."""

    record: bytes = item("bytes", "a whole record with its checksum", RECORD_BYTES)


@dataclass(frozen=True)
class StoredReply(Layout):
    """Written, read back and equal."""

    sequence: int = item("u32", "sequence number of the record now in use")
    slot: int = item("u8", "slot it was written to")
    reserved: bytes = item("bytes", "0", 3, default=bytes(3))


@dataclass(frozen=True)
class CalibrateReadReply(Layout):
    """The record in use."""

    record: bytes = item("bytes", "a whole record", RECORD_BYTES)
    slot: int = item("u8", f"slot it came from; {NO_SLOT} = built-in defaults")


@dataclass(frozen=True)
class CalibrateDriveRequest(Layout):
    """Hold a CV output (route OUTPUT) or the contacts of free jacks until the calibration ends."""

    code: int = item("u16", f"DAC code in 1/16: 0..{DRIVE_FULL_SCALE}; contacts: 0 = 0 V, else 2.5 V")
    output: int = item("u8", f"CV output; {CONTACTS} = the contacts")
    reserved: int = item("u8", "0", default=0)


@dataclass(frozen=True)
class SlotRequest(Layout):
    """A bank slot: A1 = 0 .. D8 = 31."""

    slot: int = item("u8", "slot")


@dataclass(frozen=True)
class MoveRequest(Layout):
    """Move a voice to another slot, or swap two."""

    source: int = item("u8", "slot")
    target: int = item("u8", "slot")


@dataclass(frozen=True)
class BankSlotReply(Layout):
    """What a slot holds."""

    length: int = item("u32", "bytes; 0 = empty")
    crc32: int = item("u32", "of those bytes")
    model_sha256: bytes = item("bytes", "of the voice", 32)
    name: bytes = item("bytes", "voice name, ASCII, zero filled", 24)
    licence: bytes = item("bytes", "SPDX id, ASCII, zero filled", 28)


@dataclass(frozen=True)
class UploadRequest(Layout):
    """Announce an upload (bank put, restore, firmware put); UPLOAD_DATA and UPLOAD_COMMIT follow."""

    length: int = item("u32", "bytes to come")
    crc32: int = item("u32", "of all of them")
    slot: int = item("u8", "bank slot, else 0")
    reserved: bytes = item("bytes", "0", 3, default=bytes(3))


@dataclass(frozen=True)
class DownloadReply(Layout):
    """Announce a download (bank get, backup); DOWNLOAD_DATA fetches it."""

    length: int = item("u32", "bytes to fetch")
    crc32: int = item("u32", "of all of them")


@dataclass(frozen=True)
class DownloadDataRequest(Layout):
    """Ask for a part of what was announced."""

    offset: int = item("u32", "first byte")
    count: int = item("u32", "bytes, at most 248")


@dataclass(frozen=True)
class DataBlock(Layout):
    """A part of an upload or download."""

    offset: int = item("u32", "first byte")
    data: bytes = item(REST, "at most 248 bytes")


@dataclass(frozen=True)
class TextReply(Layout):
    """UTF-8 text."""

    text: bytes = item(REST, "text")


@dataclass(frozen=True)
class ErrorReply(Layout):
    """The request was refused and changed nothing."""

    command: int = item("u8", "the request's command")
    code: int = item("u8", "ErrorCode")
    detail: int = item("u8", "RECORD_REFUSED: RecordFault; else 0", default=0)
    index: int = item("u8", "RECORD_REFUSED: which input, output, knot or setting; JACK_PATCHED: which jack", default=0)


EXCHANGES: dict[Command, tuple[type[Layout], type[Layout]]] = {
    Command.HELLO: (Empty, HelloReply),
    Command.IDENTIFY: (IdentifyRequest, Empty),
    Command.MONITOR: (Empty, MonitorReply),
    Command.SELFTEST: (Empty, SelftestReply),
    Command.BENCH: (Empty, BenchReply),
    Command.REBOOT: (Empty, Empty),
    Command.REBOOT_DFU: (Empty, Empty),
    Command.FACTORY: (Empty, Empty),
    Command.BENCH_CASE: (BenchCaseRequest, BenchCaseReply),
    Command.SETTINGS_GET: (Empty, SettingsGetReply),
    Command.SETTINGS_PUT: (SettingsPutRequest, StoredReply),
    Command.CALIBRATE_BEGIN: (CalibrateBeginRequest, Empty),
    Command.CALIBRATE_POINT: (CalibratePointRequest, CalibratePointReply),
    Command.CALIBRATE_COMMIT: (CalibrateCommitRequest, StoredReply),
    Command.CALIBRATE_UNDO: (Empty, StoredReply),
    Command.CALIBRATE_READ: (Empty, CalibrateReadReply),
    Command.CALIBRATE_DRIVE: (CalibrateDriveRequest, Empty),
    Command.CALIBRATE_ABORT: (Empty, Empty),
    Command.BANK_LIST: (SlotRequest, BankSlotReply),
    Command.BANK_PUT: (UploadRequest, Empty),
    Command.BANK_GET: (SlotRequest, DownloadReply),
    Command.BANK_REMOVE: (SlotRequest, Empty),
    Command.BANK_MOVE: (MoveRequest, Empty),
    Command.BANK_LICENCES: (Empty, TextReply),
    Command.BACKUP: (Empty, DownloadReply),
    Command.RESTORE: (UploadRequest, Empty),
    Command.FIRMWARE_PUT: (UploadRequest, Empty),
    Command.UPLOAD_DATA: (DataBlock, Empty),
    Command.UPLOAD_COMMIT: (Empty, Empty),
    Command.DOWNLOAD_DATA: (DownloadDataRequest, DataBlock),
}
"""Command -> (what the request carries, what the reply carries)."""
