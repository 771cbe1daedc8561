"""What ranks pictures and descriptions: trained models, and the controls that each has to beat."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cldi_core.pivot import controls, scorers, trained
from cldi_core.pivot.corpus import Corpus, Split
from cldi_core.pivot.scorers import Bridge, Identity, Learned, Ridge, Spelling, correlation
from cldi_core.pivot.trained import Trained
from tests import pivot_data
from tests.pivot_data import KEY, LANGUAGES, OPTIONS

ENGLISH = ["red cow", "blue sun", "zebra", ""]
GERMAN = ["rot Kuh", "grün Baum", "Zebra"]


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return pivot_data.corpus()


@pytest.fixture(scope="module")
def split(corpus: Corpus) -> Split:
    return corpus.split(0)


@pytest.fixture(scope="module")
def bridge(corpus: Corpus, split: Split) -> Bridge:
    return Bridge.of(corpus, split)


@pytest.fixture(scope="module")
def models(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trained]:
    folder = tmp_path_factory.mktemp("models")
    made = {
        name: trained.train(corpus, replace(KEY, model=name), OPTIONS, folder)
        for name in ("vse", "pivot-sym", "pivot-asym")
    }
    key = replace(KEY, permuted=True)
    return {**made, "control": trained.train(corpus, key, replace(OPTIONS, epochs=1), folder)}


def test_correlations_are_pearsons() -> None:
    rng = np.random.default_rng(0)
    left, right = rng.normal(3, 2, size=(4, 30)), rng.normal(-1, 5, size=(6, 30))
    expected = np.corrcoef(left, right)[:4, 4:]
    np.testing.assert_allclose(correlation(left, right), expected, atol=1e-12)
    np.testing.assert_allclose(correlation(left.astype(np.float32), right.astype(np.float32)), expected, atol=1e-5)
    assert correlation(left, 2 * left + 7).diagonal() == pytest.approx(1)
    assert correlation(left, -left).diagonal() == pytest.approx(-1)


@pytest.mark.parametrize("number", [0.0, 1.0, 0.1, 0.3, 0.7, -1e6])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("count", [7, 10, 30])
def test_a_row_of_one_number_correlates_with_nothing(number: float, kind: type, count: int) -> None:
    same, other = np.full((1, count), number, kind), np.full((2, count), number / 3, kind)
    np.testing.assert_allclose(correlation(same, other), 0, atol=1e-3)
    np.testing.assert_allclose(correlation(same, np.arange(2.0 * count).reshape(2, -1).astype(kind)), 0, atol=1e-3)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_rows_of_one_number_are_told_from_those_beside_them(kind: type) -> None:
    varied = np.random.default_rng(0).normal(size=(2, 30))
    left = np.concatenate([varied[:1], np.full((1, 30), 0.1), np.full((1, 30), 0.7), varied[1:]]).astype(kind)
    found = correlation(left, left)
    np.testing.assert_array_equal(found[1:3], 0)
    np.testing.assert_array_equal(found[:, 1:3], 0)
    np.testing.assert_allclose(found[::3, ::3], np.corrcoef(varied), atol=1e-6)


def test_the_bridge_is_one_picture_of_each_training_item(corpus: Corpus, split: Split) -> None:
    found = Bridge.of(corpus, split)
    assert found.features.shape == (len(split.train), pivot_data.DIM)
    for key, row in zip(split.train, found.features, strict=True):
        assert any((row == corpus.features[own]).all() for own in corpus.item[key].pictures)
    np.testing.assert_array_equal(found.features, Bridge.of(corpus, split).features)
    assert (found.features != Bridge.of(corpus, split, seed=1).features).any()


@pytest.mark.parametrize("name", ["pivot-sym", "pivot-asym", "vse"])
def test_a_model_compares_descriptions_with_pictures(corpus: Corpus, bridge: Bridge, models: dict, name: str) -> None:
    scorer = Learned(models[name], bridge)
    assert (scorer.name, scorer.label) == (name, models[name].model.label)
    found = scorer.to_pictures(GERMAN, "de", corpus.features[:5])
    space = models[name].spaces["de"]
    with torch.no_grad():
        texts, seen = space.of_texts(GERMAN, "de"), space.of_pictures(torch.from_numpy(corpus.features[:5]))
    for i, j in itertools.product(range(3), range(5)):
        difference = (seen[j] - texts[i]).clamp_min(0).square().sum()
        expected = float(-difference if name == "pivot-asym" else texts[i] @ seen[j])
        assert found[i, j] == pytest.approx(expected, abs=1e-6)
    assert scorer.to_pictures(GERMAN, "fr", corpus.features) is None


def test_a_model_of_one_space_compares_descriptions_in_it(bridge: Bridge, models: dict) -> None:
    for name in ("pivot-sym", "pivot-asym"):
        scorer = Learned(models[name], bridge)
        found = scorer.to_texts(ENGLISH, GERMAN, ("en", "de"))
        assert found.shape == (4, 3)
        np.testing.assert_allclose(found, scorer.to_texts(GERMAN, ENGLISH, ("de", "en")).T, atol=1e-6)
        assert name == "pivot-asym" or found[0].argmax() == 0, "a red cow is ein rot Kuh"
        space = models[name].spaces["en"]
        one, other = (
            space.of_texts(texts, language) for texts, language in zip((ENGLISH, GERMAN), LANGUAGES, strict=True)
        )
        both = ((one[:, None] - other).clamp_min(0).square(), (other - one[:, None]).clamp_min(0).square())
        expected = -(both[0] + both[1]).sum(dim=2) / 2 if name == "pivot-asym" else one @ other.T
        np.testing.assert_allclose(found, expected.detach(), atol=1e-6)
        assert scorer.to_texts(ENGLISH, GERMAN, ("en", "fr")) is None


def test_separate_spaces_are_compared_through_pictures(bridge: Bridge, models: dict) -> None:
    scorer = Learned(models["vse"], bridge)
    sides = [
        scorer.to_pictures(texts, language, bridge.features)
        for texts, language in zip((ENGLISH, GERMAN), LANGUAGES, strict=True)
    ]
    expected = [[np.corrcoef(one, other)[0, 1] for other in sides[1]] for one in sides[0]]
    np.testing.assert_allclose(scorer.to_texts(ENGLISH, GERMAN, LANGUAGES), expected, atol=1e-5)
    assert scorer.to_texts(ENGLISH, GERMAN, ("en", "fr")) is None


def test_a_control_is_named_as_one(bridge: Bridge, models: dict) -> None:
    scorer = Learned(models["control"], bridge)
    assert (scorer.name, scorer.label) == ("pivot-sym-permuted", "PIVOT-SYM, pictures permuted")


def test_ridge_is_fitted_on_the_training_items_pictures(corpus: Corpus, split: Split, bridge: Bridge) -> None:
    scorer = Ridge(corpus, split, bridge)
    rows = [corpus.item[key].own["de"][0] for key in split.train]
    expected = controls.Ridge(corpus.features[rows], [" ".join(corpus.item[key].texts["de"]) for key in split.train])
    found = scorer.to_pictures(GERMAN, "de", corpus.features)
    np.testing.assert_allclose(found, expected.scores(GERMAN, corpus.features))
    assert not found[2].any(), "nothing is known of a zebra"
    assert scorer.to_pictures(GERMAN, "fr", corpus.features) is None
    sides = [
        scorer.to_pictures(texts, language, bridge.features)
        for texts, language in zip((ENGLISH[:2], GERMAN[:2]), LANGUAGES, strict=True)
    ]
    between = scorer.to_texts(ENGLISH[:2], GERMAN[:2], LANGUAGES)
    np.testing.assert_allclose(between, np.corrcoef(*sides)[:2, 2:], atol=1e-9)
    assert between[0, 0] == between.max()
    assert scorer.to_texts(ENGLISH, GERMAN, ("en", "fr")) is None


def test_spelling_says_nothing_of_pictures(corpus: Corpus) -> None:
    scorer = Spelling()
    assert scorer.to_pictures(GERMAN, "de", corpus.features) is None
    found = scorer.to_texts(ENGLISH, GERMAN, LANGUAGES)
    np.testing.assert_array_equal(found, controls.spelling(ENGLISH, GERMAN))
    assert found[2].argmax() == 2 and found[2, 2] == pytest.approx(1)


def tfidf(texts: list[str], known: list[str]) -> list[dict[str, float]]:
    """Literally: unit rows of word counts times log(n / texts that hold the word) + 1."""
    holding = Counter(word for text in known for word in set(text.casefold().split()))
    rows = []
    for text in texts:
        counts = Counter(word for word in text.casefold().split() if word in holding)
        row = {word: count * (np.log(len(known) / holding[word]) + 1) for word, count in counts.items()}
        length = np.sqrt(sum(value**2 for value in row.values())) or 1
        rows.append({word: value / length for word, value in row.items()})
    return rows


def test_identity_is_what_training_items_two_descriptions_share_words_with(corpus: Corpus, split: Split) -> None:
    scorer = Identity(corpus, split)
    assert scorer.to_pictures(ENGLISH, "en", corpus.features) is None
    sides = []
    for texts, language in ((ENGLISH, "en"), (GERMAN, "de")):
        known = [corpus.item[key].texts[language][0] for key in split.train]
        profiles = np.array(
            [
                [sum(value * other.get(word, 0) for word, value in one.items()) for other in tfidf(known, known)]
                for one in tfidf(texts, known)
            ]
        )
        lengths = np.linalg.norm(profiles, axis=1, keepdims=True)
        sides.append(profiles / np.where(lengths > 0, lengths, 1))
    found = scorer.to_texts(ENGLISH, GERMAN, LANGUAGES)
    np.testing.assert_allclose(found, sides[0] @ sides[1].T, atol=1e-12)
    assert found[0, 0] > 0.9 and not found[2].any() and not found[3].any()
    np.testing.assert_allclose(scorer.to_texts(GERMAN, ENGLISH, ("de", "en")), found.T)
    assert scorer.to_texts(ENGLISH, GERMAN, ("en", "fr")) is None


def test_identity_says_nothing_where_no_item_is_described_in_both_languages(split: Split) -> None:
    apart = pivot_data.corpus(shared=False)
    assert Identity(apart, split).to_texts(ENGLISH, GERMAN, LANGUAGES) is None
    alone = replace(pivot_data.corpus(), languages=("en",))
    assert Identity(alone, split).to_texts(ENGLISH, ENGLISH, ("en", "en")) is None


def test_identity_looks_at_no_item_of_the_test(corpus: Corpus, split: Split) -> None:
    changed = replace(
        corpus,
        features=-corpus.features,
        items=tuple(
            replace(item, texts={"en": ("zebra",), "de": ("Zebra",)}) if item.id in split.test else item
            for item in corpus.items
        ),
    )
    one, other = (Identity(given, split).to_texts(ENGLISH, GERMAN, LANGUAGES) for given in (corpus, changed))
    np.testing.assert_array_equal(one, other)


def test_the_controls_are_three(corpus: Corpus, split: Split, bridge: Bridge) -> None:
    every = scorers.rivals(corpus, split, bridge)
    assert [one.name for one in every] == ["ridge", "spelling", "identity"]
    assert {one.name: one.label for one in every} == scorers.CONTROLS


def test_a_language_without_training_items_is_ranked_all_the_same(corpus: Corpus, split: Split, tmp_path: Path) -> None:
    items = tuple(replace(item, texts={"en": item.texts["en"]}) for item in corpus.items)
    bare = replace(corpus, items=items)
    scorer = Ridge(bare, split, Bridge.of(bare, split))
    assert not scorer.to_pictures(GERMAN, "de", corpus.features).any(), "of no word anything is known"
    assert scorer.to_pictures(ENGLISH, "en", corpus.features)[0].any()
