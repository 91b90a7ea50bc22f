# SPDX-License-Identifier: MIT
"""Voices are found by path, name or beginning, and what can't be found is answered with what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from lottava import library


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("sax_alto_v1", "sax_tenor_v1", "cello_v1"):
        (tmp_path / f"{name}.lottava").write_bytes(b"")
    monkeypatch.setattr(library, "FOLDERS", (tmp_path,))
    return tmp_path


def test_path_name_and_beginning_find_the_same(shelf: Path) -> None:
    wanted = shelf / "cello_v1.lottava"
    assert library.find_voice(str(wanted)) == library.find_voice("cello_v1") == library.find_voice("ce") == wanted


@pytest.mark.parametrize(
    ("name", "words"),
    [("sax", "sax_alto_v1, sax_tenor_v1"), ("oboe", "cello_v1, sax_alto_v1"), ("gone.lottava", "no voice file")],
)
def test_unclear_names_are_answered_with_the_choice(shelf: Path, name: str, words: str) -> None:
    with pytest.raises(library.VoiceNotFound, match=words):
        library.find_voice(name)


def test_empty_shelf_says_how_to_fill_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "FOLDERS", ())
    with pytest.raises(library.VoiceNotFound, match="lottava train"):
        library.find_voice("sax")
