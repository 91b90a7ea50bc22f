# SPDX-License-Identifier: MIT
"""Who may know whom, held by walking the folders: rooms know the core only, the core knows NumPy only."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = {
    "training": ROOT / "training",
    "export": ROOT / "export",
    "calibration": ROOT / "calibration",
    "emulator": ROOT / "firmware" / "emulator",
    "hardware": ROOT / "hardware",
}
CORE = sorted(path for path in (ROOT / "lottava").glob("*.py") if path.name not in ("cli.py", "__main__.py"))
VERBS = sorted((ROOT / "lottava" / "verbs").glob("*.py"))
LONGEST_FILE = 400
MAY_INCLUDE = {
    "nn": {"nn", "generated"},
    "bench": {"bench", "nn", "generated"},
    "cmsis": {"cmsis", "nn", "generated"},
    "dsp": {"dsp", "nn", "generated"},
    "app": {"app", "dsp", "nn", "generated"},
    "boards": {"boards", "app", "bench", "dsp", "nn", "generated"},
}
"""Folder of firmware/ -> folders whose headers it may include: nn -> nothing, dsp and bench -> nn, app -> dsp,
boards -> app.

Generated headers hold constants, layouts and the voice, written down once in Python; every layer may read them.
"""


def tracked(*patterns: str) -> list[Path]:
    """Files of the project: tracked, or new and not ignored."""
    command = ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "--", *patterns]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def imports(path: Path, top_level_only: bool = False) -> Iterator[tuple[int, str]]:
    """(relative level, dotted name) of each import; `from lottava import x` counts as lottava.x."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = [f"{module}.{alias.name}" for alias in node.names] if module in ("", "lottava") else [module]
            yield from ((node.level, name.strip(".")) for name in names)


def named(paths: list[Path]) -> list:
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in paths]


@pytest.mark.parametrize("path", named(CORE))
def test_core_knows_numpy_and_the_standard_library(path: Path) -> None:
    for level, name in imports(path):
        top = name.split(".")[0]
        if level == 0 and top != "lottava":
            assert top == "numpy" or top in sys.stdlib_module_names, f"the core imports {name}"
        else:
            core = name.removeprefix("lottava.").split(".")[0]
            assert (ROOT / "lottava" / f"{core}.py").exists(), f"the core imports {name}, which is not core"


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_know_only_themselves_and_the_core(room: str) -> None:
    files = sorted(ROOMS[room].rglob("*.py"))
    assert files
    forbidden = {"cli", "verbs", *ROOMS} - {room}
    for path in files:
        depth = len(path.relative_to(ROOMS[room]).parts)
        for level, name in imports(path):
            where = f"{path.relative_to(ROOT)} imports {name}"
            assert level <= depth, f"{where} from outside its room"
            if level:
                continue
            top, _, rest = name.partition(".")
            assert top not in {"training", "export", "calibration", "firmware", "hardware"}, f"{where}: wrong name"
            assert not (top == "lottava" and rest.split(".")[0] in forbidden), f"{where}: another room"


@pytest.mark.parametrize("path", named(VERBS))
def test_verbs_import_rooms_inside_the_verb(path: Path) -> None:
    for _, name in imports(path, top_level_only=True):
        top, _, rest = name.partition(".")
        room = rest.split(".")[0] if top == "lottava" else top
        assert room not in ROOMS, f"{path.name} imports {name} before its verb is called"
        assert top not in {"torch", "jax", "scipy", "serial", "unicorn", "matplotlib", "soundfile"}, (
            f"{path.name}: {name}"
        )


def test_only_training_sees_torch_and_jax() -> None:
    for room, folder in ROOMS.items():
        for path in folder.rglob("*.py"):
            heavy = {name.split(".")[0] for level, name in imports(path) if level == 0} & {"torch", "jax"}
            assert room == "training" or not heavy, f"{path.relative_to(ROOT)} imports {heavy}"


def test_firmware_includes_downwards_only() -> None:
    include = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
    seen = 0
    for folder, allowed in MAY_INCLUDE.items():
        for path in sorted((ROOT / "firmware" / folder).rglob("*")):
            if path.suffix not in {".c", ".cc", ".h"}:
                continue
            for header in include.findall(path.read_text(encoding="utf-8")):
                seen += 1
                beside = (path.parent / header).exists()
                target = folder if beside else header.split("/")[0] if "/" in header else "generated"
                assert target in allowed, f"{path.relative_to(ROOT)} includes {header}"
    assert seen > 20, "the scan found the firmware"


@pytest.mark.parametrize("path", named(tracked("*.py", "*.c", "*.cc", "*.h", "*.S", "*.sh", "*.mk", "Makefile")))
def test_each_source_names_its_licence_and_stays_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert any("SPDX-License-Identifier: MIT" in line for line in lines[:3]), "SPDX line missing"
    if "generated" not in path.parts:
        assert len(lines) <= LONGEST_FILE, f"{len(lines)} lines: what two things live in it?"


@pytest.mark.parametrize(
    "path",
    named(
        tracked("lottava/*.py", "training/*.py", "export/*.py", "calibration/*.py", "firmware/*.py", "hardware/*.py")
    ),
)
def test_each_module_opens_with_a_sentence(path: Path) -> None:
    words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if path.name != "__init__.py":
        assert words, "module docstring missing"
        assert words.split("\n\n")[0].rstrip().endswith((".", "?", ":")), "the first paragraph is not a sentence"
