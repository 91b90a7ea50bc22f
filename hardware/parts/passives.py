# SPDX-License-Identifier: MIT
"""Resistors of E96 and E24 in 1 % and 0.1 %, capacitors, inductors: makers' numbering schemes as functions.

Schemes: Yageo RC0603FR and RT0603BRD, Vishay CRCW0603, Panasonic ERA-3A; Yageo CC0603, Murata GRM18.
"""

from __future__ import annotations

from collections.abc import Iterator

from .kinds import GENERIC, PartType, Source, format_value
from .lcsc import LCSC

R_0603 = "Resistor_SMD:R_0603_1608Metric"
C_0603 = "Capacitor_SMD:C_0603_1608Metric"
C_0805 = "Capacitor_SMD:C_0805_2012Metric"
C_1206 = "Capacitor_SMD:C_1206_3216Metric"

E24 = (10, 11, 12, 13, 15, 16, 18, 20, 22, 24, 27, 30, 33, 36, 39, 43, 47, 51, 56, 62, 68, 75, 82, 91)
E96 = tuple(round(100 * 10 ** (step / 96)) for step in range(96))
DECADES = (1, 2, 3, 4, 5)
"""Powers of ten: 10 Ω to 976 kΩ, and 1 MΩ."""


def _digits(ohms: float) -> tuple[int, int]:
    """Three leading digits and the power of ten behind them: 30100 → (301, 2)."""
    exponent = 0
    scaled = round(ohms, 6)
    while scaled >= 999.5:
        scaled, exponent = scaled / 10, exponent + 1
    while scaled < 99.95:
        scaled, exponent = scaled * 10, exponent - 1
    return round(scaled), exponent


def _yageo(ohms: float) -> str:
    """30100 → "30K1", 100e3 → "100K", 47 → "47R"."""
    for step, letter in ((1e6, "M"), (1e3, "K"), (1.0, "R")):
        if ohms >= step:
            whole, _, part = f"{ohms / step:.3g}".partition(".")
            return f"{whole}{letter}{part}"
    raise ValueError(f"no code for {ohms:g} Ω")


def _vishay(ohms: float) -> str:
    """Always three digits and a letter: 30100 → "30K1", 1000 → "1K00", 100e3 → "100K"."""
    digits, exponent = _digits(ohms)
    letter, place = {0: ("R", 3), -1: ("R", 2), 1: ("K", 1), 2: ("K", 2), 3: ("K", 3), 4: ("M", 1)}[exponent]
    text = str(digits)
    return f"{text[:place]}{letter}{text[place:]}"


def _panasonic(ohms: float) -> str:
    """Values of E24 have two digits and a power, the others three: 10000 → "103", 30100 → "3012"."""
    digits, exponent = _digits(ohms)
    if digits % 10 == 0 and digits // 10 in E24:
        return f"{digits // 10}{exponent + 1}"
    return f"{digits}{exponent}"


def resistor_key(ohms: float, tolerance: float = 0.01) -> str:
    """Catalogue key of a resistor: (30.1e3, 0.001) → "R 30.1k 0.1% 0603"."""
    return f"R {format_value(ohms)} {100 * tolerance:g}% 0603"


def _resistor(ohms: float, tolerance: float) -> PartType:
    first = {0.01: f"RC0603FR-07{_yageo(ohms)}L", 0.001: f"RT0603BRD07{_yageo(ohms)}L"}[tolerance]
    second = {
        0.01: Source("Vishay", f"CRCW0603{_vishay(ohms)}FKEA"),
        0.001: Source("Panasonic", f"ERA-3AEB{_panasonic(ohms)}V"),
    }[tolerance]
    return PartType(
        key=resistor_key(ohms, tolerance),
        value=format_value(ohms),
        first=Source("Yageo", first),
        second=second,
        footprint=R_0603,
        tolerance=f"{100 * tolerance:g}%",
        rating="75V 0.1W 100ppm" if tolerance == 0.01 else "75V 0.1W 25ppm",
        price_usd=(0.02, 0.004) if tolerance == 0.01 else (0.15, 0.06),
        lcsc=LCSC.get(first, GENERIC),
    )


def _resistors() -> Iterator[PartType]:
    steps = sorted({*E96, *(10 * two for two in E24)})
    values = [*(step * 10.0 ** (decade - 2) for decade in DECADES for step in steps), 1e6]
    for tolerance in (0.01, 0.001):
        # Thin film below 100 Ω is another, dearer series; nothing here needs it.
        yield from (_resistor(ohms, tolerance) for ohms in values if tolerance == 0.01 or ohms >= 100)


def capacitor_key(farads: float, dielectric: str = "X7R", volts: int = 50, package: str = "0603") -> str:
    """Catalogue key of a ceramic capacitor: (1e-7,) → "C 100n X7R 50V 0603"."""
    return f"C {format_value(farads)} {dielectric} {volts}V {package}"


def _eia(farads: float) -> str:
    """Two digits and a power, in picofarads: 1e-9 → "102"; below 10 pF not used."""
    digits, exponent = _digits(farads * 1e12 * 10)
    return f"{digits // 10}{exponent}"


def _film_free(farads: float) -> PartType:
    """C0G: no voltage coefficient, in every place that sets a frequency in the audio or CV path."""
    first = f"CC0603JRNPO9BN{_eia(farads)}"
    return PartType(
        key=capacitor_key(farads, "C0G"),
        value=format_value(farads),
        first=Source("Yageo", first),
        second=Source("Murata", f"GRM1885C1H{_eia(farads)}JA01D"),
        footprint=C_0603,
        tolerance="5%",
        rating="50V C0G",
        price_usd=(0.05, 0.015),
        lcsc=LCSC.get(first, GENERIC),
    )


C0G_STEPS = (10, 12, 15, 18, 22, 27, 33, 39, 47, 56, 68, 82)
_C0G_FARADS = tuple(
    step * 10.0**power * 1e-12 for power in (0, 1, 2) for step in C0G_STEPS if step * 10**power <= 4700
) + (10e-9,)


def _ceramic(farads: float, dielectric: str, volts: int, package: str, first: Source, second: Source) -> PartType:
    footprint = {"0603": C_0603, "0805": C_0805, "1206": C_1206}[package]
    large = farads >= 10e-6
    return PartType(
        key=capacitor_key(farads, dielectric, volts, package),
        value=format_value(farads),
        first=first,
        second=second,
        footprint=footprint,
        tolerance="10%",
        rating=f"{volts}V {dielectric}",
        price_usd=(0.25, 0.09) if large else (0.04, 0.01),
        lcsc=LCSC.get(first.mpn, GENERIC),
    )


def _ceramics() -> Iterator[PartType]:
    yield from map(_film_free, _C0G_FARADS)
    for farads, second in ((1e-9, "KA01D"), (10e-9, "KA01D"), (100e-9, "KA93D")):
        yield _ceramic(
            farads,
            "X7R",
            50,
            "0603",
            Source("Yageo", f"CC0603KRX7R9BB{_eia(farads)}"),
            Source("Murata", f"GRM188R71H{_eia(farads)}{second}"),
        )
    rows = (
        (1e-6, "X7R", 25, "0603", "Samsung CL10B105KA8NNNC", "Murata GRM188R71E105KA12D"),
        (10e-6, "X5R", 25, "0805", "Samsung CL21A106KAYNNNE", "Murata GRM21BR61E106KA73L"),
        (22e-6, "X5R", 25, "1206", "Samsung CL31A226KAHNNNE", "Murata GRM31CR61E226KE15L"),
    )
    for farads, dielectric, volts, package, *sources in rows:
        makers = [Source(*text.split(" ", 1)) for text in sources]
        yield _ceramic(farads, dielectric, volts, package, *makers)


_OTHERS = (
    PartType(
        "R 1k 1% 0.66W 1206",
        "1k",
        Source("Panasonic", "ERJ-P08F1001V"),
        Source("Vishay", "CRCW12061K00FKEAHP"),
        "Resistor_SMD:R_1206_3216Metric",
        "1%",
        "500V 0.66W 100ppm",
        (0.15, 0.05),
        lcsc=LCSC.get("ERJ-P08F1001V", GENERIC),
        note="stands the other rail at an output for any time",
    ),
    PartType(
        "R 1k 1% 0.25W 0603",
        "1k",
        Source("Panasonic", "ERJ-PA3F1001V"),
        Source("Vishay", "CRCW06031K00FKEAHP"),
        R_0603,
        "1%",
        "150V 0.25W 100ppm",
        (0.10, 0.03),
        lcsc=LCSC.get("ERJ-PA3F1001V", GENERIC),
        note="stands 12 V behind a plug that is half in: 0.21 W",
    ),
    PartType(
        "R 10R 1% 0.5W 1206",
        "10",
        Source("Panasonic", "ERJ-P08F10R0V"),
        Source("Vishay", "CRCW120610R0FKEAHP"),
        "Resistor_SMD:R_1206_3216Metric",
        "1%",
        "500V 0.66W 100ppm",
        (0.15, 0.05),
        lcsc=LCSC.get("ERJ-P08F10R0V", GENERIC),
    ),
    PartType(
        "RN 4x470R 5% 1206",
        "470",
        Source("Yageo", "YC164-JR-07470RL"),
        Source("Panasonic", "EXB-38V471JV"),
        "Resistor_SMD:R_Array_Convex_4x0603",
        "5%",
        "50V 0.063W each",
        (0.06, 0.02),
        lcsc=LCSC.get("YC164-JR-07470RL", GENERIC),
        note="four in one, 3.2 x 1.6 mm",
    ),
    PartType(
        "C 100u ELEC 25V 6.3x7.7",
        "100u",
        Source("Panasonic", "EEE-FK1E101XP"),
        Source("Nichicon", "UUD1E101MCL1GS"),
        "Capacitor_SMD:CP_Elec_6.3x7.7",
        "20%",
        "25V 105C",
        (0.45, 0.22),
        lcsc=LCSC.get("EEE-FK1E101XP", GENERIC),
        note="7.7 mm tall",
    ),
    PartType(
        "L 10u 1A 4x4",
        "10u",
        Source("Taiyo Yuden", "NR4018T100M"),
        Source("Sunlord", "SWPA4018S100MT"),
        "Inductor_SMD:L_Taiyo-Yuden_NR-40xx",
        "20%",
        "1A 0.3 Ohm shielded",
        (0.45, 0.20),
        lcsc=LCSC.get("NR4018T100M", GENERIC),
    ),
    PartType(
        "FB 600R 0805",
        "600R@100MHz",
        Source("Murata", "BLM21PG601SN1D"),
        Source("Wurth Elektronik", "742792040"),
        "Inductor_SMD:L_0805_2012Metric",
        "25%",
        "1.5A 0.1 Ohm",
        (0.15, 0.06),
        lcsc=LCSC.get("BLM21PG601SN1D", GENERIC),
    ),
    PartType(
        "F 500mA 30V 1812",
        "0.5A",
        Source("Littelfuse", "1812L050/30PR"),
        Source("Bourns", "MF-MSMF050-2"),
        "Fuse:Fuse_1812_4532Metric",
        "hold 0.5A trip 1A",
        "30V",
        (0.45, 0.25),
        lcsc=LCSC.get("1812L050/30PR", GENERIC),
        note="the second source is rated 15 V: enough on a 12 V rail",
    ),
)

PASSIVES: tuple[PartType, ...] = (*_resistors(), *_ceramics(), *_OTHERS)
