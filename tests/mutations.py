# SPDX-License-Identifier: MIT
"""Damage that keeps a file's outer form: other JSON values at any place of a manifest, other arrays, sealed again."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

NUMBERS = (-(2**31), -1, 0, 1, 2, 3, 4, 5, 8, 16, 47, 48, 64, 65, 127, 512, 4096, 4097, 32768, 2**31, 2**64, 10**400)
FRACTIONS = (-1.0, 0.0, -0.0, 0.5, 1.5, 2.0**-15, 2.0**-12, 2.0**-11, 3e-5, 5e-324, 1e-300, 1e300, 2.0**40)
OTHERS = (None, True, False, "", "x", "none", "relu", "tanh", "a b", "ü", "x" * 49, [], {}, [[]], {"x": 1}, "0" * 64)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of everything inside."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


def _other_value(rng: np.random.Generator, old: Any, same_kind: list[Any]) -> Any:
    draw = rng.integers(5)
    if draw == 0 and isinstance(old, int | float) and not isinstance(old, bool):
        return old * int(rng.choice([-1, 2, 3])) if rng.random() < 0.5 else old + int(rng.choice([-1, 1]))
    if draw <= 2 and same_kind:
        return copy.deepcopy(same_kind[rng.integers(len(same_kind))])
    pool = (NUMBERS, FRACTIONS, OTHERS)[rng.integers(3)]
    return copy.deepcopy(pool[rng.integers(len(pool))])


def damaged_json(value: Any, rng: np.random.Generator, changes: int = 1) -> Any:
    """A copy with values replaced (often by one of the same type from elsewhere), deleted, doubled or swapped."""
    value = copy.deepcopy(value)
    for _ in range(changes):
        found = list(places(value))
        if not found:
            return value
        container, key = found[rng.integers(len(found))]
        old, what = container[key], rng.integers(8)
        if what == 0:
            del container[key]
        elif what == 1 and isinstance(container, list):
            container.insert(key, copy.deepcopy(old))
        elif what == 2 and isinstance(container, list):
            other = int(rng.integers(len(container)))
            container[key], container[other] = container[other], old
        elif what == 3 and isinstance(container, dict):
            container["extra"] = copy.deepcopy(old)
        else:
            container[key] = _other_value(rng, old, [c[k] for c, k in found if type(c[k]) is type(old)])
    return value


def _other_array(array: NDArray, rng: np.random.Generator) -> NDArray:
    what = rng.integers(8)
    if what == 0:
        return array[:-1]
    if what == 1:
        return np.concatenate([array, array[:1]])
    if what == 2:
        return array.astype(rng.choice(["float32", "int8", "int32", "float64", "int64"]))
    if what == 3:
        return array.ravel() if array.ndim > 1 else array[:, None]
    if what == 4 and array.ndim > 1:
        return np.ascontiguousarray(array.T)
    changed = array.copy()
    index = rng.integers(changed.size) if changed.size else None
    if index is not None and changed.dtype.kind == "f":
        changed.flat[index] = rng.choice([np.nan, np.inf, -np.inf, 0.0, 3e38])
    elif index is not None:
        info = np.iinfo(changed.dtype)
        changed.flat[index] = rng.choice([info.min, info.max, 0, -1, 1])
    return changed


def damaged_arrays(arrays: dict[str, NDArray], rng: np.random.Generator) -> dict[str, NDArray]:
    """A copy with one array changed, removed, or added under another name."""
    result = dict(arrays)
    names = sorted(result)
    name = names[rng.integers(len(names))]
    what = rng.integers(6)
    if what == 0:
        del result[name]
    elif what == 1:
        result[f"{name}_extra"] = result[name]
    elif what == 2:
        result[name] = result[names[rng.integers(len(names))]]
    else:
        result[name] = _other_array(result[name], rng)
    return result


def _field_values(dtype: np.dtype, old: np.generic, others: NDArray, rng: np.random.Generator) -> np.generic:
    """Another value for a field: an edge of its type, a neighbour, or what another record has there."""
    draw = rng.integers(3)
    if draw == 0:
        return rng.choice(others)
    if dtype.kind == "f":
        factor = rng.choice(np.array([2.0, 0.5, -1.0, 1.0001, 0.0, 2.0**-120, 2.0**120, np.nan, np.inf], np.float32))
        with np.errstate(all="ignore"):
            return np.float32(old * factor)
    info = np.iinfo(dtype)
    if draw == 1:
        return dtype.type((int(old) + int(rng.choice([-4, -1, 1, 4]))) % (info.max + 1))
    return dtype.type(rng.choice([0, 1, 2, 3, 4, 12, 48, 49, 64, 65, 255, info.max]) % (info.max + 1))


def damaged_records(table: NDArray, rng: np.random.Generator) -> NDArray:
    """A copy of a structured table with one value of one record changed."""
    changed = np.atleast_1d(table).copy()
    names = [name for name in changed.dtype.names or () if changed.dtype[name].names is None]
    name, row = names[rng.integers(len(names))], int(rng.integers(len(changed)))
    column = changed[name]
    if column.ndim == 1:
        column[row] = _field_values(column.dtype, column[row], column, rng)
    else:
        slot = int(rng.integers(column.shape[1]))
        column[row, slot] = _field_values(column.dtype, column[row, slot], column.ravel(), rng)
    return changed.reshape(table.shape)
