# SPDX-License-Identifier: MIT
"""The wheel: one top-level name, every module of every room in it, and what the rooms read at run time."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAPPED = {"lottava": "lottava", "training": "lottava/training", "export": "lottava/export"}
MAPPED |= {"calibration": "lottava/calibration", "firmware/emulator": "lottava/emulator"}
MAPPED |= {"hardware": "lottava/hardware"}


def project_files() -> list[str]:
    command = ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names in a wheel built, without network, from a copy of the project."""
    copy = tmp_path_factory.mktemp("copy")
    for name in project_files():
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(copy / "out"), str(copy)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-2000:]
    (wheel,) = (copy / "out").glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_one_top_level_name(wheel_names: set[str]) -> None:
    tops = {name.split("/")[0] for name in wheel_names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"lottava"}


def test_every_module_of_the_rooms_is_inside(wheel_names: set[str]) -> None:
    expected = {
        name.replace(folder, target, 1)
        for name in project_files()
        for folder, target in MAPPED.items()
        if name.startswith(f"{folder}/") and name.endswith(".py") and (ROOT / name).is_file()
    }
    assert len(expected) > 30
    assert sorted(expected - wheel_names) == []


def test_data_that_modules_read_is_inside(wheel_names: set[str]) -> None:
    wanted = {"lottava/py.typed", "lottava/training/analysis/page.css"}
    configs = {f"lottava/training/configs/{path.name}" for path in (ROOT / "training" / "configs").glob("*.toml")}
    assert sorted((wanted | configs) - wheel_names) == []
