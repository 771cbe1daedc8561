"""The data set of the paper's size, at a hundredth of it: whole, and the same every time."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import paper_size
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.image_methods import IMAGE_METHODS
from cldi_core.evaluation.pairs import open_pair
from cldi_core.evaluation.ranking import gold_ranks
from cldi_core.evaluation.stored_scores import computed
from cldi_core.features import shards
from cldi_core.insight import health

SCALE = 0.01


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return paper_size.build(tmp_path_factory.mktemp("made") / "paper", SCALE)


def test_every_word_has_pictures_with_features_and_nothing_is_wrong(made: Dataset) -> None:
    pair = open_pair(made, paper_size.BACKBONE, paper_size.PAIR)
    assert (len(pair.source), len(pair.target)) == (18, 16)
    assert min(*pair.source.sizes, *pair.target.sizes) >= 20
    assert len(made.pictures.table) == len(made.words) == pair.source.sizes.sum() + pair.target.sizes.sum()
    assert pair.source.dim == 1280
    assert [one.level for one in health.findings(made) if one.level == "error"] == []


def test_some_words_are_found_and_some_are_not(made: Dataset) -> None:
    pair = open_pair(made, paper_size.BACKBONE, paper_size.PAIR)
    scores = computed(pair, [IMAGE_METHODS["avgmax"]])["avgmax"].matrix
    right = [[pair.target.row(word) for word in query.right] for query in pair.queries]
    ranks = gold_ranks(scores[[pair.source.row(query.word) for query in pair.queries]], right)
    assert (ranks == 1).any() and (ranks > 3).any()


def test_the_same_seed_gives_the_same_data_set(made: Dataset, tmp_path: Path) -> None:
    again = paper_size.build(tmp_path / "again", SCALE)
    names = [sorted(path.relative_to(one.path) for path in one.path.rglob("*.*")) for one in (made, again)]
    assert names[0] == names[1] and len(names[0]) == 8  # two shards and features, two lists, its title, checksums
    first, second = (shards.open_features(one, paper_size.BACKBONE) for one in (made, again))
    assert (list(first.ids), first.digest) == (list(second.ids), second.digest)
    assert (made.words == again.words).all().all()
