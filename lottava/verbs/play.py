# SPDX-License-Identifier: MIT
"""`lottava play`: a gesture played by a voice, written to a sound file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ._common import Revision, VerbError, check_sound_file, load_voice, print_json, progress, say, write_sound


class Target(StrEnum):
    """Who plays."""

    host = "host"
    oracle = "oracle"
    seed = "seed"


def play(
    voice: Annotated[str, typer.Option(help="a .lottava file, or the name of a factory voice")] = "sax",
    gesture: Annotated[str, typer.Option(help="demo, scale, sweep, hold, or a .csv file")] = "demo",
    cv: Annotated[Path | None, typer.Option(help="CSV of volts, knobs and gate, instead of --gesture")] = None,
    target: Annotated[
        Target, typer.Option(help="host: the firmware's code here; oracle: NumPy; seed: emulated")
    ] = Target.host,
    revision: Annotated[Revision, typer.Option(help="of the Seed, with --target seed")] = Revision.rev4,
    out: Annotated[Path, typer.Option(help="WAV, FLAC or OGG; left channel OUT, right channel AUX")] = Path("play.wav"),
    as_json: Annotated[bool, typer.Option("--json", help="print what was written as JSON")] = False,
) -> None:
    """Play a gesture (pitch, level, gate, knobs) and write what OUT and AUX give.

    Example:  lottava play --voice sax --gesture demo --target seed --out phrase.wav
    """
    import numpy as np

    from lottava import gesture as gestures

    check_sound_file(out)
    loaded = load_voice(voice)
    played = gestures.load_csv(cv) if cv else gestures.load(gesture)
    with progress() as bar:
        task = bar.add_task(f"playing ({target.value})", total=len(played.gate), note="")
        take = render(loaded, played, target, lambda done: bar.update(task, completed=done), revision)
    write_sound(out, take.audio)
    peak = float(np.max(np.abs(take.audio), initial=0.0))
    result = {
        "file": str(out),
        "voice": loaded.card.name,
        "gesture": played.name,
        "target": target.value,
        "revision": revision.value if target is Target.seed else None,
        "differing_samples": take.differing_samples,
        "seconds": played.seconds,
        "peak": round(peak, 6),
    }
    if as_json:
        print_json(result)
    else:
        same = ", every bit as the host build has it" if take.differing_samples == 0 else ""
        say(f"{out}: {played.seconds:.1f} s of {loaded.card.name}, peak {20 * np.log10(max(peak, 1e-6)):.1f} dB{same}")
    if take.differing_samples:
        raise VerbError(
            f"{take.differing_samples} samples differ from the host build's, which was given the same inputs"
        )


def render(loaded, played, target: Target, tick, revision: Revision = Revision.rev4):  # type: ignore[no-untyped-def]
    """A Take by the host library, the oracle or the emulated Seed (whose image is built once and kept)."""
    from . import _module

    if target is Target.host:
        return _module.play_host(loaded, played, tick)
    if target is Target.oracle:
        return _module.play_oracle(loaded, played, tick)
    from lottava.emulator.seed import Seed
    from lottava.export.generate import voice_blob

    elf = _module.build_image(loaded, _module.image_folder(loaded))
    return _module.play_seed(Seed(elf, revision=revision.value), played, tick, voice_blob(loaded))
