"""The controls that look at no picture, against their definitions."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from cldi_core.data import dataset, pictures, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import controls
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.scoring.imagesets import ImageSets
from tests.conftest import BACKBONE, LEXICON, WORDS, picture


def pair_of(small: Dataset, source: list[str], target: list[str]) -> Pair:
    """A pair of some words, with or without pictures."""
    nothing = np.zeros((0, 4))
    sides = (ImageSets.from_arrays(words, [nothing] * len(words)) for words in (source, target))
    return Pair(small, BACKBONE, "en-de", *sides, queries=(), rows=np.zeros(0, int), gold=(), target_pos={})


def there(dataset: Dataset) -> list[str]:
    return [name for name, control in controls.CONTROLS.items() if control.available(dataset, BACKBONE, "en-de")]


def cosine(one: Counter[str], other: Counter[str]) -> float:
    dot = sum(count * other[gram] for gram, count in one.items())
    lengths = [math.sqrt(sum(count * count for count in each.values())) for each in (one, other)]
    return dot / (lengths[0] * lengths[1])


def grams(word: str) -> Counter[str]:
    text = f"^{word.casefold()}$"
    return Counter(text[i:j] for i in range(len(text)) for j in range(i + 1, min(i + 3, len(text)) + 1))


def test_spelling_is_the_cosine_of_character_ngrams(small: Dataset) -> None:
    source, target = ["hand", "a", "TV", "banana"], ["Hand", "Band", "tv", "ананас", "ananas", "ß", "groß es"]
    found = controls.spelling(pair_of(small, source, target))
    assert found.dtype == np.float32 and found.shape == (4, 7)
    expected = [[cosine(grams(one), grams(other)) for other in target] for one in source]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found[0, 0] == pytest.approx(1) and found[2, 2] == pytest.approx(1), "case aside, they are spelled the same"
    assert found.max() <= 1
    assert found[3, 3] < 0.2, "another alphabet shares only the borders"


def test_identity_is_the_cosine_of_the_depicted_concepts(small: Dataset) -> None:
    source = list(dict.fromkeys(row.english for row in LEXICON))
    target = list(dict.fromkeys(row.target for row in LEXICON))
    found = controls.identity(pair_of(small, source, target))
    assert found.dtype == np.float32
    for row, word in enumerate(source):
        for column, other in enumerate(target):
            one, two = set(WORDS["en"].get(word, ())), set(WORDS["de"].get(other, ()))
            if not one or not two:
                assert math.isnan(found[row, column])
            else:
                assert found[row, column] == pytest.approx(len(one & two) / math.sqrt(len(one) * len(two)), abs=1e-6)
    assert np.isnan(found).any() and (found == 0).any() and (found > 0.99).any()


def test_words_whose_pictures_have_no_concept_score_nan(small: Dataset) -> None:
    plain = picture("ring", "en", 5)
    plain = pictures.Picture(plain.data, "ring.png", 96, 96)
    pictures.write_shards(small.path / "images", [plain])
    rows = list(small.words.itertuples(index=False, name=None))
    dataset.write_words(small.path, [*rows, ("en", "thing", 0, plain.id), ("en", "gone", 0, "0" * 32)])
    found = controls.identity(pair_of(Dataset(small.path), ["dog", "thing", "gone"], ["Hund"]))
    assert found[0, 0] > 0 and np.isnan(found[1:]).all()
    nothing = controls.identity(pair_of(Dataset(small.path), ["thing", "gone"], ["Geist"]))
    assert nothing.shape == (2, 1) and np.isnan(nothing).all()


def test_identity_needs_known_concepts(small: Dataset, data: object) -> None:
    assert there(small) == ["spelling", "identity"]
    other = dataset.create(small.path.parent / "other")
    assert there(other) == ["spelling"]
    pictures.write_shards(other.path / "images", [pictures.Picture(picture("sun").data, "sun.png", 96, 96)])
    assert there(Dataset(other.path)) == ["spelling"]


def test_every_control_says_what_it_is() -> None:
    for name, control in controls.CONTROLS.items():
        assert control.name == name and control.label and control.about.endswith(".")
    assert not set(controls.CONTROLS) & set(wordlists.POS)


def test_the_key_of_identity_changes_with_what_a_picture_depicts(small: Dataset) -> None:
    """That of spelling does not."""
    keys = [control.key(open_pair(small, BACKBONE, "en-de")) for control in controls.CONTROLS.values()]
    table = small.pictures.table
    table.loc[table.index[table["concept"] != ""][0], "concept"] = "something else"
    after = [control.key(open_pair(small, BACKBONE, "en-de")) for control in controls.CONTROLS.values()]
    assert after[0] == keys[0] and after[1] != keys[1]


def test_spelling_counts_ngrams_with_borders_by_hand(small: Dataset) -> None:
    """``^ab$`` has nine n-grams of one to three letters, ``^b$`` six, and ``^ b $ b$`` are in both."""
    found = controls.spelling(pair_of(small, ["ab", "aa"], ["b", "xyz", "AB"]))
    assert found[0] == pytest.approx([4 / math.sqrt(9 * 6), 2 / math.sqrt(9 * 12), 1])
    # ``^aa$``: ^ $ ^a aa a$ ^aa aa$ once, a twice; with ``^b$`` it shares the borders alone
    assert found[1, 0] == pytest.approx(2 / math.sqrt((7 + 4) * 6))


def test_identity_asks_which_concepts_and_not_how_often(small: Dataset) -> None:
    """Two drawings of one emoji are one concept."""
    drawn = [picture("ring", "en", 6), picture("ring", "en", 7), picture("sun", "en", 8), picture("ring", "de", 6)]
    pictures.write_shards(small.path / "images", drawn)
    rows = list(small.words.itertuples(index=False, name=None))
    more = [("en", "many", place, one.id) for place, one in enumerate(drawn[:3])] + [("de", "eins", 0, drawn[3].id)]
    dataset.write_words(small.path, [*rows, *more])
    found = controls.identity(pair_of(Dataset(small.path), ["many"], ["eins"]))
    assert found[0, 0] == pytest.approx(1 / math.sqrt(2 * 1))
