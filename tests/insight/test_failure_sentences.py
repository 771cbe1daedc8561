"""The sentence about a gap: every rule, the way of the gap, and what is written where a kind is never found."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from cldi_core.evaluation.metrics import NOTHING, Interval
from cldi_core.insight.failure_gap import Gap, Part
from cldi_core.insight.failure_matching import Matched
from cldi_core.insight.failure_sentences import sentence, side, verdict, written

NO_MATCH = Matched("V", (), NOTHING, NOTHING, 0, 0, 0, (), "none")
Bounds = tuple[float, float, float]


def interval(bounds: Bounds, n: int = 60) -> Interval:
    return Interval(*bounds, n)


def gap(before: Bounds, after: Bounds, explained: Bounds, outcome: str = "found", pos: str = "V") -> Gap:
    parts = (Part("senses", "senses", interval(explained)), Part("hub", "hub", interval((0.001, -0.05, 0.05))))
    return Gap(pos, outcome, interval(before), interval(after), interval(explained), parts, 5, 90, 200, 400)


GONE, LESS, MORE, NOT = (0.0, -0.05, 0.05), (-0.2, -0.25, -0.15), (0.2, 0.15, 0.25), (-0.01, -0.03, 0.02)
WIDER = (-0.4, -0.5, -0.3)
CASES = {
    "no gap": (NOT, NOT, GONE),
    "none": (LESS, (-0.19, -0.25, -0.13), NOT),
    "larger": (LESS, WIDER, MORE),
    "all": (LESS, GONE, LESS),
    "more": (LESS, MORE, WIDER),
    "part": (WIDER, LESS, LESS),
}


@pytest.mark.parametrize(("rule", "numbers"), CASES.items(), ids=CASES)
def test_each_rule(rule: str, numbers: tuple[Bounds, Bounds, Bounds]) -> None:
    made = gap(*numbers)
    turned = gap(*((-value, -high, -low) for value, low, high in numbers))
    assert verdict(made) == rule and verdict(turned) == rule, "the same whichever kind is found more"
    told, other = (sentence(own, own, NO_MATCH) for own in (made, turned))
    assert told.verdict == rule and "erbs are found" in told.text and "{" not in told.text
    assert "less often than nouns" in told.text and "more often than nouns" in other.text
    assert other.text.replace("more often", "less often") == told.text


def test_the_sentences_carry_the_numbers() -> None:
    told = sentence(gap(*CASES["part"]), NO_RANK, NO_MATCH).text
    assert told == (
        "Verbs are found 40.0 [30.0, 50.0] points less often than nouns; what is known of the words accounts for 20.0 "
        "[15.0, 25.0] of the 40.0 points, and 20.0 [15.0, 25.0] points remain when it is held. The largest part is the "
        "senses: 20.0 [15.0, 25.0] points."
    )
    none = sentence(gap(*CASES["none"]), NO_RANK, NO_MATCH).text
    assert none.startswith("None of this explains the gap: verbs are found 20.0 [15.0, 25.0] points less often")
    assert "accounts for 1.0 [−2.0, 3.0] of the 20.0 points; 19.0 [13.0, 25.0] points remain" in none
    every = sentence(gap(*CASES["all"]), NO_RANK, NO_MATCH).text
    assert "as far as can be told, for all of it: the 0.0 [−5.0, 5.0] points that remain" in every


def test_too_few_words() -> None:
    few = gap(*CASES["part"])
    few = replace(few, before=Interval(-0.4, math.nan, math.nan, 11))
    assert sentence(few, NO_RANK, matched((-0.3, -0.4, -0.2))) .text == (
        "Verbs: too few words to tell a gap; the smaller kind has n = 11."
    )  # fmt: skip


def test_a_bound_that_is_written_as_zero_is_zero() -> None:
    assert (
        side(interval((-0.02, -0.04, -0.0004)), "found") == 0 and side(interval((-0.02, -0.04, -0.0006)), "found") == -1
    )
    assert side(interval((0.1, 0.002, 0.2)), "log_rank") == 0 and side(interval((0.1, 0.003, 0.2)), "log_rank") == 1
    assert written(interval((-0.02, -0.04, -0.0004)), "found") == "−2.0 [−4.0, 0.0]"
    assert written(interval((math.log10(2), 0.0, 1.0)), "log_rank") == "2.00 [1.00, 10.00]"


def test_a_gap_that_shows_only_with_the_others_held() -> None:
    told = sentence(gap(NOT, LESS, MORE), NO_RANK, NO_MATCH).text
    assert " With what is known of the words held, verbs are found 20.0 [15.0, 25.0] points less often " in told


def test_where_a_kind_is_never_found_the_depth_of_ranks_is_told() -> None:
    rank = gap((0.7, 0.5, 0.9), (0.5, 0.3, 0.7), (0.2, 0.1, 0.3), "log_rank")
    never = replace(gap(*CASES["part"]), found=0, of=36)
    told = sentence(never, rank, matched((-0.3, -0.4, -0.2), (0.6, 0.3, 0.8)))
    assert told.outcome == "log_rank" and told.text == (
        "None of the 36 verbs is found (200 of 400 nouns are), so depths of ranks are told here. The right answers of "
        "verbs stand 5.01 [3.16, 7.94] times as deep as those of nouns; what is known of the words accounts for a "
        "factor of 1.58 [1.26, 2.00] of the 5.01, and 3.16 [2.00, 5.01] times remain when it is held. The largest part "
        "is the senses: 1.58 [1.26, 2.00] times. Against nouns of the same dispersion and senses, the right answers of "
        "verbs stand 3.98 [2.00, 6.31] times as deep as those of nouns (80 of 90 verb queries have such nouns)."
    )


def matched(found: Bounds, rank: Bounds = (0.1, 0.05, 0.2)) -> Matched:
    return Matched("V", ("dispersion", "senses"), interval(found), interval(rank), 80, 300, 10, ())


NO_RANK = gap(NOT, NOT, NOT, "log_rank")
