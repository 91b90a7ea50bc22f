# SPDX-License-Identifier: MIT
"""Op-amps, logic, reference, switch, transistors, diodes and protection."""

from __future__ import annotations

from .kinds import GENERIC, PartType, Source
from .lcsc import LCSC

SOIC_14 = "Package_SO:SOIC-14_3.9x8.7mm_P1.27mm"
SOIC_16 = "Package_SO:SOIC-16_3.9x9.9mm_P1.27mm"
SOT_23 = "Package_TO_SOT_SMD:SOT-23"
SOT_23_5 = "Package_TO_SOT_SMD:SOT-23-5"
SOT_23_6 = "Package_TO_SOT_SMD:SOT-23-6"
SOD_123 = "Diode_SMD:D_SOD-123"
SOD_323 = "Diode_SMD:D_SOD-323"
SMB = "Diode_SMD:D_SMB"

_ROWS = """
OPA1679 SOIC-14      | TI OPA1679IDR            | ST TL074CDT                | 2 mV offset  | 36V 16MHz      | 2.60 1.60
MCP6004 SOIC-14      | Microchip MCP6004-I/SL   | TI TLV9004IDR              | 4.5mV offset | 6V 1MHz RRIO   | 0.65 0.45
74HC4051 SOIC-16     | Nexperia 74HC4051D,653   | TI CD74HC4051M96           | none         | 10V 180 Ohm    | 0.50 0.25
74HC595 SOIC-16      | Nexperia 74HC595D,118    | TI SN74HC595DR             | none         | 7V 6mA a pin   | 0.45 0.20
LM4132A-2.5 SOT-23-5 | TI LM4132AMF-2.5/NOPB    | TI REF2025AIDDCR           | 0.05%        | 5.5V 20ppm/K   | 4.50 3.20
74LVC1G3157 SOT-23-6 | TI SN74LVC1G3157DBVR     | Nexperia 74LVC1G3157GV,125 | none         | 5.5V 10 Ohm    | 0.35 0.15
MMBT3904 SOT-23      | Nexperia PMBT3904,215    | onsemi MMBT3904LT1G        | beta 100-300 | 40V 0.2A       | 0.10 0.03
2N7002 SOT-23        | Nexperia 2N7002,215      | onsemi 2N7002LT1G          | Vth 1-2.5V   | 60V 0.3A       | 0.12 0.04
B5819W SOD-123       | Diodes 1N5819HW-7-F      | MCC 1N5819HW-TP            | Vf 0.6V 1A   | 40V 1A         | 0.20 0.08
1N4148W SOD-123      | Diodes 1N4148W-7-F       | onsemi 1N4148WT            | Vf 1V 50mA   | 75V 0.15A      | 0.10 0.03
BAT54S SOT-23        | Nexperia BAT54S,215      | onsemi BAT54SLT1G          | Vf 0.4V 10mA | 30V 0.2A       | 0.15 0.05
SMBJ15A SMB          | Littelfuse SMBJ15A       | Diodes SMBJ15A-13-F        | 5%           | 15V 600W       | 0.35 0.18
PESD15VL1BA SOD-323  | Nexperia PESD15VL1BA,115 | Littelfuse SD15C-01FTG     | 10%          | 15V both ways  | 0.30 0.12
USBLC6-2SC6 SOT-23-6 | ST USBLC6-2SC6           | UMW USBLC6-2SC6            | none         | 5.25V 3.5pF    | 0.45 0.20
"""
"""key | first source | second source | tolerance | rating | price of one of a few, of one of a hundred."""

_MAKERS = {"TI": "Texas Instruments", "ST": "STMicroelectronics", "Diodes": "Diodes Inc.", "Linear": "Linear Systems"}
_FOOTPRINTS = {
    "SOIC-14": SOIC_14,
    "SOIC-16": SOIC_16,
    "SOT-23": SOT_23,
    "SOT-23-5": SOT_23_5,
    "SOT-23-6": SOT_23_6,
    "SOD-123": SOD_123,
    "SOD-323": SOD_323,
    "SMB": SMB,
}
_NOTES = {
    "OPA1679 SOIC-14": "the second source is noisier and has more offset: it works, and hisses a little",
    "LM4132A-2.5 SOT-23-5": "grade A, 0.05 %; grade B (LM4132BMF-2.5/NOPB, 0.1 %) costs 3 cents over 5 octaves. "
    "The second source has the same pins and 1.25 V on the one that is open here",
}


def _source(text: str) -> Source | None:
    if text == "-":
        return None
    maker, mpn = text.split(" ", 1)
    return Source(_MAKERS.get(maker, maker), mpn)


def _part(row: str) -> PartType:
    key, first_text, second, tolerance, rating, prices = (cell.strip() for cell in row.split("|"))
    first = _source(first_text)
    if first is None:
        raise ValueError(f"{key}: no first source")
    few, hundred = prices.split()
    return PartType(
        key=key,
        value=key.split()[0],
        first=first,
        second=_source(second),
        footprint=_FOOTPRINTS[key.split()[-1]],
        tolerance=tolerance,
        rating=rating,
        price_usd=(float(few), float(hundred)),
        lcsc=LCSC.get(first.mpn, GENERIC),
        note=_NOTES.get(key, ""),
    )


SEMICONDUCTORS: tuple[PartType, ...] = tuple(map(_part, _ROWS.strip().splitlines()))
