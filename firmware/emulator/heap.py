# SPDX-License-Identifier: MIT
"""Names that only an image with a heap or with exceptions holds."""

from __future__ import annotations

import re
from collections.abc import Iterable

_FORBIDDEN = re.compile(
    r"^_*(?:mallo[ct]?|free|calloc|realloc(?:f|array)?|memalign|aligned_alloc|posix_memalign|p?valloc|strn?dup|s?brk)(?:_r)?$"
    r"|^_Z(?:nw|na|dl|da)[A-Zjm]"  # operator new, new[], delete, delete[]
    r"|^__cxa_(?:throw|rethrow|allocate_exception|begin_catch|demangle)"
    r"|^_*v?(?:as|f|s|sn|)printf(?:_r)?$"  # newlib's buffer is malloc's
)


def heap_symbols(names: Iterable[str]) -> list[str]:
    """Those of an image's symbols that allocate, free, throw, or need what does: none may be there."""
    return sorted({name for name in names if _FORBIDDEN.search(name)})
