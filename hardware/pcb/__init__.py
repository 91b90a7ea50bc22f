# SPDX-License-Identifier: MIT
"""The board: netlist, footprints, placement, rules, and the one module that KiCad's own Python runs."""
