"""Verdicts: true sentences with a word's own numbers, and no more than the numbers say."""

from __future__ import annotations

from typing import Any

import pytest

from cldi_core.insight import verdicts
from cldi_core.insight.causes import CAUSES, Cause
from cldi_core.insight.evidence import Things
from tests.evidence_data import FOUND, PLAIN

SENTENCES: dict[str, list[tuple[dict[str, Any], str]]] = {
    "same pictures": [
        ({"right_pictures": 4}, "“R” and “X” have the same 4 pictures, so nothing that looks at pictures can "
         "tell them apart."),
        ({"right_pictures": 1}, "“R” and “X” have the same picture, so nothing that looks at pictures can tell "
         "them apart."),
    ],
    "owned elsewhere": [
        ({"rival_things": 6, "right_things": 1, "rival_pos": "N"},
         "All 6 things that picture “w” are also filed under “X” (noun), only 1 of them under “R”."),
        ({"rival_things": 4, "right_things": 3}, "4 of the 6 things that picture “w” are also filed under “X”, "
         "3 under “R”."),
        ({"rival_things": 6, "right_things": 5},
         "All 6 things that picture “w” are also filed under “X”, 5 of them under “R”."),
        ({"rival_things": 4, "right_things": 2},
         "4 of the 6 things that picture “w” are also filed under “X”, only 2 under “R”."),
        ({"rival_things": 1, "right_things": 0}, "1 of the 6 things that picture “w” is also filed under “X”, "
         "none under “R”."),
        ({"things": 1, "rival_things": 1, "right_things": 0},
         "The one thing that pictures “w” is also filed under “X”, but not under “R”."),
    ],
    "look-alikes": [
        ({"shown_right": 5, "astray": 3, "rival_pos": "NA"},
         "3 of the 5 pictures of “w” whose thing “R” shows as well are nearer to a picture of something else under “X” "
         "(noun and adjective)."),
        ({"shown_right": 1, "astray": 1},
         "The one picture of “w” whose thing “R” shows as well is nearer to a picture of something else under “X”."),
    ],
    "tie": [
        ({}, "“R” and “X” have the same score; they have no picture in common."),
        ({"common": 1}, "“R” and “X” have the same score; they have 1 picture in common."),
        ({"texts": True, "common": 2}, "“R” and “X” have the same score."),
    ],
    "as many": [
        ({"right_things": 3, "rival_things": 3}, "3 of the 6 things that picture “w” are filed under “R”, and "
         "as many under “X”."),
        ({"things": 2, "right_things": 1, "rival_things": 1},
         "1 of the 2 things that picture “w” is filed under “R”, and 1 under “X”."),
        ({"things": 2, "right_things": 2, "rival_things": 2},
         "Both things that picture “w” are filed under “R” and under “X” alike."),
    ],
    "other things": [
        ({"right_things": 2, "rival_things": 2},
         "Only 2 of the 6 things that picture “w” are filed under “R”, and as many under “X”."),
        ({"right_things": 2}, "Only 2 of the 6 things that picture “w” are filed under “R”, and none under “X”."),
        ({"right_things": 1, "rival_things": 1}, "Only 1 of the 6 things that picture “w” is filed under “R”, "
         "and 1 under “X”."),
        ({"right_things": 0}, "None of the 6 things that picture “w” is filed under “R”, nor under “X”."),
        ({"right_things": 0, "things": 2}, "Neither of the 2 things that picture “w” is filed under “R”, nor "
         "under “X”."),
        ({"right_things": 0, "things": 1}, "The one thing that pictures “w” is not filed under “R”, nor under “X”."),
    ],
    "near-copies": [
        ({"copies_rival": 1}, "1 of the 10 pictures of “w” has a near-copy under “X”, none has one under “R”."),
    ],
    "cannot find itself": [
        ({"ceiling": 24.0}, "Half of the pictures of “w” find its other half only at rank 24."),
    ],
    "one picture": [
        ({"pictures": 1}, "“w” has only 1 picture."),
        ({"pictures": 1, "right_pictures": 1}, "“w” and “R” have only 1 picture each."),
    ],
    "unlike": [
        ({"best_right": 0.5, "bar": 0.7, "among": "verbs of en-de"},
         "The most alike pictures of “w” and “R” have a cosine of .50; nine in ten found verbs of en-de have "
          ".70 or more."),
        ({"best_right": 0.6269, "bar": 0.6341, "among": "words"},
         "The most alike pictures of “w” and “R” have a cosine of .627; nine in ten found words have .634 or more."),
        ({"best_right": -0.25, "bar": 0.1, "among": "words"},
         "The most alike pictures of “w” and “R” have a cosine of -.25; nine in ten found words have .10 or more."),
    ],
    "anti-hub": [({}, "“R” is among the first ten candidates of none of the 100 other words.")],
    "hub": [
        ({"rival_top10": 50, "n_candidates": 80},
         "“X” is among the first ten candidates of 50 of 100 other words; the average candidate is among those of 12."),
        ({"corrected": True, "rival_top10_csls": 60},
         "“X” is among the first ten candidates of 60 of 100 other words; the average candidate is among those of 10."),
    ],
    "larger set": [({"rival_pictures": 12, "rival_pos": "N"}, "“X” (noun) has 12 pictures, “R” 6.")],
    "other part of speech": [
        ({"rival_pos": "A"}, "“X” is listed as an adjective, and “w” was asked as a verb."),
    ],
    "most pictures": [
        ({"nearer_rival": 10}, "All 10 pictures of “w” have a nearer match under “X” than under “R”."),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", CAUSES)
def test_sentences_say_the_words_own_numbers(name: str) -> None:
    for row, sentence in SENTENCES[name]:
        assert CAUSES[name].text({**PLAIN, **row}) == sentence


def a_cause(name: str = "owned elsewhere", strength: float = 0.9, found_of: int = 21, missed: int = 33) -> Cause:
    return Cause(name, "So it is.", strength, missed, 90, 0, found_of, "verbs of en-de")


def test_a_verdict_is_the_strongest_cause_with_its_counts() -> None:
    counts = "33 of 90 missed verbs of en-de have it, none of 21 found ones."
    assert verdicts.verdict([a_cause(), a_cause("hub")], PLAIN) == f"So it is. A strong sign: {counts}"
    assert verdicts.verdict([a_cause(strength=0.5)], PLAIN) == f"So it is. A sign: {counts}"
    assert verdicts.verdict([a_cause("tie", 1.0, missed=1)], PLAIN) == (
        "So it is. 1 of 90 missed verbs of en-de has it, and no found word can."
    )


def test_no_verdict_claims_more_than_the_numbers() -> None:
    assert verdicts.verdict([], PLAIN) == verdicts.verdict([a_cause(strength=0.49)], PLAIN) == verdicts.NONE
    assert "as texts" in verdicts.verdict([], {**PLAIN, "texts": True})
    few = verdicts.verdict([a_cause(found_of=9)], PLAIN)
    assert few == "Too few verbs of en-de were found (9) to tell what the missed ones have in common."


def test_a_verdict_names_things_that_the_right_answer_lacks() -> None:
    things = Things(tuple("abcdef"), ("a",), tuple("abcdef"))
    names = {"b": "balloon", "c": "confetti", "d": "", "e": "eagle", "f": "*fire*"}
    assert verdicts.verdict([a_cause()], PLAIN, things, names).startswith(
        "So it is (not balloon, confetti, eagle and 2 more). A strong sign"
    )
    assert verdicts.verdict([a_cause()], PLAIN, things, {"f": "*fire*"}).startswith("So it is (not *fire* and 4 more).")
    for cause, known in (("hub", names), ("owned elsewhere", {}), ("owned elsewhere", None)):
        assert verdicts.verdict([a_cause(cause)], PLAIN, things, known).startswith("So it is. A strong")


@pytest.mark.parametrize(
    "row, sentence",
    [
        ({"rival_pos": "N"}, "Found: “R” is first, before “X” (noun). Of the 10 pictures of “w”, 8 are nearer "
         "to “R”, 2 to “X”; "
         "of the 6 things depicted, “R” shows 6, “X” 0."),
        ({"known": False, "things": 0, "right_things": 0, "nearer_right": 1, "nearer_rival": 0},
         "Found: “R” is first, before “X”. Of the 10 pictures of “w”, 1 is nearer to “R”, none to “X”, 9 as "
          "near to both."),
        ({"pictures": 1, "nearer_right": 0, "nearer_rival": 0, "things": 1, "right_things": 1},
         "Found: “R” is first, before “X”. The one picture of “w” is as near to “R” as to “X”; of the one thing "
          "depicted, "
         "“R” shows 1, “X” 0."),
        ({"pictures": 1, "nearer_right": 0, "nearer_rival": 1, "right_things": 0},
         "Found: “R” is first, before “X”. The one picture of “w” is nearer to “X” than to “R”."),
        ({"texts": True}, "Found: “R” is first, before “X”. The method compares the words as texts, not as pictures."),
        ({"rival": ""}, "Found: “R” is first, and no wrong candidate has pictures."),
    ],
)  # fmt: skip
def test_a_found_word_is_told_what_came_near(row: dict[str, Any], sentence: str) -> None:
    assert verdicts.verdict([a_cause()], {**PLAIN, **FOUND, **row}) == sentence


def test_words_stand_in_sentences_as_they_are() -> None:
    hostile = "<b>$a$</b> [x](http://y.example) *z*"
    row = {**PLAIN, "word": hostile, "right": hostile, "rival": hostile, "right_things": 1, "rival_things": 4}
    for kind in CAUSES.values():
        assert f"“{hostile}”" in kind.text({**row, "pictures": 1, "bar": 0.9, "among": "words", "ceiling": 20.0})
