# SPDX-License-Identifier: MIT
"""Factory voices: trained files with their cards; nothing to import."""
