"""Labels of a map's dense places: of words that are typical there, and none elsewhere."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import open_pair
from cldi_core.insight import map_labels, map_terms, maps
from tests.conftest import BACKBONE

RNG = np.random.default_rng(5)
CENTRES = {"dog": (0, 0), "flower": (8, 1), "clock": (3, 9)}


def cloud(each: int = 40) -> tuple[maps.Map, list[str]]:
    """A map of pictures in three heaps and some scattered ones; and the heap of each."""
    xy = [RNG.normal(place, 0.2, (each, 2)) for place in CENTRES.values()] + [RNG.uniform(0, 9, (60, 2))]
    heaps = [name for name in CENTRES for _ in range(each)] + ["none"] * 60
    points = np.concatenate(xy).astype(np.float32)
    table = pd.DataFrame({"id": [str(row) for row in range(len(points))], "language": "en"})
    table = table.assign(word=[f"w{row % 50}" for row in range(len(points))], x=points[:, 0], y=points[:, 1])
    limits = np.stack([points.min(axis=0), points.max(axis=0)], axis=1).astype(float)
    return maps.Map(table, points, np.zeros(len(points), bool), limits, "umap", "stamp"), heaps


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> tuple[maps.Map, Any]:
    """Pictures whose names hold the name of their heap, and a word that all have."""
    shown, heaps = cloud()
    names = {str(row): f"picture thing {heap} no{row}" if heap != "none" else "thing" for row, heap in enumerate(heaps)}
    monkeypatch.setattr(map_labels, "depicted", lambda dataset: SimpleNamespace(look=list, name=names.__getitem__))
    return shown, SimpleNamespace(dataset=None, languages=("en", "de"))


def test_each_heap_is_labelled_by_its_own_word_where_it_lies(named: tuple[maps.Map, Any]) -> None:
    found = map_labels.labels(*named)
    assert {label.text for label in found} == set(CENTRES)
    for label in found:
        np.testing.assert_allclose((label.x, label.y), CENTRES[label.text], atol=0.3)
        assert 5 <= label.count <= label.of <= 60
    assert found == map_labels.labels(*named), "the same every time"


def test_what_is_everywhere_or_rare_is_no_label(named: tuple[maps.Map, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        map_labels, "depicted", lambda dataset: SimpleNamespace(look=list, name=lambda key: f"thing x{'y' * int(key)}")
    )
    assert map_labels.labels(*named) == []


def test_without_names_pictures_are_labelled_by_their_words(
    named: tuple[maps.Map, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, pair = named
    monkeypatch.setattr(map_labels, "depicted", lambda dataset: SimpleNamespace(look=list, name=lambda key: ""))
    assert map_labels.labels(shown, pair) == [], "no word has many of the pictures of a place"
    _, heaps = cloud()
    heaps = [heap if heap != "none" else f"alone {row}" for row, heap in enumerate(heaps)]
    own = maps.Map(shown.table.assign(word=heaps), shown.xy, shown.outside, shown.limits, "umap", "s")
    assert {label.text for label in map_labels.labels(own, pair)} == set(CENTRES)


def test_without_names_dense_places_of_words_have_their_middle_source_word(
    named: tuple[maps.Map, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, pair = named
    monkeypatch.setattr(map_labels, "depicted", lambda dataset: SimpleNamespace(look=list, name=lambda key: ""))
    monkeypatch.setattr(map_labels, "pictures_of", lambda *given: [])
    words = [f"<b>{row}" for row in range(len(shown.xy))]
    table = shown.table.drop(columns="id").assign(word=words, language=["en", "de"] * (len(words) // 2))
    found = map_labels.labels(maps.Map(table, shown.xy, shown.outside, shown.limits, "umap", "s"), pair)
    assert 3 <= len(found) <= map_labels.MOST
    for label in found:
        row = words.index(label.text)
        assert table["language"][row] == "en" and (label.x, label.y) == tuple(shown.xy[row].tolist())
    near = [min(np.hypot(label.x - x, label.y - y) for label in found) for x, y in CENTRES.values()]
    assert max(near) < 0.4


def test_few_points_have_no_labels(named: tuple[maps.Map, Any]) -> None:
    shown, pair = named
    few = maps.Map(shown.table[:4], shown.xy[:4], shown.outside[:4], shown.limits, "pca", "s")
    assert map_labels.labels(few, pair) == []
    same = maps.Map(shown.table, np.zeros_like(shown.xy), shown.outside, np.zeros((2, 2)), "pca", "s")
    assert map_labels.labels(same, pair) == [], "all in one place: nothing is typical of it"


def test_a_words_label_needs_a_share_of_its_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [str(number) for number in range(8)]
    names = dict.fromkeys(ids, "tree") | {"0": "apple", "1": "cow", "2": "cow"}
    monkeypatch.setattr(map_labels, "depicted", lambda dataset: SimpleNamespace(look=list, name=names.__getitem__))
    monkeypatch.setattr(map_labels, "pictures_of", lambda pair, language, word: ids)
    shown = SimpleNamespace(table=pd.DataFrame({"language": ["en"], "word": ["w"]}))
    (terms,) = map_labels._terms(shown, SimpleNamespace(dataset=None))
    assert set(terms) == {"tree", "cow"}


def test_of_many_pictures_a_sample_of_names_is_looked_at(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = open_pair(small, BACKBONE, "en-de")
    asked: list[str] = []
    monkeypatch.setattr(map_terms, "words", lambda name: asked.append(name) or [])
    monkeypatch.setattr(map_labels, "LOOKED", 7)
    unranked = pd.DataFrame({"rank": [np.nan] * len(pair.queries)})
    for kind, most in (("pictures", 7), ("words", 14)):  # one of each word
        asked.clear()
        shown = maps.placed(maps.coordinates(small, BACKBONE, kind), pair, unranked, "NVA")
        map_labels.labels(shown, pair)
        assert 0 < len(asked) <= most
