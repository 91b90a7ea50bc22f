# SPDX-License-Identifier: MIT
"""Each simulation is tripped by the fault it is there for; `python -m lottava.hardware spice` shows that all pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from lottava.hardware import readings
from lottava.hardware.schematic.project import KICAD
from lottava.hardware.sheetfile import load_project
from lottava.hardware.spice import audio, control_voltages, gates, power, stability, tolerance
from lottava.hardware.spice.bench import INPUTS, JACK, Bench, Setup
from lottava.hardware.spice.devices import node
from lottava.hardware.spice.netlist import Netlist, export
from lottava.hardware.spice.rows import Row
from lottava.hardware.spice.simulator import SimulationError, simulate

Check = Callable[[Bench], list[Row]]


@pytest.fixture(scope="module")
def netlist() -> Netlist:
    return export(KICAD / "lottava.kicad_sch")


@pytest.fixture(scope="module")
def bench(netlist: Netlist) -> Bench:
    return Bench(netlist)


def changed(netlist: Netlist, reference: str, **changes) -> Bench:
    """The module with one part changed: its value, or on which net a pin is (p1="GND")."""
    part = netlist.components[reference]
    pins = {name.removeprefix("p"): net for name, net in changes.items() if name[0] == "p" and name[1:].isdigit()}
    others = {name: value for name, value in changes.items() if name.removeprefix("p") not in pins}
    mended = replace(part, pins=dict(part.pins) | pins, **others)
    return Bench(Netlist({**netlist.components, reference: mended}))


def failing(check: Check, bench: Bench) -> set[str]:
    return {row.check for row in check(bench) if not row.passes}


@pytest.mark.parametrize(
    ("reference", "value", "check", "words"),
    [
        ("R411", "33k", control_voltages.cv_inputs, "gain off nominal"),
        ("R401", "10k", control_voltages.cv_inputs, "0 V off nominal"),
        ("C410", "33n", control_voltages.cv_inputs, "left after 1 ms"),
        ("R312", "2k", control_voltages.reference_route, "Gain by the contacts"),
        ("R913", "110k", control_voltages.cv_outputs, "highest"),
        ("R611", "1meg", gates.gate_inputs, "trips"),
        ("R612", "220", gates.gate_inputs, "pin at 3 V"),
        ("R321", "100k", gates.gate_probe, "probe at 3.3 V"),
        ("R631", "22k", gates.gate_output, "logic 3.3 V"),
        ("C702", "330p", audio.audio_inputs, "20 Hz - 20 kHz"),
        ("C811", "150p", audio.audio_outputs, "20 Hz - 20 kHz"),
        ("C810", "10p", audio.audio_outputs, "400 kHz"),
    ],
)
def test_a_wrong_value_is_found(netlist: Netlist, reference: str, value: str, check: Check, words: str) -> None:
    found = failing(check, changed(netlist, reference, value=value))
    assert any(words in one for one in found), found


def test_an_output_that_drives_a_cable_directly_is_found(netlist: Netlist) -> None:
    """Without the resistor between op-amp and jack the cable's capacitance eats the phase."""
    assert failing(stability.phase_margins, changed(netlist, "R814", value="1")) == {"Phase margin"}


def test_a_small_resistor_at_an_output_is_found(netlist: Netlist) -> None:
    fields = dict(netlist.components["R814"].fields) | {"Rating": "75V 0.1W 100ppm"}
    found = failing(lambda bench: power.abuse(bench, ["OUT_JACK"]), changed(netlist, "R814", fields=fields))
    assert found == {"±12 V: hardest-pressed resistor"}


def test_a_converter_without_its_virtual_ground_is_found(netlist: Netlist) -> None:
    """A jack wired past its 100 kΩ puts ±12 V on the op-amp's input."""
    found = failing(lambda bench: power.abuse(bench, ["V_OCT_JACK"]), changed(netlist, "R410", value="100"))
    assert found & {"±12 V: hardest-pressed resistor", "±12 V: highest Seed pin", "±12 V: lowest Seed pin"}


@pytest.mark.parametrize("reference", ["D101", "D110"])
def test_a_diode_that_is_bridged_is_found(netlist: Netlist, reference: str) -> None:
    raw = netlist.components[reference].pins
    swapped = {"p1": raw["2"], "p2": raw["1"]}
    assert failing(power.rails, changed(netlist, reference, **swapped)), "the wrong way round: no rail"
    bridged = Netlist({**netlist.components, reference: replace(netlist.components[reference], symbol="FerriteBead")})
    assert "Header turned: rail" in failing(power.reversal, Bench(bridged))


def test_a_gain_that_calibration_would_refuse_is_found(netlist: Netlist, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tolerance, "BOARDS", 5)
    found = failing(tolerance.monte_carlo, changed(netlist, "R913", value="94.2k"))
    assert "Gain off nominal, 5 boards" in found


def test_a_mute_that_does_not_conduct_is_found(netlist: Netlist) -> None:
    found = failing(audio.audio_outputs, changed(netlist, "C801", symbol="R", value="10"))
    assert found == {"Audio out: the mute takes", "Audio out: a Seed in reset takes"}


def test_a_mute_that_needs_the_seed_to_hold_it_is_found(netlist: Netlist) -> None:
    """Pulled down instead of up, a Seed in reset leaves the sound on."""
    found = failing(audio.audio_outputs, changed(netlist, "R801", p1="GND"))
    assert found == {"Audio out: a Seed in reset takes"}


def test_the_manuals_readings_are_what_the_simulation_gives(bench: Bench) -> None:
    parts = [part for sheet in load_project(KICAD / "lottava.kicad_sch") for part in sheet.parts]
    setup = Setup(plugged={jack.name: 0.0 for jack in INPUTS}, source_ohms=1e-3)
    (plot,) = bench.run(setup, ("op", "write out all"))
    for one in readings.readings(parts):
        if one.after and one.net != "GND":
            volts = float(plot[f"v({node(one.net)})"][0])
            assert one.after[0] <= volts <= one.after[1], one


def test_a_jack_that_is_missing_is_named(netlist: Netlist) -> None:
    others = {name: part for name, part in netlist.components.items() if (part.symbol, part.value) != (JACK, "V_OCT")}
    with pytest.raises(KeyError, match="'V_OCT'"):
        Bench(Netlist(others))


def test_what_the_simulator_says_is_passed_on(bench: Bench) -> None:
    with pytest.raises(SimulationError, match="wrote 0 of 1"):
        bench.run(Setup(), ("op", "write out no_such_node"))
    with pytest.raises(SimulationError):
        simulate(["R1 a 0"], ("op", "write out a"))


def test_what_kicad_says_is_passed_on(tmp_path) -> None:
    with pytest.raises(RuntimeError, match="no netlist"):
        export(tmp_path / "nothing.kicad_sch")
