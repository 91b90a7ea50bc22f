# SPDX-License-Identifier: MIT
"""What a demo on a reduced budget must still hold: every field there, equal executors, in tune, in time."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest

REPORT = Path(os.environ["LOTTAVA_DEMO_REPORT"])
ARMS = ("parent", "ticket_float", "ticket_integer", "dense_small", "random_ticket")
FIELDS = (
    *("parameters", "macs_per_sample", "flash_bytes", "ram_bytes", "cycles_per_sample_mean"),
    *("cycles_per_sample_worst", "cpu_percent", "mrstft", "f0_error_cents", "loudness_error_db"),
)


@pytest.fixture(scope="module")
def report() -> dict:
    return json.loads(REPORT.read_text())


@pytest.mark.parametrize("arm", ARMS)
def test_every_field_of_every_arm_is_measured(report: dict, arm: str) -> None:
    for field in FIELDS:
        assert math.isfinite(report["arms"][arm][field]), field


def test_ticket_is_small_and_fits_the_processor(report: dict) -> None:
    ticket = report["arms"]["ticket_integer"]
    assert ticket["parameters"] <= 25_000
    assert ticket["cpu_percent"] <= 15


def test_executors_agree(report: dict) -> None:
    assert report["equality"]
    assert all(entry["equal"] for entry in report["equality"])


def test_module_is_in_tune_after_calibration_and_answers_the_gate(report: dict) -> None:
    assert report["calibration"]["worst_after_cents"] <= 4 < report["calibration"]["worst_before_cents"]
    assert report["latency"]["samples"] <= report["latency"]["bound_samples"]


def test_page_stands_beside_the_report_and_opens_with_the_verdict(report: dict) -> None:
    page = REPORT.with_name("index.html").read_text(encoding="utf-8")
    assert report["verdict"].startswith("Pruning")
    assert report["verdict"].split("(")[0].strip() in page
