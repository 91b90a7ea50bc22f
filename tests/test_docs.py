# SPDX-License-Identifier: MIT
"""Every command in the manuals exists, parses, and every link leads somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from lottava import cli

ROOT = Path(__file__).resolve().parents[1]
MANUALS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted(ROOT.glob("LICENSES/*.md")),
]
PHONY = re.compile(r"^\.PHONY: (.*)$", re.M)


def code_of(text: str) -> list[str]:
    """Lines of fenced blocks, and inline code."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    inline = re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()] + [
        " ".join(words.split()) for words in inline
    ]


def commands(program: str) -> list:
    found = []
    for path in MANUALS:
        for line in code_of(path.read_text(encoding="utf-8")):
            words = line.removeprefix(".venv/bin/")
            if words.startswith(f"{program} "):
                found.append(pytest.param(words, id=f"{path.name}: {words}"))
    return found


def help_examples() -> list:
    return [
        pytest.param(line.strip().split("  ")[0], id=f"help: {line.strip()}")
        for line in cli.HELP.splitlines()
        if line.strip().startswith("lottava ")
    ]


@pytest.mark.parametrize("line", commands("lottava") + help_examples())
def test_lottava_command_parses(line: str) -> None:
    command = typer.main.get_command(cli.build())
    words = shlex.split(line)[1:]
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]  # type: ignore[attr-defined]
    if words in (["--help"], []):
        return
    assert not hasattr(command, "commands"), f"no such verb: {words[0]}"
    if words != ["<verb>"]:
        command.make_context("lottava", list(words))


@pytest.mark.parametrize("line", commands("make"))
def test_make_target_exists(line: str) -> None:
    words, files = shlex.split(line)[1:], [ROOT / "Makefile"]
    if words[:2] == ["-C", "firmware"]:
        words, files = words[2:], [ROOT / "firmware" / "Makefile", *(ROOT / "firmware").rglob("*.mk")]
    targets = {target for path in files for found in PHONY.findall(path.read_text()) for target in found.split()}
    for word in words:
        assert "=" in word or word in targets, word


@pytest.mark.parametrize("path", MANUALS, ids=lambda path: path.name)
def test_links_lead_to_files(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8")):
        assert target.startswith("http") or (path.parent / target).exists(), target


def test_changelog_names_the_version() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M)
    assert version
    assert f"## {version[1]}" in (ROOT / "CHANGELOG.md").read_text()
