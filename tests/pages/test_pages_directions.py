"""Pages of a pair that is asked the other way: they draw, and name the commands that make what is missing."""

from __future__ import annotations

import pytest
import streamlit as st

from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import open_pair
from cldi_core.insight import evidence
from cldi_core.rankers import ranker
from pages._ui import draw
from tests import ranked
from tests.conftest import BACKBONE
from tests.pages.conftest import Shown
from tests.pages_data import healthy, open_page, texts, unescaped, view_of


@pytest.fixture(autouse=True)
def fresh(small: Dataset) -> None:
    """Nothing kept from the test before."""
    st.cache_data.clear()
    st.cache_resource.clear()


def test_pages_ask_a_pair_the_other_way(small: Dataset) -> None:
    at = healthy(open_page("results", pair="de-en"))
    assert at.sidebar.selectbox(key="pair").options == ["en-de", "de-en"]
    command = f"python -m cldi_core score --dataset small --pair de-en --backbone {BACKBONE}"
    assert [code.value for code in at.main.code] == [command]
    pair = open_pair(small, BACKBONE, "de-en")
    scored = ranked.scored(pair, ["avgmax", "maxmax"])
    ranked.rankings(pair, ["avgmax", "maxmax"])
    evidence.keep_evidence(pair, [ranker("avgmax")], scored)
    at = healthy(at.switch_page("pages/results.py").run())
    shown = [part.value for part in at.dataframe if "de→en" in part.value.index]
    assert len(shown) == 1 and shown[0].index.tolist() == ["de→en"], "the other direction is not scored"
    assert f"{command} --method avgmax".replace("de-en", "en-de") in [code.value for code in at.main.code]
    for page in ("overview", "compare", "pivoting"):
        at = healthy(at.switch_page(f"pages/{page}.py").run())
        assert view_of(at)["pair"] == "de-en", page
        assert "English word" not in texts(at), page
        if page == "pivoting":
            assert "--pair en-de" in at.main.code[0].value
    at = healthy(open_page("word", pair="de-en", word="Hund.N"))
    assert "# Hund → dog" in unescaped(texts(at))


def test_the_command_for_several_reversed_pairs_names_the_direction(shown: Shown, small: Dataset) -> None:
    for pairs, option in ((("en-de",), ""), (("de-en",), "--pair de-en "), (("de-en", "fr-en"), "--direction back ")):
        draw.unscored("small", BACKBONE, [], ["avgmax"], pairs)
        assert shown.of("code")[-1].endswith(f"score --dataset small {option}--backbone {BACKBONE}")
