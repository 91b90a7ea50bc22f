# SPDX-License-Identifier: MIT
"""What the licences of recordings allow a voice made of them to say about itself."""

from __future__ import annotations

import re
from collections.abc import Iterable

PRIVATE = "LicenseRef-Private"
FREE = "CC0-1.0"
CREDITED = "CC-BY-4.0"
PUBLISHABLE = (FREE, CREDITED)

SPDX_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,63}")
_NO_CREDIT = re.compile(r"CC0-1\.0|CC-PDM-1\.0|CC-PDDC")
_CREDIT = re.compile(r"CC-BY-[1-4]\.[05]|MIT|MIT-0|BSD-[23]-Clause|Apache-2\.0")
_BLOCKING = (
    (re.compile(r".*-NC(-|\b).*"), "forbids commercial use"),
    (re.compile(r".*-ND(-|\b).*"), "forbids derived works"),
    (
        re.compile(r".*-SA(-|\b).*"),
        "demands its own licence of derived works, and whether weights are such is disputed",
    ),
    (re.compile(r"[AL]?GPL-.*"), "demands its own licence of derived works, and whether weights are such is disputed"),
    (re.compile(r"LicenseRef-.*"), "is private or unknown"),
)


def blocks_publishing(licence: str) -> str | None:
    """Why recordings under this SPDX id keep a voice private, as the rest of a sentence; None where they don't."""
    for pattern, reason in _BLOCKING:
        if pattern.fullmatch(licence):
            return reason
    if _NO_CREDIT.fullmatch(licence) or _CREDIT.fullmatch(licence):
        return None
    return "is not one that this version knows"


def voice_licence(licences: Iterable[str]) -> str:
    """Freest licence of a voice made of recordings under these: CC0-1.0, CC-BY-4.0, or LicenseRef-Private."""
    found = set(licences)
    if not found or any(blocks_publishing(licence) for licence in found):
        return PRIVATE
    return FREE if all(_NO_CREDIT.fullmatch(licence) for licence in found) else CREDITED
