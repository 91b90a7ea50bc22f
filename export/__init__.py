# SPDX-License-Identifier: MIT
"""From a voice to what the firmware compiles or loads: the only writer of firmware/generated/."""
