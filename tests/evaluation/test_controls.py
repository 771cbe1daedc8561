"""The controls that look at no picture, against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cldi_core.data import dataset, pictures, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import controls
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.scoring.imagesets import ImageSets
from tests.conftest import BACKBONE, picture


def pair_of(small: Dataset, source: list[str], target: list[str]) -> Pair:
    """A pair of some words, with or without pictures."""
    nothing = np.zeros((0, 4))
    sides = (ImageSets.from_arrays(words, [nothing] * len(words)) for words in (source, target))
    return Pair(small, BACKBONE, "en-de", *sides, queries=(), rows=np.zeros(0, int), gold=(), target_pos={})


def there(dataset: Dataset) -> list[str]:
    return [name for name, control in controls.CONTROLS.items() if control.available(dataset, BACKBONE, "en-de")]


def test_spelling_counts_every_ngram_of_one_to_three_letters_with_borders(small: Dataset) -> None:
    """By hand: “ab” is ^ a b $, ^a ab b$, ^ab ab$: nine parts."""
    found = controls.spelling(pair_of(small, ["ab", "aa", "TV"], ["ab", "abc", "a", "ba", "aaa", "tv", "ж"]))
    assert found.dtype == np.float32 and found.shape == (3, 7)
    # ^abc$: ^ a b c $, ^a ab bc c$, ^ab abc bc$: 12 parts, of which ^ a b $ ^a ab ^ab are shared.
    # ^a$: ^ a $, ^a a$, ^a$: six, of which ^ a $ ^a are shared.  ^ba$: nine, of which ^ a b $.
    assert found[0].tolist()[:4] == pytest.approx([1, 7 / math.sqrt(9 * 12), 4 / math.sqrt(9 * 6), 4 / 9])
    # Counts, not sets: ^aa$ has a twice (^ a·2 $, ^a aa a$, ^aa aa$: length² 4 + 8 - 1 = 11 …),
    # ^aaa$ has a three times and aa twice (^ a·3 $, ^a aa·2 a$, ^aa aaa aa$).
    lengths = (1 + 4 + 1 + 3 + 2) * (1 + 9 + 1 + 1 + 4 + 1 + 3)
    shared = 1 + 2 * 3 + 1 + 1 + 1 * 2 + 1 + 1 + 1
    assert found[1, 4] == pytest.approx(shared / math.sqrt(lengths))
    assert found[2, 5] == pytest.approx(1), "case aside, they are spelled the same"
    assert found[0, 6] == pytest.approx(2 / math.sqrt(9 * 6)), "another alphabet shares only the borders"


def test_identity_is_the_cosine_of_the_depicted_concepts(small: Dataset) -> None:
    """By hand, from the pictures of ``conftest.WORDS``."""
    found = controls.identity(
        pair_of(small, ["dog", "hand", "run", "ghost"], ["Hund", "Köter", "Hand", "rennen", "Geist"])
    )
    half, two_of_six = 1 / math.sqrt(2), 2 / math.sqrt(6)
    none = math.nan
    expected = [
        [half, half, 0, 0, none],  # sun, house; Hund: sun, Köter: house
        [0, 0, 1, 0, none],  # tree, square
        [0, 0, 0, two_of_six, none],  # stripes, ring, cross; rennen: ring, cross
        [none] * 5,
    ]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_concept_counts_once_however_many_pictures_show_it(small: Dataset) -> None:
    """“Hut” is a house and a tree; a hat that is a house twice and a tree once is the same set."""
    rows = list(small.words.itertuples(index=False, name=None))
    dataset.write_words(small.path, [*rows, ("en", "hat", 2, picture("tree").id)])
    found = controls.identity(pair_of(Dataset(small.path), ["hat"], ["Hut", "Köter", "rot"]))
    np.testing.assert_allclose(found, [[1, 1 / math.sqrt(2), 0]], atol=1e-6)


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
    small.pictures.concepts[next(iter(small.pictures.concepts))] = "something else"
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


def test_controls_score_from_0_to_1(small: Dataset) -> None:
    """Both ends are reached: by the same word, or the same pictures, and by what shares nothing."""
    pair = open_pair(small, BACKBONE, "en-de")
    same = pair_of(small, ["hand", "dog"], ["hand", "Hand"])
    for name, own in (("spelling", same), ("identity", pair)):
        found = controls.CONTROLS[name].scores(own)
        assert controls.CONTROLS[name].bounds == (0, 1) and controls.CONTROLS[name].kind == "control"
        assert np.nanmin(found) >= 0 and np.nanmax(found) == pytest.approx(1)
