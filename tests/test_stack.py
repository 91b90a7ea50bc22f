# SPDX-License-Identifier: MIT
"""The image's stack stays inside what the linker script reserves, and no heap gets in; each guard is tripped once."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from lottava.emulator import Seed, build_image
from lottava.emulator.callgraph import read_call_graph
from lottava.emulator.errors import EmulatorError
from lottava.emulator.heap import heap_symbols
from lottava.emulator.image import load_image
from lottava.emulator.stack import EXCEPTION_BYTES, read_frames, stack_bound

LINKER_SCRIPT = Path(__file__).resolve().parents[1] / "firmware" / "boards" / "daisy_seed" / "seed.ld"
CPU = ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-d16", "-mfloat-abi=hard", "-O2", "-fcallgraph-info=su")
LINK = ("-nostartfiles", "-nostdlib", "-Wl,--emit-relocs", "-T", str(LINKER_SCRIPT))
STARTUP = """
extern unsigned _stack_top;
void Reset_Handler(void);
void Tick(void);
__attribute__((section(".vectors"), used)) void* const kVectors[166] = {&_stack_top, Reset_Handler, Tick};
"""


@pytest.fixture(scope="module")
def image() -> Path:
    return build_image()


def compiled(folder: Path, text: str, *, compiler: str = "gcc", suffix: str = ".c") -> Path:
    """A small image of its own with the Seed's linker script."""
    source, elf = folder / f"small{suffix}", folder / "small.elf"
    source.write_text(text)
    command = [f"arm-none-eabi-{compiler}", *CPU, *LINK, "-o", elf, source, "-lc", "-lgcc"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return elf


def test_the_worst_case_fits_into_the_reserved_stack(image: Path) -> None:
    bound = stack_bound(image)
    assert bound.problems == ()
    assert bound.assumed == ()
    assert bound.worst <= bound.reserved, f"{bound.thread.words}; {[d.words for d in bound.handlers.values()]}"
    assert bound.fits
    assert bound.reserved == int(re.search(r"_stack_bytes = (\d+)K", LINKER_SCRIPT.read_text())[1]) << 10  # type: ignore[index]
    assert {"DMA1_Stream1_IRQHandler", "DMA1_Stream2_IRQHandler", "EXTI15_10_IRQHandler"} < set(bound.handlers)


def test_the_path_of_the_audio_interrupt_goes_down_to_the_kernels(image: Path) -> None:
    graph = read_call_graph(image)
    reached, waiting = set(), [graph.named("nn_load_level").start, graph.image.symbols["DMA1_Stream1_IRQHandler"]]
    while waiting:
        function = graph.functions[waiting.pop()]
        reached.add(function.name)
        waiting += [entry for entry in function.calls if graph.functions[entry].name not in reached]
    assert {"nn_blob_check", "memset"} <= reached


@pytest.mark.parametrize("entry", ["Fault_Handler", "Reset_Handler"])
def test_what_runs_without_unpacked_code_lies_in_flash(image: Path, entry: str) -> None:
    """All that a fault needs, and all from reset to main."""
    graph = read_call_graph(image)
    reached, waiting = set(), [graph.image.symbols[entry]]
    while waiting:
        start = waiting.pop()
        function = graph.functions[start]
        reached.add(function.name)
        assert 0x08000000 <= start < 0x08020000, f"{function.name} is called, but isn't in flash"
        later = {graph.image.symbols["main"]} if entry == "Reset_Handler" else set()
        waiting += [call for call in function.calls - later if graph.functions[call].name not in reached]
    assert {"FaultEnter", "_ZN7lottava4seed9AudioMuteEv"} < reached or "_ZN7lottava4seed9ClockInitEv" in reached


def test_instructions_push_what_the_compiler_says(image: Path) -> None:
    """Two readings of one thing: a disagreement means that one of them misses something."""
    graph, frames = read_call_graph(image), read_frames(image.parent)
    both = [f for f in graph.functions.values() if f.name in frames and f.pushed is not None]
    assert len(both) > 60
    for function in both:
        assert function.pushed is not None and function.pushed <= frames[function.name], function.name


def test_no_run_goes_deeper_than_the_bound(image: Path) -> None:
    """RAM wakes up as 0xA5: what still holds it below the stack's top was never reached."""
    seed = Seed(image)
    seed.set_volts("level", 5.0)
    seed.set_gate(True)
    seed.run_blocks(12)
    bound = stack_bound(image)
    memory = bytes(seed.cpu.uc.mem_read(0x20000000, bound.reserved))
    used = len(memory.lstrip(b"\xa5"))
    assert 0.3 * bound.worst < used <= bound.worst


def test_handlers_nest_and_paths_take_the_deepest(tmp_path: Path) -> None:
    text = (
        STARTUP
        + """
    __attribute__((noipa)) int Deep(int x) { volatile int a[100]; a[x] = 1; return a[x & 3]; }
    __attribute__((noipa)) int Flat(int x) { volatile int a[10]; a[x] = 1; return a[x & 3]; }
    void Tick(void) { Flat(1); }
    void Reset_Handler(void) { Flat(2); Deep(3); for (;;) { } }
    """
    )
    bound = stack_bound(compiled(tmp_path, text))
    assert bound.problems == ()
    assert [name for name, _ in bound.thread.path] == ["Reset_Handler", "Deep"]
    assert bound.thread.bytes >= 400 > 60 > bound.handlers["Tick"].bytes >= 40
    assert bound.worst == bound.thread.bytes + EXCEPTION_BYTES + bound.handlers["Tick"].bytes


UNBOUNDED = {
    "recursion: Again > Again": "volatile int a = x; return a ? Again(a - 1) + a : 0;",
    "Again takes as much stack as it finds": "volatile char a[x]; a[0] = 1; return a[0];",
}


@pytest.mark.parametrize("problem", UNBOUNDED)
def test_what_has_no_bound_is_a_problem(tmp_path: Path, problem: str) -> None:
    again = f"__attribute__((noinline)) int Again(int x) {{ {UNBOUNDED[problem]} }}"
    reset = "void Tick(void) {} volatile int v; void Reset_Handler(void) { v = Again(v); for (;;) { } }"
    bound = stack_bound(compiled(tmp_path, STARTUP + again + reset))
    assert any(problem in words for words in bound.problems)
    assert not bound.fits


def test_more_than_is_reserved_does_not_fit(tmp_path: Path) -> None:
    text = STARTUP + "void Tick(void) {} void Reset_Handler(void) { volatile int a[2100] = {0}; for (;;) a[7]++; }"
    bound = stack_bound(compiled(tmp_path, text))
    assert bound.problems == () and bound.worst > bound.reserved and not bound.fits


def test_an_unknown_pointer_may_reach_every_function_whose_address_is_taken(tmp_path: Path) -> None:
    text = (
        STARTUP
        + """
    static int Deep(int x) { volatile int a[100] = {x}; return a[x & 3]; }
    static int Flat(int x) { volatile int a[10] = {x}; return a[x & 3]; }
    int (*volatile pointers[2])(int) = {Flat, Deep};
    void Tick(void) {}
    void Reset_Handler(void) { for (;;) pointers[0](1); }
    """
    )
    elf = compiled(tmp_path, text)
    unknown = stack_bound(elf, pointers=())
    assert len(unknown.assumed) == 1 and "Reset_Handler" in unknown.assumed[0]
    assert unknown.thread.bytes >= 400
    told = stack_bound(elf, pointers=(("Reset_Handler", "Flat"),))
    assert told.assumed == () and told.thread.bytes < 100
    assert any("Deep is taken" in words for words in told.problems)
    gone = stack_bound(elf, pointers=(("Reset_Handler", "Gone"), ("x", "Deep|Flat")))
    assert gone.problems == ("Reset_Handler calls Gone by POINTERS, but there is no such function",)


def test_an_image_without_figures_is_refused(tmp_path: Path) -> None:
    elf = compiled(tmp_path, STARTUP + "void Tick(void) {} void Reset_Handler(void) { for (;;) { } }")
    with pytest.raises(EmulatorError, match=r"no \.ci files"):
        stack_bound(elf, tmp_path / "elsewhere")


def test_the_image_has_no_heap(image: Path) -> None:
    assert heap_symbols(load_image(image).symbols) == []


HEAP = {
    "malloc": ("void* malloc(unsigned); void* p; void Reset_Handler(void) { p = malloc(v); }", "gcc", ".c"),
    "free": ("void free(void*); void* p; void Reset_Handler(void) { free(p); }", "gcc", ".c"),
    "_Znwj": (
        "void* operator new(unsigned) { return &buffer[v]; } int* p; void Reset_Handler() { p = new int; }",
        "g++",
        ".cc",
    ),
}


@pytest.mark.parametrize("symbol", HEAP)
def test_a_heap_would_be_noticed(tmp_path: Path, symbol: str) -> None:
    body, compiler, suffix = HEAP[symbol]
    support = "char buffer[64]; volatile int v; void* _sbrk(int n) { return buffer + n; } int _getpid; int _kill; "
    text = support + body
    if suffix == ".cc":
        text = text.replace("void* _sbrk", 'extern "C" void* _sbrk').replace("void Reset", 'extern "C" void Reset')
    else:
        text += " int* __errno(void) { static int e; return &e; }"
    assert symbol in heap_symbols(load_image(compiled(tmp_path, text, compiler=compiler, suffix=suffix)).symbols)
