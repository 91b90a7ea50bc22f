# SPDX-License-Identifier: MIT
"""The board as KiCad files, parts and simulations, all written by scripts from `lottava.board` and the catalogue."""
