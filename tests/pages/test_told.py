"""What the Word page knows of pictures, and the ranking that a visitor tries."""

from __future__ import annotations

import pytest
import streamlit as st

from cldi_core.data import dataset as datasets
from cldi_core.data.dataset import Dataset
from cldi_core.data.descriptions import Row, write_concepts
from cldi_core.evaluation.pairs import open_pair
from cldi_core.insight.what_if import Edit
from pages._ui import told
from tests import oracles
from tests.conftest import BACKBONE


@pytest.fixture(autouse=True)
def fresh(small: Dataset) -> None:
    """Nothing is kept from the test before."""
    st.cache_data.clear()
    st.cache_resource.clear()


def test_a_picture_names_the_words_that_have_it(small: Dataset) -> None:
    ids = small.members("en")["dog"]
    rows = list(small.words.itertuples(index=False, name=None))
    more = [(language, f"word {number}", 0, ids[0]) for number in range(6) for language in ("de", "fr")]
    datasets.write_words(small.path, [*rows, *more])
    found = told.known("small", [ids[0], ids[0], ids[1]])
    assert list(found) == [ids[0], ids[1]]
    own = [f"{word} ({language})" for language, word, _, key in rows if key == ids[1]]
    assert sorted(found[ids[1]].owners) == sorted(own) and found[ids[1]].more == 0 and "dog (en)" in own
    assert len(found[ids[0]].owners) == told.OWNERS and "a long list is cut"
    every = {f"{word} ({language})" for language, word, _, key in [*rows, *more] if key == ids[0]}
    assert set(found[ids[0]].owners) <= every and found[ids[0]].more == len(every) - told.OWNERS > 0


def test_a_picture_is_named_by_what_it_depicts(small: Dataset) -> None:
    key = small.members("en")["dog"][0]
    concept = str(small.pictures.table.loc[key, "concept"])
    assert told.known("small", [key])[key].name == concept
    write_concepts(small.path, [Row(concept or "x", "de", "Hund", ()), Row(concept or "x", "en", "a dog", ())])
    assert told.known("small", [key])[key].name == "a dog"


def test_a_picture_that_nothing_is_known_of_is_no_error(small: Dataset) -> None:
    (one,) = told.known("small", ["f" * 32]).values()
    assert (one.name, one.licence, one.owners, one.more) == ("", "", (), 0)


def test_what_is_tried_ranks_as_if_scored_from_scratch(small: Dataset) -> None:
    pair = open_pair(small, BACKBONE, "en-de")
    ids, right = list(pair.source.word_ids("run")), list(pair.target.word_ids("rennen"))
    edit = Edit((ids[1],), (right[0],), "rennen")
    found = told.explained("small", BACKBONE, "en-de", "avgmax", "run.V", edit)
    assert found is not None and found.pictures == len(ids) - 1
    kept = [vector for key, vector in zip(ids, pair.source["run"], strict=True) if key != ids[1]]
    for candidate in found.candidates:
        own = list(pair.target[candidate.word])[1:] if candidate.word == "rennen" else list(pair.target[candidate.word])
        if own:
            assert candidate.score == pytest.approx(oracles.avgmax(kept, own), abs=1e-5)
    assert {one.word: one.pictures for one in found.candidates}["rennen"] == len(right) - 1
    edited = told.edited(pair, "run.V", edit)
    assert list(edited.source.word_ids("run")) == [ids[0], *ids[2:]] and told.edited(pair, "run.V", Edit()) is pair
    assert list(pair.source.word_ids("run")) == ids, "the pair that everybody shares is as it was"
