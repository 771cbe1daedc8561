"""What explains failure, in one record: known causes are read rightly, and what is stored is what is read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from cldi_core import rankers
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import open_pair
from cldi_core.insight import failure, predictors
from cldi_core.insight.evidence import keep_evidence
from tests import ranked
from tests.conftest import BACKBONE
from tests.insight.failure_data import simulated

READ = {"dispersion": "all", "pos": "none", "both": "part", "none": "no gap"}


@pytest.mark.parametrize("cause", READ)
def test_a_simulated_cause_is_read_rightly(cause: str) -> None:
    nouns, verbs = (800, 150) if cause != "both" else (2400, 450)
    made = failure.explain_failure(simulated(cause, 6, nouns=nouns, verbs=verbs), draws=300)
    (told,) = made.sentences
    assert told.verdict == READ[cause], told.text
    assert (made.queries, made.words, made.lacking) == (nouns + verbs, nouns + verbs, 0)
    strongest = max(made.found.coefficients, key=lambda one: abs(one.interval.value))
    assert {"dispersion": "dispersion", "pos": "pos:V"}.get(cause, strongest.name) == strongest.name
    for one in made.found.coefficients:
        if one.name not in ("dispersion", "pos:V"):
            assert abs(one.interval.value) < 0.5, "what is no cause is none"


def test_the_same_frame_and_seed_give_the_same_record() -> None:
    frame = simulated("pos", 1, nouns=100, verbs=40, pairs=("en-de", "en-fr"))
    one, other = (failure.explain_failure(frame, draws=50) for _ in range(2))
    assert one == other and one.words == 140 and one.queries == 280 and one.pairs == ("en-de", "en-fr")
    assert [(count.pos, count.queries, count.words) for count in one.counts] == [("N", 200, 100), ("V", 80, 40)]


def test_of_next_to_nothing_nothing_is_claimed(small: Dataset) -> None:
    pair = open_pair(small, BACKBONE, "en-de")
    keep_evidence(pair, [rankers.ranker("avgmax")], ranked.scored(pair, ["avgmax"]))
    made = failure.of_pairs(small, BACKBONE, ["en-de"], "avgmax")
    assert made.found.why and made.rank.why and made.aucs == () and made.pairs == ("en-de",) and made.method == "avgmax"
    assert {one.verdict for one in made.sentences} <= {"few"}
    frame = predictors.of_pairs(small, BACKBONE, ["en-de"], "avgmax")
    assert failure.explain_failure(frame.iloc[:0]).sentences == ()
    assert failure.explain_failure(frame[frame["pos"] == "V"].reset_index(drop=True)).gaps == {}


def test_hostile_words_and_pairs_are_only_names(tmp_path: Path) -> None:
    frame = simulated("pos", 2, nouns=60, verbs=30)
    hostile = frame.assign(word=[f"<b>{word}</b>\n$x$" for word in frame["word"]])
    one, other = (failure.explain_failure(own, draws=40) for own in (frame, hostile))
    assert one.gaps == other.gaps and one.sentences == other.sentences
    assert isinstance(frame, pd.DataFrame) and not list(tmp_path.iterdir())
