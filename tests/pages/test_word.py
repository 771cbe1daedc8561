"""Parts of the Word page: heading, both sides, what made a score, and a word whose candidates are not known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from cldi_core import rankers
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.insight import explanation
from cldi_core.insight.explanation import Candidate, Explanation, Match
from pages._ui import candidates, draw, load, view, words
from tests.conftest import BACKBONE
from tests.insight.test_explanation import MILK, NAN, case
from tests.pages.conftest import Shown, Url

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


PAIR: Any = SimpleNamespace(
    source=SimpleNamespace(word_ids=lambda one: [f"{one} 1", f"{one} 2"]),
    target=SimpleNamespace(word_ids=lambda one: [f"{one} 1"]),
    languages=("en", "*de*"),
)


@pytest.mark.parametrize(
    ("found", "badge"),
    [
        (case(1), ":green-badge[found]"),
        (case(2, others=(MILK,)), ":orange-badge[nearly]"),
        (case(40, others=(MILK,)), ":red-badge[missed]"),
        (case(NAN, pictures=0), ":gray-badge[uncovered]"),
    ],
)
def test_the_heading_says_what_became_of_the_word(
    word: ModuleType, shown: Shown, found: Explanation, badge: str
) -> None:
    word.heading(CURRENT, "shake.V", replace(found, word="*shake*"))
    first, second = shown.of("markdown")
    way = draw.safe("en-de · verb · MAXMAX · EfficientNet-Lite0")
    assert first == f"#### {draw.safe('*shake*')} → schütteln {badge} :gray-badge[{way}]"
    assert second == draw.safe(words.verdict(replace(found, word="*shake*"), "MAXMAX"))


@pytest.mark.parametrize(("query", "seen"), [("shake.V", "never seen"), ("dog.N", "seen")])
def test_the_heading_of_a_learned_method_says_what_training_saw(
    word: ModuleType, shown: Shown, monkeypatch: pytest.MonkeyPatch, query: str, seen: str
) -> None:
    monkeypatch.setattr(load, "never_seen", lambda *given: frozenset({"shake.V"}))
    word.heading(CURRENT, query, case(1, learned=True))
    assert shown.of("markdown")[0].endswith(f" :violet-badge[{seen} in training]")


@pytest.mark.parametrize(
    ("dispersion", "senses", "line"),
    [
        (0.456, 8, "dispersion 0.46 · 8 WordNet senses"),
        (NAN, None, "dispersion –"),
        (0.5, 0, "dispersion 0.50 · 0 WordNet senses"),
    ],
)
def test_both_sides_show_their_pictures(
    word: ModuleType, shown: Shown, grids: list[tuple[Any, ...]], dispersion: float, senses: int | None, line: str
) -> None:
    found = case(40, others=(replace(MILK, word="*Milch*"),), dispersion=dispersion, senses=senses)
    word.sides("small", PAIR, found, found.candidates[0])
    assert shown.of("markdown") == [
        "**shake** · en · 3 pictures", r"**\*Milch\*** · \*de\* · 5 pictures · rank 1"
    ]  # fmt: skip
    assert shown.of("caption") == [line]
    assert grids == [
        ("small", ["shake 1", "shake 2"], "shake (en)", "s-shake"),
        ("small", ["*Milch* 1"], "*Milch* (*de*)", "t-*Milch*"),
    ]


def test_the_right_answers_and_the_winner_are_a_click_away(
    word: ModuleType, shown: Shown, grids: list[tuple[Any, ...]], url: Url
) -> None:
    second = Candidate("rütteln", 41.5, 0.4, True, "V", 2)
    found = case(40, others=(MILK,))
    found = replace(found, gold=(*found.gold, second), candidates=(*found.candidates, second))
    word.sides("small", PAIR, found, second)
    assert shown.of("button") == [r"right\: schütteln #40", r"right\: rütteln #41½", r"winner\: Milchshake #1"]
    buttons = shown.options("button")
    assert [one["type"] for one in buttons] == ["secondary", "primary", "secondary"]
    assert len({one["key"] for one in buttons}) == 3
    for one, name in zip(buttons, ("schütteln", "rütteln", "Milchshake"), strict=True):
        one["on_click"](**one["kwargs"])
        assert url["candidate"] == name
    assert shown.of("markdown")[1].startswith("**rütteln** ✓ · ")


def test_a_winner_that_is_right_is_named_once(word: ModuleType, shown: Shown, grids: list[tuple[Any, ...]]) -> None:
    word.sides("small", PAIR, case(1, others=(replace(MILK, rank=2, score=0.1),)), case(1).gold[0])
    assert shown.of("button") == [r"right\: schütteln #1"]
    word.sides("small", PAIR, case(NAN, pictures=0), case(NAN).gold[0])
    assert shown.of("button")[1:] == [r"right\: schütteln #–"]


@pytest.mark.parametrize("matches", [[], [Match("a", "b", 0.5)]])
def test_what_made_a_score_are_pairs_of_pictures(
    word: ModuleType, shown: Shown, monkeypatch: pytest.MonkeyPatch, matches: list[Match]
) -> None:
    drawn: list[Any] = []
    asked: list[Any] = []
    monkeypatch.setattr(explanation, "matches", lambda *given: asked.append(given) or matches)
    monkeypatch.setattr(draw, "matches", lambda *given: drawn.append(given))
    word.behind("small", PAIR, case(40, others=(MILK,)), MILK, "maxmax")
    assert asked == [(PAIR, "shake", "Milchshake", "maxmax")]
    assert drawn == ([("small", matches, ("shake", "Milchshake"), "m-shake-Milchshake")] if matches else [])
    assert shown.of("info") == ([] if matches else ["There are no pictures to compare."])
    assert shown.of("markdown") == ["**What made the score of “Milchshake”**"]
    assert shown.of("caption") == [rankers.ranker("maxmax").about]


def test_a_learned_method_compares_no_pictures(word: ModuleType, shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explanation, "matches", lambda *given: pytest.fail("pictures are compared"))
    word.behind("small", PAIR, case(1, learned=True), MILK, "maxmax")
    assert len(shown.of("info")) == 1 and "no picture is compared" in shown.of("info")[0]


@pytest.mark.parametrize(
    ("candidate", "chosen"), [("Milchshake", "Milchshake"), ("", "schütteln"), ("nobody", "schütteln")]
)
def test_the_candidate_of_the_url_is_looked_at_or_the_right_answer(
    word: ModuleType, monkeypatch: pytest.MonkeyPatch, candidate: str, chosen: str
) -> None:
    drawn: list[tuple[str, str]] = []
    read: list[str] = []
    found = case(40, others=(MILK,))
    for owner, name in ((word, "sides"), (candidates, "table"), (word, "behind")):
        monkeypatch.setattr(
            owner, name, lambda where, pair, found, one, *method, _name=name: drawn.append((_name, one.word))
        )
    monkeypatch.setattr(word, "heading", lambda *given: None)
    monkeypatch.setattr(load, "thumbnails", lambda name, ids: read.extend(ids))
    word.one_word(replace(CURRENT, candidate=candidate), PAIR, "shake.V", found)
    assert drawn == [("sides", chosen), ("table", chosen), ("behind", chosen)]
    assert {"shake 1", "shake 2", f"{chosen} 1", "Milchshake 1", "schütteln 1"} == set(read), "all in one go"


@pytest.fixture
def pair(small: Dataset) -> Pair:
    return open_pair(small, BACKBONE, "en-de")


def test_a_word_whose_candidates_are_not_known_is_shown_with_its_right_answers(
    word: ModuleType, shown: Shown, grids: list[tuple[Any, ...]], pair: Pair
) -> None:
    word.only_pictures("small", pair, "dog.N")
    assert shown.of("markdown") == [
        "**dog** · en · 2 pictures", "**Hund** · de · 2 pictures", "**Köter** · de · 1 pictures"
    ]  # fmt: skip
    assert [alt for _, _, alt, _ in grids] == ["dog (en)", "Hund (de)", "Köter (de)"]
    assert [ids for _, ids, _, _ in grids] == [
        list(pair.source.word_ids("dog")), list(pair.target.word_ids("Hund")), list(pair.target.word_ids("Köter"))
    ]  # fmt: skip
    assert len({key for *_, key in grids}) == 3


@pytest.mark.parametrize("scored", [True, False])
@pytest.mark.parametrize("explained", [True, False])
def test_what_is_not_scored_is_told_below(
    word: ModuleType, shown: Shown, pair: Pair, monkeypatch: pytest.MonkeyPatch, scored: bool, explained: bool
) -> None:
    frame = pd.DataFrame({"query": ["dog.N", "run.V"], "word": ["dog", "run"], "pos": ["N", "V"], "rank": [2.0, 1.0]})
    drawn: list[str] = []
    walked: list[tuple[list[str], bool]] = []
    current = replace(CURRENT, pos="N", show="nearly")
    monkeypatch.setattr(view, "current", lambda: current)
    monkeypatch.setattr(load, "rankings", lambda *given: frame if scored else None)
    monkeypatch.setattr(load, "unranked", lambda *given: frame.assign(rank=math.nan))
    monkeypatch.setattr(load, "explained", lambda *given: case(1) if explained else None)
    monkeypatch.setattr(load, "pair_of", lambda *given: pair)
    monkeypatch.setattr(
        word.walk, "chooser", lambda now, rows, *, ranked: walked.append((rows["query"].tolist(), ranked)) or "dog.N"
    )
    monkeypatch.setattr(word, "one_word", lambda *given: drawn.append("whole"))
    monkeypatch.setattr(word, "only_pictures", lambda *given: drawn.append("pictures"))
    monkeypatch.setattr(draw, "unranked", lambda now, what, *missing: drawn.append(f"{what} {missing}"))
    word.main()
    assert walked == [(["dog.N"], scored)]
    missing = (("maxmax", BACKBONE),)
    assert drawn == (
        ["whole"] + [f"This word alone was looked at {missing}"] * (not scored)
        if explained
        else ["pictures", f"The candidates are not shown {missing}"]
    )


@pytest.mark.parametrize(("scored", "line"), [(True, "“missed”"), (False, "here")])
def test_no_word_of_a_kind(
    word: ModuleType, shown: Shown, monkeypatch: pytest.MonkeyPatch, scored: bool, line: str
) -> None:
    frame = pd.DataFrame({"query": ["run.V"], "word": ["run"], "pos": ["V"], "rank": [1.0]})
    current = replace(CURRENT, pos="V" if scored else "N", show="missed")
    asked: list[Any] = []
    monkeypatch.setattr(view, "current", lambda: current)
    monkeypatch.setattr(load, "rankings", lambda *given: frame if scored else None)
    monkeypatch.setattr(load, "unranked", lambda *given: frame)
    monkeypatch.setattr(word.walk, "outcome", asked.append)
    word.main()
    assert shown.of("info") == [f"No word is {line} among the chosen parts of speech."]
    assert asked == [current], "another kind can be chosen"
