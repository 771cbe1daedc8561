"""What is held of features in memory: a few dozen bytes a picture, where texts of ids alone would take 90."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from cldi_core.data import dataset as datasets
from cldi_core.data.dataset import Dataset
from cldi_core.data.ids import texts
from cldi_core.features import shards
from tests.conftest import ABOUT, BACKBONE

SHARDS, ROWS, OF_A_WORD = 3, 5000, 50
COUNT = SHARDS * ROWS


@pytest.fixture
def many(tmp_path: Path) -> Dataset:
    """Features of pictures that have no files, in words of 50."""
    keys = texts(np.random.default_rng(1).integers(0, 256, (COUNT, 16), np.uint8))
    made = datasets.create(tmp_path / "many")
    for start in range(0, COUNT, ROWS):
        path = made.path / "features" / BACKBONE / f"part-{start:05}.safetensors"
        shards.write_shard(path, keys[start : start + ROWS], np.ones((ROWS, 2)), ABOUT)
    rows = [("en", f"word {place // OF_A_WORD:04}", place % OF_A_WORD, key) for place, key in enumerate(keys)]
    datasets.write_words(made.path, rows)
    return Dataset(made.path)


def test_features_and_their_image_sets_take_a_few_dozen_bytes_a_picture(many: Dataset) -> None:
    """By hand 16 of the ids, 4 of their order and 8 of the rows; of sets 16, 8 of the rows, their places, members."""
    words = [*many.members("en")]
    tracemalloc.start()
    loaded = shards.open_features(many, BACKBONE)
    opened = tracemalloc.get_traced_memory()[0]
    sets = shards.image_sets(many, loaded, "en", words)
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(loaded.ids) == len(sets.features) == len(sets.members) == COUNT
    assert opened < 40 * COUNT and held < 100 * COUNT and most < 160 * COUNT
