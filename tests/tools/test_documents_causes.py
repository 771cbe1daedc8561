"""What docs/RESULTS.md says of why words failed, against the evidence that is shipped."""

from __future__ import annotations

import pandas as pd
import pytest

from cldi_core import rankers
from cldi_core.evaluation.pairs import Pair
from cldi_core.insight import causes, story
from cldi_core.insight.ceiling import stored_ceilings
from cldi_core.insight.story import Asking
from tools.documents.causes import evidence
from tools.documents.results import Set


@pytest.fixture(scope="module")
def easy() -> Set:
    return Set("demo")


def evidence_of(pair: Pair) -> pd.DataFrame:
    frame, ceilings = evidence(pair), stored_ceilings(pair)
    assert ceilings is not None
    return frame.assign(mrr=frame["word"].map(ceilings.set_index("word")["mrr"]))


def test_neither_dispersion_nor_the_ceiling_explains_a_failed_verb(easy: Set) -> None:
    lower, higher, counts = 0, 0, []
    for pair in easy.pairs.values():
        frame = evidence_of(pair)
        verbs = frame[(frame["pos"] == "V") & frame["rank"].notna()]
        missed, found = verbs[verbs["rank"] > 1], verbs[verbs["rank"] <= 1]
        lower += found["mrr"].mean() < missed["mrr"].mean()
        higher += found["dispersion"].mean() > missed["dispersion"].mean()
        counts.append(len(found))
    assert (lower, higher, min(counts), max(counts)) == (5, 4, 10, 21)


def told(pair: Pair, word: str) -> story.Story:
    ranker, number = rankers.ranker("avgmax"), pair.find(word)
    row = ranker.row(pair, pair.queries[number].word) if ranker.row else None
    assert row is not None
    return story.tell(Asking(pair, number, ranker, row, evidence=evidence_of(pair), ceilings=stored_ceilings(pair)))


def test_celebrate_and_shake_fail_as_the_text_says(easy: Set) -> None:
    pair = easy.pairs["en-de"]
    celebrate = told(pair, "celebrate.V")
    assert celebrate.causes[0].cause == "owned elsewhere"
    assert celebrate.verdict.startswith(
        "All 6 things that picture “celebrate” are also filed under “Feier” (noun), only 1 of them under “feiern”"
    )
    (glasses,) = [one for one in celebrate.changes if one.change == "only clinking glasses"]
    assert (celebrate.found.rank, glasses.rank) == (460, 3)
    shake = told(pair, "shake.V")
    assert [one.word for one in (shake.found.gold[0], shake.found.winner) if one] == ["schütteln", "Hand"]
    alone = [one for one in shake.changes if one.kind == "only" and "leftwards hand" in one.change]
    assert min(one.rank for one in alone) == 1.5 and shake.found.rank == 8


def test_every_strongest_cause_is_counted_once(easy: Set) -> None:
    pair = easy.pairs["en-de"]
    found, frame = causes.leading(evidence(pair)), evidence_of(pair)
    assert sorted(found["query"]) == sorted(frame.loc[frame["rank"].notna(), "query"])
