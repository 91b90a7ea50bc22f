# SPDX-License-Identifier: MIT
"""python -m lottava.export: write firmware/generated/ and the manual's tables of this checkout anew."""

from pathlib import Path

from . import manual
from .generate import committed_headers, write_headers

ROOT = Path(__file__).resolve().parent.parent

if __name__ == "__main__":
    write_headers(committed_headers(ROOT / "voices"), ROOT / "firmware" / "generated")
    for page in ("protocol.md", "calibrate.md"):
        manual.refresh_file(ROOT / "docs" / page)
