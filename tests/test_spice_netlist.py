# SPDX-License-Identifier: MIT
"""KiCad's netlist as values and as lines of SPICE; rows and their limits. No simulator is needed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lottava.hardware.schematic.project import KICAD
from lottava.hardware.schematic.stock import WANTED
from lottava.hardware.spice import devices, tolerance
from lottava.hardware.spice.devices import lines, node
from lottava.hardware.spice.netlist import Component, Netlist, read
from lottava.hardware.spice.power import ohms_of
from lottava.hardware.spice.rows import Row, table

TEXT = """
(export (version "E")
  (components
    (comp (ref "R1") (value "30.1k") (fields (field (name "MPN") "RT0603BRD0730K1L") (field (name "Note")))
      (libsource (lib "lottava") (part "R") (description "Resistor")))
    (comp (ref "D1") (value "1N4148W") (libsource (lib "lottava") (part "D") (description "")) (property (name "dnp"))))
  (nets
    (net (code "1") (name "/sheet/IN") (node (ref "R1") (pin "1")) (node (ref "D1") (pin "1") (pinfunction "K")))
    (net (code "2") (name "GND") (node (ref "R1") (pin "2")) (node (ref "D1") (pin "2")))))
"""


def part(symbol: str, reference: str = "X1", value: str = "1k", **pins: str) -> Component:
    return Component(reference, value, symbol, {}, {name.removeprefix("p"): net for name, net in pins.items()})


def of(*parts: Component) -> Netlist:
    return Netlist({one.reference: one for one in parts})


def test_a_netlist_is_read() -> None:
    netlist = read(TEXT)
    resistor = netlist.components["R1"]
    assert (resistor.value, resistor.symbol, resistor.fields["MPN"]) == ("30.1k", "R", "RT0603BRD0730K1L")
    assert resistor.net(1) == "sheet/IN" and resistor.is_fitted
    assert netlist.nets["GND"] == [("R1", "2"), ("D1", "2")]
    assert not netlist.components["D1"].is_fitted


def test_parts_that_are_not_fitted_have_no_lines() -> None:
    assert lines(read(TEXT)) == ["R1 sheet_in 0 30.1k"]


@pytest.mark.parametrize("text", ["(kicad_sch)", '(kicad_pcb (version "1"))'])
def test_another_file_is_no_netlist(text: str) -> None:
    with pytest.raises(ValueError, match="no netlist"):
        read(text)


def test_a_pin_that_is_missing_is_named() -> None:
    with pytest.raises(KeyError, match=r"X1 \(R\) has no pin 3"):
        part("R", p1="A", p2="B").net(3)


def test_one_part_of_a_value_is_found_or_refused() -> None:
    jacks = of(part("Jack", "J1", "GATE"), part("Jack", "J2", "OUT"), part("Jack", "J3", "OUT"))
    assert jacks.of_value("Jack", "GATE").reference == "J1"
    for value, count in (("OUT", 2), ("IN", 0)):
        with pytest.raises(KeyError, match=f"{count} parts Jack"):
            jacks.of_value("Jack", value)


@given(st.text("+-ABab01/()_ ", min_size=1))
def test_names_are_words_that_spice_takes(net: str) -> None:
    if net != "GND":
        assert set(node(net)) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")


def test_ground_is_nought_and_signs_are_kept_apart() -> None:
    assert node("GND") == "0"
    assert len({node(net) for net in ("+12V", "-12V", "Net-(U901A-+)", "Net-(U901A--)")}) == 4


def test_two_nets_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="both 'a_b'"):
        lines(of(part("R", p1="A B", p2="A_B")))


def test_a_kind_without_a_model_is_named() -> None:
    with pytest.raises(ValueError, match="X1: no model for the symbol NE555"):
        lines(of(part("NE555", p1="A")))


def test_every_symbol_of_the_schematic_has_a_model_or_is_left_out_on_purpose() -> None:
    drawn = {name.split(":")[1] for name in WANTED.split() if not name.startswith("power:")}
    assert drawn - devices.IGNORED == set(devices._KINDS) & drawn


def test_diodes_and_transistors_are_the_right_way_round() -> None:
    assert lines(of(part("D", "D1", p1="K", p2="A"))) == ["D1 a k 1N4148W"]
    assert lines(of(part("MMBT3904", "Q1", p1="B", p2="E", p3="C"))) == ["Q1 c b e MMBT3904"]


def test_open_pins_get_nodes_of_their_own() -> None:
    (line,) = lines(of(part("LM4132xMF-2.5", "U1", p2="GND", p3="A", p4="A", p5="B")))
    assert line == "XU1 nc_U1_1 0 a a b LM4132"


@pytest.mark.parametrize(("value", "ohms"), [("100k", 1e5), ("4.02k", 4020), ("47", 47), ("1meg", 1e6)])
def test_resistances_are_read_as_spice_reads_them(value: str, ohms: float) -> None:
    assert ohms_of(part("R", value=value)) == pytest.approx(ohms)


@pytest.mark.parametrize("value", ["66k5", "100k 1%", "R"])
def test_values_that_spice_would_misread_are_refused(value: str) -> None:
    with pytest.raises(ValueError, match="is no resistance"):
        ohms_of(part("R", value=value))


@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(0, 5))
def test_rows_pass_inside_their_limits_only(value: float, low: float, width: float) -> None:
    high = low + width
    assert Row("", "", value, "V", low, high).passes == (low <= value <= high)
    assert Row("", "", value, "V", low).passes == (value >= low)
    assert Row("", "", value, "V", None, high).passes == (value <= high)


def test_no_number_passes_no_row() -> None:
    assert not any(Row("", "", math.nan, "V", *limits).passes for limits in ((0, 1), (0,), (None, 1), ()))


def test_a_table_marks_what_fails() -> None:
    text = table([Row("Gain", "V_OCT", 1.0, "dB", 0, 2), Row("Gain", "Z1", 3.0, "dB", None, 2)])
    good, bad = text.splitlines()
    assert not good.endswith("FAILS") and bad.endswith("FAILS") and "≤ 2 dB" in bad


def test_offsets_are_known_of_every_op_amp() -> None:
    assert set(tolerance.OFFSET_VOLTS) == set(devices.OP_AMPS)


def test_the_committed_schematic_is_where_the_checks_look() -> None:
    assert (KICAD / "lottava.kicad_sch").is_file()
