# SPDX-License-Identifier: MIT
"""The module's schematic: as committed, legible, every block's nets as the board and the jacks want them."""

from __future__ import annotations

import math
import re

import pytest
from lottava.hardware.blocks import BLOCKS, ROOT
from lottava.hardware.blocks.nets import SUPPLY_PINS, header_pin, seed_nets
from lottava.hardware.parts import PARTS
from lottava.hardware.schematic.connect import nets
from lottava.hardware.schematic.legible import overlaps
from lottava.hardware.schematic.project import KICAD, Project, draw, files

from lottava.board import BOARD, CvInput, CvOutput, Jack

PROJECT: Project = draw(ROOT, BLOCKS)
NETS = nets(PROJECT.all)
PLACED = {one.reference: one for sheet in PROJECT.all for one in sheet.placed if not one.reference.startswith("#")}
NET_OF = {pin: name for name, pins in NETS.items() for pin in pins}
SUFFIX = {"k": 1e3, "": 1.0, "u": 1e-6, "n": 1e-9, "p": 1e-12}


def field(reference: str, name: str) -> str:
    return next(one.text for one in PLACED[reference].fields if one.name == name)


def size(reference: str) -> float:
    """Ohms or farads of a part."""
    number, suffix = re.fullmatch(r"([\d.]+)([kunp]?)", field(reference, "Value")).groups()
    return float(number) * SUFFIX[suffix]


def between(one: str, other: str) -> set[str]:
    """Parts of two pins that lie between two nets."""
    touching = {reference for reference, _ in NETS[one]} & {reference for reference, _ in NETS[other]}
    return {reference for reference in touching if len(PLACED[reference].symbol.pins) == 2}


def only(found: set[str], letter: str) -> str:
    (reference,) = (one for one in found if one.startswith(letter) and not one.startswith("RV"))
    return reference


def through(net: str, letter: str, but: str = "") -> tuple[str, str]:
    """The one part of this letter at a net, and its other net."""
    (reference, pin) = next(
        (reference, pin)
        for reference, pin in sorted(NETS[net])
        if re.fullmatch(letter + r"\d+", reference) and reference != but
    )
    return reference, NET_OF[reference, "2" if pin == "1" else "1"]


def jack_of(name: str) -> str:
    return next(one for one in PLACED if one.startswith("J") and field(one, "Value") == name)


def test_committed_files_are_what_is_drawn() -> None:
    for name, text in files(PROJECT).items():
        assert (KICAD / name).read_text(encoding="utf-8") == text, f"{name}: run `make hardware`"


def test_drawn_twice_is_the_same() -> None:
    assert files(draw(ROOT, BLOCKS)) == files(PROJECT)


def test_every_identifier_is_used_once() -> None:
    found = [uuid for text in files(PROJECT).values() for uuid in re.findall(r'\(uuid "([^"]+)"\)', text)]
    assert len(found) == len(set(found)) > 1000


@pytest.mark.parametrize("sheet", PROJECT.all, ids=lambda sheet: sheet.name)
def test_nothing_lies_on_anything(sheet) -> None:
    assert overlaps(sheet) == []


def test_every_symbol_is_a_part_of_the_catalogue_with_all_its_fields() -> None:
    numbers = {part.first.mpn: part for part in PARTS.values()}
    for reference in PLACED:
        if not reference.startswith("TP"):
            part = numbers[field(reference, "MPN")]
            assert {name: field(reference, name) for name in part.fields} == part.fields


def test_designators_are_in_their_sheets_hundred() -> None:
    for sheet in PROJECT.sheets:
        for placed in sheet.placed:
            number = int(re.search(r"\d+$", placed.reference)[0])
            if not placed.reference.startswith("#") and len(placed.symbol.units) == 1:
                hundred = 400 if 400 <= number < 500 else 100 * (number // 100)
                assert hundred == sheet.hundred or sheet.hundred == 1000, placed.reference


def test_every_net_but_those_left_open_has_two_pins() -> None:
    open_pins = {one for sheet in PROJECT.all for one in sheet.no_connects}
    for name, pins in NETS.items():
        if len(pins) == 1:
            ((reference, number),) = pins
            pin = next(pin for pin in PLACED[reference].symbol.pins if pin.number == number)
            assert pin.kind == "no_connect" or PLACED[reference].pin_at(pin) in open_pins, name


def test_seed_pins_carry_the_boards_nets() -> None:
    for pin, net in seed_nets().items():
        assert ("A201", str(header_pin(pin))) in NETS[net]
    rails = {"AGND": "GND", "DGND": "GND", "3V3_A": "+3V3A", "3V3_D": "+3V3D", "VIN": "VIN"}
    assert {name: NET_OF["A201", str(number)] for name, number in SUPPLY_PINS.items()} == rails


def test_pins_that_do_not_stand_5_volts_carry_op_amps_and_converters_only() -> None:
    for number in ("24", "25", "28", "29", "30"):
        assert NET_OF["A201", number].endswith(("_ADC", "_DAC"))


@pytest.mark.parametrize("jack", BOARD.jacks, ids=lambda jack: jack.name)
def test_every_jack_has_its_nets_and_a_spark_gap(jack: Jack) -> None:
    reference = jack_of(jack.name)
    assert NET_OF[reference, "T"] == f"{jack.name}_JACK"
    assert NET_OF[reference, "S"] == "GND"
    assert field(only(between(f"{jack.name}_JACK", "GND"), "D"), "MPN").startswith("PESD15VL1BA")
    is_normalled = (reference, "TN") in NETS.get(f"{jack.name}_NORM", frozenset())
    assert is_normalled == (jack.direction == "in")


@pytest.mark.parametrize("jack", BOARD.jacks, ids=lambda jack: jack.name)
def test_12_volts_at_any_jack_or_contact_overload_no_resistor(jack: Jack) -> None:
    """Inputs: 12 V, and what is behind the first resistor at its worst; outputs: the op-amp at the other rail."""
    entries = [(f"{jack.name}_JACK", 23.5 if jack.direction == "out" else 15.3)]
    if jack.direction == "in":
        entries.append((f"{jack.name}_NORM", 14.5 if jack.kind == "cv" else 15.3))
    for net, volts in entries:
        for reference, _ in NETS[net]:
            if re.fullmatch(r"R\d+", reference):
                watts = float(re.search(r"([\d.]+)W", field(reference, "Rating"))[1])
                assert volts**2 / size(reference) < watts, reference


@pytest.mark.parametrize("cv", BOARD.cv_inputs, ids=lambda cv: cv.name)
def test_cv_inputs_are_the_boards_stages(cv: CvInput) -> None:
    first, summing = through(f"{cv.name}_JACK", "R")
    last, output = through(f"{cv.name}_ADC", "R")
    feedback = only(between(summing, output), "R")
    assert (size(first), size(feedback)) == (cv.stage.input_ohms, cv.stage.feedback_ohms)
    assert {field(one, "Tolerance") for one in (first, feedback)} == {f"{100 * cv.stage.tolerance:g}%"}
    corner = 1 / (2 * math.pi * size(feedback) * size(only(between(summing, output), "C")))
    assert 1_500 < corner < 2_000
    amplifier, minus = next(pin for pin in NETS[summing] if pin[0].startswith("U"))
    plus = {"2": "3", "6": "5", "9": "10", "13": "12"}[minus]
    bias = NET_OF[amplifier, plus]
    divider = (size(only(between("+3V3A", bias), "R")), size(only(between(bias, "GND"), "R")))
    assert divider == (cv.stage.bias.top_ohms, cv.stage.bias.bottom_ohms)
    assert size(last) * 5 < 10e3 and size(only(between(f"{cv.name}_ADC", "GND"), "C")) >= 10e-9
    contact, node = through(f"{cv.name}_NORM", "R")
    assert (size(contact), node) == (1e3, "NORMALLING_NODE")


@pytest.mark.parametrize("cv", BOARD.cv_outputs, ids=lambda cv: cv.name)
def test_cv_outputs_are_the_boards_stages(cv: CvOutput) -> None:
    first, summing = through(f"{cv.name}_DAC", "R")
    series, output = through(f"{cv.name}_JACK", "R", only(between(summing, f"{cv.name}_JACK"), "R")
                             if cv.source_ohms == 0 else "")  # fmt: skip
    sensed = f"{cv.name}_JACK" if cv.source_ohms == 0 else output
    feedback = only(between(summing, sensed), "R")
    assert (size(first), size(feedback)) == (cv.stage.input_ohms, cv.stage.feedback_ohms)
    assert size(series) == 1e3 and cv.source_ohms in (0, 1e3)
    assert only(between(summing, output), "C")


@pytest.mark.parametrize("jack", BOARD.audio_outputs, ids=lambda jack: jack.name)
def test_audio_outputs_are_a_40_khz_butterworth_behind_a_mute(jack: Jack) -> None:
    first, muted = through(f"{jack.name}_CODEC", "R")
    second, inner = through(muted, "R", first)
    _, output = through(f"{jack.name}_JACK", "R")
    feedback = only(between(inner, output), "R")
    third = next(one for one in ("R812", "R822") if one in {reference for reference, _ in NETS[inner]})
    summing = NET_OF[third, "2"]
    ground, back = size(only(between(inner, "GND"), "C")), size(only(between(summing, output), "C"))
    gain = size(feedback) / (size(first) + size(second))
    square = size(feedback) * size(third) * ground * back
    line = back * (size(feedback) + size(third) + size(third) * gain)

    def level_db(hertz: float) -> float:
        s = 2j * math.pi * hertz
        return 20 * math.log10(abs(gain / (1 + s * line + s * s * square)) / gain)

    assert gain == pytest.approx(10, rel=0.005)
    assert level_db(20e3) > -0.5 and level_db(400e3) < -38
    switches = {reference for reference, _ in NETS[muted] if reference.startswith("Q")}
    assert len(switches) == 1 and all((one, "1") in NETS["MUTE"] for one in switches)
    assert ("R802", "2") in NETS["MUTE"] and only(between("OUTPUT_MUTE", "+3V3D"), "R") == "R801"


@pytest.mark.parametrize("jack", BOARD.gate_inputs, ids=lambda jack: jack.name)
def test_gates_trip_where_the_board_says(jack: Jack) -> None:
    series, base = through(f"{jack.name}_JACK", "R")
    ground = only(between(base, "GND"), "R")
    assert (size(series), size(ground)) == (100e3, 47e3)
    _, collector = through(f"{jack.name}_N", "R")
    assert {reference for reference, _ in NETS[collector]} >= {
        reference for reference, pin in NETS[base] if pin == "1"
    } & {f"Q{series[1:]}"}
    assert size(only(between("+3V3D", collector), "R")) == 10e3


def test_gate_out_is_5_volts() -> None:
    gain = 1 + size("R632") / size("R631")
    assert 3.3 * gain == pytest.approx(5, abs=0.05)


def test_multiplexers_read_what_the_board_says() -> None:
    inputs = {0: "13", 1: "14", 2: "15", 3: "12", 4: "1", 5: "5", 6: "2", 7: "4"}
    wanted = {(pot.mux, pot.mux_input): f"POT_{pot.name}" for pot in BOARD.pots}
    wanted.update((("B", position), name) for name, position in BOARD.mux_b_inputs.items())
    for (mux, position), net in wanted.items():
        assert NET_OF["U521" if mux == "A" else "U522", inputs[position]] == net
    for bit, pin in enumerate(("11", "10", "9")):
        assert NETS[f"MUX_ADDRESS_{bit}"] >= {("U521", pin), ("U522", pin)}


@pytest.mark.parametrize("pot", BOARD.pots, ids=lambda pot: pot.name)
def test_pots_go_from_ground_counter_clockwise_to_3v3a(pot) -> None:
    reference = next(one for one in PLACED if one.startswith("RV") and field(one, "Value") == pot.name)
    assert [NET_OF[reference, pin] for pin in "123"] == ["GND", f"POT_{pot.name}", "+3V3A"]


def test_dividers_give_the_boards_fractions() -> None:
    for net, rail, fraction in (
        ("BOARD_ID", "+3V3A", BOARD.revisions[-1].board_id.fraction),
        ("PLUS_12V_TENTH", "+12V", 0.1),
    ):
        top, bottom = size(only(between(rail, net), "R")), size(only(between(net, "GND"), "R"))
        assert bottom / (top + bottom) == pytest.approx(fraction, rel=1e-9)
    assert 5.5 * size("R1104") / (size("R1103") + size("R1104")) < 3.3


def test_buttons_are_the_boards_ladder() -> None:
    ohms = BOARD.button_ladder_ohms
    assert size(only(between("+3V3A", "BUTTONS"), "R")) == ohms["PULL_UP"]
    for name in ("PREVIOUS", "NEXT"):
        switch = next(one for one in PLACED if one.startswith("SW") and field(one, "Value") == name)
        resistor = next(one for one, _ in NETS[NET_OF[switch, "1"]] if one.startswith("R"))
        assert size(resistor) == ohms[name] and NET_OF[switch, "2"] == "GND"


def test_bits_light_the_slots_that_the_firmware_means() -> None:
    """Bit n of the first byte of the chain is green of slot n + 1; the far chip gets the bits that go first."""
    outputs = ("15", "1", "2", "3", "4", "5", "6", "7")
    for chip, colour, anode in (("U1001", "GREEN", "3"), ("U1002", "RED", "1")):
        for slot, pin in enumerate(outputs, start=1):
            array = next(one for one in NETS[NET_OF[chip, pin]] if one[0].startswith("RN"))
            assert NET_OF[array[0], str(9 - int(array[1]))] == f"LED_{slot}_{colour}"
            assert (f"D{1010 + slot}", anode) in NETS[f"LED_{slot}_{colour}"]
    assert ("U1001", "14") in NETS["LED_DATA"] and NETS["LED_CHAIN"] == {("U1001", "9"), ("U1002", "14")}


def test_power_is_fused_then_kept_from_reversal_and_surges() -> None:
    for raw, rail, pins in (("PLUS_12V_RAW", "+12V", ("9", "10")), ("MINUS_12V_RAW", "-12V", ("1", "2"))):
        assert NETS[raw] >= {("J101", pin) for pin in pins}
        _, fused = through(raw, "F")
        diode, behind = through(fused, "D")
        assert (diode, "2" if rail == "+12V" else "1") in NETS[fused], "the diode lets the supply's current through"
        clamp = only(between(behind, "GND"), "D")
        assert (clamp, "1" if rail == "+12V" else "2") in NETS[behind], "the clamp blocks the supply"
        assert NET_OF[only(between(behind, rail), "FB"), "2"] == rail
    assert NETS["GND"] >= {("J101", str(pin)) for pin in range(3, 9)}


def test_test_points_reach_rails_references_and_every_converter_net() -> None:
    nets_with_pads = {NET_OF[one, "1"] for one in PLACED if one.startswith("TP")}
    rails = {"+12V", "-12V", "GND", "VIN", "+3V3A", "+3V3D", "VREF_2V5", "NORMALLING_NODE", "V_OCT_BIAS", "CV_BIAS"}
    converters = {net for net in seed_nets().values() if net.endswith("_ADC") or re.fullmatch(r"MUX_[AB]", net)}
    assert nets_with_pads >= rails | converters


def test_display_fits_both_pin_orders_and_is_not_fitted() -> None:
    orders = [[NET_OF[header, str(pin)] for pin in range(1, 5)] for header in ("J1102", "J1103")]
    assert orders == [["GND", "+3V3D", "I2C_SCL", "I2C_SDA"], ["+3V3D", "GND", "I2C_SCL", "I2C_SDA"]]
    unfitted = {one for one, placed in PLACED.items() if not placed.is_fitted}
    assert unfitted == {"J201", "J1102", "J1103", "R1105", "R1106"}


def test_usb_lines_go_through_the_guard_and_reach_the_seed() -> None:
    for net, pins, receptacle in (("USB_DM", ("1", "6"), ("A7", "B7")), ("USB_DP", ("3", "4"), ("A6", "B6"))):
        assert ("U1101", pins[1]) in NETS[net]
        assert NETS[NET_OF["U1101", pins[0]]] >= {("J1101", pin) for pin in receptacle}


def test_follow_in_is_a_tenth_and_flat() -> None:
    first, summing = through("FOLLOW_IN_JACK", "R")
    _, coupled = through("FOLLOW_IN_CODEC", "R")
    coupling, output = through(coupled, "C")
    feedback = size(only(between(summing, output), "R"))
    corner = 1 / (2 * math.pi * feedback * size(only(between(summing, output), "C")))
    assert feedback / size(first) == pytest.approx(0.1)
    assert -10 * math.log10(1 + (20e3 / corner) ** 2) > -0.5 and size(coupling) == pytest.approx(10e-6)
