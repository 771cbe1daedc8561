"""The page on failure: what it says is what the core finds, links keep its choices, and what is missing is named."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest
import streamlit as st

from cldi_core import rankers
from cldi_core.data.dataset import Dataset
from cldi_core.insight import failure, winners
from cldi_core.insight.evidence import keep_evidence, stored_evidence
from pages._ui import failure_winners, view
from tests import ranked
from tests.conftest import BACKBONE
from tests.pages.conftest import Shown, Url
from tests.pages_data import HOSTILE, healthy, open_page, pair_of, texts, unescaped, view_of

pytestmark = pytest.mark.usefixtures("wide")
ASKED = {"dataset": "wide", "pair": "en-de", "method": "avgmax", "backbone": BACKBONE}


@pytest.fixture
def told(wide: Dataset) -> Dataset:
    """With evidence of both pairs."""
    for pair in map(pair_of, [wide] * 2, wide.pairs):
        keep_evidence(pair, [rankers.ranker("avgmax")], ranked.scored(pair, ["avgmax"]))
    return wide


def test_what_is_missing_comes_with_its_command(wide: Dataset) -> None:
    at = healthy(open_page("failure", **ASKED, topic="winners"))
    assert "of en-de, en-fr there is no evidence of AVGMAX" in unescaped(at.info[0].value)
    (commands,) = [one.value.splitlines() for one in at.code if " score " in one.value]
    assert [line.split("--pair ")[1][:5] for line in commands] == ["en-de", "en-fr"]
    one = healthy(open_page("failure", **ASKED, scope="pair"))
    assert "of en-de there is no evidence" in unescaped(one.info[0].value)


def test_the_sentences_are_the_cores_and_links_keep_the_choices(told: Dataset) -> None:
    for scope, pairs in (("all", list(told.pairs)), ("pair", ["en-de"])):
        at = healthy(open_page("failure", **ASKED, scope=scope))
        found = failure.of_pairs(told, BACKBONE, pairs, "avgmax")
        shown = unescaped(texts(at))
        assert found.sentences and all(one.text in shown for one in found.sentences)
        assert f"nouns: {found.counts[0].found} of {found.counts[0].queries} queries found" in shown
        assert "cannot be estimated" in shown and "too few words" in shown and "concreteness.tsv" in shown
        assert view_of(at)["scope"] == scope
    at = healthy(open_page("failure", **ASKED, topic="<b>", scope="../x", flow="V-<i>"))
    assert "What goes with being found" in texts(at), "what is no choice is the first one"


def test_who_beats_whom_and_the_words_of_one_flow(told: Dataset) -> None:
    pair = pair_of(told)
    evidence = stored_evidence(pair, [rankers.ranker("avgmax")])["avgmax"]
    rows = winners.table(evidence, pair)
    flow = winners.flows(rows)[0]
    at = healthy(open_page("failure", **ASKED, topic="winners", scope="pair", flow=flow.id))
    shown = unescaped(texts(at))
    assert all(winners.sentence(winners.flows(rows), pos) in shown for pos in "NVA")
    assert f"n = {flow.count} queries, the nearest first" in shown
    words = at.dataframe[-1].value
    assert words["word"].tolist() == winners.of(rows, flow.id)["word"].tolist() and set(HOSTILE) & set(rows["word"])
    assert view_of(at)["flow"] == flow.id
    none = healthy(open_page("failure", **ASKED, topic="winners", flow="V-<b>"))
    assert "the nearest first" not in texts(none)


def test_a_click_on_a_dot_or_a_bar_is_kept_in_the_url(shown: Shown, url: Url) -> None:
    for key, chosen in ((failure_winners.KEYS[0], "V-N"), (failure_winners.KEYS[1], "A:things")):
        st.session_state[key] = {"selection": {"points": [{"customdata": [chosen]}]}}
        failure_winners._pick(key)
        assert url["flow"] == chosen
    st.session_state[key] = {"selection": {"points": [{"x": 1}]}}
    failure_winners._pick(key)
    assert url["flow"] == "A:things", "a tick of chance chooses nothing"
    view.go(scope="pair")
    assert "flow" not in url, "the words of other pairs are others"


def test_a_click_on_a_row_opens_its_word_in_its_pair(shown: Shown, url: Url, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"pair": "en-fr", "query": "run.V", "word": "run", "pos": "V", "right": "x", "rank": 3.0, "rival": "y",
           "rival_pos": "N", "relation": "none", "random": "none", "chance N": 0.5}  # fmt: skip
    rows = pd.DataFrame([row])
    url["flow"] = "V-N"
    for cells, opened in (([(0, "word")], [["en-fr", "run.V"]]), ([(0, "pair")], [])):
        shown.calls.clear()
        shown.answers["dataframe"] = SimpleNamespace(selection=SimpleNamespace(cells=cells))
        failure_winners._chosen(view.View(pair="en-de"), rows, winners.flows(rows), winners.kinds(rows))
        params = [options["query_params"] for options in shown.options("switch_page")]
        assert [[one["pair"], one["word"]] for one in params] == opened
