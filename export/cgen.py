# SPDX-License-Identifier: MIT
"""Emit C: small pure functions from values to the text of declarations, used by every generated header."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

LINE_WIDTH = 110

C_TYPES = {
    "int8": "int8_t",
    "int16": "int16_t",
    "int32": "int32_t",
    "uint8": "uint8_t",
    "uint16": "uint16_t",
    "uint32": "uint32_t",
    "float32": "float",
}
"""NumPy type → C type of the arrays that may be emitted."""

_RESERVED_WORDS = (
    "alignas alignof auto bool break case catch char class const constexpr continue default delete do double else "
    "enum explicit export extern false float for friend goto if inline int long namespace new operator private "
    "protected public register restrict return short signed sizeof static static_assert struct switch template this "
    "throw true try typedef typename union unsigned using virtual void volatile while"
)
_RESERVED = frozenset(_RESERVED_WORDS.split())


def identifier(name: str) -> str:
    """`name` if it is a legal C and C++ identifier that is nobody's keyword. Raises ValueError otherwise."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or name in _RESERVED or "__" in name:
        raise ValueError(f"{name!r} is not usable as a C identifier; rename it")
    return name


def float_literal(value: float) -> str:
    """A C literal that reads back as the same float32: nine significant digits lose none.

    Raises ValueError for NaN and infinity.
    """
    single = np.float32(value)
    if not np.isfinite(single):
        raise ValueError(f"{value!r} has no C literal")
    text = f"{float(single):.9g}"
    return text + ("f" if any(mark in text for mark in ".en") else ".0f")


def integer_literal(value: int) -> str:
    """A C literal of any 32-bit integer; INT32_MIN and unsigned values written so that no compiler warns."""
    number = int(value)
    if not -(1 << 31) <= number < 1 << 32:
        raise ValueError(f"{number} does not fit 32 bits")
    if number == -(1 << 31):
        return "(-2147483647 - 1)"
    return f"{number}u" if number >= 1 << 31 else str(number)


def string_literal(text: str) -> str:
    """A C string of printable ASCII. Raises ValueError for anything else."""
    if not all(" " <= character <= "~" for character in text):
        raise ValueError(f"{text!r} is not printable ASCII")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?") + '"'


def literal(value: object) -> str:
    """The literal of a Python or NumPy bool, int, float or str."""
    if isinstance(value, str):
        return string_literal(value)
    if isinstance(value, bool | np.bool_):
        return "1" if value else "0"
    if isinstance(value, int | np.integer):
        return integer_literal(int(value))
    if isinstance(value, float | np.floating):
        return float_literal(float(value))
    raise TypeError(f"a {type(value).__name__} has no C literal")


def emit_define(name: str, value: object, comment: str = "") -> str:
    """`#define NAME value` with an optional comment, one line."""
    text = literal(value)
    text = f"({text})" if text.startswith("-") else text
    return f"#define {identifier(name)} {text}" + (f" /* {comment} */" if comment else "") + "\n"


def emit_enum(tag: str, members: Iterable[tuple[str, int]]) -> str:
    """An enumeration with explicit values."""
    lines = "".join(f"  {identifier(name)} = {integer_literal(value)},\n" for name, value in members)
    return f"enum {identifier(tag)} {{\n{lines}}};\n"


def emit_struct(tag: str, fields: Sequence[tuple[str, str, int | None]]) -> str:
    """A struct of (C type, name, count or None for a scalar) fields, in order."""
    lines = "".join(
        f"  {c_type} {identifier(name)}" + ("" if count is None else f"[{count}]") + ";\n"
        for c_type, name, count in fields
    )
    return f"struct {identifier(tag)} {{\n{lines}}};\n"


def initialiser(values: ArrayLike, indent: str = "  ") -> str:
    """`{ ... }` of an array of any rank, nested like its shape, wrapped at LINE_WIDTH columns."""
    array = np.asarray(values)
    if array.ndim > 1:
        inner = ",\n".join(indent + initialiser(row, indent + "  ") for row in array)
        return "{\n" + inner + ",\n" + indent[:-2] + "}"
    literals = [literal(value) for value in array.tolist()] if array.dtype.kind != "f" else _floats(array)
    one_line = "{" + ", ".join(literals) + "}"
    if len(indent) + len(one_line) <= LINE_WIDTH:
        return one_line
    lines, line = [], indent
    for text in literals:
        if len(line) + len(text) + 1 > LINE_WIDTH and line.strip():
            lines.append(line.rstrip())
            line = indent
        line += text + ", "
    lines.append(line.rstrip())
    return "{\n" + "\n".join(lines) + "\n" + indent[:-2] + "}"


def _floats(array: NDArray) -> list[str]:
    return [float_literal(value) for value in array.tolist()]


def emit_array(name: str, values: ArrayLike, *, storage: str = "static const") -> str:
    """A constant array definition; its C type follows from the NumPy type (float64 is emitted as float)."""
    array = np.asarray(values)
    kind = "float32" if array.dtype == np.float64 else array.dtype.name
    if kind not in C_TYPES:
        raise TypeError(f"array {name!r} of {array.dtype} has no C type")
    shape = "".join(f"[{size}]" for size in array.shape)
    return f"{storage} {C_TYPES[kind]} {identifier(name)}{shape} = {initialiser(array)};\n"


def emit_header(guard: str, recipe: str, parts: Iterable[str], includes: Sequence[str] = ("<stdint.h>",)) -> str:
    """A whole generated header: line 1 says how it was made, then guard, includes and the parts, blank between."""
    if "\n" in recipe or "*/" in recipe:
        raise ValueError("a recipe is one line")
    top = f"/* Generated by {recipe}; never edited. */\n/* SPDX-License-Identifier: MIT */\n"
    includes_text = "".join(f"#include {name}\n" for name in includes)
    body = "\n".join(parts)
    name = identifier(guard)
    return f"{top}#ifndef {name}\n#define {name}\n\n{includes_text}\n{body}\n#endif\n"
