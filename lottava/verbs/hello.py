# SPDX-License-Identifier: MIT
"""`lottava hello`: which module is on this port."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ._common import print_json

RESET_CAUSES = {1: "a reboot that was asked for", 2: "the watchdog", 3: "a fault"}
FAULTS = {3: "hard fault", 4: "memory fault", 5: "bus fault", 6: "usage fault", 15: "a hang"}


def hello(
    port: Annotated[str, typer.Option(help="serial port: /dev/ttyACM0, COM3, or a pyserial URL")],
    identify: Annotated[bool, typer.Option(help="blink its LEDs for five seconds")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print the answer as JSON")] = False,
) -> None:
    """Ask the module who it is: firmware, voice, board, Seed, serial number.

    Example:  lottava hello --port /dev/ttyACM0
    """
    from lottava.calibration.link import open_port
    from lottava.calibration.module import Module

    with open_port(port) as link:
        module = Module(link)
        answer = describe(module.hello())
        if identify:
            module.identify()
    if as_json:
        print_json(answer)
    else:
        for name, value in answer.items():
            print(f"{name:<12} {', '.join(value) if isinstance(value, list) else value}")


def describe(reply: Any) -> dict[str, Any]:
    """A HelloReply in words."""
    from lottava.board import BENCH_REVISION, BOARD
    from lottava.messages import Capability

    boards = {one.number: one.name for one in BOARD.revisions} | {BENCH_REVISION: "none (bench mode)"}
    seeds = {one.number: f"{one.name} ({one.codec})" for one in BOARD.seed_revisions}
    answer = {
        "firmware": ".".join(map(str, reply.firmware)),
        "voice": reply.graph_sha256.hex() if any(reply.graph_sha256) else "none",
        "board": boards.get(reply.board_revision, f"revision {reply.board_revision}"),
        "seed": seeds.get(reply.seed_revision, f"revision {reply.seed_revision}"),
        "serial": reply.serial.hex(),
        "protocol": reply.protocol,
        "record": reply.record_version,
        "can": [one.name.lower() for one in Capability if one.name and reply.capabilities & one],
    }
    if reply.reset_cause:
        answer["started by"] = RESET_CAUSES.get(reply.reset_cause, f"cause {reply.reset_cause}")
    if reply.fault_address:
        what = FAULTS.get(reply.fault_exception, f"exception {reply.fault_exception}")
        answer["last fault"] = f"{what} at 0x{reply.fault_address:08x}, status 0x{reply.fault_status:08x}"
        if reply.fault_access:
            answer["last fault"] += f", touching 0x{reply.fault_access:08x}"
    return answer
