# SPDX-License-Identifier: MIT
"""The report page: one self-contained, well-formed file that says first whether pruning helped."""

from __future__ import annotations

import base64
import copy
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("soundfile", reason="the page embeds sounds: install lottava[train]")

from lottava.training.analysis import charts, demo_report, page

ARM = {
    "parameters": 24_118, "macs_per_sample": 118.2, "flash_bytes": 27_400, "ram_bytes": 1_984,
    "cycles_per_sample_mean": 742.0, "cycles_per_sample_worst": 1121.0, "cpu_percent": 11.2,
    "mrstft": 0.912, "f0_error_cents": 1.4, "loudness_error_db": 1.21,
}  # fmt: skip
VOLTS = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]


@pytest.fixture
def report() -> dict:
    """A report with every field, of a run in which all went well."""
    rng = np.random.default_rng(3)
    knob = np.linspace(-1, 1, 9).tolist()
    axes = [
        {"id": name, "descriptor": words, "learned": learned, "learnable": learned,
         "spearman": 0.97, "spearman_network": 0.97, "knob": knob, "value": knob}
        for name, words, learned in (
            ("BRIGHT", "centroid, octaves", True), ("BREATH", "noise / harmonics, dB", True),
            ("BODY", "odd / even, dB", False), ("WILD", "change, dB", True),
        )
    ]  # fmt: skip
    return {
        "voice": {
            "title": "Alto saxophone",
            "summary": "An alto saxophone.",
            "attribution": "Samples: A & B <c>, CC-BY-3.0.",
        },
        "arms": {
            "parent": ARM | {"parameters": 258_386, "mrstft": 0.9, "flash_bytes": 272_000, "cpu_percent": None},
            "ticket_float": dict(ARM),
            "ticket_integer": ARM | {"mrstft": 0.921},
            "dense_small": ARM | {"mrstft": 0.981},
            "random_ticket": ARM | {"mrstft": 1.004},
        },
        "axes": axes,
        "latency": {"samples": 201, "ms": 4.2, "bound_samples": 288},
        "calibration": {
            "volts": VOLTS,
            "before_cents": [8.0 * v + 14 + rng.normal() for v in VOLTS],
            "after_cents": [rng.normal() * 0.7 for _ in VOLTS],
            "worst_before_cents": 71.0,
            "worst_after_cents": 1.6,
        },
        "equality": [{"what": "NumPy oracle and JAX", "result": "bit for bit, 4 000 frames"}],
        "budget": {"words": "Every arm: 500 steps of batch 4 × 1 s."},
        "timings_s": {"data": 8.1, "parent": 102.0},
        "verdict": "Pruning helped.",
    }


def tone(hz: float, seconds: float = 1.0) -> np.ndarray:
    return 0.4 * np.sin(2 * np.pi * hz * np.arange(int(48_000 * seconds)) / 48_000)


def rendered(report: dict) -> str:
    players = [
        page.Player("Original <held out>", "as recorded & cut", tone(220)),
        page.Player("Module", "emulated", tone(440)),
    ]
    return page.render(demo_report.compose(report, players))


def test_page_is_well_formed_and_fetches_nothing(report: dict) -> None:
    text = rendered(report)
    root = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>\n"))
    sources = [node.attrib[key] for node in root.iter() for key in ("src", "href") if key in node.attrib]
    assert len(sources) == 4
    assert all(source.startswith("data:") for source in sources)
    assert not re.search(r"https?://|url\(|@import|<script", text)


def test_embedded_sound_is_the_sound(report: dict) -> None:
    import io

    import soundfile

    uri = re.search(r"data:audio/flac;base64,([^']+)", rendered(report))
    assert uri
    audio, rate = soundfile.read(io.BytesIO(base64.b64decode(uri[1])))
    assert rate == 48_000
    assert np.max(np.abs(audio - tone(220))) <= 2**-15


def test_first_sentence_is_the_verdict_on_pruning(report: dict) -> None:
    for ticket, opening in ((0.912, "Pruning helped"), (0.98, "Pruning did not help"), (1.2, "Pruning hurt")):
        case = copy.deepcopy(report)
        case["arms"]["ticket_float"]["mrstft"] = ticket
        case["verdict"] = demo_report.verdict(case)
        assert case["verdict"].startswith(opening)
        root = ElementTree.fromstring(rendered(case).removeprefix("<!DOCTYPE html>\n"))
        assert "".join(root.find(".//h1").itertext()) == case["verdict"]


def test_a_trained_voice_has_a_page_of_its_own(report: dict) -> None:
    for arm in ("dense_small", "random_ticket"):
        del report["arms"][arm]
    report["arms"]["ticket_integer"]["f0_error_cents"] = None
    sentences = []
    for distance in (0.8, 0.9, 1.2):
        report["arms"]["ticket_float"]["mrstft"] = distance
        report["verdict"] = demo_report.voice_verdict(report)
        sentences.append(report["verdict"])
    words = ("closer to", "as close to", "farther from")
    assert all(word in text for word, text in zip(words, sentences, strict=True))
    text = page.render(demo_report.compose_voice(report, [page.Player("Original", "as recorded", tone(220))]))
    root = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>\n"))
    assert "".join(root.find(".//h1").itertext()).startswith("With 91 %")
    assert "– cents" in text and "Dense-small" not in text


def test_expectations_fail_one_by_one(report: dict) -> None:
    assert all(row["met"] for row in demo_report.expectations(report))
    report["calibration"]["worst_after_cents"] = 4.1
    report["axes"][0]["spearman_network"] = 0.5
    missed = [row["what"] for row in demo_report.expectations(report) if not row["met"]]
    assert missed == ["pitch error after calibration, cents", "axes that the recordings teach, least Spearman"]


def test_missing_figures_are_dashes_and_named_fields_are_all_there(report: dict) -> None:
    table = demo_report.arm_table(report)
    assert [row[0] for row in table.rows] == list(demo_report.ARMS.values())
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert table.rows[0][7] == "–"


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e5))
def test_ticks_are_inside_and_evenly_spaced(low: float, width: float) -> None:
    marks = charts.ticks(low, low + width)
    assert 2 <= len(marks) <= 12
    assert all(low - 1e-6 * width <= mark <= low + width * (1 + 1e-6) for mark in marks)
    assert np.allclose(np.diff(marks), np.diff(marks)[0], rtol=1e-6, atol=1e-9 * (abs(low) + width))


def test_spectrogram_puts_a_tone_in_its_row() -> None:
    picture = charts.log_spectrogram(tone(1000), 48_000, columns=40, rows=100)
    row = int(np.argmax(picture[:, 20]))
    low, high = charts.SPECTROGRAM_HZ
    assert low * (high / low) ** (row / 99) == pytest.approx(1000, rel=0.06)
    assert charts.spectrogram_png(tone(1000), 48_000).startswith(b"\x89PNG")


def test_chart_leaves_out_what_is_not_a_number() -> None:
    svg = charts.line_chart([charts.Series("a", [0, 1, 2], [0.0, float("nan"), 2.0])], "x", "y")
    points = ElementTree.fromstring(svg).find("polyline").attrib["points"].split()
    assert len(points) == 2
