# SPDX-License-Identifier: MIT
"""The committed schematic, simulated: KiCad's netlist → SPICE with models of our own → rows of value, limit, pass."""
