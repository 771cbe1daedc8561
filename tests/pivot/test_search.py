"""Looking things up in a joint space, against literal loops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cldi_core.errors import DatasetError, UnknownNameError
from cldi_core.pivot import search, trained
from cldi_core.pivot.corpus import Corpus
from cldi_core.pivot.models import MODELS, Key
from cldi_core.pivot.search import Index
from cldi_core.pivot.space import Space
from tests.pivot_data import DIM, KEY, OPTIONS, corpus

NAMES = ("pivot-sym", "pivot-asym", "vse", "oe")


@pytest.fixture(scope="module")
def indices(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Index]:
    """Some models of a corpus of which each item is described in one language for training, twice for the test."""
    folder, made = tmp_path_factory.mktemp("models"), corpus(shared=False, asked=2)
    keys = [replace(KEY, model=name) for name in NAMES]
    return {key.model: search.index(made, trained.train(made, key, OPTIONS, folder)) for key in keys}


def rows(space: Space, text: str | None, language: str = "", feature: np.ndarray | None = None) -> np.ndarray:
    """One row of a space."""
    with torch.no_grad():
        found = space.of_pictures(torch.from_numpy(feature[None])) if text is None else space.of_texts([text], language)
    return found.numpy()[0].astype(float)


def alike(model: str, one: np.ndarray, other: np.ndarray) -> float:
    """The similarity of two rows, literally."""
    if MODELS[model].similarity == "cosine":
        return sum(a * b for a, b in zip(one, other, strict=True))
    return -sum(max(0.0, b - a) ** 2 for a, b in zip(one, other, strict=True))


def to_picture(found: Index, text: str, language: str, feature: np.ndarray) -> float:
    """The similarity of a text and a picture, literally."""
    space = found.model.spaces[language]
    return alike(found.model.key.model, rows(space, text, language), rows(space, None, feature=feature))


def ordered(scores: list[float]) -> list[float]:
    return sorted(scores, reverse=True)


@pytest.mark.parametrize("name", NAMES)
def test_of_each_item_the_nearest_picture_counts(indices: dict[str, Index], name: str) -> None:
    found = indices[name]
    keys = found.keys("test")
    best = {}
    for key in keys:
        item = found.corpus.item[key]
        scores = {
            found.corpus.pictures[row]: to_picture(found, "red cow", "en", found.corpus.features[row])
            for row in item.pictures
        }
        best[key] = max(scores.items(), key=lambda pair: pair[1])
    hits = search.pictures(found, "red cow", "en", keys, 99)
    assert len(hits) == len(keys) == len({hit.item for hit in hits})
    assert [hit.rank for hit in hits] == list(range(1, len(keys) + 1))
    np.testing.assert_allclose([hit.score for hit in hits], ordered([score for _, score in best.values()]), atol=1e-5)
    for hit in hits:
        assert hit.score == pytest.approx(best[hit.item][1], abs=1e-5) and hit.picture == best[hit.item][0]
        assert (hit.part, hit.text) == ("held out", found.name(hit.item, "en"))
    assert search.pictures(found, "red cow", "en", keys, 3) == hits[:3]


@pytest.mark.parametrize("name", NAMES)
def test_descriptions_in_the_other_language(indices: dict[str, Index], name: str) -> None:
    found, text = indices[name], "blue sun"
    keys = found.keys("all")
    wanted = []
    for key in keys:
        for other in found.corpus.item[key].asked["de"]:
            if MODELS[name].bilingual:
                space = found.model.spaces["en"]
                one, two = rows(space, text, "en"), rows(space, other, "de")
                score = (alike(name, one, two) + alike(name, two, one)) / 2
            else:  # through the training pictures
                sides = [
                    [to_picture(found, said, language, feature) for feature in found.scorer.bridge.features]
                    for said, language in ((text, "en"), (other, "de"))
                ]
                score = float(np.corrcoef(sides)[0, 1])
            wanted.append((key, other, score))
    hits = search.descriptions(found, text, ("en", "de"), keys, 7)
    best = ordered([score for *_, score in wanted])[:7]
    np.testing.assert_allclose([hit.score for hit in hits], best, atol=1e-4)
    scores = {(key, other): score for key, other, score in wanted}
    for hit in hits:
        assert hit.score == pytest.approx(scores[hit.item, hit.text], abs=1e-4)
        assert hit.picture == found.corpus.pictures[found.corpus.item[hit.item].pictures[0]] and not hit.own


@pytest.mark.parametrize("name", NAMES)
def test_descriptions_of_a_picture_with_its_own_however_deep(indices: dict[str, Index], name: str) -> None:
    found = indices[name]
    keys = found.keys("test")
    item = found.corpus.item[keys[-1]]
    picture = found.corpus.pictures[item.pictures[1]]
    wanted = [
        (key, text, to_picture(found, text, "de", found.corpus.features[item.pictures[1]]))
        for key in keys
        for text in found.corpus.item[key].asked["de"]
    ]
    hits = search.of_picture(found, picture, "de", keys, 2)
    np.testing.assert_allclose([hit.score for hit in hits[:2]], ordered([score for *_, score in wanted])[:2], atol=1e-5)
    assert {hit.text for hit in hits if hit.own} == set(item.asked["de"])
    for hit in hits:
        above = sum(score > hit.score + 1e-6 for *_, score in wanted)
        assert hit.rank == pytest.approx(above + 1, abs=0.5), "ties share the mean rank"
    assert [hit.rank for hit in hits] == sorted(hit.rank for hit in hits)


def test_an_item_is_called_by_its_name_in_the_language_that_is_asked(indices: dict[str, Index]) -> None:
    found = indices["pivot-sym"]
    for item in found.corpus.items:
        assert [found.name(item.id, language) for language in ("en", "de")] == [
            item.asked[language][0] for language in ("en", "de")
        ]
        assert found.name(item.id) in {texts[0] for texts in item.texts.values()}


def test_what_training_had_of_an_item(indices: dict[str, Index]) -> None:
    found = indices["pivot-sym"]
    split = found.model.any.split
    assert {found.part(key) for key in split.train} == {"training"}
    for key in split.train:
        read = [language for language in ("en", "de") if found.corpus.item[key].texts.get(language)]
        assert [found.part(key, language) for language in ("en", "de")] == [
            "training" if language in read else "picture only" for language in ("en", "de")
        ]
    assert found.part(split.validation[0], "en") == "validation" and found.part(split.test[0], "de") == "held out"


def test_texts_without_words_find_nothing(indices: dict[str, Index]) -> None:
    found = indices["pivot-sym"]
    for text in ("", " … !", "🙂"):
        assert search.pictures(found, text, "en", found.keys(), 5) == []
        assert search.descriptions(found, text, ("en", "de"), found.keys(), 5) == []
    assert search.pictures(found, "red", "en", (), 5) == search.descriptions(found, "red", ("en", "de"), (), 5) == []
    assert search.of_picture(found, found.corpus.pictures[0], "de", (), 5) == []


def test_what_does_not_exist_is_refused(indices: dict[str, Index], tmp_path: Path) -> None:
    found = indices["pivot-sym"]
    with pytest.raises(UnknownNameError, match="unknown picture 'nothing'"):
        search.of_picture(found, "nothing", "en", found.keys(), 3)
    with pytest.raises(UnknownNameError, match="unknown scope 'train'; choose from: test, all"):
        found.keys("train")
    with pytest.raises(DatasetError, match="was trained on features of 'made-up'"):
        search.index(replace(found.corpus, backbone="other"), found.model)
    fewer: Corpus = replace(found.corpus, items=found.corpus.items[:-1])
    with pytest.raises(DatasetError, match="are not in 'made up'"):
        search.index(fewer, found.model)
    half = replace(found.model, spaces={"en": found.model.spaces["en"]})
    with pytest.raises(DatasetError, match="PIVOT-SYM holds en and not 'de'"):
        search.index(found.corpus, half)


@pytest.mark.parametrize("name", NAMES)
def test_the_map_is_that_of_the_largest_variance(indices: dict[str, Index], name: str) -> None:
    found = indices[name]
    keys = found.keys("test")
    shown = search.plane(found, keys, "de")
    kinds = ("pictures", "en", "de") if MODELS[name].bilingual else ("pictures", "de")
    assert tuple(shown.means) == kinds
    assert [shown.kinds.count(kind) for kind in kinds] == [len(keys), *(2 * len(keys) for _ in kinds[1:])]
    space, every = found.model.spaces["de"], []
    for kind, key, label in zip(shown.kinds, shown.items, shown.labels, strict=True):
        feature = found.corpus.features[found.corpus.item[key].pictures[0]]
        every.append(rows(space, None if kind == "pictures" else label, kind, feature))
    matrix = np.array(every)
    for kind in kinds:
        mine = np.array([one == kind for one in shown.kinds])
        matrix[mine] -= matrix[mine].mean(axis=0)
    left, values, _ = np.linalg.svd(matrix, full_matrices=False)
    np.testing.assert_allclose(np.abs(shown.xy), np.abs(left[:, :2] * values[:2]), atol=1e-4)
    assert shown.share == pytest.approx((values[:2] ** 2).sum() / (values**2).sum(), abs=1e-4)
    assert shown.xy.dtype == np.float32 and shown.total == len(keys)
    assert (shown.axes[np.abs(shown.axes).argmax(axis=0), [0, 1]] > 0).all(), "the signs are fixed"
    np.testing.assert_array_equal(search.plane(found, keys, "de").xy, shown.xy)
    number = shown.kinds.index("de")
    there = search.place(found, shown, shown.labels[number], "de")
    np.testing.assert_allclose(there, shown.xy[[number]], atol=1e-4)
    assert len(search.place(found, shown, "…", "de")) == 0
    assert len(search.place(found, shown, "red", "en")) == MODELS[name].bilingual


def test_too_many_items_are_sampled(indices: dict[str, Index], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MAPPED", 5)
    found = indices["pivot-sym"]
    shown = search.plane(found, found.keys(), "en")
    assert shown.total == 40 and len(set(shown.items)) == 5
    assert shown.items == search.plane(found, found.keys(), "en").items
    assert search.plane(found, found.keys()[:1], "en").xy.shape == (5, 2), "one item: the map is a point, not an error"


def test_what_is_all_in_one_place_has_some_axes() -> None:
    axes, share = search._axes(np.zeros((3, 6)))
    np.testing.assert_array_equal(axes.T @ axes, np.eye(2))
    assert share == 0


def test_a_model_for_other_words_than_english(tmp_path: Path) -> None:
    """Everything works in the other direction too."""
    made = corpus()
    key = Key("made-up", "en-de", "pivot-sym", seed=1)
    found = search.index(made, trained.train(made, key, replace(OPTIONS, epochs=25), tmp_path))
    keys = found.keys()
    hits = search.descriptions(found, "rot Kuh", ("de", "en"), keys, 3)
    assert hits[0].text == "red cow" and made.features.shape[1] == DIM
