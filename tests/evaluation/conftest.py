"""A pair of the tiny data set, and what is computed of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cldi_core import rankers
from cldi_core.data import dataset
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import image_methods
from cldi_core.evaluation.controls import CONTROLS
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import METHODS
from tests.conftest import BACKBONE, picture

RANKED = [*METHODS, *CONTROLS]
RANKERS = {name: rankers.RANKERS[name] for name in RANKED}
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


def again(pair: Pair) -> Pair:
    """The same pair, opened anew from disk."""
    return open_pair(Dataset(pair.dataset.path), pair.backbone, pair.name)


def files(pair: Pair, folder: str) -> list[str]:
    return sorted(path.name for path in (pair.dataset.path / folder).rglob("*") if path.is_file())


def other_picture(path: Path) -> None:
    """Give “hat” another picture."""
    rows = list(Dataset(path).words.itertuples(index=False, name=None))
    dataset.write_words(path, [row for row in rows if row[1] != "hat"] + [("en", "hat", 0, picture("ring").id)])
