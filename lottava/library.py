# SPDX-License-Identifier: MIT
"""Voices by name: a path, or a factory voice that came with the package, or the start of its name."""

from __future__ import annotations

from pathlib import Path

SUFFIX = ".lottava"
FOLDERS = (Path(__file__).parent / "voices", Path(__file__).parents[1] / "voices")
"""Where factory voices lie: in an installed wheel, and in a checkout."""


class VoiceNotFound(ValueError):
    """No such voice, or several: lists what there is."""


def factory_voices() -> dict[str, Path]:
    """Name -> file of every voice that came with the package."""
    return {path.stem: path for folder in FOLDERS for path in sorted(folder.glob(f"*{SUFFIX}"))}


def find_voice(name: str) -> Path:
    """File of a voice given as path, factory name, or the beginning of exactly one. Raises VoiceNotFound."""
    if name.endswith(SUFFIX) or "/" in name:
        path = Path(name).expanduser()
        if not path.is_file():
            raise VoiceNotFound(f"there is no voice file {name}")
        return path
    voices = factory_voices()
    found = [name] if name in voices else [known for known in voices if known.startswith(name)]
    if len(found) == 1:
        return voices[found[0]]
    there = ", ".join(found or voices) or "none; make one with  lottava train FOLDER --name NAME"
    reason = f"{name!r} fits several voices" if found else f"no factory voice is called {name!r}"
    raise VoiceNotFound(f"{reason}: {there}")
