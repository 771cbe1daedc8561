"""Learning curves: draws that are nested and depend on nothing else, each size against scoring its pictures anew."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from cldi_core import score
from cldi_core.data.dataset import Dataset
from cldi_core.errors import UnknownNameError
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.insight import learning
from cldi_core.scoring.imagesets import ImageSets
from tests import oracles
from tests.conftest import BACKBONE

METHODS = ("avgmax", "knn", "cnn-mean", "avgmax+csls")


@pytest.fixture
def pair(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> Pair:
    monkeypatch.setattr(learning, "SIZES", (1, 2, 5))
    return open_pair(small, BACKBONE, "en-de")


def sets_of(sizes: dict[str, int]) -> ImageSets:
    rng = np.random.default_rng(0)
    return ImageSets.from_arrays(list(sizes), [rng.normal(size=(n, 4)) for n in sizes.values()])


def test_draws_are_nested_and_depend_on_seed_language_word_and_number_alone() -> None:
    sets = sets_of({"a": 30, "b": 30, "none": 0, "one": 1, "c": 4})
    chosen = {size: learning.drawn(sets, "en", size, 0) for size in (1, 2, 5, 10, 20)}
    for size, less in chosen.items():
        assert less.sizes.tolist() == [min(size, n) for n in sets.sizes]
        for word in sets.words:
            assert len(set(less.rows(word).tolist())) == min(size, len(sets.rows(word)))
            assert set(less.rows(word)) <= set(sets.rows(word))
            for larger in (10, 20):
                if larger > size:
                    assert set(less.rows(word)) <= set(chosen[larger].rows(word))
    backwards = learning.drawn(sets.select(["c", "b"]), "en", 5, 0)
    assert backwards.rows("b").tolist() == chosen[5].rows("b").tolist()
    first = set(chosen[5].rows("a") - sets.rows("a")[0])
    assert first != set(chosen[5].rows("b") - sets.rows("b")[0]), "words differ"
    for other in (("en", 5, 1, 0), ("de", 5, 0, 0), ("en", 5, 0, 1)):
        assert set(learning.drawn(sets, *other).rows("a") - sets.rows("a")[0]) != first
    assert learning.drawn(sets, "en", learning.ALL, 3) is sets
    counts = np.zeros(30)
    for draw in range(300):
        counts[learning.drawn(sets, "en", 10, draw).rows("a") - sets.rows("a")[0]] += 1
    assert counts.min() > 65 and counts.max() < 140, "each picture is as likely, 100 of 300"


def from_scratch(pair: Pair, method: str, size: int, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean of 1/rank and of hits: each draw's pictures as sets of their own, scored by the library, ranked slowly."""
    found = []
    for draw in range(draws):
        sides = []
        for sets, language in ((pair.source, "en"), (pair.target, "de")):
            less = learning.drawn(sets, language, size, draw, seed)
            arrays = [np.asarray(sets.features[less.rows(word)], np.float32) for word in sets.words]
            sides.append(ImageSets.from_arrays(sets.words, arrays))
        scores = score(*sides, method)
        ranks = np.array(oracles.gold_ranks([scores[row].tolist() for row in pair.rows], pair.gold))
        found.append((1 / ranks, np.where(np.isnan(ranks), math.nan, ranks <= 1)))
    return tuple(np.mean(values, axis=0) for values in zip(*found, strict=True))  # type: ignore[return-value]


def test_every_size_is_that_of_scoring_its_pictures_from_scratch(pair: Pair) -> None:
    assert learning.sizes_of(pair) == (1, 2, 0), "no word has more than five pictures"
    told: list[tuple[int, int]] = []
    found = learning.keep_curve(pair, METHODS, draws=3, seed=4, progress=lambda *how: told.append(how))
    assert list(found.columns) == list(learning.COLUMNS) and len(found) == 4 * 3 * len(pair.queries)
    for method in METHODS:
        for size, draws in ((1, 3), (2, 3), (0, 1)):
            own = found[(found["method"] == method) & (found["size"] == size)]
            mrr, p1 = from_scratch(pair, method, size, draws, 4)
            assert own["query"].tolist() == [query.id for query in pair.queries]
            assert own["mrr"].to_numpy() == pytest.approx(mrr, abs=1e-6, nan_ok=True)
            assert own["p1"].to_numpy() == pytest.approx(p1, abs=1e-6, nan_ok=True)
            assert set(own["draws"]) == {draws}
    assert found.loc[found["query"] == "ghost.N", "mrr"].isna().all()
    done, totals = zip(*told, strict=True)
    assert list(done) == sorted(done) and set(totals) == {done[-1]}
    assert learning.kept_whole(pair) == {1: (1, 2), 2: (5, 8), 0: (6, 8)}


def test_a_curve_that_was_ended_goes_on_and_counts_once_it_is_whole(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = learning.keep_curve(pair, ["avgmax"], draws=2)
    learning.path_of(pair, "avgmax").unlink()
    sizes: list[int] = []
    real = learning.curve

    def killed(asked: Pair, names: list[str], size: int, **how: object) -> pd.DataFrame:
        if size == 2 and not sizes.count(2):
            sizes.append(size)
            raise KeyboardInterrupt
        sizes.append(size)
        return real(asked, names, size, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(learning, "curve", killed)
    with pytest.raises(KeyboardInterrupt):
        learning.keep_curve(pair, ["avgmax"], draws=2)
    assert learning.stored_curve(pair) is None, "half a curve is none"
    again = learning.keep_curve(pair, ["avgmax"], draws=2)
    assert sizes == [1, 2, 2, 0], "what was finished was not done again"
    pd.testing.assert_frame_equal(again, whole)
    pd.testing.assert_frame_equal(learning.stored_curve(pair), whole)  # type: ignore[arg-type]
    assert len(learning.keep_curve(pair, ["avgmax"], draws=2)) and len(sizes) == 4
    learning.keep_curve(pair, ["avgmax", "maxmax"], draws=2, seed=1)
    stored = learning.stored_curve(pair)
    assert stored is not None and stored.attrs["seeds"] == {"avgmax": 1, "maxmax": 1}
    assert list(dict.fromkeys(stored["method"])) == ["avgmax", "maxmax"]


def test_nothing_stale_or_damaged_is_used(pair: Pair) -> None:
    learning.keep_curve(pair, ["avgmax"], draws=1)
    path = learning.path_of(pair, "avgmax")
    kept = path.read_bytes()
    (path.parent / "no-method.parquet").write_bytes(kept)
    stored = learning.stored_curve(pair)
    assert stored is not None and set(stored["method"]) == {"avgmax"}
    lacking = pair.without({"big": pair.source.word_ids("big")[:1]}, {})
    assert learning.sizes_of(lacking) == learning.sizes_of(pair) and learning.stored_curve(lacking) is None
    frame = pd.read_parquet(path)
    frame.loc[0, "mrr"] = 0.5
    frame.to_parquet(path, index=False)
    assert learning.stored_curve(pair) is None
    path.write_bytes(kept[: len(kept) // 2])
    assert learning.stored_curve(pair) is None
    with pytest.raises(UnknownNameError):
        learning.keep_curve(pair, ["identity"])
    assert sorted(file.name for file in path.parent.iterdir()) == ["avgmax.parquet", "no-method.parquet"]


def simulated(nouns: tuple[float, ...], verbs: tuple[float, ...]) -> pd.DataFrame:
    """A curve of 30 nouns and 30 verbs: the mean MRR at each of the sizes 1, 10 and all, with a little spread."""
    spread = np.linspace(-0.05, 0.05, 30)
    rows = [
        {"method": "avgmax", "size": size, "query": f"{pos}{n}", "word": f"{pos}{n}", "pos": pos, "draws": 8,
         "mrr": mean + spread[n], "p1": mean + spread[n] / 2}
        for pos, means in (("N", nouns), ("V", verbs))
        for size, mean in zip((1, 10, 0), means, strict=True)
        for n in range(30)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_figures_by_size_and_part_of_speech() -> None:
    curve = simulated((0.2, 0.5, 0.7), (0.1, 0.2, 0.2))
    points = {(one.setting, one.size): one for one in learning.points(curve, "avgmax")}
    assert [size for setting, size in points if setting == "NN"] == [1, 10, 0], "all of them stand last"
    assert points["NN", 10].mrr.value == pytest.approx(0.5) and points["ALL", 0].p1.value == pytest.approx(0.45)
    assert points["VB", 1].mrr.low < 0.1 < points["VB", 1].mrr.high and points["VB", 1].mrr.n == 30
    assert not any(setting == "ADJ" for setting, _ in points)
    gaps = learning.gaps(curve, "avgmax")
    assert [gap.value for gap in gaps.values()] == pytest.approx([0.1, 0.3, 0.5]) and gaps[0].low > 0.4
    assert learning.growth(curve, "avgmax", "N", (10, 0)).value == pytest.approx(0.2)
    assert learning.growth(curve, "avgmax", "V", (10, 0)).side() == 0
