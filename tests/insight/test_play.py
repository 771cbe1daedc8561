"""The rounds of a game, checked against slow loops and against sets of pictures made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from cldi_core import rankers
from cldi_core.data.queries import Query
from cldi_core.evaluation.pairs import Pair
from cldi_core.insight import play
from cldi_core.insight.play import AT_RANDOM, HIGH_RANKED, RIGHT, Round
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.scores import score_all
from cldi_core.scoring.ties import TIE

Matrices = dict[str, np.ndarray]
N = 40  # words of a language
SIX = [rankers.ranker(name) for name in play.SIX]


def by_hand(queries: list[Query], target: dict[str, list[int]], source: dict[str, list[int]] | None = None) -> Pair:
    """A pair of which each word has the pictures that are listed, by their numbers."""
    own = source or {query.word: [900 + number] for number, query in enumerate(queries)}
    sides = []
    for words in (own, target):
        features = np.random.default_rng(len(words)).normal(size=(1000, 6)).astype(np.float32)
        ids = [f"p{number}" for number in range(1000)]
        sides.append(ImageSets.from_members(list(words), list(words.values()), features, ids))
    rows = np.array([sides[0].row(query.word) for query in queries])
    gold = tuple(tuple(sides[1].row(word) for word in query.right) for query in queries)
    return Pair(
        cast(Any, SimpleNamespace(path=Path("nowhere"))), "net", "en-de", *sides, tuple(queries), rows, gold, {}
    )


@pytest.fixture(scope="module")
def pair() -> Pair:
    """Forty words: each has a right answer or two and one to four pictures; parts of speech in turn."""
    queries = [Query(f"w{n}", "NVA"[n % 3], (f"W{n}", f"V{n}")[: 1 + n % 2]) for n in range(N)]
    target = {f"{letter}{n}": [4 * n + at + 200 * (letter == "V") for at in range(1 + n % 4)]
              for letter in "WV" for n in range(N)}  # fmt: skip
    return by_hand(queries, target, {f"w{n}": list(range(3 * n, 3 * n + 1 + n % 3)) for n in range(N)})


@pytest.fixture(scope="module")
def matrices(pair: Pair) -> Matrices:
    return score_all(pair.source, pair.target, play.SIX)


def played(pair: Pair, matrices: Matrices, seed: int) -> list[Round]:
    """A game whose scores come from whole matrices."""
    found = []
    for number, query in enumerate(play.words(pair, seed), 1):
        rows = {name: matrix[pair.source.row(query.word)] for name, matrix in matrices.items()}
        found.append(play.round_of(pair, rows, seed, number, query))
    return found


@pytest.fixture(scope="module")
def rounds(pair: Pair, matrices: Matrices) -> list[Round]:
    return [one for seed in (0, 7, 123456) for one in played(pair, matrices, seed)]


def slow_four(pair: Pair, matrices: Matrices, word: str, forbidden: set[str]) -> tuple[list[float], dict[str, float]]:
    """The four lowest sums of ranks under the six methods among the candidates that are no right answer."""
    sums = {}
    for column, candidate in enumerate(pair.target.words):
        total = 0.0
        for matrix in matrices.values():
            row = [float(score) for score in matrix[pair.source.row(word)]]
            above = sum(other > row[column] + TIE for other in row)
            tied = sum(abs(other - row[column]) <= TIE for other in row)
            total += above + (tied + 1) / 2
        sums[candidate] = total
    return sorted(total for candidate, total in sums.items() if candidate not in forbidden)[:4], sums


def test_the_four_have_the_best_mean_rank_of_the_six_methods(
    pair: Pair, matrices: Matrices, rounds: list[Round]
) -> None:
    for one in rounds[:10]:
        right = set(pair.queries[pair.find(one.query)].right)
        lowest, sums = slow_four(pair, matrices, one.word, right)
        high = [word for word, how in zip(one.options, one.how, strict=True) if how == HIGH_RANKED]
        assert sorted(sums[word] for word in high) == lowest, one.query
        others = [word for word, how in zip(one.options, one.how, strict=True) if how == AT_RANDOM]
        assert min(sums[word] for word in others) >= lowest[-1]


def test_ten_options_of_which_one_is_right(pair: Pair, rounds: list[Round]) -> None:
    places = set()
    for one in rounds:
        right = pair.queries[pair.find(one.query)].right
        assert len(set(one.options)) == 10 == len(one.sets) and len(set(map(frozenset, one.sets))) == 10
        assert [word in right for word in one.options].count(True) == 1
        assert one.answer in right and one.how[one.right] == RIGHT
        assert sorted(one.how) == [HIGH_RANKED] * 4 + [AT_RANDOM] * 5 + [RIGHT]
        assert one.sets[one.right] == tuple(pair.target.word_ids(one.answer))
        assert one.pictures == tuple(pair.source.word_ids(one.word))
        places.add(one.right)
    assert len(places) > 6, "the right answer stands anywhere"


def test_the_right_answer_is_not_always_the_first_of_several(rounds: list[Round]) -> None:
    assert {one.answer[0] for one in rounds if int(one.word[1:]) % 2} == {"V", "W"}


@pytest.mark.parametrize(
    ("letters", "counts"),
    [("NVA", {"N": 4, "V": 3, "A": 3}), ("VN", {"N": 5, "V": 5}), ("V", {"V": 10}), ("", {"N": 4, "V": 3, "A": 3}),
     ("xA", {"A": 10})],
)  # fmt: skip
def test_each_part_of_speech_gets_its_share(pair: Pair, letters: str, counts: dict[str, int]) -> None:
    for seed in range(5):
        chosen = play.words(pair, seed, letters)
        assert {letter: sum(one.pos == letter for one in chosen) for letter in counts} == counts
        assert len({one.word for one in chosen}) == 10 == len(chosen)
    orders = {tuple(one.pos for one in play.words(pair, seed, "NVA")) for seed in range(5)}
    assert len(orders) > 3, "they are shuffled"


def test_the_same_seed_is_the_same_game_and_another_another(pair: Pair, rounds: list[Round]) -> None:
    assert list(play.game(pair, SIX, 7)) == rounds[10:20]
    assert len({one.query for one in rounds[:10]} & {one.query for one in rounds[10:20]}) < 10
    shuffled = replace(pair, queries=pair.queries[::-1], rows=pair.rows[::-1], gold=pair.gold[::-1])
    assert [one.id for one in play.words(shuffled, 7)] == [one.query for one in rounds[10:20]], "in whatever order"
    pinned = [one.id for one in play.words(pair, 7)][:4]
    assert pinned == ["w15.N", "w16.V", "w32.A", "w2.A"], "everywhere and always: a link is kept"


def test_another_backbone_has_other_high_ones_for_the_same_words(pair: Pair, rounds: list[Round]) -> None:
    features = np.random.default_rng(99).normal(size=(1000, 6)).astype(np.float32)
    source, target = (
        ImageSets(own.words, features, own.members, own.offsets, own.ids) for own in (pair.source, pair.target)
    )
    other = played(replace(pair, source=source, target=target), score_all(source, target, play.SIX), 7)
    assert [one.query for one in other] == [one.query for one in rounds[10:20]]
    assert [one.options for one in other] != [one.options for one in rounds[10:20]]


def test_candidates_that_nobody_can_tell_apart_are_never_both_options() -> None:
    many = list(range(500, 520))
    target = {
        "right": [1, 2], "other right": [3], "as verb": [4], "twin of right": [2, 1], "twin of other right": [3],
        "twin of the verb": [4], "one": [5, 6], "twin of one": [6, 5], "two": [7],
        "long": many, "long too": [*many[:12], 900], "empty": [], "three": [8],
    }  # fmt: skip
    queries = [Query("w", "N", ("right", "other right")), Query("w", "V", ("as verb",)), Query("x", "A", ("empty",))]
    pair = by_hand(queries, target)
    matrices = score_all(pair.source, pair.target, play.SIX)
    seen = set()
    for seed in range(30):
        (one,) = played(pair, matrices, seed)
        assert one.word == "w", "of two queries of one word there is one, and none without a right answer's pictures"
        seen.add((one.pos, one.answer))
        left = set(one.options) - {one.answer}
        assert len(left & {"one", "twin of one"}) == 1 == len(left & {"long", "long too"})
        assert left - {"one", "twin of one", "long", "long too"} == {"two", "three"}
        assert len(one.options) == 5 and sum(how == HIGH_RANKED for how in one.how) == 4
    assert {pos for pos, _ in seen} == {"N", "V"}
    assert {answer for pos, answer in seen if pos == "N"} == {"right", "other right"}


def test_where_nothing_can_be_told_apart_there_is_no_game() -> None:
    assert play.words(by_hand([Query("w", "N", ("a",))], {"a": [1], "b": [1]}), 0) == ()
    assert play.words(by_hand([Query("w", "N", ("a",))], {"a": [1], "b": [2]}, {"w": []}), 0) == ()
    assert play.words(by_hand([Query("w", "N", ("a",))], {"a": [], "b": [2]}), 0) == ()
    assert len(play.words(by_hand([Query("w", "N", ("a",))], {"a": [1], "b": [2]}), 0)) == 1


def test_words_with_the_same_pictures_are_not_asked_twice() -> None:
    queries = [Query(word, "N", (word.upper(),)) for word in "abc"]
    pair = by_hand(queries, {"A": [1], "B": [2], "C": [3], "D": [4]}, {"a": [7, 8], "b": [8, 7], "c": [9]})
    assert [sorted(one.word for one in play.words(pair, seed))[-1] for seed in range(4)] == ["c"] * 4
    assert all(len(play.words(pair, seed)) == 2 for seed in range(4))


def test_too_few_words_of_one_kind_are_made_up_for(pair: Pair) -> None:
    few = [query for query in pair.queries if query.pos != "V"] + [one for one in pair.queries if one.pos == "V"][:1]
    places = [pair.find(query.id) for query in few]
    less = replace(pair, queries=tuple(few), rows=pair.rows[places], gold=tuple(pair.gold[at] for at in places))
    chosen = play.words(less, 3)
    assert len(chosen) == 10 and sum(one.pos == "V" for one in chosen) == 1


def test_a_method_chooses_the_best_of_the_ten_and_shares_a_first_place(pair: Pair) -> None:
    options, row = pair.target.words[:4], np.full(len(pair.target), 0.9, np.float32)
    row[:4] = [-0.4, -0.3, -0.3 + TIE / 2, -0.8]
    rows = {"a": row, "b": np.where(np.arange(len(row)) == 2, np.nan, row), "c": np.zeros_like(row)}
    found = play.machine(pair, options, options[2], rows)
    assert found == {"a": play.Choice(options[1:3], 0.5), "c": play.Choice(options, 0.25)}
    assert play.machine(pair, options, options[0], rows)["a"].hit == 0


def test_what_methods_choose_follows_from_their_scores(pair: Pair, matrices: Matrices, rounds: list[Round]) -> None:
    for one in rounds[:3]:
        found = play.machine(pair, one.options, one.answer, play.scores_of(pair, SIX, one.word))
        assert list(found) == list(play.SIX)
        for name, choice in found.items():
            own = {word: matrices[name][pair.source.row(one.word), pair.target.row(word)] for word in one.options}
            assert set(choice.words) == {word for word, score in own.items() if score >= max(own.values()) - TIE}


def test_the_digest_changes_with_any_picture_that_is_shown(pair: Pair) -> None:
    query, options = pair.queries[5], pair.target.words[:3]
    before = play.digest(pair, query, options)
    assert before == play.digest(replace(pair, backbone="other"), query, options) != ""
    assert before != play.digest(pair, query, options[::-1])
    for side, word in (("source", query.word), ("target", options[1])):
        sets = getattr(pair, side)
        assert play.digest(replace(pair, **{side: sets.with_rows(word, np.array([999]))}), query, options) != before
    assert play.digest(pair, query, ["gone", *options]) == ""
    assert play.digest(pair, Query("gone", "N", ()), options) == ""


@pytest.mark.parametrize("typed", ["<script>alert(1)</script>", "9" * 5000, "-5", "1e9", "٣", "\ud800", "class 7b", ""])
def test_any_text_is_a_seed(typed: str) -> None:
    assert 0 <= play.seed_of(typed) <= play.MOST_SEED
    assert play.seed_of(str(play.seed_of(typed))) == play.seed_of(typed) == play.seed_of(f" {typed} ")
    assert play.seed_of("class 7b") != play.seed_of("class 7c") and play.seed_of("007") == 7
