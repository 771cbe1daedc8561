"""Who beats whom: shares beside chance by a slow count, and relations one by one."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from cldi_core import rankers
from cldi_core.data import wordlists, wordnet_senses
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import metrics
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.insight import evidence, winners
from tests import ranked
from tests.conftest import BACKBONE


@pytest.fixture
def pair(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> Pair:
    monkeypatch.setattr(wordnet_senses, "installed", lambda: None)
    return open_pair(small, BACKBONE, "en-de")


def evidence_of(pair: Pair) -> pd.DataFrame:
    matrix = ranked.scores(pair, ["avgmax"])["avgmax"]
    return evidence.evidence(pair, matrix, ranked.rankings(pair, ["avgmax"])["avgmax"])


def test_a_row_for_each_missed_query_with_what_chance_would_give(pair: Pair) -> None:
    known = evidence_of(pair)
    found = winners.table(known, pair)
    missed = known[known["rank"] > 1]
    assert len(missed) >= 3 and found["query"].tolist() == missed["query"].tolist()
    assert found["rival"].tolist() == missed["rival"].tolist() and set(found["pair"]) == {"en-de"}
    for row in found.to_dict("records"):
        answers = pair.queries[pair.index[row["query"]]].right
        wrong = [word for word in pair.target.words if word not in answers and len(pair.target.word_ids(word))]
        for kind in "NVA":
            share = np.mean([pair.target_pos[word] == kind for word in wrong])
            assert row.get(f"chance {kind}", 0.0) == pytest.approx(share)
        assert row["rival"] in wrong
    assert winners.table(known, pair).equals(found), "the random candidates are drawn with a seed"


def rows_of(*lines: tuple[str, str, str, float]) -> pd.DataFrame:
    """Word, part of speech, that of the winner, the share of nouns among wrong candidates."""
    return pd.DataFrame(
        [
            {"pair": "en-de", "query": f"{word}.{pos}", "word": word, "pos": pos, "rank": 2.0 + number,
             "rival_pos": kind, "chance N": share, "chance V": 1 - share, "relation": "none", "random": "things"}
            for number, (word, pos, kind, share) in enumerate(lines)
        ]
    )  # fmt: skip


def test_flows_are_shares_less_chance() -> None:
    lines = [(f"v{number}", "V", "N" if number < 24 else "V", 0.5) for number in range(30)]
    rows = rows_of(*lines, ("n", "N", "N", 0.9))
    first, second, other = sorted(winners.flows(rows), key=lambda one: -one.count)
    assert [one.id for one in (first, second, other)] == ["V-N", "V-V", "N-N"]
    assert (first.count, first.of, first.share.value, first.chance) == (24, 30, 0.8, 0.5)
    assert first.excess.value == pytest.approx(0.3) and first.excess.low > 0 and first.excess.n == 30
    values = np.array([1.0] * 24 + [0.0] * 6)
    assert first.share == metrics.interval(values) and other.share.why == "n too small"
    told = winners.sentence(winners.flows(rows), "V")
    assert told.startswith("80% [") and "of 30 missed verbs lose to a noun; 50% of their wrong candidates" in told
    assert "more often than by chance (+30.0 [" in told
    alike = winners.flows(rows.assign(**{"chance N": 0.75}))
    assert "no more often than by chance, as far as can be told" in winners.sentence(alike, "V")
    assert "too few or too alike to compare" in winners.sentence(alike, "N") and winners.sentence(alike, "A") == ""
    (kind, random, _, _) = winners.kinds(rows)
    assert (kind.id, kind.count) in {("N:none", 1), ("N:things", 0)} and random.pos == "N"


def test_words_that_are_asked_in_several_pairs_are_one() -> None:
    lines = [(f"v{number}", "V", "N" if number % 3 else "V", 0.5) for number in range(30)]
    one, other = rows_of(*lines), rows_of(*lines).assign(pair="en-fr")
    (single, _), (both, _) = winners.flows(one), winners.flows(winners.together([one, other]))
    assert both.count == 2 * single.count and both.share.n == 30
    assert both.share.low == pytest.approx(single.share.low), "the same words again say nothing new"


def test_of_one_flow_or_relation() -> None:
    rows = rows_of(("a", "V", "N", 0.5), ("b", "V", "V", 0.5), ("c", "V", "N", 0.5), ("d", "N", "N", 0.5))
    assert winners.of(rows.iloc[::-1], "V-N")["word"].tolist() == ["a", "c"]
    assert winners.of(rows, "V:none")["word"].tolist() == ["a", "b", "c"]
    assert all(winners.of(rows, asked).empty for asked in ("", "V", "-", "X-N", "V-<b>", "V:", "../V-N"))


def test_relations_in_their_order(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    known = winners._Related(pair)
    dog, hat, run = (pair.find(word) for word in ("dog", "hat", "run"))
    assert (
        known.kind(dog, "Hund", "Köter") == "none" and known.kind(hat, "Hut", "Köter") == "things"
    )  # both show a house
    assert not known.same_pictures("Hund", "Hut") and known.same_pictures("Hund", "Hund")
    assert known.kind(run, "laufen", "Hund") == "none"
    known.words["Hund"], known.right["jog"] = ["dog", "jog"], {"laufen", "Hund"}
    assert known.kind(run, "laufen", "Hund") == "synonym"
    known.right["jog"] = {"Hund"}
    for told, expected in (("", "none"), ("a hypernym of", "WordNet"), (wordnet_senses.SAME, "synonym")):
        known.senses = SimpleNamespace(related=lambda one, other, told=told: told if one == "jog" else "")  # type: ignore[assignment]
        assert known.kind(run, "laufen", "Hund") == expected
    known.senses = None
    monkeypatch.setattr(wordlists, "is_same_spelled", lambda one, other: (one, other) == ("run", "Hund"))
    assert known.kind(run, "laufen", "Hund") == "same spelling"


def test_names_of_kinds() -> None:
    assert winners.named("N") == "a noun" and winners.named("A") == "an adjective"
    assert winners.named("NVA") == "a noun, also verb and adjective"


def test_nothing_is_missed(small: Dataset) -> None:
    pair = open_pair(small, BACKBONE, "en-de")
    known = evidence_of(pair)
    none = winners.table(known[known["rank"] <= 1], pair)
    assert none.empty and winners.flows(winners.together([none])) == () and winners.kinds(none) == ()
    assert rankers.ranker("avgmax").name == "avgmax"
