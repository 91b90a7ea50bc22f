# SPDX-License-Identifier: MIT
"""The panel: holes over the footprints' shafts, legends from the board's table, two materials, a picture."""
