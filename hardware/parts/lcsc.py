# SPDX-License-Identifier: MIT
"""LCSC order numbers by maker's number, each read in public bills of materials; all else is ordered by maker's number.

None was checked against the shop's stock: the assembler's own preview is the check.
"""

from __future__ import annotations

LCSC: dict[str, str] = {
    "RC0603FR-07100KL": "C14675",
    "RC0603FR-071KL": "C22548",
    "RC0603FR-0710KL": "C98220",
    "CL31A226KAHNNNE": "C12891",
}
