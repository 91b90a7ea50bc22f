# SPDX-License-Identifier: MIT
"""The card: round trip, unknown fields, each field's guard, and who may publish what."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from cards import HASH, example_card
from hypothesis import given
from hypothesis import strategies as st

from lottava import card as cards
from lottava import licences
from lottava.card import CardError
from lottava.synth import SynthEdits

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
CC0, CC_BY = "CC0-1.0", "CC-BY-4.0"


def attribution(licence: str, **changes: Any) -> list[dict[str, Any]]:
    return [{**example_card().attribution[0], "licence": licence, **changes}]


def publishable_card(**changes: Any) -> cards.Card:
    consent = {"basis": "licensed", "performers_consent": True}
    return example_card(**({"licence": CC0, "rights": consent} | changes))


@given(st.dictionaries(st.text(min_size=1).filter(lambda key: key not in cards.CHECKS), json_values, max_size=3))
def test_round_trip_keeps_unknown_fields(extra: dict[str, Any]) -> None:
    card = example_card(extra=extra)
    text = cards.to_json(card)
    assert cards.from_json(text) == card
    assert cards.to_json(cards.from_json(text)) == text


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_any_title_survives(title: str) -> None:
    assert cards.from_json(cards.to_json(example_card(title=title))).title == title


def test_optional_fields_may_be_absent_and_only_those() -> None:
    values = json.loads(cards.to_json(example_card()))
    for name in cards.CHECKS:
        text = json.dumps({key: value for key, value in values.items() if key != name})
        if name in cards.OPTIONAL:
            cards.from_json(text)
        else:
            with pytest.raises(CardError, match=f"lacks {name}"):
                cards.from_json(text)


@pytest.mark.parametrize("name", ["sax", "cello-body", "sax_warm_v1", "a" * 24, "808"])
def test_good_names(name: str) -> None:
    assert example_card(name=name).name == name


BAD: list[tuple[str, Any]] = [
    ("format", 2),
    ("format", True),
    ("id", "AB" * 32),
    ("id", None),
    ("name", "Sax"),
    ("name", "sax warm"),
    ("name", "a" * 25),
    ("name", ""),
    ("name", "säx"),
    ("name", "../sax"),
    ("name", "sax\n"),
    ("title", "two\nlines"),
    ("title", 3),
    ("summary", "  "),
    ("authors", []),
    ("authors", "A. Maker"),
    ("created", "yesterday"),
    ("created", "٢٠٢٦-01-31"),
    ("version", "1.0"),
    ("licence", "do what you like"),
    ("attribution", []),
    ("attribution", [{"work": "x"}]),
    ("rights", {"basis": "found", "performers_consent": True}),
    ("rights", {"basis": "licensed", "performers_consent": 1}),
    ("family", ""),
    ("kind", "noise"),
    ("data", {}),
    ("axes", []),
    ("axes", example_card().axes[::-1]),
    ("range_hz", [0.0, 100.0]),
    ("range_hz", [200.0, 100.0]),
    ("range_hz", [100.0]),
    ("loudness_range_db", [-20.0, -20.0]),
    ("root_note", 128),
    ("root_note", 60.0),
    ("loudness_lufs", float("nan")),
    ("gain_db", 61.0),
    ("gain_db", True),
    ("defaults", {"contour": 0.5}),
    ("edits", {"tilt": 0.0, "breath_db": 99.0, "body_db": 0.0, "ripple_db": 0.0}),
    ("edits", {"tilt": 0.0, "breath_db": 0.0, "body_db": 0.0}),
    ("control_hop", 256),
    ("cost", {"flash": 1, "ram": 1, "cycles_worst": 1, "modelled": True}),
    ("cost", {"flash": -1, "ram": 1, "cycles_mean": 1, "cycles_worst": 1, "modelled": True}),
    ("metrics", [1]),
    ("metrics", {"mrstft": float("inf")}),
    ("parent", "x"),
    ("ticket", "x"),
    ("train", None),
    ("min_firmware", "new"),
    ("tags", [""]),
    ("contact", 7),
    ("title", "\ud800"),
    ("train", {"a": object()}),
    ("extra", {"name": "x"}),
]


@pytest.mark.parametrize(("field", "value"), BAD)
def test_each_field_is_guarded(field: str, value: Any) -> None:
    with pytest.raises(CardError, match=field if field != "extra" else "name") as caught:
        example_card(**{field: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "null", "[]", "{", '{"name": 1}', "[" * 100_000, '{"x":' * 50 + "1" + "}" * 50])
def test_what_is_no_card_is_a_card_error(text: str) -> None:
    with pytest.raises(CardError):
        cards.from_json(text)


def test_deep_nesting_is_refused() -> None:
    values = json.loads(cards.to_json(example_card()))
    text = json.dumps(values)[:-1] + ', "deep": ' + "[" * 200 + "]" * 200 + "}"
    with pytest.raises(CardError, match="nests deeper"):
        cards.from_json(text)


def test_a_new_card_is_private_and_says_why() -> None:
    card = example_card()
    assert card.licence == "LicenseRef-Private"
    assert "set it to CC0-1.0" in (cards.publishable(card) or "")


@pytest.mark.parametrize(
    ("found", "voice"),
    [
        ([CC0], CC0),
        (["CC-PDM-1.0", CC0], CC0),
        ([CC0, "CC-BY-3.0"], CC_BY),
        (["MIT"], CC_BY),
        ([CC0, "CC-BY-SA-4.0"], licences.PRIVATE),
        (["CC-BY-NC-4.0"], licences.PRIVATE),
        (["CC-BY-ND-4.0"], licences.PRIVATE),
        (["GPL-3.0-only"], licences.PRIVATE),
        (["AGPL-3.0-or-later"], licences.PRIVATE),
        (["LicenseRef-Private"], licences.PRIVATE),
        (["Unheard-1.0"], licences.PRIVATE),
        ([], licences.PRIVATE),
    ],
)
def test_licence_of_a_voice_follows_its_recordings(found: list[str], voice: str) -> None:
    assert licences.voice_licence(found) == voice


@pytest.mark.parametrize(
    "licence", ["CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-NC-SA-3.0", "GPL-2.0-or-later", "Unheard-1.0"]
)
def test_recordings_that_stop_publishing_are_named(licence: str) -> None:
    reason = cards.publishable(publishable_card(attribution=attribution(licence), licence=CC_BY)) or ""
    assert licence in reason
    assert "Sax notes" in reason


def test_publishable_cards_and_what_stops_the_others() -> None:
    assert cards.publishable(publishable_card()) is None
    assert cards.publishable(publishable_card(licence=CC_BY)) is None
    assert cards.publishable(publishable_card(licence=CC_BY, attribution=attribution("CC-BY-3.0"))) is None
    assert "credit" in (cards.publishable(publishable_card(attribution=attribution("CC-BY-3.0"))) or "")
    assert "lacks its author" in (cards.publishable(publishable_card(attribution=attribution(CC0, author=" "))) or "")
    silent = {"basis": cards.OWN_RECORDINGS, "performers_consent": False}
    assert "consent" in (cards.publishable(publishable_card(rights=silent)) or "")
    licensed = {"basis": "licensed", "performers_consent": False}
    assert cards.publishable(publishable_card(rights=licensed)) is None
    unsaid = {"basis": cards.NOT_STATED, "performers_consent": True}
    assert "by what right" in (cards.publishable(publishable_card(rights=unsaid)) or "")


def test_cycles_may_be_unknown_but_not_unmentioned() -> None:
    cost = {"flash": 1, "ram": 1, "cycles_mean": None, "cycles_worst": None, "modelled": True}
    assert cards.from_json(cards.to_json(example_card(cost=cost))).cost == cost


def test_edits_reach_the_synthesiser() -> None:
    card = example_card(edits={"tilt": 0.5, "breath_db": 12, "body_db": 8.0, "ripple_db": 9.0})
    assert card.synth_edits == SynthEdits(tilt=0.5, breath_db=12.0, body_db=8.0, ripple_db=9.0)
    assert example_card().synth_edits == SynthEdits()
    assert replace(card, ticket=HASH).ticket == HASH
