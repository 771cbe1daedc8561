"""People against methods on the same choices: which answers count, and figures counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cldi_core.data.answers import Answer
from cldi_core.data.queries import Query
from cldi_core.evaluation import metrics
from cldi_core.evaluation.pairs import Pair
from cldi_core.insight import people, play
from tests.insight.test_play import by_hand

OPTIONS = ("A", "B", "C", "D")


@pytest.fixture
def pair() -> Pair:
    queries = [Query("w", "N", ("A", "Z")), Query("w", "V", ("B",)), Query("x", "A", ("C",))]
    return by_hand(queries, {"A": [1], "B": [2], "C": [3], "D": [4], "Z": [5]})


def answer(pair: Pair, player: str = "Ada", query: str = "w.N", chosen: str = "A", right: str = "A") -> Answer:
    shown = play.digest(pair, pair.queries[pair.index[query]], OPTIONS)
    return Answer(player, "now", 1, 1, pair.name, pair.backbone, query, OPTIONS, chosen, right, 1500, shown)


def test_the_first_answer_about_a_word_counts(pair: Pair) -> None:
    first, other = answer(pair), answer(pair, "Bob", chosen="D")
    again = [replace(first, seed=2), answer(pair, query="w.V", chosen="B", right="B")]
    found = people.counted(pair, [first, *again, other, answer(pair, query="x.A", chosen="C", right="C")])
    assert found.answers[:2] == (first, other) and found.answers[2].query == "x.A"
    assert (found.again, found.changed) == (2, 0)
    for elsewhere in (replace(first, backbone="other"), replace(first, pair="en-fr"), replace(first, pair="en-fr?")):
        found = people.counted(pair, [elsewhere, replace(first, seed=3), other])
        knew = elsewhere.pair != "en-fr?"  # of another language, as far as anybody knows
        assert found.again == knew and found.answers == ((other,) if knew else (replace(first, seed=3), other))


def test_what_has_changed_since_is_left_out_and_counted(pair: Pair) -> None:
    given = [answer(pair), answer(pair, "Bob", "x.A", "D", "C")]
    assert people.counted(pair, given).answers == tuple(given)
    more = replace(pair, target=pair.target.with_rows("D", np.array([4, 6])))
    assert people.counted(more, given) == people.Counted((), 0, 2), "D is an option of both"
    fewer = replace(pair, source=pair.source.with_rows("x", np.array([7])))
    assert people.counted(fewer, given) == people.Counted((given[0],), 0, 1)
    for right in (("Z",), ("A", "D")):  # the answer is right no more, or not alone any more
        queries = (Query("w", "N", right), *pair.queries[1:])
        assert people.counted(replace(pair, queries=queries), given) == people.Counted((given[1],), 0, 1)
    assert people.counted(replace(pair, queries=pair.queries[2:]), given).changed == 1


def test_figures_are_those_of_a_count_by_hand(pair: Pair) -> None:
    generator = np.random.default_rng(5)
    given, hits = [], []
    for n in range(90):  # thirty words, three players each
        word, kind = f"w{n % 30}", "NVA"[n % 3]
        given.append(replace(answer(pair, f"p{n // 30}"), query=f"{word}.{kind}",
                             chosen="A" if generator.random() < 0.6 else "B"))  # fmt: skip
        hits.append({"one": float(generator.random() < 0.3), "half": 0.5, **({"some": 1.0} if n else {})})
    lines = {(line.setting, line.who): line for line in people.compared(given, hits)}
    assert {who for _, who in lines} == {"people", "chance", "one", "half"}, "some has not chosen everywhere"
    for setting, letters in (("ALL", "NVA"), ("NN", "N"), ("VB", "V"), ("ADJ", "A")):
        kept = [n for n in range(90) if "NVA"[n % 3] in letters]
        right = sum(given[n].chosen == "A" for n in kept)
        line = lines[setting, "people"]
        assert (line.right, line.answers) == (right, len(kept)) and np.isnan(line.behind.value)
        assert line.share.value == pytest.approx(right / len(kept)) and line.share.n == len({n % 30 for n in kept})
        assert lines[setting, "chance"].share.value == pytest.approx(0.25)
        assert lines[setting, "half"].right == len(kept) / 2
        one = sum(hits[n]["one"] for n in kept)
        assert lines[setting, "one"].behind.value == pytest.approx((right - one) / len(kept))
    words = np.array([one.query.rpartition(".")[0] for one in given])
    own = np.array([float(one.hit) for one in given])
    assert lines["ALL", "people"].share == metrics.interval(own, words), "a word's three answers are one cluster"
    narrow = metrics.interval(own)
    assert lines["ALL", "people"].share.n == 30 != narrow.n
    method = np.array([one["one"] for one in hits])
    assert lines["ALL", "one"].behind == metrics.paired(own, method, words)
    assert lines["VB", "people"].share.why == metrics.FEW


def test_nobody_has_played() -> None:
    lines = people.compared([], [])
    assert [line.who for line in lines] == ["people", "chance"] * 4
    assert all(line.answers == 0 and np.isnan(line.share.value) for line in lines)
    assert people.players([]) == ()


def test_players_stand_by_their_right_choices(pair: Pair) -> None:
    slow, untimed = answer(pair, "Ada", chosen="B"), answer(pair, "Bob", "x.A", "C", "C")
    given = [
        answer(pair, "Bob"), answer(pair, "Ada"), replace(slow, milliseconds=2500), answer(pair, "Eve", chosen="B"),
        replace(untimed, seed=9, milliseconds=0),
    ]  # fmt: skip
    found = people.players(given)
    assert [(one.name, one.games, one.answers, one.right) for one in found] == [
        ("Bob", 2, 2, 2), ("Ada", 1, 2, 1), ("Eve", 1, 1, 0)]  # fmt: skip
    assert [one.share for one in found] == [1.0, 0.5, 0.0]
    assert [one.seconds for one in found] == [1.5, 2.0, 1.5]
