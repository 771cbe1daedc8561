"""Learned methods on Results, Compare, Word and Map: beside the others, and words they never saw apart."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cldi_core import rankers
from cldi_core.data import dataset, storage
from cldi_core.evaluation import stored_scores, tables
from cldi_core.evaluation.pairs import open_pair
from cldi_core.insight import evidence, hubs
from cldi_core.pivot import experiment, sources, translation
from cldi_core.pivot.experiment import Experiment
from cldi_core.scoring import methods
from pages._ui import figures, load
from tests import ranked
from tests.conftest import BACKBONE
from tests.pages_data import board_of, compared, healthy, open_page, score_all, texts, unescaped, view_of
from tests.pivot_data import OPTIONS, build

FULL = {"dataset": "shapes", "pair": "en-de", "pos": "NVA", "backbone": BACKBONE, "show": "all"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dataset.Dataset:
    """A data set that is scored, with one model that can translate words."""
    made = build(tmp_path_factory.mktemp("data") / "shapes")
    corpus = sources.of_dataset(made, BACKBONE, "en-de")
    experiment.train(
        Experiment(corpus, "en-de", "words", ("pivot-sym",), (0,), OPTIONS, translation.models_folder(made))
    )
    score_all(made)
    ranked.rankings(open_pair(made, BACKBONE, "en-de"), ["pivot-sym"])
    return made


@pytest.fixture
def shapes(built: dataset.Dataset, data: Path) -> dataset.Dataset:
    """A copy of it, as the only data set there is."""
    shutil.copytree(built.path, data / "shapes")
    st.cache_data.clear()
    st.cache_resource.clear()
    return dataset.Dataset(data / "shapes")


def method_box(at: AppTest) -> list[str]:
    (box,) = [one for one in at.sidebar.selectbox if one.label == "Method"]
    return list(box.options)


def drawn_tables(at: AppTest, row: str) -> list[pd.DataFrame]:
    """The tables that have a row of this name, but those in which words without pictures count too."""
    found = [part.value for part in at.main.dataframe if row in part.value.index]
    return [one for one in found if not one.map(lambda cell: " · " in str(cell)).to_numpy().any()]


def test_what_is_trained_is_offered_last(shapes: dataset.Dataset) -> None:
    at = healthy(open_page("results", **FULL, method="avgmax"))
    labels = method_box(at)
    assert labels[-1] == "PIVOT-SYM" and "PARALLEL-SYM" not in labels
    assert labels[:-1] == [rankers.label(name) for name in methods.offered()]


def test_what_is_not_trained_is_not_shown(shapes: dataset.Dataset) -> None:
    at = open_page("word", **FULL, method="parallel-sym")
    assert "There is no method “parallel\\-sym” here" in texts(at) and view_of(at)["method"] == "avgmax"
    shutil.rmtree(translation.models_folder(shapes))
    at = healthy(open_page("results", **FULL, method="avgmax"))
    assert "PIVOT-SYM" not in method_box(at) and "never saw" not in texts(at)


def test_results_show_all_words_and_those_never_seen_apart(shapes: dataset.Dataset) -> None:
    at = healthy(open_page("results", **FULL, method="pivot-sym"))
    everything, unseen, *_ = drawn_tables(at, "PIVOT-SYM")
    pair = open_pair(shapes, BACKBONE, "en-de")
    out = translation.held_out(pair, "pivot-sym")
    frames = ranked.rankings(pair, ["avgmax", "pivot-sym"])
    assert 0 < len(out) < len(pair.queries)
    for shown, own in ((everything, frames), (unseen, tables.only(frames, out))):
        for name, label in (("avgmax", "AVGMAX"), ("pivot-sym", "PIVOT-SYM")):
            n = int(own[name]["rank"].notna().sum())
            mrr = float((1 / own[name]["rank"].dropna()).mean())
            assert shown.loc[label, f"ALL (n = {n})"].startswith(f"{mrr:.2f}")
    assert "Words that the learned methods never saw" in texts(at)
    gains = next(one for one in drawn_tables(at, "PIVOT-SYM") if ", p " in str(one.loc["PIVOT-SYM"].iloc[0]))
    for cell, record in zip(gains.loc["PIVOT-SYM"], tables.against({"en-de": frames}), strict=True):
        assert cell.startswith(figures.gain_text(tables.interval_of(record, "mrr"), tables.survives(record)))


def test_words_spelled_alike_can_be_left_out_of_those_never_seen(
    shapes: dataset.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = open_pair(shapes, BACKBONE, "en-de")
    out = translation.held_out(pair, "pivot-sym")
    frame = ranked.rankings(pair, ["pivot-sym"])["pivot-sym"]
    covered = sorted(frame.loc[frame["query"].isin(out) & frame["rank"].notna(), "word"])
    alike, stored = covered[::2], load.stored_rankings
    assert 0 < len(alike) < len(set(covered))
    monkeypatch.setattr(
        load,
        "stored_rankings",
        lambda *asked: {name: one.assign(same_spelled=one["word"].isin(alike)) for name, one in stored(*asked).items()},
    )
    at = healthy(open_page("results", **FULL, method="pivot-sym"))
    for same, words in ((True, set(covered)), (False, set(covered) - set(alike))):
        at = healthy(at.toggle[0].set_value(same).run())
        unseen = drawn_tables(at, "PIVOT-SYM")[1]
        kept = frame[frame["query"].isin(out) & frame["word"].isin(words)]
        assert unseen.loc["PIVOT-SYM", f"ALL (n = {len(words)})"].startswith(f"{(1 / kept['rank']).mean():.2f}")


def test_compare_can_keep_to_words_never_seen(shapes: dataset.Dataset) -> None:
    contenders = f"pivot-sym@{BACKBONE},avgmax@{BACKBONE}"
    at = healthy(open_page("compare", **FULL, method="pivot-sym", contenders=contenders))
    pair = open_pair(shapes, BACKBONE, "en-de")
    out = translation.held_out(pair, "pivot-sym")
    covered = int(ranked.rankings(pair, ["pivot-sym"])["pivot-sym"]["rank"].notna().sum())
    assert f"{covered} queries that all cover" in texts(at)
    (toggle,) = [one for one in at.toggle if one.label == "Only words that the learned methods never saw"]
    at = healthy(toggle.set_value(True).run())
    assert f"{len(out)} queries that all cover" in texts(at)
    at = healthy(open_page("compare", **FULL, method="pivot-sym"))
    assert compared(at) == contenders.split(","), "beside AVGMAX unless asked otherwise"
    at = healthy(open_page("compare", **FULL, method="avgmax"))
    assert not [one for one in at.toggle if "learned" in one.label]


def test_a_word_says_whether_training_saw_it(shapes: dataset.Dataset) -> None:
    pair = open_pair(shapes, BACKBONE, "en-de")
    out = translation.held_out(pair, "pivot-sym")
    new = sorted(out)[0]
    old = next(query.id for query in pair.queries if query.id not in out and query.word != "ghost")
    for query, said in ((new, "never seen in training"), (old, "-badge[seen in training]")):
        at = healthy(open_page("word", **FULL, method="pivot-sym", word=query))
        assert said in texts(at) and "as texts" in texts(at)
        assert "No picture made these scores" in texts(at) and "what-if" not in at.session_state
        assert board_of(at)["footer"] == [] and all(row["locked"] for row in board_of(at)["rows"])
    at = healthy(open_page("word", **FULL, method="avgmax", word=new))
    assert "in training" not in texts(at)


def test_an_unscored_model_ranks_the_asked_word_alone(shapes: dataset.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    row = stored_scores.row_of(open_pair(shapes, BACKBONE, "en-de"), rankers.ranker("pivot-sym"), "sun")
    shutil.rmtree(shapes.path / "scores")
    shutil.rmtree(shapes.path / "rankings")
    monkeypatch.setattr(storage, "write", lambda *given: pytest.fail("a page writes"))
    at = healthy(open_page("word", **FULL, method="pivot-sym", word="sun"))
    assert "This word alone was looked at" in texts(at)
    scores = at.dataframe[0].value["score"].dropna()
    np.testing.assert_allclose(scores, np.sort(row[~np.isnan(row)])[::-1][: len(scores)], atol=1e-5)


def test_the_map_colours_by_what_a_learned_method_found(shapes: dataset.Dataset) -> None:
    at = open_page("map", **FULL, method="pivot-sym")
    assert not at.exception and not at.error


def test_a_broken_model_is_one_line(shapes: dataset.Dataset) -> None:
    file = next(translation.models_folder(shapes).rglob("words/pivot-sym/*/*.safetensors"))
    file.write_bytes(file.read_bytes()[:500])
    at = open_page("word", **FULL, method="pivot-sym")
    (error,) = at.error
    assert "cannot be read" in unescaped(error.value) and not at.exception
    assert not open_page("results", **FULL, method="avgmax").exception


@pytest.mark.parametrize("topic", ["predictors", "winners", "hubs", "confidence"])
@pytest.mark.parametrize("method", ["pivot-sym", "rrf=avgmax,knn"])
def test_what_explains_failure_of_what_cannot_be_corrected(shapes: dataset.Dataset, method: str, topic: str) -> None:
    """A learned method ranks the pairs that it was trained for alone, and neither it nor a fusion has a CSLS."""
    lexicon = shapes.path / "lexicon"
    shutil.copy(lexicon / "en-de.tsv", lexicon / "en-fr.tsv")
    pair, ranker = open_pair(shapes, BACKBONE, "en-de"), rankers.ranker(method)
    scored = stored_scores.scored(pair, [ranker])
    evidence.keep_evidence(pair, [ranker], scored)
    hubs.keep_hubs(pair, [ranker], scored)
    at = healthy(open_page("failure", **FULL, method=method, topic=topic))
    scopes = [one for one in at.segmented_control if one.key == "scope"]
    assert len(scopes) == (topic in ("predictors", "winners") and method != "pivot-sym")
    assert "+csls" not in texts(at) and not any("+csls" in one.value for one in at.code)
