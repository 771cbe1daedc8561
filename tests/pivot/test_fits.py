"""A model that was trained on another corpus, or on another split of it, is refused by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cldi_core.errors import DatasetError
from cldi_core.pivot import trained
from cldi_core.pivot.corpus import Corpus, Item
from cldi_core.pivot.trained import Trained
from tests import pivot_data
from tests.pivot_data import KEY

OPTIONS = replace(pivot_data.OPTIONS, word_dim=4, epochs=1)


def train(folder: Path, corpus: Corpus) -> Trained:
    return trained.train(corpus, KEY, OPTIONS, folder)


def test_a_model_is_checked_against_the_corpus(tmp_path: Path) -> None:
    corpus, model = pivot_data.corpus(), train(tmp_path, pivot_data.corpus())
    trained.check_fits(model, corpus)
    trained.check_fits(model, replace(corpus, name="renamed"))
    split, first = model.any.split, corpus.items[0]
    fewer = tuple(item for item in corpus.items if item.id not in split.test[:2])
    more = Item("new", (0,), {"en": (0,)}, {"en": ("new",)}, {"en": ("new",)})
    told = replace(first, texts={**first.texts, "en": ("told anew",)})
    swapped = replace(split, validation=split.test, test=split.validation)
    descriptions = "PIVOT-SYM of seed 0 was trained on other descriptions, pictures or features than those of 'made up'"
    wrong = {
        "was trained on features of 'made-up' (16 numbers), these are of 'other' (16)": {"backbone": "other"},
        "these are of 'made-up' (15)": {"features": corpus.features[:, :15]},
        f"2 are not in 'made up', such as {split.test[0]!r}": {"items": fewer},
        f"{descriptions}; train": {"items": (*corpus.items, more)},
        f"{descriptions}; train it": {"items": (told, *corpus.items[1:])},
        f"{descriptions}; train it again": {"source": "features of one picture that was extracted again"},
        "was trained on another split of 'made up' than its present one": {"fixed": swapped},
    }
    for what, changed in wrong.items():
        with pytest.raises(DatasetError) as caught:
            trained.check_fits(model, replace(corpus, given="--dataset mine", **changed))  # type: ignore[arg-type]
        assert what in str(caught.value) and "\n" not in str(caught.value)
        again = "pivot train --dataset mine --pair en-de --backbone made-up --model pivot-sym --seed 0 --holdout items"
        assert (again in str(caught.value)) == ("features of 'made-up'" not in str(caught.value))


def test_a_model_under_another_seeds_name_does_not_fit(tmp_path: Path) -> None:
    corpus = pivot_data.corpus(fixed=False)
    model = train(tmp_path, corpus)
    trained.check_fits(model, corpus)
    with pytest.raises(DatasetError, match="PIVOT-SYM of seed 1 was trained on another split of 'made up'"):
        trained.check_fits(replace(model, key=replace(KEY, seed=1)), corpus)
