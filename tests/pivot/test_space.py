"""The joint space and what leads into it, against literal definitions: text, encoders, directions of comparison."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from cldi_core.pivot.encoders import ENCODERS, Bag, Pictures
from cldi_core.pivot.models import MODELS, TrainingOptions
from cldi_core.pivot.space import Space
from cldi_core.pivot.text import BUCKETS, Vocabulary, ngrams, words

TEXTS = ["a brown cow", "the cow sleeps", "a cow, a sun"]
GERMAN = ["eine Kuh", "die Sonne"]
OPTIONS = TrainingOptions(word_dim=6, joint_dim=10)


def space(model: str, **changed: object) -> Space:
    torch.manual_seed(0)
    known = {"en": Vocabulary.of(TEXTS), "de": Vocabulary.of(GERMAN)}
    return Space(MODELS[model], known, 5, replace(OPTIONS, **changed)).eval()  # type: ignore[arg-type]


def similarity(model: str, one: np.ndarray, other: np.ndarray) -> float:
    if MODELS[model].similarity == "cosine":
        return float(one @ other)
    return -float((np.maximum(other - one, 0) ** 2).sum())


def compared(model: str, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.array([[similarity(model, one, other) for other in right] for one in left])


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("model", ["pivot-sym", "pivot-asym"])
@torch.no_grad()
def test_rows_are_compared_in_the_direction_of_training(model: str, swapped: bool) -> None:
    made = space(model, swapped=swapped)
    texts, german = made.of_texts(TEXTS, "en").numpy(), made.of_texts(GERMAN, "de").numpy()
    seen = made.of_pictures(torch.randn(4, 5)).numpy()
    for rows in (texts, german, seen):
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-6)
        assert (rows >= 0).all() == (model == "pivot-asym")
    expected = compared(model, seen, texts).T if swapped else compared(model, texts, seen)
    found = made.to_pictures(torch.from_numpy(texts), torch.from_numpy(seen))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    both = (compared(model, texts, german) + compared(model, german, texts).T) / 2
    found = made.to_texts(torch.from_numpy(texts), torch.from_numpy(german))
    np.testing.assert_allclose(found, both, atol=1e-6)


def test_a_space_has_the_sizes_and_encoder_of_its_options() -> None:
    for name in ENCODERS:
        made = space("vse", encoder=name)
        assert made.languages == ("en", "de") and isinstance(made.texts["de"], ENCODERS[name])
        assert made.texts["en"].vectors.weight.shape == (len(Vocabulary.of(TEXTS)), 6)
        assert made.of_texts(TEXTS, "en").shape == (3, 10)
        assert made.pictures.project.weight.shape == (10, 5)
        parts = {name.rsplit(".", 2)[0] for name, _ in made.named_parameters()}
        assert {"texts.en", "texts.de", "pictures"} <= parts, "all of it learns"


def test_the_margin_is_the_models_or_the_one_that_is_given() -> None:
    assert [space(model).margin for model in ("vse", "oe")] == [0.2, 0.05]
    assert space("oe", margin=0.3).margin == 0.3


@torch.no_grad()
def test_a_bag_is_the_mean_of_words_plus_the_mean_of_ngrams() -> None:
    torch.manual_seed(1)
    known = Vocabulary.of(TEXTS)
    bag = Bag(known, 6, 10)
    texts = ["a cow", "a zebra, a COW", "zebra", ""]
    numbers = known.numbers()
    for text, row in zip(texts, bag(texts), strict=True):
        found = torch.zeros(6)
        if seen := [bag.vectors.weight[numbers[word]] for word in words(text) if word in numbers]:
            found += torch.stack(seen).mean(dim=0)
        if parts := [bag.parts.weight[bucket] for word in words(text) for bucket in ngrams(word)]:
            found += torch.stack(parts).mean(dim=0)
        torch.testing.assert_close(row, bag.project(found))
    for table in (bag.vectors, bag.parts):
        assert float(table.weight.std()) == pytest.approx(0.03, rel=0.2), "small at first"


@torch.no_grad()
def test_a_gru_reads_word_by_word_and_unknown_words_are_one() -> None:
    torch.manual_seed(1)
    known = Vocabulary.of(TEXTS)
    gru = ENCODERS["gru"](known, 6, 10)
    texts = ["zebra cow a", "", "the sun"]
    for text, row in zip(texts, gru(texts), strict=True):
        numbers = [known.words.index(word) + 1 if word in known.words else 0 for word in words(text)] or [0]
        _, last = gru.gru(gru.vectors.weight[numbers][None])
        torch.testing.assert_close(row, last[0, 0])


@pytest.mark.parametrize("spread", [0.05, 3])
def test_pictures_are_centred_and_brought_to_a_length_of_about_one(spread: float) -> None:
    torch.manual_seed(0)
    pictures, features = Pictures(5, 10), torch.randn(30, 5) * spread + 1
    with torch.no_grad():
        torch.testing.assert_close(pictures(features), pictures.project(features), msg="as they are before")
        pictures.centre(features)
        centred = features - features.mean(dim=0)
        expected = centred / centred.norm(dim=1).mean()
        torch.testing.assert_close(pictures(features), pictures.project(expected))
        pictures.centre(torch.ones(3, 5))
        assert float(pictures.scale) == 1, "pictures that are all the same"
    assert {"mean", "scale"} <= set(pictures.state_dict())


def test_ngrams_are_the_parts_of_the_marked_word() -> None:
    parts = ["<co", "cow", "ow>", "<cow", "cow>", "<cow>"]
    assert BUCKETS == 8192, "models on disk have so many vectors"
    assert ngrams("cow") == tuple(zlib.crc32(part.encode()) % BUCKETS for part in parts)
    assert [len(ngrams(word)) for word in ("", "a", "ab", "elephant")] == [0, 1, 3, 8 + 7 + 6]


def test_the_most_frequent_words_come_first_then_the_alphabet() -> None:
    found = Vocabulary.of(["b a", "c b", "a d", "Kühe c"])
    assert found.words == ("a", "b", "c", "d", "kühe") and len(found) == 6
    assert found.numbers() == {"a": 1, "b": 2, "c": 3, "d": 4, "kühe": 5}
    assert Vocabulary.of(["b a", "c b", "a d"], 2).words == ("a", "b")


def test_the_digest_of_a_vocabulary_is_text_that_changes_with_any_word_or_their_order() -> None:
    digests = [Vocabulary(known).digest for known in (("a", "b"), ("b", "a"), ("a", "b", "c"), ("ab",), ())]
    assert len(set(digests)) == 5 and all(isinstance(digest, str) for digest in digests)
    assert Vocabulary(("a", "b")).digest == digests[0]


def test_what_a_vocabulary_does_not_hold() -> None:
    found = Vocabulary.of(["a cow"])
    assert found.unseen("New cow, a NEW sun new") == ["new", "sun"]
    assert found.unknown_rate(["a new", "new sun cow"]) == pytest.approx(3 / 5)
    assert found.unknown_rate(["cow"]) == 0


def test_accents_written_in_two_ways_are_one_word() -> None:
    assert words("cafe\u0301") == words("CAFÉ") == ["café"]
    assert words("rock'n'roll it’s -a- well--known 2-3") == ["rock'n'roll", "it’s", "a", "well", "known", "2-3"]
