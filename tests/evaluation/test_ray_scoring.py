"""Blocks of words scored apart, as actors do, against one pass; what is kept of them; nothing here needs Ray.

On a real cluster: ``tests/ray``.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

from cldi_core import rankers
from cldi_core.data import dataset
from cldi_core.data.dataset import Dataset
from cldi_core.errors import CldiError, DatasetError, UnknownNameError
from cldi_core.evaluation import ray_scoring, stored_scores
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.evaluation.pieces import Pieces
from cldi_core.evaluation.ray_scoring import Ahead, Block, BlockScorer, RayScoring, pieces_of, scoring_on, spans
from cldi_core.features import shards
from cldi_core.scoring.methods import METHODS
from cldi_core.scoring.scores import score_all
from tests.conftest import ABOUT, BACKBONE, build_small
from tests.evaluation.conftest import again, other_picture

NAMES = ("en-de", "de-en")


class Actors:
    """What a pool does, in this process and in an order of its own."""

    def __init__(self, place: object, stop: int = 10**9) -> None:
        self.scorer, self.stop, self.given = BlockScorer(str(place), BACKBONE), stop, list[Block]()

    def done(self, pieces: Iterable[Block]) -> Iterator[tuple[Block, Any]]:
        for piece in reversed(list(pieces)):
            if len(self.given) == self.stop:
                raise KeyboardInterrupt
            self.given.append(piece)
            yield piece, self.scorer(piece)


def scoring(small: Dataset, stop: int = 10**9) -> tuple[RayScoring, list[Block]]:
    actors = Actors(small.path, stop)
    return RayScoring(actors), actors.given  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_scoring, "PICTURES", 3)


def test_words_come_in_blocks_of_some_pictures(pair: Pair) -> None:
    assert pair.source.sizes.tolist() == [2, 2, 2, 0, 3, 1, 2]
    assert spans(pair.source) == [slice(0, 1), slice(1, 2), slice(2, 4), slice(4, 5), slice(5, 7)]
    assert [(own.start, own.stop) for own in spans(pair.source, 1)] == [(0, 1), (1, 2), (2, 3), (3, 5), (5, 6), (6, 7)]
    assert spans(pair.source, 100) == [slice(0, 7)]


def test_scores_are_those_of_one_pass_under_every_method(small: Dataset, pair: Pair) -> None:
    cluster, given = scoring(small)
    ways = [rankers.RANKERS[name] for name in METHODS] + [
        rankers.ranker("rrf=knn,sinkhorn"),
        rankers.ranker("spelling"),
    ]
    told: list[tuple[int, int]] = []
    found = cluster.scored(pair, ways, progress=lambda *how: told.append(how), must_keep=True)
    here = stored_scores.computed(pair, ways)
    for ranker in ways:
        one, other = found[ranker.name], here[ranker.name]
        assert one.matrix.tobytes() == other.matrix.tobytes(), ranker.name
        assert (one.key, one.computed, one.found) == (other.key, other.computed, False)
        assert one.error == pytest.approx(other.error, rel=1e-6)
    assert len(given) == 5 and not set(given[0].methods) & {"rrf", "avgmax+csls", "spelling"}
    assert told[-1] == (12, 12) and [done for done, _ in told] == sorted(done for done, _ in told)
    assert not pieces_of(pair).folder.exists()
    assert all(one.found for one in stored_scores.scored(pair, ways).values()), "the keys are those of this process"


def test_ragged_words_of_many_blocks_are_as_in_one_pass(data: Any) -> None:
    """Large sets and small, shared and doubled pictures, enough numbers that libraries take their usual ways."""
    rng = np.random.default_rng(0)
    new = dataset.create(data / "ragged")
    ids = [f"{number:032x}" for number in range(300)]
    centres = rng.normal(size=(40, 64)).repeat(8, 0)[:300]
    features = (centres + 0.5 * rng.normal(size=centres.shape)).astype(np.float32)
    shards.write_shard(new.path / "features" / BACKBONE / "part-0.safetensors", ids, features, ABOUT)
    rows = []
    for language in ("en", "de"):
        for word in range(24):
            own = rng.choice(300, int(rng.integers(0, 14)), replace=False)
            rows += [(language, f"{language}{word}", place, ids[one]) for place, one in enumerate(own)]
    dataset.write_words(new.path, rows)
    text = "".join(f"en{word}\tde{word}\tN\n" for word in range(24))
    (new.path / "lexicon").mkdir()
    (new.path / "lexicon" / "en-de.tsv").write_text(text, "utf-8")
    pair = open_pair(Dataset(new.path), BACKBONE, "en-de")
    names = [name for name, method in METHODS.items() if not method.bases]
    whole = score_all(pair.source, pair.target, names)
    cluster, given = scoring(new)
    found = cluster.scored(pair, [rankers.RANKERS[name] for name in names])
    assert len(given) > 20
    for name in names:
        assert found[name].matrix.tobytes() == whole[name].tobytes(), name


def test_blocks_are_kept_until_the_scores_are_stored(small: Dataset, pair: Pair) -> None:
    """A run that is ended after some blocks; one of these is damaged meanwhile, and one word gets other pictures."""
    ways = [rankers.RANKERS[name] for name in ("avgmax", "knn", "sinkhorn", "cnn-max")]
    cluster, given = scoring(small, stop=3)
    with pytest.raises(KeyboardInterrupt):
        cluster.scored(pair, ways)
    kept = sorted(pieces_of(pair).folder.iterdir())
    assert len(given) == len(kept) == 3 and not stored_scores.path_of(pair, "knn").exists()
    assert {path.stem for path in kept} == {block.key for block in given}
    data = bytearray(kept[0].read_bytes())
    data[-1] ^= 1
    kept[0].write_bytes(bytes(data))
    cluster, given = scoring(small)
    found = cluster.scored(pair, ways)
    assert len(given) == 3, "two are kept, one is broken, two were never done"
    here = stored_scores.computed(pair, ways)
    assert all(found[name].matrix.tobytes() == one.matrix.tobytes() for name, one in here.items())
    assert not pieces_of(pair).folder.exists()


def test_only_words_whose_pictures_changed_are_given_out(small: Dataset, pair: Pair) -> None:
    ways = [rankers.RANKERS[name] for name in ("avgmax", "avgmax+isf")]
    cluster, _ = scoring(small)
    cluster.scored(pair, ways)
    other_picture(small.path)
    changed = again(pair)
    cluster, given = scoring(small)
    found = cluster.scored(changed, ways)
    assert [(block.source, block.target) for block in given] == [(("hat",), None)]
    here = stored_scores.computed(changed, ways)
    assert all(found[name].matrix.tobytes() == one.matrix.tobytes() for name, one in here.items())


def test_the_next_pair_is_begun_and_its_scores_are_the_same(small: Dataset) -> None:
    cluster, given = scoring(small)
    opened = partial(open_pair, small, BACKBONE)
    ahead = Ahead(cluster, NAMES, opened)
    ways = [rankers.RANKERS[name] for name in ("avgmax", "cnn-mean", "spelling")]
    told: list[tuple[int, int]] = []
    try:
        first = ahead.scored(opened("en-de"), ways)
        ahead.begun["de-en"].result(60)
        assert {block.pair for block in given} == set(NAMES)
        assert not stored_scores.path_of(opened("de-en"), "spelling").exists()
        before = len(given)
        second = ahead.scored(opened("de-en"), ways, progress=lambda *how: told.append(how))
        assert len(given) == before and not any(one.found for one in second.values())
    finally:
        ahead.close()
    for name, found in (("en-de", first), ("de-en", second)):
        assert list(found) == ["avgmax", "cnn-mean", "spelling"]
        here = stored_scores.computed(opened(name), ways)
        assert all(found[way].matrix.tobytes() == one.matrix.tobytes() for way, one in here.items())


def test_an_actor_that_finds_other_data_says_so(small: Dataset, pair: Pair, tmp_path: Any) -> None:
    other = build_small(tmp_path / "other")
    other_picture(other.path)
    block = Block("en-de", pair.key, ("dog",), None, ("avgmax",), "cpu", "key")
    scores, errors = BlockScorer(str(small.path), BACKBONE)(block)
    assert scores["avgmax"].shape == (1, 9) and errors == {}
    with pytest.raises(DatasetError, match=r"the machine '.*' finds other words, .* of en-de in '.*other' than"):
        BlockScorer(str(other.path), BACKBONE)(block)


def test_pieces_that_cannot_be_kept_are_not_missed(tmp_path: Any) -> None:
    pieces = Pieces(tmp_path / "folder")
    assert pieces.find("a") is None
    pieces.keep("a", {"one": np.arange(3.0)}, {"about": "it"})
    found = pieces.find("a")
    assert found is not None and found[0]["one"].tolist() == [0, 1, 2] and found[1] == {"about": "it"}
    pieces.folder.joinpath("b.safetensors").write_bytes(pieces.folder.joinpath("a.safetensors").read_bytes())
    assert pieces.find("b") is None, "of another key"
    pieces.clear()
    assert not pieces.folder.exists()
    pieces.folder.parent.rmdir()
    pieces.folder.parent.write_text("no folder")
    pieces.keep("a", {"one": np.arange(3.0)})
    pieces.clear()
    assert pieces.find("a") is None


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"address": "127.0.0.1:9"}, r"^the Ray cluster at '127\.0\.0\.1:9' cannot be used .*ray start --head$"),
        ({"device": "tpu"}, "^unknown device 'tpu'"),
        ({"device": "tpu", "address": "127.0.0.1:9"}, "^unknown device 'tpu'"),
    ],
)
def test_mistakes_are_told_in_one_line(small: Dataset, pair: Pair, how: dict[str, Any], told: str) -> None:
    if told.startswith("^the"):
        pytest.importorskip("ray", reason="Ray is an optional extra")
    with (
        pytest.raises(CldiError, match=told) as caught,
        scoring_on(str(small.path), BACKBONE, NAMES, lambda name: pair, **how),
    ):
        pass
    assert isinstance(caught.value, UnknownNameError) == told.startswith("^unknown") and "\n" not in str(caught.value)


def test_ray_that_is_missing_is_named(small: Dataset, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with (
        pytest.raises(CldiError, match=r"pip install 'ray\[data\]'"),
        scoring_on(str(small.path), BACKBONE, NAMES, lambda name: pair),
    ):
        pass


def test_a_block_has_another_key_where_its_scores_may_be_others(small: Dataset, pair: Pair) -> None:
    class Listed:
        def done(self, blocks: Iterable[Block]) -> Iterator[Any]:
            keys.append([block.key for block in blocks])
            return iter(())

    keys: list[list[str]] = []
    cluster = RayScoring(Listed())  # type: ignore[arg-type]

    def ask(own: Pair, names: tuple[str, ...] = ("avgmax", "knn"), device: str = "cpu", fewer: int = 9) -> list[str]:
        target = own.target if fewer == 9 else own.target.select(own.target.words[:fewer])
        assert list(cluster._blocks(own, own.source, target, names, device)) == []
        return keys[-1]

    base = ask(pair)
    assert len(set(base)) == 5 and ask(again(pair)) == base
    for other in (ask(pair, ("avgmax",)), ask(pair, device="cuda"), ask(pair, fewer=8)):
        assert not set(other) & set(base)
    other_picture(small.path)
    changed = ask(again(pair))
    assert len(changed) == 4 and len(set(changed) & set(base)) == 3, "two words are in one block now"
