"""Causes: each holds where it says, and is named only where it is rarer among found words than among missed ones."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest

from cldi_core.errors import UnknownNameError
from cldi_core.insight import causes, verdicts
from cldi_core.insight.causes import CAUSES, Cause
from tests.evidence_data import FOUND, frame_of

NAN = math.nan


def causes_of(*rows: dict[str, Any], **sizes: int) -> tuple[Cause, ...]:
    """The causes of the first of some words."""
    frame = frame_of(*rows, **sizes)
    return causes.causes(frame, frame["query"].iloc[0])


def named(*rows: dict[str, Any], **sizes: int) -> list[str]:
    return [cause.cause for cause in causes_of(*rows, **sizes)]


# cause → a word that just has it, one that just does not
HOLDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "same pictures": ({"same_pictures": True, "common": 6}, {"common": 6}),
    "owned elsewhere": ({"right_things": 3, "rival_things": 4}, {"right_things": 4, "rival_things": 3}),
    "look-alikes": ({"shown_right": 5, "astray": 3}, {"shown_right": 6, "astray": 3}),
    "tie": ({"tied": True, "rank": 1.5}, {"rank": 1.5}),
    "as many": ({"right_things": 3, "rival_things": 3}, {"right_things": 4, "rival_things": 3}),
    "other things": ({"right_things": 2}, {"right_things": 3}),
    "near-copies": ({"copies_rival": 1}, {"copies_rival": 1, "copies_right": 1}),
    "cannot find itself": ({"ceiling": 10.5}, {"ceiling": 10.0}),
    "one picture": ({"right_pictures": 1, "rival_pictures": 1}, {"right_pictures": 2, "rival_pictures": 1}),
    "unlike": ({"best_right": 0.89}, {"best_right": 0.9}),
    "anti-hub": ({"right_top10": 0}, {"right_top10": 1}),
    "hub": ({"rival_top10": 50}, {"rival_top10": 49}),
    "larger set": ({"rival_pictures": 12}, {"rival_pictures": 11}),
    "other part of speech": ({"rival_pos": "NA"}, {"rival_pos": "NV"}),
    "most pictures": ({"nearer_rival": 6}, {"nearer_rival": 5}),
}


@pytest.mark.parametrize("name", CAUSES)
def test_a_cause_holds_where_it_says(name: str) -> None:
    has, has_not = HOLDS[name]
    assert named(has) == [name]
    assert named(has_not) == []


def test_nothing_is_said_of_things_that_are_not_known() -> None:
    for row in ({"right_things": 0, "rival_things": 3}, {"right_things": 3, "rival_things": 3}, {"right_things": 1}):
        assert named({**row, "known": False}) == []
    assert named({"right_things": 0, "rival_things": 0}) == ["other things"], "neither shows any: not as many"


def test_a_majority_is_of_three_pictures_at_least() -> None:
    assert named({"pictures": 2, "nearer_rival": 2, "nearer_right": 0}) == []
    assert named({"pictures": 3, "nearer_rival": 2, "nearer_right": 1}) == ["most pictures"]


def test_of_a_method_with_csls_its_own_neighbourhoods_count() -> None:
    assert named({"corrected": True, "rival_top10": 99}) == []
    assert named({"corrected": True, "rival_top10": 0, "rival_top10_csls": 60}) == ["hub"]


def test_a_cause_is_named_only_where_it_is_rarer_among_found_words() -> None:
    has = HOLDS["owned elsewhere"][0]
    assert named(has, {**has, **FOUND}, missed=11, found=11) == [], "1 of 12 and 1 of 12"
    assert named(has, {**has, **FOUND}, missed=11, found=12) == ["owned elsewhere"], "1 of 12 and 1 of 13"
    assert named(has, {**has, **FOUND}, missed=12, found=11) == [], "1 of 13 and 1 of 12"
    assert named({**has, **FOUND}, has, has, missed=9) == ["owned elsewhere"], "found words have what they overcame"


@pytest.mark.parametrize("having, of, too, too_of", [(4, 12, 1, 13), (10, 12, 0, 20), (2, 12, 1, 14)])
def test_the_strength_is_how_much_rarer_it_is_among_found_words(having: int, of: int, too: int, too_of: int) -> None:
    has = HOLDS["owned elsewhere"][0]
    (cause,) = causes_of(*[has] * having, *[{**has, **FOUND}] * too, missed=of - having, found=too_of - too)
    half = Fraction(1, 2)
    expected = 1 - ((too + half) / (too_of + 1)) / ((having + half) / (of + 1))
    assert cause.strength == pytest.approx(float(max(expected, 0)))
    assert (cause.missed, cause.missed_of, cause.found, cause.found_of) == (having, of, too, too_of)
    assert (cause.missed_share, cause.found_share) == (having / of, too / too_of)
    assert cause.among == "verbs of en-de"


def test_what_no_found_word_can_have_is_certain_however_rare() -> None:
    (cause,) = causes_of(HOLDS["tie"][0], missed=500)
    assert (cause.strength, cause.missed, cause.missed_of) == (1.0, 1, 501)


def test_the_strongest_comes_first() -> None:
    both = {**HOLDS["owned elsewhere"][0], **HOLDS["look-alikes"][0]}
    frame = frame_of(both, HOLDS["look-alikes"][0], HOLDS["look-alikes"][0])
    found = causes.causes(frame, "0.V")
    assert [cause.cause for cause in found] == ["look-alikes", "owned elsewhere"]
    assert found[0].strength > found[1].strength


def test_a_looser_cause_is_counted_among_words_without_a_more_telling_one() -> None:
    """Six whose things another word owns also show other things; without them that is as common among found words."""
    owned = {"right_things": 1, "rival_things": 4}
    other, overcame = {"right_things": 1}, {"right_things": 1, **FOUND}
    frame = frame_of(*[owned] * 6, *[other] * 2, *[overcame] * 2, missed=10, found=10)
    assert [cause.cause for cause in causes.causes(frame, "0.V")] == ["owned elsewhere"]
    assert causes.causes(frame, "6.V") == (), "2 of the 12 others, and 2 of 12 found ones"
    more = frame_of(*[owned] * 6, *[other] * 4, *[overcame] * 2, missed=10, found=10)
    (cause,) = causes.causes(more, "6.V")
    assert (cause.cause, cause.missed, cause.missed_of, cause.found, cause.found_of) == ("other things", 4, 14, 2, 12)
    assert cause.among == "verbs of en-de without a more telling cause"


def test_a_more_telling_cause_that_does_not_stand_out_takes_no_words() -> None:
    """Where nobody shares things, all show other things, found words too: what the pictures tell is told of all."""
    hard = {"right_things": 0, "shown_right": 0}
    has = {**hard, **HOLDS["anti-hub"][0]}
    frame = frame_of(*[has] * 4, *[hard] * 10, *[{**hard, **FOUND}] * 12, missed=0, found=0)
    (cause,) = causes.causes(frame, "0.V")
    assert (cause.cause, cause.missed_of, cause.among) == ("anti-hub", 14, "verbs of en-de")


def test_a_weak_cause_takes_no_words() -> None:
    weak = 4
    owned, other = {"right_things": 1, "rival_things": 4}, {"right_things": 1}
    frame = frame_of(*[owned] * weak, other, *[{**owned, **FOUND}] * 2, missed=10, found=12)
    first, second = causes.causes(frame, "0.V")
    assert (first.cause, second.cause) == ("other things", "owned elsewhere")
    assert 0 < second.strength < causes.STANDS and first.missed == weak + 1 and first.missed_of == 15


def test_the_bar_of_unlike_is_what_nine_in_ten_found_words_reach() -> None:
    """Of .80, .81, … .91 (twelve) the second: a tenth of the way from the first lies between the second and third."""
    found = [{**FOUND, "best_right": 0.8 + number / 100} for number in range(12)]
    for best, has in ((0.809, ["unlike"]), (0.811, [])):
        assert named({"best_right": best}, *found, missed=10, found=0) == has
    (cause,) = causes_of({"best_right": 0.5}, *found, missed=10, found=0)
    assert cause.text.endswith("nine in ten found verbs of en-de have .81 or more.") and cause.found == 1


def test_too_few_that_are_left_tell_nothing() -> None:
    owned, other = {"right_things": 1, "rival_things": 4}, {"right_things": 1}
    assert named(other, *[owned] * 8, missed=8) == []
    assert named(other, *[owned] * 8, missed=9) == ["other things"], "1 of 10"


def test_a_part_of_speech_of_few_words_is_set_against_all() -> None:
    has = HOLDS["owned elsewhere"][0]
    (cause,) = causes_of(has, missed=12, found=9)
    assert cause.among == "words of en-de" and (cause.missed_of, cause.found_of) == (13, 9)
    (cause,) = causes_of({**has, "pos": "A", "rival_pos": "A"}, pos="N")
    assert cause.among == "words of en-de" and (cause.missed_of, cause.found_of) == (13, 12)
    other = {**HOLDS["other part of speech"][0], "rival_pos": "N"}
    assert named(other) == ["other part of speech"]
    assert named({**other, "pos": "A"}) == named(other, found=9) == [], "among all words the nouns would decide"


def test_a_method_that_compares_texts_blames_no_picture() -> None:
    about_texts = {name for name, kind in CAUSES.items() if not kind.of_pictures}
    assert about_texts == {"tie", "anti-hub", "hub", "other part of speech"}
    for name, (has, _) in HOLDS.items():
        frame = frame_of(has).assign(texts=True)
        assert [one.cause for one in causes.causes(frame, "0.V")] == ([name] if name in about_texts else [])


def test_uncovered_words_have_causes_of_their_own() -> None:
    lost = {"rank": NAN, "pictures": 0, "rival": "", "nearer_right": 0, "nearer_rival": 0}
    frame = frame_of(lost, {**lost, "pictures": 3, "right_pictures": 0, "rival": "X"}, lost)
    (cause,) = causes.causes(frame, "0.V")
    assert (cause.cause, cause.strength, cause.missed, cause.missed_of, cause.found) == ("no pictures", 1.0, 2, 3, 0)
    assert verdicts.verdict([cause], frame.iloc[0].to_dict()) == "There is no picture of “w”."
    (cause,) = causes.causes(frame, "1.V")
    assert (cause.cause, cause.missed, cause.missed_of) == ("no pictures of the answer", 1, 3)
    assert cause.text == "There is no picture of a right answer, such as “R”."
    assert len(causes.leading(frame)) == 24, "they are not missed"


def test_what_is_no_query_is_named() -> None:
    with pytest.raises(UnknownNameError, match=r"nope\.V"):
        causes.causes(frame_of(), "nope.V")


def test_ceilings_are_joined_by_word() -> None:
    frame = frame_of({"word": "a"}, {"word": "b"})
    ceilings = pd.DataFrame({"word": ["b", "a"], "mrr": [0.1, 1.0], "rank": [20.0, 1.0], "splits": 10})
    joined = causes.with_ceilings(frame, ceilings)
    assert list(joined["ceiling"][:2]) == [1.0, 20.0] and joined["ceiling"][2:].isna().all()
    assert joined.attrs == frame.attrs
    assert [one.text for one in causes.causes(joined, "1.V")] == [
        "Half of the pictures of “b” find its other half only at rank 20."
    ]
    assert causes.with_ceilings(frame, None)["ceiling"].isna().all()


def test_the_summary_counts_every_covered_word_once() -> None:
    owned = HOLDS["owned elsewhere"][0]
    nouns = [{"pos": "N", "rival_pos": "N", **row} for row in [{}] * 10 + [FOUND] * 10 + [owned] * 3]
    lost = {"rank": NAN, "pictures": 0}
    frame = frame_of(*[owned] * 5, {**owned, **FOUND}, HOLDS["tie"][0], lost, *nouns)
    told = causes.summary(frame)
    assert told.to_dict("records") == [
        {"pos": "N", "cause": "owned elsewhere", "label": CAUSES["owned elsewhere"].label, "words": 3, "found": 0},
        {"pos": "N", "cause": "", "label": "no single cause stands out", "words": 10, "found": 10},
        {"pos": "V", "cause": "owned elsewhere", "label": CAUSES["owned elsewhere"].label, "words": 5, "found": 1},
        {"pos": "V", "cause": "tie", "label": "a tie", "words": 1, "found": 0},
        {"pos": "V", "cause": "", "label": "no single cause stands out", "words": 12, "found": 12},
    ]
    for query, cause in zip(causes.leading(frame)["query"], causes.leading(frame)["cause"], strict=True):
        first = next((one for one in causes.causes(frame, query) if one.strength >= causes.STANDS), None)
        assert (first.cause if first else "") == cause
