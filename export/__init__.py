# SPDX-License-Identifier: MIT
"""From a voice to what the firmware compiles or loads: the only writer of firmware/generated/."""

from .blob import BlobError, VoiceParameters
from .generate import voice_blob, write_generated

__all__ = ["BlobError", "VoiceParameters", "voice_blob", "write_generated"]
