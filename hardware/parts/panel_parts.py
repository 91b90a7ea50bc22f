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
) -> PartType:
    lcsc = LCSC.get(sources[0].mpn, GENERIC)
    return PartType(key, value, *sources, footprint, *limits, price_usd, lcsc, is_hand_soldered=by_hand, note=note)


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
        note="shaft 6 mm with a flat; knobs for it: 12 mm and 10 mm caps",
    ),
    _part(
        "RD901F B10K detent",
        "10k",
        (Source("Alpha", "RD901F-40-15F-B10K-00DL1 centre detent"), Source("Alps Alpine", "RK09L1140A5L")),
        _ALPHA,
        _POT_LIMITS,
        (1.60, 1.20),
        note="ask the shop for the centre detent; the second source has none and works as well",
    ),
    _part(
        "LED 3mm red/green",
        "red/green",
        (Source("Kingbright", "WP115WEGW"), None),
        "LED_THT:LED_D3.0mm-3",
        ("none", "20mA common cathode"),
        (0.40, 0.25),
        note="any 3 mm LED with three legs, red and green, common cathode in the middle",
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
        (Source("E-Switch", "TL1105KF160Q"), Source("C&K", "PTS645SM13-2 LFS")),
        "Button_Switch_THT:SW_PUSH_6mm_H13mm",
        ("none", "24V 50mA"),
        (0.45, 0.30),
        note="6 x 6 mm, 13 mm tall or a little more, to reach through the panel",
    ),
    _part(
        "USB-C vertical",
        "USB-C",
        (Source("GCT", "USB4115-03-C"), Source("G-Switch", "GT-USB-7052A")),
        "Connector_USB:USB_C_Receptacle_GCT_USB4115-03-C",
        ("none", "5A 48V"),
        (1.60, 1.20),
        by_hand=False,
        note="9.3 mm tall, the only part on the front that is soldered to pads",
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
        note="in two sockets 1x20; any of Rev4, 1.1 and 2 DFM",
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
