# SPDX-License-Identifier: MIT
"""`lottava bench`: what kernels and whole graphs cost on the Cortex-M7, by the timing model, and by a board."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import _bench
from ._common import print_json, say

if TYPE_CHECKING:
    from rich.table import Table

    from lottava.emulator.bench import Row

bench = typer.Typer(
    help="What kernels and whole graphs cost on the Cortex-M7. Example:  lottava bench kernels --check",
    no_args_is_help=True,
)

TABLE_WIDTH = 140
"""Of the table in a file or a log."""

BuildDir = Annotated[Path, typer.Option(help="folder that make builds in")]


@bench.command()
def kernels(
    as_json: Annotated[bool, typer.Option("--json", help="print the rows as JSON")] = False,
    check: Annotated[bool, typer.Option("--check", help="exit 1 where a row is 3 % slower than the baseline")] = False,
    write_baseline: Annotated[bool, typer.Option("--write-baseline", help="store these figures")] = False,
    voice: Annotated[str, typer.Option(help="a .lottava file, or the name of a factory voice")] = "sax",
    build_dir: BuildDir = Path("build"),
) -> None:
    """Shapes against kernels: instructions, cycles, products a cycle; each result is compared with the oracle.

    Cycles are modelled, not measured. Example:  lottava bench kernels --check
    """
    measured = []
    for row in _bench.rows(build_dir, voice):
        say(f"{row.name}: {row.counts.cycles:,.0f} cycles")
        measured.append(row)
    if as_json:
        print_json(
            {"terms": _bench.TERMS, "compiler": _bench.compiler_version(), "rows": [r.as_dict() for r in measured]}
        )
    else:
        _show(measured)
    if write_baseline:
        from lottava.emulator import Machine, build_image
        from lottava.emulator.cases import case_timings

        cases = case_timings(Machine(build_image("bench", build_dir=build_dir)))
        say(f"wrote {_bench.write_baseline(measured, cases)}")
    if check:
        _bench.check(measured)


def _show(measured: list[Row]) -> None:
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=TABLE_WIDTH)
    console.print(kernel_table(measured))
    for line in _bench.TERMS:
        console.print(line, style="dim", highlight=False)


def kernel_table(measured: list[Row]) -> Table:
    """The rows for people."""
    from rich import box
    from rich.table import Table

    from lottava.emulator.timing_rules import ERROR_BAND

    low, high = (f"{share:+.0%}" for share in ERROR_BAND)
    table = Table(
        *("what", "kernel", "instructions", "cycles", "rate", "of 2.0", "oracle"),
        title=f"Cortex-M7, modelled; hardware expected within {low} .. {high} of the first figure",
        box=box.SIMPLE_HEAD,
    )
    for column in table.columns[2:6]:
        column.justify = "right"
    for row in measured:
        counts, share = row.counts, row.limit_share
        table.add_row(
            f"{row.group} {row.shape}",
            row.kernel,
            f"{counts.instructions:,.0f}",
            f"{counts.cycles:,.0f} .. {counts.cycles_pessimistic:,.0f}",
            f"{row.rate:.2f} MAC/cycle" if share is not None else f"{row.rate:,.1f} cycles/{row.unit}",
            f"{share:.0%}" if share is not None else "",
            {True: "equal", False: "DIFFERS", None: ""}[row.exact],
        )
    return table


@bench.command()
def coefficients(
    write: Annotated[bool, typer.Option("--write", help="store them in lottava/cost_coefficients.json")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print them as JSON")] = False,
    build_dir: BuildDir = Path("build"),
) -> None:
    """Fit the cost of layers to the timing model, and compare it with graphs that the fit has not seen.

    Run it after a kernel has changed. Example:  lottava bench coefficients --write
    """
    import json

    from lottava import cycles

    fitted = _bench.fit_coefficients(build_dir)
    if as_json:
        print_json(fitted)
    for name, figures in fitted["graphs"].items():
        graph, block = _bench.proof_graph(name), figures["block"]
        by_cost = cycles.evaluate(cycles.graph_amounts(graph, block), fitted["coefficients"])
        say(f"{name}: {figures['cycles']:,.0f} cycles a tick modelled, {by_cost / figures['cycles'] - 1:+.1%} by cost")
    if write:
        path = Path(cycles.__file__).with_name(cycles.COEFFICIENTS)
        path.write_text(json.dumps(fitted, indent=1) + "\n", encoding="utf-8")
        say(f"wrote {path}")


@bench.command()
def board(
    port: Annotated[str, typer.Argument(help="serial port: /dev/ttyACM0, COM3, or a pyserial URL")],
    as_json: Annotated[bool, typer.Option("--json", help="print the figures as JSON")] = False,
) -> None:
    """Ask a board for the cycles of small programs, and compare them with the model's: its rules, one by one.

    The audio interrupt waits 21 us at most for each. Example:  lottava bench board /dev/ttyACM0
    """
    from lottava.calibration.link import open_port
    from lottava.calibration.module import Module

    from . import _bench_board

    with open_port(port) as link:
        result = _bench_board.compare(Module(link), _bench.read_baseline())
    if as_json:
        print_json(result.as_dict())
    else:
        result.show()


@bench.command()
def calibration(
    units: Annotated[int, typer.Option(min=1, help="random boards for each way to calibrate")] = 200,
    dac_bend: Annotated[float, typer.Option(help="bend of the output's converter, codes; the cable trusts it")] = 0.0,
    write: Annotated[Path | None, typer.Option(help="append the figures to this log, JSON lines")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the rows as JSON")] = False,
) -> None:
    """Calibrate random boards by every route and say how far they are out of tune, over five octaves.

    The whole procedure against the analogue model of the board. Example:  lottava bench calibration
    """
    import json
    from dataclasses import asdict

    from . import _trial

    rows = _trial.run_trial(units, dac_bend, lambda way: say(f"{units} boards: {way.name}"))
    listed = [
        {name: round(value, 2) if isinstance(value, float) else value for name, value in asdict(row).items()}
        | {"dac_bend_codes": dac_bend}
        for row in rows
    ]
    if write is not None:
        with write.open("a", encoding="utf-8") as log:
            log.writelines(json.dumps(row) + "\n" for row in listed)
        say(f"wrote {write}")
    if as_json:
        print_json(listed)
        return
    print(f"{'worst error in cents over five octaves':<40}{'V/OCT 95 %':>11}{'max':>7}{'PITCH CV 95 %':>15}{'max':>7}")
    for row in rows:
        outputs = "" if row.output_max is None else f"{row.output_percentile_95:>15.1f}{row.output_max:>7.1f}"
        print(f"{row.way:<40}{row.input_percentile_95:>11.1f}{row.input_max:>7.1f}{outputs}")
