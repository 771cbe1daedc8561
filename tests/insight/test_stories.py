"""Stories: chosen by the rule that the module states, each clause of it, and told with the pictures that show them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cldi_core import rankers
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import rankings, stored_scores
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.insight import causes, evidence, stories
from tests.insight.words_data import FOUND, OWNED, evidence_of

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
VOTED = {"nearer_rival": 8, "nearer_right": 2}


def own_things(query: str) -> set[str]:
    """Every word depicts something else."""
    return {query}


def chosen(rows: dict[str, dict[str, Any]], depicted: Any = own_things, others: int = 20) -> list[str]:
    return stories.choose(evidence_of(rows, others), depicted)


def test_a_word_whose_things_are_owned_makes_a_story() -> None:
    assert chosen({"ride.V": OWNED}) == ["ride.V"]


@pytest.mark.parametrize(
    "broken",
    [
        {"pictures": 3},
        {"things": 3, "rival_things": 3},
        {"right": "RIDE"},
        {"rank": 10.0},
        {"rank": 1.5},
        {"rank": float("nan")},
        {"rival": ""},
        {"rival_top10": 50},
        {"rival_things": 4},
        {"right_things": 7},
        {"known": False},
        {"rival_score": 0.5},
    ],
    ids=str,
)
def test_each_clause_keeps_a_word_out(broken: dict[str, Any]) -> None:
    """At the bar of each; half of the things are no majority, and a hub is in fifty of 99 words' neighbourhoods."""
    assert chosen({"ride.V": {**OWNED, **broken}}) == []


def test_just_inside_every_bar() -> None:
    just = {"pictures": 4, "things": 4, "rival_things": 3, "right_things": 2, "rank": 10.5, "rival_top10": 49}
    assert chosen({"ride.V": {**just, "nearer_rival": 2, "nearer_right": 2, "shown_right": 4}}) == ["ride.V"]


def test_of_another_cause_a_word_needs_the_votes() -> None:
    """The same pictures is a stronger cause than that the rival owns the things."""
    other = {**OWNED, "same_pictures": True, "common": 6}
    assert chosen({"ride.V": other}) == []
    assert chosen({"ride.V": {**other, **VOTED}}) == ["ride.V"]
    assert chosen({"ride.V": {**other, **VOTED}, "film.V": {**OWNED, "rival_score": 0.51}}) == ["film.V"], "owned first"


def test_where_nothing_is_known_of_things_the_votes_and_the_margin_choose() -> None:
    unknown = {"known": False, "things": 0, "right_things": 0, "rival_things": 0}
    rows = {
        "far.V": {**unknown, "nearer_rival": 6, "rival_score": 0.9},  # .4 × .6
        "near.V": {**unknown, "nearer_rival": 10, "rival_score": 0.7},  # .2 × 1
        "top.V": {**unknown, "nearer_rival": 9, "rival_score": 0.8},  # .3 × .9
        "last.V": {**unknown, "nearer_rival": 6, "rival_score": 0.6},
        "half.V": {**unknown, "nearer_rival": 5, "rival_score": 0.99},
    }
    assert chosen(rows) == ["top.V", "far.V", "near.V"]


def test_kinds_and_their_numbers() -> None:
    kinds = {
        **{f"verb{number}.V": {**OWNED, "rival_score": 0.9 - number / 100} for number in range(5)},
        **{f"good{number}.V": {**FOUND, "nearer_right": 9, "right_score": 0.9 - number / 100} for number in range(2)},
        **{f"{name}.{letter}": OWNED for letter, name in {"A": "adjective", "N": "noun"}.items()},
    }
    told = ["verb0.V", "verb1.V", "verb2.V", "good0.V", "adjective.A", "noun.N"]
    assert chosen(kinds) == told
    assert chosen(dict(reversed(kinds.items()))) == told, "the same ones every time"
    del kinds["adjective.A"]
    assert chosen(kinds) == [query for query in told if query != "adjective.A"], "where there is none there is none"


def test_a_found_word_owns_its_things() -> None:
    """Or has most of the votes: else it is found by chance."""
    found = {**FOUND, "right_things": 5, "rival_things": 6, "nearer_right": 5, "nearer_rival": 5}
    assert chosen({"dance.V": found}) == []
    assert chosen({"dance.V": {**found, "rival_things": 4}}) == ["dance.V"]
    assert chosen({"dance.V": {**found, "nearer_right": 6}}) == ["dance.V"]


def test_ties_are_of_the_alphabet() -> None:
    assert chosen({"b.N": OWNED, "a.N": OWNED}) == chosen({"a.N": OWNED, "b.N": OWNED}) == ["a.N"]


def test_no_two_stories_share_a_word_or_a_thing() -> None:
    first, second = {**OWNED, "rival_score": 0.9}, OWNED
    for shared in ({"rival": "a-rival"}, {"right": "a-rival"}, {"rival": "a-right"}, {"right": "a-right"}):
        assert chosen({"a.V": first, "b.V": {**second, **shared}}) == ["a.V"]
    faces = {"a.V": {"smile", "tear"}, "b.V": {"tear", "hand"}, "c.V": {"hand"}, "d.A": {"smile"}}
    rows = {"a.V": first, "b.V": {**second, "rival_score": 0.8}, "c.V": second, "d.A": second}
    assert chosen(rows, lambda query: faces.get(query, ())) == ["a.V", "c.V"]


def test_the_order_is_that_of_the_formula() -> None:
    rng = np.random.default_rng(5)
    rows, weights = {}, {}
    for number in range(40):
        things = int(rng.integers(4, 12))
        rival = int(rng.integers(things // 2 + 1, things + 1))
        right, margin = int(rng.integers(0, rival)), float(np.round(rng.random(), 3)) + 0.01
        rows[f"w{number}.V"] = {
            "things": things, "rival_things": rival, "right_things": right, "right_score": 0.0, "rival_score": margin,
        }  # fmt: skip
        weights[f"w{number}.V"] = (rival - right) * (rival - right) / things * margin
    assert chosen(rows) == sorted(weights, key=lambda query: -weights[query])[:3]


def test_nothing_is_chosen_of_nothing() -> None:
    assert chosen({}, others=1) == []
    assert stories.choose(evidence_of({"a.V": {"rank": float("nan")}}, 0), own_things) == []


def computed(pair: Pair) -> pd.DataFrame:
    ranker = rankers.ranker("avgmax")
    scored = stored_scores.computed(pair, [ranker])
    frame = rankings.rankings(pair, [ranker], scored)["avgmax"]
    return evidence.evidence(pair, scored["avgmax"].matrix, frame)


@pytest.fixture(scope="module")
def demo() -> tuple[Pair, pd.DataFrame]:
    pair = open_pair(Dataset(DEMO), "efficientnet-lite0", "en-de")
    return pair, computed(pair)


def test_the_stories_of_the_demo_persuade(demo: tuple[Pair, pd.DataFrame]) -> None:
    told = stories.stories(*demo)
    assert [(story.word, story.pos, story.works, story.rival) for story in told[:3]] == [
        ("film", "V", False, "Kino"), ("celebrate", "V", False, "Feier"), ("ride", "V", False, "Fahrrad"),
    ]  # fmt: skip
    assert [(story.pos, story.works) for story in told[3:]] == [("V", True), ("A", False), ("N", False)]
    things = [set(evidence.things(demo[0], row_of(demo[1], story.query)).all) for story in told]
    assert all(not one & other for place, one in enumerate(things) for other in things[:place])


def row_of(frame: pd.DataFrame, query: str) -> dict[str, Any]:
    return frame[frame["query"] == query].iloc[0].to_dict()


def test_a_story_shows_one_picture_of_each_thing_above_its_nearest(demo: tuple[Pair, pd.DataFrame]) -> None:
    pair, frame = demo
    concept = pair.dataset.pictures.table["concept"]
    for story in stories.stories(pair, frame):
        row = row_of(frame, story.query)
        things = evidence.things(pair, row)
        shown = [concept[key] for key in story.pictures]
        assert story.each_thing and story.of == len(things.all) and len(shown) == min(6, story.of)
        assert len(set(shown)) == len(shown) and set(shown) <= set(things.all)
        mine, others = (things.right, things.rival) if story.works else (things.rival, things.right)
        first = [thing for thing in things.all if thing in mine and thing not in others]
        assert shown[: len(first)] == first[: len(shown)], "those of the first word alone come first"
        for word, nearest in ((story.right, story.nearest_right), (story.rival, story.nearest_rival)):
            for key, other in zip(story.pictures, nearest, strict=True):
                assert other == nearest_of(pair, story.word, key, word)
        expected = causes.causes(frame, story.query)
        assert story.verdict.startswith("Found" if story.works else expected[0].text[:20])


def nearest_of(pair: Pair, word: str, picture: str, other: str) -> str:
    """The picture of the other word that is most alike one, pair by pair."""
    vector = pair.source[word][list(pair.source.word_ids(word)).index(picture)].astype(np.float64)
    best, found = -np.inf, ""
    for key, one in zip(pair.target.word_ids(other), pair.target[other].astype(np.float64), strict=True):
        cosine = vector @ one / np.linalg.norm(vector) / np.linalg.norm(one)
        if cosine > best + 1e-6:
            best, found = cosine, key
    return found


def test_photographs_are_shown_in_their_order(demo: tuple[Pair, pd.DataFrame]) -> None:
    """Of which nothing is known."""
    pair, frame = demo
    unknown = frame.assign(known=False, things=0, right_things=0, rival_things=0, shown_right=0, shown_rival=0)
    told = stories.stories(pair, unknown)
    assert len(told) >= 4
    for story in told:
        ids = pair.source.word_ids(story.word)
        assert story.pictures == tuple(ids[:6]) and story.of == len(ids) and not story.each_thing
