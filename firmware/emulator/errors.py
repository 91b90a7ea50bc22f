# SPDX-License-Identifier: MIT
"""What the emulator raises when an image does something that the chip, or this model of it, doesn't know."""


class EmulatorError(RuntimeError):
    """Names the address, the program counter and the symbol, or says which setting is not modelled."""


class PowerCutError(Exception):
    """The power fails now: raised by what injects faults, caught by Seed."""
