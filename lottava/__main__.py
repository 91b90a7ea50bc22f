# SPDX-License-Identifier: MIT
"""`python -m lottava` is the `lottava` command."""

from .cli import main

main()
