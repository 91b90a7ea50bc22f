# SPDX-License-Identifier: MIT
"""Where CMSIS-NN's sources lie, and which of them a graph's layers need.

The package `bakenn` carries CMSIS-NN 4.0.0's s8 kernels and the core headers they include (Apache-2.0). They are
compiled from where pip put them, as system code; nothing of them is copied into this repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "bakenn"
VERSION = "4.0.0"
REVISION = "ca5dc34313be2ee5c46652917c30baac96c52621"
"""Of CMSIS-NN, as the package's BAKENN_PROVENANCE.md states it."""

SOURCE = Path("cmsis_nn", "Source")
INCLUDES = (Path("cmsis_nn", "Include"), Path("cmsis_core", "Include"))


ENTRIES = ("arm_convolve_wrapper_s8", "arm_depthwise_conv_wrapper_s8", "arm_fully_connected_s8")
"""The kernels that firmware/cmsis/graph_s8.c calls, in the order of its enum CmsisKind."""


class CmsisError(RuntimeError):
    """CMSIS-NN's sources are missing, or not those that the arithmetic was taken from."""


def vendor_folder() -> Path:
    """The folder of cmsis_nn/ and cmsis_core/. Raises CmsisError where the package is missing or another version."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise CmsisError(f"the package {PACKAGE} is missing; pip install 'lottava[cmsis]'")
    folder = Path(spec.submodule_search_locations[0]) / "backend" / "cmsis_nn" / "vendor"
    record = folder / "cmsis_nn" / "BAKENN_PROVENANCE.md"
    if not record.is_file() or REVISION not in record.read_text(encoding="utf-8"):
        raise CmsisError(f"{PACKAGE} does not carry CMSIS-NN {VERSION} ({REVISION[:8]}); pip install 'lottava[cmsis]'")
    return folder


def _words(path: Path) -> set[str]:
    """Names of CMSIS-NN functions that a C file mentions outside comments."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.S)
    return set(re.findall(r"\barm_\w+", text))


def sources(entries: Iterable[str], folder: Path) -> list[Path]:
    """C files, relative to `folder`, that functions named `entries` need: each function has a file of its name.

    Raises CmsisError for an entry without a file. Source: the layout of CMSIS-NN's Source/, one public function a file.
    """
    files = {path.stem: path for path in sorted((folder / SOURCE).rglob("*.c"))}
    wanted, needed = list(entries), set[str]()
    if missing := [name for name in wanted if name not in files]:
        raise CmsisError(f"CMSIS-NN in {folder} has no {missing}")
    while wanted:
        name = wanted.pop()
        if name in files and name not in needed:
            needed.add(name)
            wanted.extend(_words(files[name]) - needed)
    return sorted(files[name].relative_to(folder) for name in needed)


def main(arguments: list[str]) -> None:
    """Print the vendor folder (or take the one given), then every C file that ENTRIES need, one a line, for make."""
    folder = Path(arguments[0]) if arguments else vendor_folder()
    print(folder)
    for path in sources(ENTRIES, folder):
        print(path.as_posix())
