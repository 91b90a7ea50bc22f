# SPDX-License-Identifier: MIT
"""What a run says of itself: verdict, expectations met or not, table, page; the demo's, and that of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .charts import Series, line_chart
from .page import Charts, Fact, Page, Part, Player, Section, Table, Text

Report = Mapping[str, Any]

ARMS = {
    "parent": "Parent",
    "ticket_float": "Ticket, float",
    "ticket_integer": "Ticket, 8-bit",
    "dense_small": "Dense-small",
    "random_ticket": "Random ticket",
}
"""Key in report['arms'] -> name in tables, in the order of the tables."""

COLUMNS = {
    "parameters": ("Parameters", "{:,.0f}"),
    "macs_per_sample": ("MAC / sample", "{:,.1f}"),
    "flash_bytes": ("Flash, bytes", "{:,.0f}"),
    "ram_bytes": ("RAM, bytes", "{:,.0f}"),
    "cycles_per_sample_mean": ("Cycles / sample", "{:,.0f}"),
    "cycles_per_sample_worst": ("Worst block", "{:,.0f}"),
    "cpu_percent": ("CPU %", "{:.1f}"),
    "mrstft": ("MRSTFT", "{:.3f}"),
    "f0_error_cents": ("f0, cents", "{:.1f}"),
    "loudness_error_db": ("Level, dB", "{:.2f}"),
}
"""Field of an arm -> heading and format. CPU % is the worst block of 480 000 cycles."""

SAME = 0.07
"""Two distances within 7 % count as equal: one run has one seed, and small networks from scratch, with the demo's
budget on the sax, spread that far over seeds and installs (MRSTFT 1.199, 1.215, 1.221, 1.233, 1.289)."""


LEAST_SPEARMAN = 0.9


def verdict(report: Report) -> str:
    """One sentence: did pruning help against the two controls?"""
    arms = report["arms"]
    ticket = arms["ticket_float"]["mrstft"]
    controls = {"dense_small": "a small network trained from scratch", "random_ticket": "a random ticket"}
    best = min(controls, key=lambda key: arms[key]["mrstft"])
    other, distance = controls[best], arms[best]["mrstft"]
    gone = 100 * (1 - arms["ticket_float"]["parameters"] / arms["parent"]["parameters"])
    figures = f"(MRSTFT {ticket:.3f} against {distance:.3f}, {gone:.0f} % of the parent's parameters gone)"
    if ticket < distance * (1 - SAME):
        return (
            f"Pruning helped: the ticket sounds closer to the held-out notes than {other} of the same size {figures}."
        )
    if ticket <= distance * (1 + SAME):
        return f"Pruning did not help here: {other} of the same size does as well as the ticket {figures}."
    return f"Pruning hurt here: {other} of the same size does better than the ticket {figures}."


def voice_verdict(report: Report) -> str:
    """One sentence on a voice that was trained without controls: what is gone, and what that cost."""
    arms = report["arms"]
    parent, ticket = arms["parent"], arms["ticket_float"]
    gone = 100 * (1 - ticket["parameters"] / parent["parameters"])
    ratio = ticket["mrstft"] / parent["mrstft"]
    how = "as close to" if abs(ratio - 1) <= SAME else "closer to" if ratio < 1 else "farther from"
    figures = f"(MRSTFT {ticket['mrstft']:.3f} against {parent['mrstft']:.3f})"
    end = "as its parent" if how == "as close to" else "than its parent"
    return f"With {gone:.0f} % of its parent's parameters gone, the ticket is {how} the held-out notes {end} {figures}."


def expectations(report: Report) -> list[dict[str, Any]]:
    """What this chain promises, and what this run measured: what, wanted, measured, met."""
    arms, latency, calibration = report["arms"], report["latency"], report["calibration"]
    parent, ticket, integer = arms["parent"], arms["ticket_float"], arms["ticket_integer"]
    taught = [axis["spearman_network"] for axis in report["axes"] if axis["learnable"]]
    rows = [
        ("ticket's parameters", ticket["parameters"], 25_000, "{:,.0f}"),
        ("ticket's MRSTFT against the parent's", ticket["mrstft"] / parent["mrstft"], 1.05, "{:.3f}"),
        ("integer MRSTFT against float", integer["mrstft"] / ticket["mrstft"], 1.05, "{:.3f}"),
        ("worst block, % of the CPU", integer["cpu_percent"], 15, "{:.1f}"),
        ("gate to sound, samples", latency["samples"], latency["bound_samples"], "{:.0f}"),
        ("pitch error after calibration, cents", calibration["worst_after_cents"], 4, "{:.2f}"),
    ]
    table = [
        {"what": what, "wanted": f"≤ {shape.format(limit)}", "measured": shape.format(value), "met": value <= limit}
        for what, value, limit, shape in rows
    ]
    worst = min(taught, default=0.0)
    measured = f"{worst:.2f}" if taught else "the recordings teach none"
    what = "axes that the recordings teach, least Spearman"
    table.append({"what": what, "wanted": "≥ 0.90", "measured": measured, "met": worst >= LEAST_SPEARMAN})
    return table


def cells(arm: Mapping[str, Any]) -> list[str]:
    """One arm's row, formatted; a field that was not measured is a dash."""
    return [shape.format(arm[key]) if arm.get(key) is not None else "–" for key, (_, shape) in COLUMNS.items()]


def arm_table(report: Report) -> Table:
    """The table of all arms."""
    caption = (
        "Held-out notes, measured axes, WILD at 0. Cycles are modelled (band −3/+10 %), not measured on a board; "
        "CPU % is the worst block of 48 samples at 480 MHz. "
        "The parent is too large for the fast memory: its cycles are extrapolated by MAC."
    )
    rows = [[name, *cells(report["arms"][key])] for key, name in ARMS.items() if key in report["arms"]]
    return Table(["", *(heading for heading, _ in COLUMNS.values())], rows, caption, strong=[ARMS["ticket_integer"]])


def _axes(report: Report) -> Charts:
    figures = []
    for axis in report["axes"]:
        how = "learned from the recordings" if axis["learned"] else "a DSP edit, because it was not learned"
        if axis.get("dead"):
            how = f"a DSP edit, because the learned axis ({axis['nats']:.3f} nat) hardly moved the sound"
        state = f"Spearman {axis['spearman']:.2f}, {how}"
        chart = line_chart(
            [Series(axis["id"], axis["knob"], axis["value"], dots=True)], "knob", axis["descriptor"], axis["id"]
        )
        figures.append((chart, state))
    return Charts(figures)


def _calibration(report: Report) -> list[Part]:
    calibration = report["calibration"]
    chart = line_chart(
        [
            Series("after", calibration["volts"], calibration["after_cents"], dots=True),
            Series("before", calibration["volts"], calibration["before_cents"], dots=True),
        ],
        "V/OCT, volts",
        "pitch error, cents",
    )
    after = line_chart(
        [Series("after", calibration["volts"], calibration["after_cents"], dots=True)],
        "V/OCT, volts",
        "pitch error, cents",
    )
    words = (
        f"The emulated front end drew its errors at random; calibration over the serial port took the worst pitch "
        f"error from {calibration['worst_before_cents']:.1f} to {calibration['worst_after_cents']:.2f} cents."
    )
    return [Text(words), Charts([(chart, "Before and after"), (after, "After, at its own scale")])]


def _timings(report: Report) -> Table:
    rows = [[stage, f"{seconds:,.1f}"] for stage, seconds in report["timings_s"].items()]
    rows.append(["all", f"{sum(report['timings_s'].values()):,.1f}"])
    return Table(["Stage", "Seconds"], rows)


def compose_voice(report: Report, players: Sequence[Player]) -> Page:
    """The page of a finished training: report holds voice, verdict, arms, axes, budget."""
    figures = dict(zip(COLUMNS, cells(report["arms"]["ticket_integer"]), strict=True))
    facts = [
        Fact(figures["parameters"], "parameters in the voice"),
        Fact(figures["mrstft"], "distance from the held-out notes (MRSTFT)"),
        Fact(f"{figures['f0_error_cents']} cents", "pitch error"),
    ]
    sections = [
        Section("Listen", players),
        Section("All arms, same budget", [arm_table(report), Text(report["budget"]["words"])]),
        Section("What the knobs do", [_axes(report)]),
    ]
    return _page(report, facts, sections)


def _page(report: Report, facts: Sequence[Fact], sections: Sequence[Section]) -> Page:
    voice = report["voice"]
    name = f"lottava · {voice['title']}"
    return Page(name, report["verdict"], voice["summary"], facts, sections, voice["attribution"])


def compose(report: Report, players: Sequence[Player]) -> Page:
    """The page of a finished run. Raises KeyError where the report lacks a field."""
    wanted = expectations(report)
    ticket, calibration, latency = report["arms"]["ticket_integer"], report["calibration"], report["latency"]
    met = {row["what"]: "good" if row["met"] else "bad" for row in wanted}
    facts = [
        Fact(f"{ticket['parameters']:,}", "parameters in the voice", met["ticket's parameters"]),
        Fact(f"{ticket['cpu_percent']:.1f} %", "of the CPU, worst block (modelled)", met["worst block, % of the CPU"]),
        Fact(f"{latency['ms']:.1f} ms", "from gate to sound", met["gate to sound, samples"]),
        Fact(
            f"{calibration['worst_after_cents']:.1f} cents",
            "worst pitch error, calibrated",
            met["pitch error after calibration, cents"],
        ),
    ]
    checks = Table(
        ["Expected", "Wanted", "Measured", ""],
        [[row["what"], row["wanted"], row["measured"], "✓ met" if row["met"] else "✗ not met"] for row in wanted],
    )
    equal = Table(
        ["Executors compared", "Result"],
        [[entry["what"], entry["result"]] for entry in report["equality"]],
        "The same arithmetic runs in four places; the module plays exactly what was scored.",
    )
    sections = [
        Section("Listen", players),
        Section("All arms, same budget", [arm_table(report), checks]),
        Section("What the knobs do", [_axes(report)]),
        Section("In tune", _calibration(report)),
        Section("One meaning, four executors", [equal]),
        Section("Time", [Text(report["budget"]["words"]), _timings(report)]),
    ]
    return _page(report, facts, sections)
