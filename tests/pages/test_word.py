"""Parts of the Word page: heading, what stands on the board, and a word whose candidates are not known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.insight.explanation import Candidate, Explanation
from pages._ui import draw, load, told, view, words
from tests.conftest import BACKBONE
from tests.insight.test_explanation import MILK, NAN, case
from tests.pages.conftest import Shown

CURRENT = view.View("small", "en-de", method="maxmax", backbone=BACKBONE)


@pytest.fixture
def word(module: Callable[[str], ModuleType], shown: Shown) -> ModuleType:
    return module("word")


@pytest.fixture
def grids(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The grids of pictures that are drawn."""
    found: list[tuple[Any, ...]] = []
    monkeypatch.setattr(draw, "grid", lambda name, ids, alt, key: found.append((name, list(ids), alt, key)))
    return found


@pytest.mark.parametrize(
    ("found", "badge"),
    [
        (case(1), r":green-badge[found, \#1 of 1]"),
        (case(2, others=(MILK,)), r":orange-badge[nearly, \#2 of 2]"),
        (case(40, others=(MILK,)), r":red-badge[missed, \#40 of 2]"),
        (case(NAN, pictures=0), ":gray-badge[no pictures]"),
    ],
)
def test_the_heading_says_what_became_of_the_word(
    word: ModuleType, shown: Shown, found: Explanation, badge: str
) -> None:
    word.heading(CURRENT, "shake.V", replace(found, word="*shake*"), "")
    first, second = shown.of("markdown")
    way = draw.safe("en-de · verb · MAXMAX · EfficientNet-Lite0")
    assert first == f"# {draw.safe('*shake*')} → schütteln {badge} :gray-badge[{way}]"
    assert second == draw.safe(words.outcome(replace(found, word="*shake*"), "MAXMAX"))


@pytest.mark.parametrize(
    ("found", "own"),
    [
        (case(40, others=(MILK,)), True),
        (case(1), True),
        (case(NAN, pictures=0), True),
        (case(40, others=(MILK,), learned=True), False),
        (case(1, learned=True), False),
    ],
)
def test_the_verdict_is_that_of_the_causes_except_where_texts_are_compared(
    word: ModuleType, shown: Shown, monkeypatch: pytest.MonkeyPatch, found: Explanation, own: bool
) -> None:
    monkeypatch.setattr(load, "never_seen", lambda *given: frozenset())
    word.heading(CURRENT, "shake.V", found, "*Because*.")
    word.heading(CURRENT, "shake.V", found, "")
    plain = draw.safe(words.outcome(found, "MAXMAX"))
    assert shown.of("markdown")[1::2] == [draw.safe("*Because*.") if own else plain, plain]


@pytest.mark.parametrize(("query", "seen"), [("shake.V", "never seen"), ("dog.N", "seen")])
def test_the_heading_of_a_learned_method_says_what_training_saw(
    word: ModuleType, shown: Shown, monkeypatch: pytest.MonkeyPatch, query: str, seen: str
) -> None:
    monkeypatch.setattr(load, "never_seen", lambda *given: frozenset({"shake.V"}))
    word.heading(CURRENT, query, case(1, learned=True), "")
    assert shown.of("markdown")[0].endswith(f" :violet-badge[{seen} in training]")


SECOND = Candidate("rütteln", 41.5, 0.4, True, "V", 2)


@pytest.mark.parametrize(
    ("candidate", "middle", "right"),
    [
        ("", "Milchshake", "schütteln"), ("nobody", "Milchshake", "schütteln"),
        ("Milchshake", "Milchshake", "schütteln"), ("Milch", "Milch", "schütteln"),
        ("schütteln", "Milchshake", "schütteln"), ("rütteln", "Milchshake", "rütteln"),
    ],
)  # fmt: skip
def test_the_candidate_of_the_url_stands_where_it_belongs(
    word: ModuleType, candidate: str, middle: str, right: str
) -> None:
    found = case(40, others=(MILK, replace(MILK, word="Milch", rank=2, score=0.7), SECOND))
    found = replace(found, gold=(*found.gold, SECOND))
    rival, answer = word.sides(replace(CURRENT, candidate=candidate), found)
    assert (rival.word, answer.word) == (middle, right)


def test_without_a_wrong_candidate_the_middle_is_empty(word: ModuleType) -> None:
    assert word.sides(CURRENT, case(1)) == (None, case(1).gold[0])


@pytest.fixture
def pair(small: Dataset) -> Pair:
    return open_pair(small, BACKBONE, "en-de")


@pytest.mark.parametrize("rival", ["", "Hut"])
def test_a_word_whose_candidates_are_not_known_is_shown_with_what_is_stored(
    word: ModuleType,
    shown: Shown,
    grids: list[tuple[Any, ...]],
    pair: Pair,
    monkeypatch: pytest.MonkeyPatch,
    rival: str,
) -> None:
    """Its rank, verdict and winner are stored beside the scores, which are not shipped."""
    monkeypatch.setattr(told, "judged", lambda *here: ((), "*Why*." if rival else ""))
    monkeypatch.setattr(told, "rival", lambda *here: rival)
    word.only_pictures(replace(CURRENT, dataset="small"), pair, "dog.N", 3.0 if rival else math.nan)
    place = draw.safe("#3" if rival else "not scored")
    assert shown.of("markdown") == [
        f"# {draw.safe('dog → Hund')} :gray-badge[{place}]",
        draw.safe("*Why*.") if rival else "",
        "**dog** · en · 2 pictures · source word",
        *(["**Hut** · de · 2 pictures · best wrong candidate"] if rival else []),
        "**Hund** · de · 2 pictures · right answer", "**Köter** · de · 1 picture · right answer",
    ]  # fmt: skip
    asked = ["dog", *([rival] if rival else []), "Hund", "Köter"]
    assert [alt for _, _, alt, _ in grids] == [f"{one} ({'en' if one == 'dog' else 'de'})" for one in asked]
    assert [ids for _, ids, _, _ in grids] == [
        list((pair.source if one == "dog" else pair.target).word_ids(one)) for one in asked
    ]
    assert len({key for *_, key in grids}) == len(asked)


@pytest.mark.parametrize("scored", [True, False])
@pytest.mark.parametrize("explained", [True, False])
def test_what_is_not_scored_is_told_below(
    word: ModuleType, shown: Shown, pair: Pair, monkeypatch: pytest.MonkeyPatch, scored: bool, explained: bool
) -> None:
    frame = pd.DataFrame({"query": ["dog.N", "run.V"], "word": ["dog", "run"], "pos": ["N", "V"], "rank": [2.0, 1.0]})
    drawn: list[str] = []
    walked: list[tuple[tuple[str, ...], bool]] = []
    current = replace(CURRENT, pos="N", show="nearly")
    monkeypatch.setattr(view, "current", lambda: current)
    monkeypatch.setattr(load, "rankings", lambda *given: frame if scored else None)
    monkeypatch.setattr(load, "unranked", lambda *given: frame.assign(rank=math.nan))
    monkeypatch.setattr(told, "explained", lambda *given: case(1) if explained else None)
    monkeypatch.setattr(load, "pair_of", lambda *given: pair)
    monkeypatch.setattr(
        word.walk, "chooser", lambda now, words, *, present: walked.append((words.among, words.ranked)) or "dog.N"
    )
    monkeypatch.setattr(word, "one_word", lambda *given: drawn.append("whole"))
    monkeypatch.setattr(word, "only_pictures", lambda *given: drawn.append("pictures"))
    monkeypatch.setattr(draw, "unranked", lambda now, what, *missing: drawn.append(f"{what} {missing}"))
    word.main()
    assert walked == [(("dog.N",), scored)]
    missing = (("maxmax", BACKBONE),)
    assert drawn == (
        ["whole"] + [f"This word alone was looked at {missing}"] * (not scored)
        if explained
        else ["pictures", f"The candidates are not shown {missing}"]
    )


@pytest.mark.parametrize(("scored", "line"), [(True, "“missed”"), (False, "here")])
def test_no_word_of_a_kind(
    word: ModuleType, shown: Shown, pair: Pair, monkeypatch: pytest.MonkeyPatch, scored: bool, line: str
) -> None:
    frame = pd.DataFrame({"query": ["run.V"], "word": ["run"], "pos": ["V"], "rank": [1.0]})
    current = replace(CURRENT, pos="V" if scored else "N", show="missed")
    monkeypatch.setattr(view, "current", lambda: current)
    monkeypatch.setattr(load, "rankings", lambda *given: frame if scored else None)
    monkeypatch.setattr(load, "unranked", lambda *given: frame)
    monkeypatch.setattr(told, "explained", lambda *given: case(1))
    monkeypatch.setattr(load, "pair_of", lambda *given: pair)
    monkeypatch.setattr(word, "one_word", lambda *given: None)
    word.main()
    assert shown.of("info")[0] == f"No word is {line} among the chosen parts of speech."
    assert len(shown.of("segmented_control")) == scored, "another kind can be chosen"
