"""What the Word page knows of pictures, and the ranking that a visitor tries."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

from cldi_core.data import dataset as datasets
from cldi_core.data.dataset import Dataset
from cldi_core.data.descriptions import Row, write_concepts
from cldi_core.evaluation.pairs import open_pair
from cldi_core.insight import explanation
from cldi_core.insight.explanation import Match
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


def test_pictures_are_read_once_for_all_words(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[str, ...]] = []
    own = told._known
    monkeypatch.setattr(told, "_known", lambda name, ids: read.append(tuple(ids)) or own(name, ids))
    one, other, third = (small.members("en")[word][0] for word in ("dog", "run", "hand"))
    first = told.known("small", [one, other])
    again = told.known("small", [third, other, one])
    assert read == [(one, other), (third,)] and list(again) == [third, other, one]
    assert again[one] == first[one] and again[one] != again[third]
    monkeypatch.setattr(told, "SEEN", 2)
    more = [small.members("en")["run"][1], small.members("en")["dog"][1]]
    found = told.known("small", [one, *more])
    assert found[one] == first[one] and list(found) == [one, *more]
    assert set(told.known("small", [other])) == {other} and len(told._seen("small")) < 4, "no more is kept than that"


def test_the_pictures_of_a_candidate_are_those_that_made_its_score(
    small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, asked = ("small", BACKBONE, "en-de"), list[Any]()
    pair = open_pair(small, BACKBONE, "en-de")
    ids = list(pair.source.word_ids("run"))
    made = [Match("a", key, 0.9) for key in ("p4", "p2", "p4", "p1", "p0")]

    def matches(*given: Any) -> list[Match]:
        asked.append((list(given[0].source.word_ids("run")), *given[1:]))
        return made

    monkeypatch.setattr(explanation, "matches", matches)
    edit = Edit((ids[1],))
    assert told.nearest(*here, "knn", "run.V", edit, ("Hund", "rennen")) == (("p4", "p2", "p1"),) * 2, "each once"
    left = [ids[0], *ids[2:]]
    assert asked == [(left, "run", "Hund", "knn"), (left, "run", "rennen", "knn")]
    own = tuple(pair.target.word_ids("Hund"))[: told.NEAREST]
    assert told.nearest(*here, "pivot-sym", "run.V", Edit(), ("Hund",)) == (own,), "no picture has made it"


def test_what_is_kept_of_many_words_is_one_text() -> None:
    one, other = ("-".join(["a picture", end]) for end in ("x", "x"))
    assert one is not other and told._same(one) is told._same(other)


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
