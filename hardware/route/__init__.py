# SPDX-License-Identifier: MIT
"""The router: run when placement or schematic change; its result is committed as text."""
