# SPDX-License-Identifier: MIT
"""LCSC order numbers by maker's number, each read in public bills of materials; all else is ordered by maker's number.

None was checked against the shop's stock: the assembler's own preview is the check.
"""

from __future__ import annotations

LCSC: dict[str, str] = {
    "RC0603FR-071KL": "C22548",
    "RC0603FR-0710KL": "C98220",
    "RC0603FR-07100KL": "C14675",
    "RC0603FR-0747KL": "C105579",
    "RC0603FR-074K7L": "C99782",
    "RC0603FR-075K1L": "C105580",
    "CC0603JRNPO9BN102": "C106246",
    "CC0603JRNPO9BN103": "C389113",
    "CC0603JRNPO9BN221": "C106210",
    "CC0603KRX7R9BB104": "C14663",
    "CL10B105KA8NNNC": "C29936",
    "CL21A106KAYNNNE": "C15850",
    "CL31A226KAHNNNE": "C12891",
    "BLM21PG601SN1D": "C41556732",
    "1812L050/30PR": "C151168",
    "1N5819HW-7-F": "C82544",
    "2N7002,215": "C65189",
    "74HC4051D,653": "C9386",
    "74HC595D,118": "C5947",
    "MCP6004-I/SL": "C1346056",
    "PESD15VL1BA,115": "C85378",
    "SN74LVC1G3157DBVR": "C10426",
    "USBLC6-2SC6": "C7519",
}
