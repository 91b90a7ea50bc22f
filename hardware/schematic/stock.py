# SPDX-License-Identifier: MIT
"""The project's symbol library, from stock symbols and a few of our own: `python -m lottava.hardware.schematic.stock`.

Stock symbols are KiCad's (CC-BY-SA 4.0 with the exception for designs); run this again only to add one.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

from .library import vendor, whole
from .project import LIBRARY
from .sexpr import Item, List, children, head, parse, text_of

STOCK = Path("/usr/share/kicad/symbols")
WANTED = """
Amplifier_Operational:MCP6004 Amplifier_Operational:OPA1679 74xGxx:74LVC1G3157 74xx:74HC4051 74xx:74HC595
Connector:TestPoint Connector:USB_C_Receptacle_USB2.0_16P Connector_Audio:AudioJack2_SwitchT
Connector_Generic:Conn_01x04 Connector_Generic:Conn_02x05_Odd_Even
Device:C Device:C_Polarized Device:D Device:D_Schottky Device:D_TVS Device:D_Zener Device:FerriteBead Device:L
Device:LED Device:LED_Dual_AKA Device:Polyfuse Device:R Device:R_Pack04 Device:R_Potentiometer Diode:BAT54S
MCU_Module:Electrosmith_Daisy_Seed_Rev4 Mechanical:Housing Mechanical:MountingHole Power_Protection:USBLC6-2SC6
Reference_Voltage:LM4132xMF-2.5 Switch:SW_Push Transistor_BJT:MMBT3904 Transistor_FET:2N7002
power:+12V power:-12V power:GND power:PWR_FLAG
"""
RAILS = ("+3V3A", "+3V3D", "VREF_2V5")
"""Rails that KiCad has no symbol for: its +3V3 under another name."""


def _renamed(item: Item, old: str, new: str) -> Item:
    if isinstance(item, list):
        return [_renamed(one, old, new) for one in item]
    return type(item)(item.replace(old, new)) if old in item else item


PASSIVE = {"74LVC1G3157": ("1", "3", "4")}
"""Pins that KiCad calls bidirectional; an analogue switch drives nothing."""


def _rails(stock: Path) -> list[List]:
    symbols = {text_of(one): one for one in children(parse((stock / "power.kicad_sym").read_text("utf-8")), "symbol")}
    model = whole(symbols, "+3V3")
    assert head(model) == "symbol"
    return [cast(List, _renamed(model, "+3V3", name)) for name in RAILS]


def vendor_symbols(stock: Path, library: Path = LIBRARY) -> None:
    """Write the project's symbol library from the folder of the stock ones."""
    vendor(stock, WANTED.split(), _rails(stock), PASSIVE, library)


if __name__ == "__main__":
    vendor_symbols(Path(sys.argv[1]) if len(sys.argv) > 1 else STOCK)
