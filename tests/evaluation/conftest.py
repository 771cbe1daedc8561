"""A pair of the tiny data set, and what is computed of it."""

from __future__ import annotations

import pytest

from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import image_methods
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.scoring.imagesets import ImageSets
from tests.conftest import BACKBONE

WHOLE = (7, 9)  # words of the tiny data set


@pytest.fixture
def pair(small: Dataset) -> Pair:
    return open_pair(small, BACKBONE, "en-de")


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The methods that were computed, in order; of a part of the words with the part's size."""
    done: list[str] = []
    original = image_methods.score_all

    def counting(source: ImageSets, target: ImageSets, methods: list[str], *args: object, **options: object) -> object:
        shape = (len(source), len(target))
        done.extend(name if shape == WHOLE else f"{name} {shape[0]}×{shape[1]}" for name in methods)
        return original(source, target, methods, *args, **options)

    monkeypatch.setattr(image_methods, "score_all", counting)
    return done
