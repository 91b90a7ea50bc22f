# SPDX-License-Identifier: MIT
"""Jacks, pots, buttons, LEDs, USB, headers, the Seed: what people touch, see or plug in, mostly soldered by hand."""

from __future__ import annotations

from .kinds import GENERIC, PartType, Source
from .lcsc import LCSC


def _part(
    key: str,
    value: str,
    sources: tuple[Source, Source | None],
    footprint: str,
    limits: tuple[str, str],
    price_usd: tuple[float, float],
    *,
    by_hand: bool = True,
    note: str = "",
    single: str = "",
    unverified: str = "",
) -> PartType:
    return PartType(
        key,
        value,
        *sources,
        footprint,
        *limits,
        price_usd,
        LCSC.get(sources[0].mpn, GENERIC),
        is_hand_soldered=by_hand,
        note=note,
        single=single,
        unverified=unverified,
    )


_ALPHA = "Potentiometer_THT:Potentiometer_Alpha_RD901F-40-00D_Single_Vertical"
_POT_LIMITS = ("20% linear", "0.05W")

PANEL_PARTS: tuple[PartType, ...] = (
    _part(
        "PJ398SM",
        "PJ398SM",
        (Source("QingPu", "WQP-PJ398SM"), Source("Thonk", "PJ398SM")),
        "Connector_Audio:Jack_3.5mm_QingPu_WQP-PJ398SM_Vertical_CircularHoles",
        ("none", "3.5mm mono, switched"),
        (0.60, 0.40),
        note="sold as Thonkiconn; the switch contact is used on every input",
    ),
    _part(
        "RD901F B10K",
        "10k",
        (Source("Alpha", "RD901F-40-15F-B10K-00DL1"), Source("Alps Alpine", "RK09L1140A5L")),
        _ALPHA,
        _POT_LIMITS,
        (1.50, 1.10),
        note="flat shaft 6 mm, 15 mm long; all twelve of one kind; attenuverters are nicer with a centre detent",
        unverified="no order number of a version with a centre detent was found: ask the shop, or do without",
    ),
    _part(
        "LED 3mm red/green",
        "red/green",
        (Source("Kingbright", "WP115WEGW"), Source("Lumex", "SSL-LX3059IGW")),
        "LED_THT:LED_D3.0mm-3",
        ("none", "20mA common cathode"),
        (0.40, 0.25),
        note="any 3 mm LED with three legs, red and green, common cathode in the middle",
        unverified="which outer leg is red: builders of the same LED report the longer one. Try each with a meter. "
        "Lumex sells the number with -CA behind it too: that one has a common anode and does not work here",
    ),
    _part(
        "LED green 0603",
        "green",
        (Source("Lite-On", "LTST-C190GKT"), Source("Kingbright", "APT1608SGC")),
        "LED_SMD:LED_0603_1608Metric",
        ("none", "20mA"),
        (0.15, 0.06),
        by_hand=False,
    ),
    _part(
        "Button 6mm",
        "button",
        (Source("E-Switch", "TL1105KF160Q"), None),
        "Button_Switch_THT:SW_PUSH_6mm_H13mm",
        ("none", "24V 50mA"),
        (0.45, 0.30),
        note="6 x 6 mm, 13.5 mm tall, to reach through the panel",
        single="sold without a maker's name as 6x6x13 or 6x6x13.5 mm, four legs: any of these fits",
    ),
    _part(
        "USB-C vertical",
        "USB-C",
        (Source("GCT", "USB4115-03-C"), Source("G-Switch", "GT-USB-7052")),
        "Connector_USB:USB_C_Receptacle_GCT_USB4115-03-C",
        ("none", "5A 48V"),
        (1.60, 1.20),
        by_hand=False,
        note="9.3 mm tall, the only part on the front that is soldered to pads; its shell hides them from an iron",
        unverified="second source: its footprint is said to be almost the same: compare the two drawings first",
    ),
    _part(
        "IDC 2x5 shrouded",
        "POWER",
        (Source("CNC Tech", "3020-10-0100-00"), Source("Amphenol", "T821110A1S100CEU")),
        "Connector_IDC:IDC-Header_2x05_P2.54mm_Vertical",
        ("none", "3A a pin"),
        (0.50, 0.35),
        note="keyed: the shroud's notch is at pins 5 and 6",
    ),
    _part(
        "Daisy Seed",
        "Daisy_Seed",
        (Source("Electrosmith", "Daisy Seed 65MB"), Source("Electrosmith", "Daisy Seed2 DFM")),
        "Module:Electrosmith_Daisy_Seed",
        ("none", "4-17V"),
        (30.0, 28.0),
        note="the 65 MB one, with pins, in two sockets 1x20; Rev4 and 1.1 alike",
        unverified="second source: that a Seed2 DFM can be had with pins like a Seed's",
    ),
    _part(
        "Socket 1x20",
        "1x20",
        (Source("Samtec", "SLW-120-01-G-S"), Source("Samtec", "SLW-120-01-T-S")),
        "Connector_PinSocket_2.54mm:PinSocket_1x20_P2.54mm_Vertical",
        ("none", "3A a pin"),
        (3.50, 2.60),
        note="4.57 mm tall, takes 2.2 to 2.9 mm of a 0.64 mm square pin: the Seed's pins are cut (docs/build.md). "
        "Instead: any 1x20 socket no taller than 5 mm",
        unverified="the body's height and the pins' depth are those that others quote from the maker's drawing; "
        "both numbers are one maker's, gold and tin: no other maker's low socket was found with a drawing",
    ),
    _part(
        "Header 1x4",
        "1x4",
        (Source("Harwin", "M20-9990446"), Source("Wurth Elektronik", "61300411121")),
        "Connector_PinHeader_2.54mm:PinHeader_1x04_P2.54mm_Vertical",
        ("none", "3A"),
        (0.20, 0.12),
    ),
    _part(
        "Socket 1x4",
        "OLED",
        (Source("Harwin", "M20-7820446"), Source("Sullins", "PPTC041LFBN-RC")),
        "Connector_PinSocket_2.54mm:PinSocket_1x04_P2.54mm_Vertical",
        ("none", "3A"),
        (0.40, 0.25),
        note="option, for an SSD1306 display; not fitted",
    ),
)
