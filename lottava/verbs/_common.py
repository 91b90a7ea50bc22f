# SPDX-License-Identifier: MIT
"""What verbs share: progress with time left, JSON on stdout, sound files."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from rich.progress import Progress

    from lottava.voicefile import Voice


class Revision(StrEnum):
    """Revisions of the Daisy Seed, by their codecs AK4556, WM8731 and PCM3060."""

    rev4 = "rev4"
    v1_1 = "1.1"
    dfm2 = "2dfm"


class VerbError(ValueError):
    """A request that can't be served: one sentence for the user."""


def progress() -> Progress:
    """A progress display on stderr: name, bar, count, time left; silent where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        TextColumn("[dim]{task.fields[note]}"),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )


def print_json(value: Any) -> None:
    """A result on stdout for programs: indented, non-ASCII kept, no NaN."""
    print(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False))


def say(words: str) -> None:
    """A line for people, on stderr, so that stdout stays for results."""
    print(words, file=sys.stderr, flush=True)


def load_voice(name: str) -> Voice:
    """The voice of a file or factory name. Raises VoiceNotFound, VoiceFileError, VerbError for a float model."""
    from lottava import library, voicefile

    path = library.find_voice(name)
    voice = voicefile.load(path)
    if not voice.graph.is_integer:
        raise VerbError(f"{path} is a float model, which no module runs; make a voice of it:  lottava quantise {path}")
    return voice


SOUND_KINDS = {".wav": "PCM_24", ".flac": "PCM_24", ".ogg": "VORBIS"}


def check_sound_file(path: Path) -> None:
    """Refuse a sound file that could not be written, before the sound is made. Raises VerbError, OSError."""
    if path.suffix.lower() not in SOUND_KINDS:
        raise VerbError(f"{path.name}: write to a name that ends in {', '.join(SOUND_KINDS)}")
    check_folder(path.parent)


def check_folder(folder: Path) -> None:
    """Make a folder for results and see that files can be made in it. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder):
        pass


def write_sound(path: Path, audio: NDArray[np.floating], rate_hz: int = 48_000) -> None:
    """WAV, FLAC or OGG by suffix; audio [n] or [n, channels], clipped at full scale; 24 bit where the format has it."""
    import numpy as np
    import soundfile

    check_sound_file(path)
    soundfile.write(path, np.clip(audio, -1.0, 1.0), rate_hz, subtype=SOUND_KINDS[path.suffix.lower()])


ALLOCATOR = {
    "MALLOC_TOP_PAD_": "268435456",
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
}
"""glibc keeps the memory of a training step instead of returning and refetching it: 0.46 s a step became 0.33 s."""

ONE_THREAD = {"OMP_NUM_THREADS": "1"}
"""The same bits whatever the number of cores. On two idle cores a second thread makes a step a third shorter (0.07
instead of 0.11 s); on busy ones its waiting makes it six times longer."""


def tune_process() -> None:
    """Start this command again with what is read only when a process starts: the allocator's and threads' settings.

    OMP_NUM_THREADS from outside stays as it is.
    """
    if sys.platform != "linux" or "torch" in sys.modules or any(name in os.environ for name in ALLOCATOR):
        return
    command = [sys.executable, "-m", "lottava", *sys.argv[1:]]
    os.execve(sys.executable, command, ONE_THREAD | os.environ | ALLOCATOR)
