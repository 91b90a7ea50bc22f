# SPDX-License-Identifier: MIT
"""Fixed little-endian layouts: a frozen dataclass whose fields say their type is packed, unpacked, and emitted as C.

Every field lies at a multiple of its own size and the whole at a multiple of the largest, so that a plain C struct of
the same fields has the same bytes on every little-endian machine. `Layout` refuses a class that breaks this.
"""

from __future__ import annotations

import dataclasses
import math
import struct
from typing import Any, TypeVar

KINDS = {"u8": "B", "u16": "H", "u32": "I", "s16": "h", "f32": "f", "bytes": "s"}
SIZES = {"u8": 1, "u16": 2, "u32": 4, "s16": 2, "f32": 4, "bytes": 1}
REST = "rest"
"""Kind of a last field that takes whatever bytes are left."""

T = TypeVar("T")


class LayoutError(ValueError):
    """Bytes that are no such message, or a value that does not fit its field."""


@dataclasses.dataclass(frozen=True)
class Item:
    """One field: kind, count (None for a scalar), byte offset, and what it means."""

    name: str
    kind: str
    count: int | None
    offset: int
    meaning: str

    @property
    def size(self) -> int:
        """Bytes."""
        return 0 if self.kind == REST else SIZES[self.kind] * (self.count or 1)

    @property
    def format(self) -> str:
        """Of `struct`, without byte order."""
        return f"{self.count or ''}{KINDS[self.kind]}"


def item(kind: str, meaning: str, count: int | None = None, **default: Any) -> Any:
    """A dataclass field of a layout; `default=` as in dataclasses.field."""
    return dataclasses.field(metadata={"kind": kind, "count": count, "meaning": meaning}, **default)


def _items(cls: type) -> tuple[Item, ...]:
    items: list[Item] = []
    offset, largest = 0, 1
    for field in dataclasses.fields(cls):
        one = Item(field.name, field.metadata["kind"], field.metadata["count"], offset, field.metadata["meaning"])
        if items and items[-1].kind == REST:
            raise TypeError(f"{cls.__name__}: {field.name} follows a field that takes the rest")
        unit = SIZES.get(one.kind, 1)
        if offset % unit:
            raise TypeError(f"{cls.__name__}.{field.name} at byte {offset} is not aligned to {unit}")
        items.append(one)
        offset, largest = offset + one.size, max(largest, unit)
    if offset % largest and not (items and items[-1].kind == REST):
        raise TypeError(f"{cls.__name__} has {offset} bytes, not a multiple of {largest}")
    return tuple(items)


class Layout:
    """Base of frozen dataclasses with a fixed layout."""

    @classmethod
    def items(cls) -> tuple[Item, ...]:
        """Fields with their offsets. Raises TypeError for a layout that C could not mirror."""
        return _items(cls)

    @classmethod
    def size(cls) -> int:
        """Bytes of the fixed part."""
        return sum(one.size for one in cls.items())

    def pack(self) -> bytes:
        """The bytes. Raises LayoutError for a value that its field can't hold."""
        return b"".join(_pack_one(type(self).__name__, one, getattr(self, one.name)) for one in self.items())

    @classmethod
    def unpack(cls: type[T], data: bytes, *, exact: bool = True) -> T:
        """The value of `data`; with exact=False, bytes after the known fields are ignored.

        Raises LayoutError for a wrong length and for floats that are not finite.
        """
        items = cls.items()  # type: ignore[attr-defined]
        size = sum(one.size for one in items)
        open_ended = bool(items) and items[-1].kind == REST
        if len(data) < size or (exact and not open_ended and len(data) > size):
            raise LayoutError(f"{cls.__name__} has {size} bytes, not {len(data)}")
        return cls(**{one.name: _unpack_one(cls.__name__, one, data) for one in items})


def _pack_one(owner: str, one: Item, value: Any) -> bytes:
    if one.kind == REST:
        return bytes(value)
    listed = (value,) if one.count is None or one.kind == "bytes" else tuple(value)
    if one.kind == "bytes" and len(value) != one.count:
        raise LayoutError(f"{owner}.{one.name} takes {one.count} bytes, not {len(value)}")
    try:
        packed = struct.pack("<" + one.format, *listed)
    except (struct.error, OverflowError) as error:
        raise LayoutError(f"{owner}.{one.name} can't hold {value!r}: {error}") from error
    if one.kind == "f32" and not all(map(math.isfinite, struct.unpack("<" + one.format, packed))):
        raise LayoutError(f"{owner}.{one.name} can't hold {value!r}: not a finite number")
    return packed


def _unpack_one(owner: str, one: Item, data: bytes) -> Any:
    if one.kind == REST:
        return bytes(data[one.offset :])
    values = struct.unpack_from("<" + one.format, data, one.offset)
    if one.kind == "f32" and not all(map(math.isfinite, values)):
        raise LayoutError(f"{owner}.{one.name} holds a number that is not finite")
    return values[0] if one.count is None or one.kind == "bytes" else values
