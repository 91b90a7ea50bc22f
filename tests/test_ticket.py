# SPDX-License-Identifier: MIT
"""Tickets: save and load are inverse, and nothing malformed gets in."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lottava.training.reduction.ticket import (
    Ticket,
    TicketError,
    from_json,
    is_nested,
    load,
    save,
    to_json,
)

GROUPS = ("hidden", "out_features")


@st.composite
def tickets(draw) -> Ticket:
    sizes = {name: draw(st.integers(1, 12)) for name in GROUPS}
    kept = {name: tuple(sorted(draw(st.sets(st.integers(0, size - 1), min_size=1)))) for name, size in sizes.items()}
    numbers = [draw(st.integers(0, 2**40)) for _ in range(4)]
    hashes = [draw(st.text("0123456789abcdef", min_size=64, max_size=64)) for _ in range(3)]
    level, rewind_step, seed, parameters = numbers
    return Ticket(kept, sizes, level, rewind_step, seed, "magnitude", parameters, *hashes)


def example() -> Ticket:
    kept = {"hidden": (0, 3, 4), "out_features": (1,)}
    return Ticket(kept, {"hidden": 8, "out_features": 2}, 1, 10, 7, "magnitude", 99, "a" * 64, "b" * 64, "c" * 64)


@given(tickets())
def test_load_is_the_inverse_of_save(ticket):
    assert from_json(to_json(ticket)) == ticket


def test_file_round_trip_and_widths(tmp_path):
    path = tmp_path / "ticket.json"
    save(example(), path)
    assert load(path) == example()
    assert load(path).widths == {"hidden": 3, "out_features": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["ticket.json"]


@given(tickets(), st.data())
def test_any_cut_of_the_text_is_refused(ticket, data):
    text = to_json(ticket)
    cut = data.draw(st.integers(0, len(text) - 3))
    with pytest.raises(TicketError):
        from_json(text[:cut])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"format": 2}, "format 2"),
        ({"kind": "voice"}, "not a ticket"),
        ({"kept": {"hidden": [3, 0, 4], "out_features": [1]}}, "sorted"),
        ({"kept": {"hidden": [0, 0, 4], "out_features": [1]}}, "sorted"),
        ({"kept": {"hidden": [0, 3, 8], "out_features": [1]}}, "0..7"),
        ({"kept": {"hidden": [-1, 3, 4], "out_features": [1]}}, "0..7"),
        ({"kept": {"hidden": [0.0, 3, 4], "out_features": [1]}}, "whole numbers"),
        ({"kept": {"hidden": [], "out_features": [1]}}, "whole numbers"),
        ({"kept": {"hidden": 3}}, "not lists"),
        ({"kept": {}}, "no groups"),
        ({"kept": {"hidden": [0, 3, 4]}}, "different groups"),
        ({"parent_widths": None}, "no groups"),
        ({"parent_widths": {"hidden": "8", "out_features": 2}}, "hidden"),
        ({"widths": {"hidden": 4, "out_features": 1}}, "widths"),
        ({"level": -1}, "level"),
        ({"seed": True}, "seed"),
        ({"rewind_step": 1.5}, "rewind_step"),
        ({"criterion": ""}, "criterion"),
        ({"data_sha256": "abc"}, "data_sha256"),
        ({"theta_k_sha256": 3}, "theta_k_sha256"),
    ],
)
def test_each_malformed_field_is_named(change, why):
    with pytest.raises(TicketError, match=why):
        from_json(json.dumps({**json.loads(to_json(example())), **change}))


def test_each_missing_field_is_named():
    values = json.loads(to_json(example()))
    for name in set(values) - {"format", "kind"}:
        with pytest.raises(TicketError, match=name):
            from_json(json.dumps({key: value for key, value in values.items() if key != name}))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TicketError, match=r"absent\.json"):
        load(tmp_path / "absent.json")


@given(tickets())
def test_every_ticket_is_nested_in_the_whole_parent(ticket):
    whole = {name: tuple(range(size)) for name, size in ticket.parent_widths.items()}
    outer = Ticket(whole, ticket.parent_widths, 0, 0, 0, "none", 0, "0" * 64, "0" * 64, "0" * 64)
    assert is_nested(ticket, outer) and is_nested(ticket, ticket)
    assert is_nested(outer, ticket) == (ticket.kept == whole)
