# SPDX-License-Identifier: MIT
"""Register by register, the running image against a start-up that is known to work on a Seed Rev4.

seed_rev4_registers.csv holds the last value that was written to each register by that start-up (AK4556, six converter
inputs, DAC, QSPI, SDRAM; USB apart), the bits that are compared, and where ours are others: the value and why.
`ours` is empty where both agree, "other" for what this image does in another way or not at all, "event" for what is
no setting.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import pytest
from lottava.emulator import EmulatorError, Seed, build_image

TABLE = Path(__file__).with_name("seed_rev4_registers.csv")
ONLY_ON_1_1 = {"SAI1 ACR1": 0x004302C1, "SAI1 BCR1": 0x000306C2}
SWAPPED_ON_1_1 = {
    "DMAMUX1 C0CR": 0x58,
    "DMAMUX1 C1CR": 0x57,
    "DMA1 S0PAR": 0x40015840,
    "DMA1 S1PAR": 0x40015820,
}
"""Block A receives and B sends there; streams keep their direction."""


@dataclass(frozen=True)
class Row:
    """A register of the table; mask 0: not compared."""

    address: int
    name: str
    reference: int
    mask: int
    ours: str
    reason: str

    @property
    def expected(self) -> int:
        return int(self.ours, 16) if self.ours else self.reference & self.mask


def read_table() -> list[Row]:
    with TABLE.open(newline="") as file:
        return [
            Row(
                int(row["address"], 16),
                row["register"],
                int(row["reference"], 16),
                int(row["mask"] or "0", 16),
                row["ours"],
                row["reason"],
            )
            for row in csv.DictReader(file)
        ]


ROWS = read_table()
COMPARED = [row for row in ROWS if row.mask]


@pytest.fixture(scope="module")
def image() -> Path:
    return build_image()


@pytest.fixture(scope="module")
def running(image: Path) -> Seed:
    seed = Seed(image)
    seed.run_blocks(8)
    return seed


def test_every_difference_has_its_reason() -> None:
    assert len({row.address for row in ROWS}) == len(ROWS) > 150
    for row in ROWS:
        assert bool(row.ours) == bool(row.reason), row.name
        assert (row.mask == 0) == (row.ours in ("other", "event")), row.name
        if row.mask and row.ours:
            assert row.expected != row.reference & row.mask, f"{row.name}: no difference"


@pytest.mark.parametrize("row", COMPARED, ids=[row.name for row in COMPARED])
def test_register(running: Seed, row: Row) -> None:
    assert f"{running.bus.stored(row.address) & row.mask:08X}" == f"{row.expected:08X}"


@pytest.mark.parametrize("revision", ["1.1", "2dfm"])
def test_other_revisions_differ_where_their_codecs_do(image: Path, running: Seed, revision: str) -> None:
    seed = Seed(image, revision=revision)
    seed.run_blocks(8)
    changed = {
        row.name: seed.bus.stored(row.address)
        for row in COMPARED
        if (seed.bus.stored(row.address) ^ running.bus.stored(row.address)) & row.mask and "GPIO" not in row.name
    }
    expected = ONLY_ON_1_1 | SWAPPED_ON_1_1 if revision == "1.1" else {}
    assert {name: value for name, value in changed.items() if name != "RCC APB1LENR"} == expected


def test_a_register_that_nobody_has_is_an_error(running: Seed) -> None:
    with pytest.raises(EmulatorError, match="no register"):
        running.bus.stored(0x40015848)
