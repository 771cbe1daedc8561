"""What may tell whether a word is found: a row for each covered query, and which columns a model can have."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cldi_core import rankers
from cldi_core.data.dataset import Dataset
from cldi_core.errors import DatasetError
from cldi_core.evaluation.pairs import open_pair
from cldi_core.insight import predictors
from cldi_core.insight.ceiling import keep_ceilings
from cldi_core.insight.evidence import keep_evidence
from cldi_core.insight.predictors import PREDICTORS
from tests import ranked
from tests.conftest import BACKBONE
from tests.insight.failure_data import simulated

METHOD = "avgmax"


@pytest.fixture
def scored(small: Dataset) -> Dataset:
    pair = open_pair(small, BACKBONE, "en-de")
    for method in (METHOD, "avgmax+csls"):
        keep_evidence(pair, [rankers.ranker(method)], ranked.scored(pair, [METHOD, method]))
    return small


def test_a_frame_has_what_is_known_of_each_covered_word(scored: Dataset) -> None:
    (scored.path / "concreteness.tsv").write_text("dog\t4.85\nrun\t3\n", "utf-8")
    scored = Dataset(scored.path)
    pair = open_pair(scored, BACKBONE, "en-de")
    ceilings = keep_ceilings(pair).set_index("word")["mrr"]
    frame = predictors.of_pairs(scored, BACKBONE, ["en-de"], METHOD).set_index("query")
    assert list(frame.index) == ["dog.N", "hat.N", "hand.N", "run.V", "red.A", "big.A"], "ghost has no pictures"
    assert frame.loc["dog.N", ["pair", "word", "pos"]].tolist() == ["en-de", "dog", "N"]
    assert frame["found"].tolist() == [float(rank <= 1) for rank in frame["rank"]]
    assert frame["log_rank"].to_numpy() == pytest.approx(np.log10(frame["rank"]))
    assert frame.loc["run.V", "senses"] == pytest.approx(np.log(57)) and np.isnan(frame.loc["hat.N", "senses"])
    assert frame.loc["run.V", "pictures"] == pytest.approx(np.log(3))
    assert frame["same_spelled"].tolist() == [0, 0, 1, 0, 0, 0]
    assert frame["concreteness"].tolist()[:1] == [4.85] and frame["concreteness"].notna().sum() == 2
    assert np.isnan(frame.loc["red.A", "dispersion"]) and frame.loc["run.V", "dispersion"] > 0
    for query in frame.index:
        own = ceilings[frame.loc[query, "word"]]
        assert frame.loc[query, "ceiling"] == pytest.approx(own, nan_ok=True)


def test_the_hub_is_the_methods_own(scored: Dataset) -> None:
    from cldi_core.insight.evidence import stored_evidence

    pair = open_pair(scored, BACKBONE, "en-de")
    for method, column in ((METHOD, "rival_top10"), ("avgmax+csls", "rival_top10_csls")):
        evidence = stored_evidence(pair, [rankers.ranker(method)])[method]
        evidence["rival_top10"], evidence["rival_top10_csls"] = 3, 5  # told apart
        expected = 3 if column == "rival_top10" else 5
        assert predictors.frame(evidence, pair)["hub"].to_numpy() == pytest.approx(np.log1p([expected] * 6))


def test_without_evidence_it_says_what_makes_it(small: Dataset) -> None:
    with pytest.raises(DatasetError, match=r"no evidence of en-de .*score --dataset small --pair en-de"):
        predictors.of_pairs(small, BACKBONE, ["en-de"], METHOD)
    assert predictors.of_pairs(small, BACKBONE, [], METHOD).empty


def test_what_is_not_known_of_enough_words_is_left_out_and_named() -> None:
    frame = simulated("none", 1, nouns=60, verbs=20)
    frame["concreteness"] = np.where(frame.index < 39, 1.0 + frame.index, np.nan)
    frame["pictures"] = 2.0
    frame["right_pictures"] = np.where(frame.index < 4, 3.0, 1.0)
    frame["hub"] = 3 * frame["dispersion"] - (frame["pos"] == "V")
    frame["ceiling"] = frame["ceiling"].where(frame.index != 7)
    made = predictors.used(frame)
    assert made.names == ("dispersion", "right_dispersion", "ceiling", "senses", "same_spelled")
    assert made.left_out == {
        "pictures": "the same for all words",
        "right_pictures": "the same for all but 4 words",
        "hub": "told by the others already",
        "right_top10": "not known of any word",
        "concreteness": "known of 39 of 80 queries",
    }
    assert made.lacking == 1 and "w7" not in set(made.rows["word"]) and len(made.rows) == 79
    assert predictors.used(frame, ["ceiling"]).names == ("ceiling",)
    assert predictors.used(frame.iloc[:0]).names == ()


def test_groups_and_clusters() -> None:
    rows = pd.DataFrame(
        {
            "pair": ["en-fr", "en-de", "en-de", "de-en"],
            "word": ["plant", "plant", "plant", "plant"],
            "pos": ["N", "V", "N", "A"],
        }
    )
    names, columns = predictors.groups(rows)
    assert names == ("", "pair:en-de", "pair:en-fr", "pos:V", "pos:A")
    assert columns.tolist() == [[1, 0, 1, 0, 0], [1, 1, 0, 1, 0], [1, 1, 0, 0, 0], [1, 0, 0, 0, 1]]
    assert predictors.groups(rows[rows["pos"] != "N"])[0] == ("", "pair:en-de", "pos:A"), (
        "one kind must be the reference"
    )
    codes, n = predictors.clusters(rows)
    assert n == 2 and codes.tolist() == [0, 0, 0, 1], "the German word plant is another one"


def test_every_predictor_says_what_it_is() -> None:
    assert all(one.label and one.about and one.scale in ("", "log", "log1p") for one in PREDICTORS.values())


def test_translations_of_one_word_are_one_cluster_where_several_languages_ask_for_it() -> None:
    """Its pictures stand behind the ranks of all of them."""
    rows = pd.DataFrame(
        {
            "pair": ["de-en", "fr-en", "fr-en", "de-en"],
            "word": ["Hund", "chien", "hotel", "Hotel"],
            "answer": ["dog", "dog", "hotel", "hotel"],
        }
    )
    assert predictors.clusters(rows)[0].tolist() == [0, 0, 1, 1]
    assert predictors.clusters(rows.iloc[[0, 3]])[1] == 2, "in one pair each word is its own"
    forward = rows.assign(pair=["en-de", "en-fr", "en-fr", "en-de"], word=["dog", "dog", "plant", "plant"])
    assert predictors.clusters(forward)[1] == 2
