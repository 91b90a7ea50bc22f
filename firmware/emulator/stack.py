# SPDX-License-Identifier: MIT
"""The deepest that the stack can get: main loop, then every interrupt on top of the other, against what is reserved.

A function takes what the compiler says (-fcallgraph-info=su, the figures of -fstack-usage); assembly and library
functions, what their instructions push. A call through a pointer reaches what POINTERS says, or, where it says
nothing, any function whose address is taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .callgraph import CallGraph, Function, read_call_graph
from .errors import EmulatorError

EXCEPTION_BYTES = 26 * 4 + 4
"""What the core pushes: 26 words with the FPU's, and one to align to 8 bytes (Armv7-M B1.5.7)."""

ENTRY = "Reset_Handler"

NOWHERE = r"^$"
POINTERS = (
    (r"^DMA1_Stream1_IRQHandler$", r"OnBlock"),
    (r"^Reset_Handler$", r"^_GLOBAL__sub_I_"),
    (r"7lottava7Console11HandleFrame", r"7lottava7Console\d+\w+EPKh$"),
    (r"7lottava7Console", r"4seed12_GLOBAL__N_1\d+Cycles|^bench_case_(count|name)$"),
    (r"7lottava5Store", r"4seed12_GLOBAL__N_1\d+(StartWrite|State|ReadSector)"),
    (r"^(configuration_reset|tud_deinit|tud_rhport_init)$", r"^(cdcd|midid)_(reset|deinit|init)$"),
    (
        r"^(tud_task_ext|invoke_class_control|usbd_control_xfer_cb)$",
        r"^(cdcd|midid)_\w+_cb$|^(cdcd|midid)_open$|^usbd_int_set$",
    ),
    (r"^dcd_event_handler$", r"^usbd_int_set$"),  # no class of ours looks at frames
    (r"^(cdcd_xfer_cb|invoke_class_control)$", r"^tud_(cdc_tx_complete|vendor_control_xfer)_cb$"),
    (r"4seed18EnterLoaderIfAsked", NOWHERE),  # the loader in ROM has its own stack
    (r"^bench_case_run$", r"^(?!nn_|bench_case|column|pairs)[a-z][a-z0-9]*(_[a-z0-9]+)*$"),
    (r"^nn_matmul_s8s16$", r"^(column|pairs)(_relu)?$"),
    (r"^(column|pairs)(_relu)?$", NOWHERE),  # enter their own unrolled loop in the middle
)
"""Who calls through pointers → whom they reach, both as patterns of linker names; the first that fits counts."""

_NODE = re.compile(r'node: \{ title: "(?:[^":]*:)?([^"]+)" label: "[^"]*?(\d+) bytes \((static|dynamic[^)]*)\)')


Pointers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Depth:
    """The deepest call path of a root: bytes, and the names along it with what each takes."""

    bytes: int
    path: tuple[tuple[str, int], ...]

    @property
    def words(self) -> str:
        """`main 24 > Process 96 > …`."""
        return " > ".join(f"{name} {size}" for name, size in self.path)


@dataclass(frozen=True)
class StackBound:
    """reserved: of the linker script; thread: from reset; handlers: by name. assumed: calls through pointers that were
    taken to reach every function whose address is known; problems: what makes the bound void."""

    reserved: int
    thread: Depth
    handlers: Mapping[str, Depth]
    assumed: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def worst(self) -> int:
        """Every handler interrupts the one before at its deepest; none interrupts itself."""
        return self.thread.bytes + sum(EXCEPTION_BYTES + depth.bytes for depth in self.handlers.values())

    @property
    def fits(self) -> bool:
        """True when nothing is unknown and the worst case leaves the reserved memory alone."""
        return not self.problems and self.worst <= self.reserved


def read_frames(build_dir: Path) -> dict[str, int]:
    """Linker name → bytes of stack, of all .ci files below a folder; of two functions of one name the larger.

    A frame whose size is known at run time only counts as -1.
    """
    frames: dict[str, int] = {}
    for path in sorted(build_dir.rglob("*.ci")):
        for name, size, kind in _NODE.findall(path.read_text(encoding="utf-8")):
            bounded = kind in ("static", "dynamic,bounded")
            known = frames.get(name, 0)
            frames[name] = max(known, int(size)) if bounded and known >= 0 else -1
    return frames


class _Walk:
    """Longest paths, each function once. Recursion and unknown frames become problems, not numbers."""

    def __init__(self, graph: CallGraph, frames: Mapping[str, int], pointers: Pointers) -> None:
        self.graph, self.frames, self.pointers = graph, frames, pointers
        self.known: dict[int, Depth] = {}
        self.active: list[int] = []
        self.assumed: set[str] = set()
        self.problems = {
            f"the address of {name} is taken, and POINTERS says of nobody that he calls it"
            for name in (graph.functions[entry].name for entry in graph.taken)
            if not any(re.search(targets, name) for _, targets in pointers)
        }

    def frame(self, function: Function) -> int:
        size = self.frames.get(function.name, function.pushed)
        if size is None or size < 0:
            self.problems.add(f"{function.name} takes as much stack as it finds at run time")
            return 0
        return size

    def reached(self, function: Function) -> frozenset[int]:
        """What the pointers of a function reach."""
        if not function.indirect:
            return frozenset()
        for caller, targets in self.pointers:
            if re.search(caller, function.name):
                found = frozenset(a for a in self.graph.taken if re.search(targets, self.graph.functions[a].name))
                if not found and targets != NOWHERE:
                    self.problems.add(f"{function.name} calls {targets} by POINTERS, but there is no such function")
                return found
        self.assumed.update(function.indirect)
        return self.graph.taken

    def depth(self, entry: int) -> Depth:
        if entry in self.known:
            return self.known[entry]
        function = self.graph.functions.get(entry)
        if function is None:
            self.problems.add(f"a call to {entry:#x} reaches no function that has a name")
            return Depth(0, ())
        if entry in self.active:
            names = [self.graph.functions[a].name for a in self.active[self.active.index(entry) :]]
            self.problems.add(f"recursion: {' > '.join([*names, function.name])}")
            return Depth(0, ())
        self.active.append(entry)
        deepest = max(
            (self.depth(a) for a in sorted(function.calls | self.reached(function))),
            key=lambda d: d.bytes,
            default=None,
        )
        self.active.pop()
        size = self.frame(function)
        below = deepest or Depth(0, ())
        self.known[entry] = Depth(size + below.bytes, ((function.name, size), *below.path))
        return self.known[entry]


def stack_bound(elf: Path, build_dir: Path | None = None, pointers: Pointers = POINTERS) -> StackBound:
    """Bound of an image; build_dir: where its objects and .ci files lie (the ELF's folder).

    Raises EmulatorError for an image without vectors or without a reserved stack.
    """
    graph, frames = read_call_graph(elf), read_frames(build_dir or elf.parent)
    symbols = graph.image.symbols
    if not graph.vectors or "_stack_bytes" not in symbols:
        raise EmulatorError(f"{elf} has no vector table or no _stack_bytes; link it with daisy_seed/seed.ld")
    if not frames:
        raise EmulatorError(f"no .ci files below {build_dir or elf.parent}; compile with -fcallgraph-info=su")
    walk = _Walk(graph, frames, pointers)
    thread = walk.depth(symbols[ENTRY])
    handlers = {graph.functions[entry].name: walk.depth(entry) for entry in sorted(graph.vectors)}
    handlers.pop(ENTRY, None)
    return StackBound(
        symbols["_stack_bytes"], thread, handlers, tuple(sorted(walk.assumed)), tuple(sorted(walk.problems))
    )
