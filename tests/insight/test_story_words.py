"""Sentences of the Word page: plain text, true to the numbers that they are made from."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from cldi_core.insight import story_words
from cldi_core.insight.causes import Cause
from cldi_core.insight.ceiling import Ceiling
from cldi_core.insight.changes import Change
from cldi_core.insight.groups import Group
from cldi_core.insight.story import Attributed, Hub, Place, Story
from tests.insight.test_explanation import MILK, NAN, case


@pytest.mark.parametrize(
    ("value", "digits", "plain", "signed"),
    [(0.7144, 3, "0.714", "+0.714"), (-0.02, 2, "−0.02", "−0.02"), (0.0, 3, "0.000", "+0.000"), (NAN, 3, "–", "–")],
)
def test_numbers(value: float, digits: int, plain: str, signed: str) -> None:
    assert (story_words.number(value, digits), story_words.signed(value, digits)) == (plain, signed)


@pytest.mark.parametrize(
    ("values", "digits"),
    [((0.7, 0.001), 3), ((0.0,), 3), ((), 3), ((NAN,), 3), ((0.0039, -0.001), 4), ((-0.00004,), 6), ((1e-30,), 9)],
)
def test_small_numbers_keep_two_digits_that_say_something(values: tuple[float, ...], digits: int) -> None:
    assert story_words.digits(values) == digits


@pytest.mark.parametrize(
    ("rank", "badge"),
    [(1, "found, #1 of 2"), (1.5, "nearly, #1½ of 2"), (460, "missed, #460 of 2"), (NAN, "no pictures")],
)
def test_the_badge_tells_rank_and_number(rank: float, badge: str) -> None:
    assert story_words.badge(case(rank, others=(MILK,))) == badge


def test_what_has_changed_is_told_with_both_ranks_and_winners() -> None:
    before, now = case(40, others=(MILK,)), case(1, others=(replace(MILK, rank=2, score=0.1),))
    assert story_words.changed(before, now) == "rank 40 → 1 · winner Milchshake → schütteln"
    assert story_words.changed(before, before) == "rank 40 → 40 · the winner stays Milchshake"
    lost = replace(before, candidates=(), rank=NAN)
    assert story_words.changed(before, lost) == "rank 40 → – · winner Milchshake → nothing"


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, ""),
        (1, ""),
        (2, "Two words tie for first."),
        (6, "Six words tie for first."),
        (30, "30 words tie for first."),
    ],
)
def test_ties_are_told_as_ties(count: int, told: str) -> None:
    assert story_words.tied(count) == told


def test_the_middle_column_is_named_by_what_it_is() -> None:
    assert story_words.role(case(40, others=(MILK,)), "Milchshake") == "winner"
    assert story_words.role(case(1, others=(replace(MILK, rank=2, score=0.1),)), "Milchshake") == "runner-up"
    tied = case(1.5, others=(replace(MILK, rank=1.5, score=0.5),))
    assert story_words.role(tied, "Milchshake") == "tied with the right answer"
    assert story_words.role(case(40, others=(MILK,)), "Milch") == "candidate you chose"
    assert story_words.role(case(1), "Milch") == "candidate you chose"


def test_percentiles_carry_their_number() -> None:
    assert story_words.percentile(Place(0.4, 0.82, 111), "V") == "82 % of 111 verbs have at most this"
    assert story_words.percentile(Place(0.4, NAN, 111), "V") == story_words.percentile(Place(0.4, 0.5, 0), "N") == ""
    assert story_words.place("pictures", Place(14.0, 0.5, 9)) == "14"
    assert story_words.place("dispersion", Place(0.456, 0.5, 9)) == "0.46"
    assert story_words.place("pictures", Place(NAN, 0.5, 9)) == "–"


def test_a_ceiling_says_how_it_was_measured() -> None:
    told = story_words.ceiling(Ceiling(0.6, 1.5, 10, 774), 9)
    assert all(part in told for part in ("rank 1½", "of 774", "10 splits", "AVGMAX"))
    assert "at least two pictures" in story_words.ceiling(None, 1)
    assert "no ceilings are stored" in story_words.ceiling(None, 2)


def test_what_is_wrong_with_pictures_is_told() -> None:
    assert story_words.lacks(Story(case(1))) == []
    (one, other) = story_words.lacks(Story(case(1), lacking=2, placeholders=("a",)))
    assert one == "2 more pictures have no features, so no method sees them."
    assert other.startswith("1 picture is shared by so many words")


def test_a_group_says_what_it_would_choose() -> None:
    assert (
        story_words.group(Group("x", ("a",), "Feier", 3.0)) == "alone would choose Feier; the right answer would be #3"
    )
    assert story_words.group(Group("x", ("a",), "Feier")) == "alone would choose Feier"
    assert story_words.group(Group("x", ("a",))) == ""


def test_corrections_are_named() -> None:
    one = Attributed("w", 0.5, (), (("hub", 0.02), ("word", -0.3)))
    assert story_words.corrections(one) == "+0.020 hub, −0.300 word"
    assert story_words.corrections(replace(one, parts=())) == "none" and story_words.corrections(None) == "–"


def test_a_hub_and_a_cause_carry_every_n() -> None:
    hub = story_words.hub(Hub(41, 12, 9, 774), "Feier")
    assert all(part in hub for part in ("“Feier”", "41 of 774", "12 after CSLS", "wins 9"))
    cause = Cause("owns", "text", 0.5, 33, 90, 2, 21, "verbs of en-de")
    assert story_words.cause(cause) == "33 of 90 missed verbs of en-de, 2 of 21 found ones"


@pytest.mark.parametrize(
    ("rank", "winner", "exact", "told"),
    [
        (1.0, "feiern", True, "the right answer wins"),
        (3.0, "Feier", True, "rank 3, winner Feier"),
        (1.5, "", True, "rank 1½"),
        (3.0, "Feier", False, "rank 3, winner Feier (fewer may do: they were left out one after the other)"),
        (2.5, "feiern", True, "rank 2½: the right answer shares the first place"),
    ],
)
def test_a_change_tells_the_rank(rank: float, winner: str, exact: bool, told: str) -> None:
    assert (
        story_words.change(Change("only x", "only", "source", ("a",), rank, winner, winner == "feiern", exact)) == told
    )
    assert not math.isnan(rank)
