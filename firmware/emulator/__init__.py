# SPDX-License-Identifier: MIT
"""The Daisy Seed in software: it runs the image that is flashed, hears the panel and counts cycles."""

from .build import build_image
from .errors import EmulatorError
from .frontend import FrontEnd
from .machine import Machine, Timing
from .pty import Pty
from .seed import Seed

__all__ = ["EmulatorError", "FrontEnd", "Machine", "Pty", "Seed", "Timing", "build_image"]
