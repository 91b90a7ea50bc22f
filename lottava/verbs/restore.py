# SPDX-License-Identifier: MIT
"""`lottava restore`: calibration and settings from a file of `lottava backup`, back into their module."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from ._common import VerbError, say
from .backup import FORMAT, KIND, Port


def restore(
    file: Annotated[Path, typer.Argument(help="file that `lottava backup` wrote")],
    port: Port,
    other_module: Annotated[
        bool, typer.Option("--settings-only", help="leave the calibration: it is another module's")
    ] = False,
) -> None:
    """Bring calibration and settings back into the module that they come from.

    Example:  lottava restore my-module.json --port /dev/ttyACM0
    """
    from lottava.calibration.link import open_port
    from lottava.calibration.module import Module

    serial, record, settings = read_backup(file)
    with open_port(port) as link:
        module = Module(link)
        here = module.hello().serial.hex()
        if not other_module:
            if here != serial:
                raise VerbError(
                    f"{file} is of module {serial}, this is {here}: another's calibration would put it out of tune; "
                    "--settings-only takes the rest"
                )
            module.begin()
            module.commit(record)
        module.write_settings(settings)
    say(f"{'settings are' if other_module else 'calibration and settings are'} stored and in use")


def read_backup(file: Path) -> tuple[str, Any, Any]:
    """Serial number, Record and Settings of a backup. Raises VerbError for a file that is none, OSError."""
    from lottava import record as records
    from lottava import settings as kept
    from lottava.layout import LayoutError

    try:
        whole = json.loads(file.read_text(encoding="utf-8"))
        if whole["kind"] != KIND or whole["format"] != FORMAT:
            raise ValueError(f"kind {whole['kind']}, format {whole['format']}")
        record = _filled(records.Record, whole["calibration"])
        record = replace(record, serial=bytes.fromhex(whole["calibration"]["serial"]))
        settings = _filled(kept.Settings, whole["settings"])
        kept.validate(settings)
        kept.pack(settings)
        return str(whole["serial"]), records.unpack(records.pack(record)), settings
    except (ValueError, KeyError, TypeError, OverflowError, LayoutError) as error:
        raise VerbError(f"{file} is no backup that can be used: {error}") from error


def _filled(kind: type, values: dict[str, Any]) -> Any:
    """A dataclass from JSON: lists are tuples; fields that the file lacks keep their defaults."""
    names = {one.name for one in fields(kind)}
    listed = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return kind(**{name: value for name, value in listed.items() if name in names})
