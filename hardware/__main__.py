# SPDX-License-Identifier: MIT
"""`python -m lottava.hardware build|check|fab|route|spice|lint|retune|bom|manual`: what make's hardware targets run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import circuit
from .build import build
from .schematic.project import KICAD, PROJECT

FAB = Path(__file__).resolve().parents[1] / "build" / "fab"


def _build(_: argparse.Namespace) -> int:
    for path in build():
        print(path.relative_to(KICAD.parents[1]))
    return 0


def _check(_: argparse.Namespace) -> int:
    from .check import CHECKS

    bad = 0
    for name, check in CHECKS.items():
        complaints = check()
        print(f"{name}: {len(complaints) or 'ok'}", flush=True)
        for one in complaints:
            print(f"  {one}")
        bad += len(complaints)
    return 1 if bad else 0


def _fab(arguments: argparse.Namespace) -> int:
    from .fab import fabricate

    for path in fabricate(arguments.out):
        print(path)
    return 0


def _route(arguments: argparse.Namespace) -> int:
    from .pcb.copper import ROUTES, to_text
    from .pcb.fiducials import with_fiducials
    from .pcb.netlist import export
    from .pcb.place import place
    from .route.task import make_task, route

    netlist = with_fiducials(export(KICAD / f"{PROJECT}.kicad_sch"))
    placed, left_over = place(netlist.components)
    copper, still_open = route(make_task(netlist, placed), arguments.rounds)
    ROUTES.write_text(to_text(copper), encoding="utf-8")
    if left_over:
        print(f"no block has room for: {', '.join(left_over)}")
    print(f"{len(copper.tracks)} tracks, {len(copper.vias)} vias, open: {', '.join(still_open) or 'nothing'}")
    return 1 if still_open else 0


def main() -> int:
    """Run a verb; 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m lottava.hardware", description=__doc__)
    verbs = parser.add_subparsers(required=True)
    verbs.add_parser("build", help="write everything in hardware/kicad").set_defaults(run=_build)
    verbs.add_parser("check", help="every check on what is committed").set_defaults(run=_check)
    fab = verbs.add_parser("fab", help="write what a board house wants")
    fab.add_argument("--out", type=Path, default=FAB)
    fab.set_defaults(run=_fab)
    route = verbs.add_parser("route", help="route the board anew (some minutes) into hardware/pcb/routes.txt")
    route.add_argument("--rounds", type=int, default=120)
    route.set_defaults(run=_route)
    circuit.add_verbs(verbs)
    arguments = parser.parse_args()
    try:
        return int(arguments.run(arguments))
    except (RuntimeError, KeyError, FileNotFoundError) as error:
        print(f"lottava.hardware: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
