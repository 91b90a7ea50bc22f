# SPDX-License-Identifier: MIT
"""S-expressions as KiCad writes them: parsed without loss, written in KiCad's own layout.

A list is a Python list, a quoted string is a str, everything bare (keywords, numbers) is an Atom with its exact text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias, cast

_TOKEN = re.compile(r'\s*(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|([^\s()"]+))')
_ESCAPES = {"\\n": "\n", "\\t": "\t", '\\"': '"', "\\\\": "\\"}
_XY_COLUMNS = 99
"""Points follow each other on a line up to here, as in KiCad's own files."""


class Atom(str):
    """A bare word: keyword or number."""

    __slots__ = ()


Item: TypeAlias = "str | list[Item]"
List: TypeAlias = "list[Item]"


def parse(text: str) -> List:
    """The one list that a file holds. Raises ValueError where brackets don't match."""
    stack: list[List] = [[]]
    for match in _TOKEN.finditer(text):
        opening, closing, quoted, bare = match.groups()
        if opening:
            stack.append([])
        elif closing:
            if len(stack) < 2:
                raise ValueError("a closing bracket too many")
            done = stack.pop()
            stack[-1].append(done)
        elif bare is not None:
            stack[-1].append(Atom(bare))
        else:
            stack[-1].append(re.sub(r"\\.", lambda found: _ESCAPES.get(found[0], found[0][1]), quoted))
    if len(stack) != 1 or len(stack[0]) != 1 or not isinstance(stack[0][0], list):
        raise ValueError("not one list in brackets")
    return stack[0][0]


def head(item: Item) -> str:
    """First word of a list; empty for anything else."""
    return item[0] if isinstance(item, list) and item and isinstance(item[0], Atom) else ""


def children(item: List, name: str) -> Iterator[List]:
    """The lists in a list that start with this word."""
    return (cast(List, one) for one in item if head(one) == name)


def child(item: List, name: str) -> List:
    """The first list that starts with this word. Raises KeyError."""
    for found in children(item, name):
        return found
    raise KeyError(f"no ({name} …) in ({head(item)} …)")


def text_of(item: List, index: int = 1) -> str:
    """A word of a list. Raises ValueError for a list there."""
    word = item[index]
    if isinstance(word, list):
        raise ValueError(f"word {index} of ({head(item)} …) is a list")
    return word


def number(value: float) -> Atom:
    """Millimetres or degrees, at most four decimals, no trailing zeros."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return Atom("0" if text == "-0" else text)


def make(name: str, *items: Item | float) -> List:
    """A list from its keyword: numbers become atoms, strings stay quoted."""
    return [Atom(name), *(number(item) if isinstance(item, int | float) else item for item in items)]


def quote(text: str) -> str:
    """A string in KiCad's quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'


def _word(item: str) -> str:
    return item if isinstance(item, Atom) else quote(item)


def _points(items: List, indent: str) -> Iterator[str]:
    line = ""
    for item in items:
        point = "(" + " ".join(_word(cast(str, word)) for word in item) + ")"
        if line and len(indent) + len(line) >= _XY_COLUMNS:
            yield indent + line
            line = ""
        line = f"{line} {point}" if line else point
    yield indent + line


def _lines(item: List, depth: int) -> Iterator[str]:
    indent = "\t" * depth
    flat = 0
    while flat < len(item) and not isinstance(item[flat], list):
        flat += 1
    opening = indent + "(" + " ".join(_word(cast(str, word)) for word in item[:flat])
    if flat == len(item):
        yield opening + ")"
        return
    yield opening
    rest = item[flat:]
    if all(head(one) == "xy" for one in rest):
        yield from _points(rest, indent + "\t")
    else:
        for one in rest:
            if isinstance(one, list):
                yield from _lines(one, depth + 1)
            else:
                yield "\t" * (depth + 1) + _word(one)
    yield indent + ")"


def write(item: List) -> str:
    """The text of a file."""
    return "\n".join(_lines(item, 0)) + "\n"
