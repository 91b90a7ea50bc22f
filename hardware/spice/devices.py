# SPDX-License-Identifier: MIT
"""How each kind of part becomes lines of SPICE: by its symbol, pins in the order of the model's nodes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from .netlist import Component, Netlist

Lines = list[str]

OP_AMPS = ("MCP6004", "OPA1679")
_IGNORED = """
74HC595 AudioJack2_SwitchT Conn_01x04 Conn_02x05_Odd_Even Electrosmith_Daisy_Seed_Rev4 Housing LED_Dual_AKA
MountingHole R_Pack04 R_Potentiometer SW_Push TestPoint USBLC6-2SC6 USB_C_Receptacle_USB2.0_16P
"""
IGNORED = frozenset(_IGNORED.split())
"""Symbols without a model: the bench connects what the checks need of them."""

_SUBCIRCUITS: Mapping[str, tuple[str, str]] = {
    **{name: (name, " ".join(map(str, range(1, 15)))) for name in OP_AMPS},
    "BAT54S": ("BAT54S", "1 2 3"),
    "D_TVS": ("PESD15VL1BA", "1 2"),
    "2N7002": ("X2N7002", "1 2 3"),
    "LM4132xMF-2.5": ("LM4132", "1 2 3 4 5"),
    "74LVC1G3157": ("SW3157", "1 2 3 4 5 6"),
    "74HC4051": ("MUX4051", " ".join(map(str, range(1, 17)))),
}
"""Symbol → model, and its pins in the order of the model's nodes."""
_DIODES = {"D": "1N4148W", "D_Schottky": "B5819W", "D_Zener": "SMBJ15A", "LED": "LEDGREEN"}
_FERRITE_OHMS, _FUSE_OHMS, _COIL_OHMS = 0.1, 0.6, 0.2


def node(net: str) -> str:
    """A net's name in SPICE: "+12V" → p12v, "GND" → 0."""
    if net == "GND":
        return "0"
    return re.sub(r"[^a-z0-9_]", "_", net.lower().replace("+", "p").replace("-", "n"))


def check_names(netlist: Netlist) -> None:
    """Raises ValueError where two nets would get one name."""
    seen: dict[str, str] = {}
    for net in netlist.nets:
        other = seen.setdefault(node(net), net)
        if other != net:
            raise ValueError(f"nets {other!r} and {net!r} are both {node(net)!r} in SPICE")


def _nodes(part: Component, pins: Iterable[str | int]) -> str:
    """A pin without a net gets a node of its own."""
    return " ".join(
        node(part.pins[str(pin)]) if str(pin) in part.pins else f"nc_{part.reference}_{pin}" for pin in pins
    )


def _passive(part: Component) -> Lines:
    letter = part.symbol[0]
    name = part.reference if part.reference[0] == letter else letter + part.reference
    return [f"{name} {_nodes(part, (1, 2))} {part.value}"]


def _plain_ohms(ohms: float) -> Callable[[Component], Lines]:
    return lambda part: [f"R{part.reference} {_nodes(part, (1, 2))} {ohms}"]


def _coil(part: Component) -> Lines:
    inner = f"{part.reference.lower()}_coil"
    return [
        f"{part.reference} {_nodes(part, (1,))} {inner} {part.value}",
        f"R{part.reference} {inner} {_nodes(part, (2,))} {_COIL_OHMS}",
    ]


def _diode(part: Component) -> Lines:
    return [f"{part.reference} {_nodes(part, (2, 1))} {_DIODES[part.symbol]}"]


def _transistor(part: Component) -> Lines:
    return [f"{part.reference} {_nodes(part, (3, 1, 2))} {part.symbol}"]


def _subcircuit(part: Component) -> Lines:
    model, pins = _SUBCIRCUITS[part.symbol]
    return [f"X{part.reference} {_nodes(part, pins.split())} {model}"]


_KINDS: Mapping[str, Callable[[Component], Lines]] = {
    **dict.fromkeys(("R", "C", "C_Polarized"), _passive),
    **dict.fromkeys(_DIODES, _diode),
    **dict.fromkeys(_SUBCIRCUITS, _subcircuit),
    "L": _coil,
    "FerriteBead": _plain_ohms(_FERRITE_OHMS),
    "Polyfuse": _plain_ohms(_FUSE_OHMS),
    "MMBT3904": _transistor,
}


def lines(netlist: Netlist) -> Lines:
    """Every part that is fitted and has a model. Raises ValueError that names a part of a kind without one."""
    check_names(netlist)
    found: Lines = []
    for part in netlist.components.values():
        if part.symbol in IGNORED or not part.is_fitted:
            continue
        if part.symbol not in _KINDS:
            raise ValueError(f"{part.reference}: no model for the symbol {part.symbol}")
        found += _KINDS[part.symbol](part)
    return found
