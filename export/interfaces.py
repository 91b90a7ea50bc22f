# SPDX-License-Identifier: MIT
"""Headers of what firmware shares with the host: the board, the wire, the records. Each fact comes from lottava alone.

A layout becomes a plain struct whose size and offsets the compiler checks: on this little-endian machine the struct
*is* the message, so packing is a copy.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, IntFlag

from lottava import board, messages, record, settings, wire
from lottava.board import BOARD, CvInput, CvOutput
from lottava.layout import REST, Layout

from .cgen import emit_header, float_literal, identifier, initialiser, literal

RECIPE = "lottava.export.interfaces"
C_KINDS = {"u8": "uint8_t", "u16": "uint16_t", "u32": "uint32_t", "s16": "int16_t", "f32": "float", "bytes": "uint8_t"}


def camel(name: str) -> str:
    """UPPER_SNAKE or snake_case to CamelCase."""
    return "".join(part.capitalize() for part in name.split("_"))


def emit_constant(c_type: str, name: str, value: float) -> str:
    """`constexpr TYPE kName = value;`"""
    text = float_literal(value) if c_type == "float" else literal(value)
    return f"constexpr {c_type} k{identifier(name)} = {text};\n"


def emit_constants(c_type: str, name: str, values: Iterable[float]) -> str:
    """`constexpr TYPE kName[n] = {...};`"""
    listed = [float(value) for value in values] if c_type == "float" else [int(value) for value in values]
    return f"constexpr {c_type} k{identifier(name)}[{len(listed)}] = {initialiser(listed)};\n"


def emit_enum_class(kind: type[IntEnum] | type[IntFlag], c_type: str) -> str:
    """A scoped enumeration; members are kCamelCase."""
    lines = "".join(f"  k{camel(member.name or '')} = {literal(member.value)},\n" for member in kind)
    return f"enum class {kind.__name__} : {c_type} {{\n{lines}}};\n"


def emit_layout(layout: type[Layout]) -> str:
    """A struct with the bytes of `layout`, and the proof that the compiler agrees."""
    lines, checks = [], []
    name = layout.__name__
    for one in layout.items():
        count = "" if one.count is None else f"[{one.count}]"
        lines.append(f"  {C_KINDS[one.kind]} {identifier(one.name)}{count};  // {one.meaning}\n")
        checks.append(f'static_assert(offsetof({name}, {one.name}) == {one.offset}, "offset");\n')
    checks.append(f'static_assert(sizeof({name}) == {layout.size()}, "size");\n')
    return f"struct {name} {{\n{''.join(lines)}}};\n{''.join(checks)}"


def _header(guard: str, parts: Iterable[str]) -> str:
    order = '#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__\n#error "layouts are little-endian"\n#endif\n'
    body = [order, "namespace lottava {\n", *parts, "}  // namespace lottava\n"]
    return emit_header(guard, RECIPE, body, ("<stddef.h>", "<stdint.h>"))


def _channels(name: str, channels: tuple[CvInput, ...] | tuple[CvOutput, ...]) -> list[str]:
    zero = [-one.nominal_offset / one.nominal_gain for one in channels]
    return [
        "// Volts = gain * (code / full scale) + offset; at the fraction `zero` the nominal stage reads 0 V.\n"
        + emit_constants("float", f"{name}NominalGain", [one.nominal_gain for one in channels])
        + emit_constants("float", f"{name}NominalOffset", [one.nominal_offset for one in channels])
        + emit_constants("float", f"{name}ZeroFraction", zero)
    ]


def _pin(name: str, pin: str) -> str:
    port = BOARD.seed_pins[pin].port
    return f"constexpr BoardPin kPin{camel(name)} = {{'{port[1]}', {port[2:]}}};  // {pin}\n"


def emit_board() -> str:
    """board.h: counts, converters, nominal stages, pins, multiplexer places."""
    pins = {jack.name: jack.pin for jack in BOARD.jacks if jack.pin.startswith("D")} | dict(BOARD.pins)
    pins |= {f"MUX_{name}": pin for name, pin in BOARD.mux_pins.items()}
    channel = {name: pin.adc_channel for name, pin in BOARD.seed_pins.items()}
    counts = {"CvInputs": len(BOARD.cv_inputs), "CvOutputs": len(BOARD.cv_outputs), "Pots": len(BOARD.pots)}
    nodes = "".join(emit_constant("unsigned", f"MuxB{camel(name)}", at) for name, at in BOARD.mux_b_inputs.items())
    ladder = {f"Ladder{camel(name)}": BOARD.ladder_fraction(*down) for name, down in board.LADDER_STATES.items()}
    return _header(
        "LOTTAVA_GENERATED_BOARD_H_",
        [
            "".join(emit_constant("unsigned", name, value) for name, value in counts.items())
            + emit_constant("unsigned", "PitchInput", record.PITCH_INPUT)
            + emit_constant("float", "AdcFullScale", board.ADC_FULL_SCALE)
            + emit_constant("float", "DacFullScale", board.DAC_FULL_SCALE),
            *_channels("Input", BOARD.cv_inputs),
            *_channels("Output", BOARD.cv_outputs),
            "struct BoardPin {\n  char port;\n  uint8_t number;\n};\n"
            + "".join(_pin(name, pin) for name, pin in pins.items()),
            "// ADC1 channels in the order of the CV inputs, then mux A and B.\n"
            + emit_constants("uint8_t", "InputAdcChannel", [channel[one.jack.pin] or 0 for one in BOARD.cv_inputs])
            + emit_constants("uint8_t", "MuxAdcChannel", [channel[pin] or 0 for pin in BOARD.mux_pins.values()]),
            "// Where each pot sits: multiplexer (0 = A) and its input.\n"
            + emit_constants("uint8_t", "PotMux", ["AB".index(pot.mux) for pot in BOARD.pots])
            + emit_constants("uint8_t", "PotMuxInput", [pot.mux_input for pot in BOARD.pots])
            + nodes,
            "// The button ladder as a fraction of the supply, by what is down; 1 with none.\n"
            + "".join(emit_constant("float", name, value) for name, value in ladder.items()),
            "// Board ID node as a fraction of the supply, by revision number from 1.\n"
            + emit_constants("float", "BoardIdFraction", [one.board_id.fraction for one in BOARD.revisions]),
        ],
    )


def emit_wire() -> str:
    """wire.h: commands, errors, capabilities, and a struct a message of fixed length."""
    shapes = {shape.__name__: shape for pair in messages.EXCHANGES.values() for shape in pair}
    shapes |= {messages.ErrorReply.__name__: messages.ErrorReply}
    fixed = [one for one in shapes.values() if one.items() and one.items()[-1].kind != REST]
    sizes = {
        "MaxPayload": wire.MAX_PAYLOAD,
        "MaxFrame": wire.MAX_FRAME,
        "MaxEncoded": wire.MAX_ENCODED,
        "ProtocolVersion": messages.PROTOCOL_VERSION,
        "ReplyFlag": messages.REPLY_FLAG,
        "MaxPointBlocks": messages.MAX_POINT_BLOCKS,
        "NoSlot": messages.NO_SLOT,
        "ReferenceNode": messages.REFERENCE_NODE,
        "Contacts": messages.CONTACTS,
        "DriveFullScale": messages.DRIVE_FULL_SCALE,
    }
    enums = [
        emit_enum_class(messages.Command, "uint8_t"),
        emit_enum_class(messages.ErrorCode, "uint8_t"),
        emit_enum_class(messages.Capability, "uint32_t"),
        emit_enum_class(messages.Route, "uint8_t"),
        emit_enum_class(messages.Gate, "uint8_t"),
    ]
    constants = "".join(emit_constant("unsigned", name, value) for name, value in sizes.items())
    constants += emit_constants("uint8_t", "Commands", messages.EXCHANGES)
    parts = [constants, *enums, *(emit_layout(one) for one in fixed)]
    return _header("LOTTAVA_GENERATED_WIRE_H_", ["namespace wire {\n", *parts, "}  // namespace wire\n"])


def emit_record() -> str:
    """record.h: the record's bytes, its faults and limits."""
    floats = {
        "RecordGainLimit": board.GAIN_LIMIT,
        "RecordOffsetLimitVolts": board.OFFSET_LIMIT_VOLTS,
        "RecordKnotUnitVolts": record.KNOT_UNIT_VOLTS,
    }
    integers = {
        "RecordMagic": record.MAGIC,
        "RecordVersion": record.VERSION,
        "RecordBytes": record.RECORD_BYTES,
        "RecordSlots": record.SLOTS,
        "RecordSector": record.SECTOR,
        "RecordHeaderBytes": record.HEADER_BYTES,
        "RecordKnots": record.KNOTS,
        "RecordKnotLimit": round(record.KNOT_LIMIT_VOLTS / record.KNOT_UNIT_VOLTS),
    }
    constants = "".join(emit_constant("float", name, value) for name, value in floats.items())
    constants += "".join(emit_constant("uint32_t", name, value) for name, value in integers.items())
    knots = emit_constants("float", "RecordKnotVolts", record.KNOT_VOLTS)
    enum = emit_enum_class(record.RecordFault, "uint8_t")
    return _header("LOTTAVA_GENERATED_RECORD_H_", [constants + knots, enum, emit_layout(record.RecordImage)])


def emit_settings() -> str:
    """settings.h: the settings' bytes and limits."""
    integers = {
        "SettingsMagic": settings.MAGIC,
        "SettingsVersion": settings.VERSION,
        "SettingsBytes": settings.SETTINGS_BYTES,
        "SettingsSector": settings.SECTOR,
        "Settings": len(settings.LIMITS),
    }
    constants = "".join(emit_constant("uint32_t", name, value) for name, value in integers.items())
    limits = settings.LIMITS.values()
    arrays = "// In the order of the fields, from root_octave on.\n" + "".join(
        emit_constants("int16_t", f"Setting{name}", values)
        for name, values in {
            "Low": [one.low for one in limits],
            "High": [one.high for one in limits],
            "Default": [one.default for one in limits],
        }.items()
    )
    layout = emit_layout(settings.SettingsImage)
    return _header("LOTTAVA_GENERATED_SETTINGS_H_", [constants, arrays, layout])


def headers() -> dict[str, str]:
    """File name -> text of the four headers."""
    texts = {"board": emit_board(), "record": emit_record(), "settings": emit_settings(), "wire": emit_wire()}
    return {f"{name}.h": text for name, text in texts.items()}
