"""The pass over all pairs of pictures against float64, from all cosines at once; blocks, halves, devices."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch

from cldi_core.errors import FeatureError, UnknownNameError
from cldi_core.scoring import best_match, best_match_rows
from cldi_core.scoring.best_match import MEASURES, match
from cldi_core.scoring.best_match_rows import PictureRows, products
from cldi_core.scoring.feature_rows import FeatureRows
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import METHODS
from cldi_core.scoring.scores import score, score_all
from cldi_core.scoring.ties import TIE, ranks
from cldi_core.scoring.typicality import typicality

CUDA = torch.cuda.is_available()
NO_CUDA = "there is no CUDA device, so the pass on a graphics card cannot be compared"


def sets_of(arrays: list) -> ImageSets:
    return ImageSets.from_arrays([f"w{row}" for row in range(len(arrays))], arrays)


def relu(seed: int, words: int = 30, dim: int = 96, dtype: type = np.float16) -> tuple[ImageSets, ImageSets]:
    """Two sides like a network's features: not negative, with much in common; word ``i`` means word ``i``."""
    rng = np.random.default_rng(seed)
    common, meaning = rng.gamma(0.5, size=dim), rng.gamma(0.4, size=(words, dim))
    return tuple(
        sets_of(
            [
                (common + 0.3 * word + 2 * rng.gamma(0.3, size=(rng.integers(2, 9), dim))).astype(dtype)
                for word in meaning
            ]
        )
        for _ in range(2)
    )  # type: ignore[return-value]


def shared(seed: int, dtype: type = np.float16) -> tuple[ImageSets, ImageSets]:
    """Few pictures, so that many belong to several words, some twice to one, and some to none; one is zero."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(25, 7)).astype(dtype)
    features[3] = 0
    sides = []
    for count in rng.integers(1, 12, 2):
        members = [rng.integers(0, 25, rng.integers(0 if row else 1, 9)).tolist() for row in range(count)]
        sides.append(ImageSets.from_members([f"w{row}" for row in range(count)], members, features, None))
    return sides[0], sides[1]


def truth(source: ImageSets, target: ImageSets, weights: np.ndarray) -> dict[str, np.ndarray]:
    """All measures and the votes of the words in float64, straight from all cosines; nan without pictures."""

    def unit(sets: ImageSets) -> np.ndarray:
        rows = np.asarray(sets.features, np.float64)
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        return rows / np.where(norms == 0, 1, norms)

    cosines = unit(source) @ unit(target).T
    found = {name: np.full((len(source), len(target)), np.nan) for name in (*MEASURES, "votes")}
    for row in np.flatnonzero(source.sizes):
        own = slice(source.offsets[row], source.offsets[row + 1])
        best = np.full((source.sizes[row], len(target)), -np.inf)
        for column in np.flatnonzero(target.sizes):
            part = cosines[np.ix_(source.members[own], target.rows(target.words[column]))]
            best[:, column] = part.max(axis=1)
            found["forward"][row, column] = part.max(axis=1).mean()
            found["backward"][row, column] = part.max(axis=0).mean()
            found["weighted"][row, column] = weights[own] @ part.max(axis=1)
            found["best"][row, column] = part.max()
        near = best >= best.max(axis=1, keepdims=True) - TIE
        found["votes"][row] = (near / near.sum(axis=1, keepdims=True)).sum(axis=0)
    return found


def check(source: ImageSets, target: ImageSets, device: str = "cpu") -> None:
    """One pass for everything, and one for each measure alone, equal float64."""
    weights = typicality(source)
    expected = truth(source, target, weights)
    voter = np.repeat(np.arange(len(source)), source.sizes)
    voters = {"words": (voter, len(source))}
    known = (source.sizes > 0)[:, None] & (target.sizes > 0)[None, :]
    values, votes = match(source, target, MEASURES, weights=weights, voters=voters, device=device)
    for name in MEASURES:
        np.testing.assert_allclose(values[name][known], expected[name][known], rtol=0, atol=1e-6)
        alone, _ = match(source, target, [name], weights=weights, device=device)
        np.testing.assert_allclose(alone[name][known], expected[name][known], rtol=0, atol=1e-6)
    np.testing.assert_allclose(votes["words"][known], expected["votes"][known], atol=1e-12)


# Blocks of a single row take as long as all others together, so that they are tried on each dtype once.
@pytest.mark.parametrize(("seed", "most"), [(0, 1), (1, 1), (2, 1), *product(range(6), [3, 10, 2048])])
def test_a_pass_equals_float64_in_blocks_of_any_size(seed: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(best_match, "MOST_ROWS", most)
    check(*shared(seed))
    check(*relu(seed, 7, 33, [np.float16, np.float32, np.float64][seed % 3]))


def test_pictures_are_multiplied_once_for_all_words_of_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty words of the same five pictures make one product of five by five."""
    sets = ImageSets.from_members([f"w{row}" for row in range(20)], [range(5)] * 20, np.eye(5, dtype=np.float16), None)
    shapes = []

    def noted(left: torch.Tensor, right: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
        shapes.append((len(left), len(right)))
        return products(left, right, out)

    monkeypatch.setattr(best_match, "products", noted)
    np.testing.assert_allclose(score(sets, sets), 1, atol=1e-6)
    assert shapes == [(5, 5)]


def test_a_huge_set() -> None:
    """10,000 pictures in one word take several blocks on either side."""
    rng = np.random.default_rng(0)
    huge, small = rng.normal(size=(10_000, 6)), [rng.normal(size=(n, 6)) for n in (3, 1, 4)]
    check(sets_of([huge, *small]), sets_of(small))
    check(sets_of(small), sets_of([*small, huge]))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_scores_are_float64s(dtype: type) -> None:
    source, target = relu(7, 15, 300, dtype)
    expected = truth(source, target, typicality(source))
    assert np.abs(score(source, target, "avgmax") - expected["forward"]).max() < 5e-7
    assert np.abs(score(source, target, "maxmax") - expected["best"]).max() < 1e-6


# Rows


@pytest.mark.parametrize("scale", [1, 1e-30, 1e30, 1e-42])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_lengths_of_any_size(dtype: type, scale: float) -> None:
    """Rows whose squares float32 cannot hold become unit rows; zero rows score 0; halves are what they are."""
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(6, 5))
    rows[2] = 0
    rows = (rows * (scale if dtype != np.float16 else 60_000 / np.abs(rows).max())).astype(dtype)
    made = PictureRows(sets_of([rows]))
    units = made.take(np.arange(6)) * made.inverse[:, None]
    exact = rows.astype(np.float64) / np.maximum(np.linalg.norm(rows.astype(np.float64), axis=1), 1e-300)[:, None]
    np.testing.assert_allclose(units, exact, atol=2e-7)
    assert made.stored == (dtype == np.float16 or (dtype == np.float32 and scale == 1))


def test_rows_are_read_from_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """In order or not, in one array or several, by one row at a time or all at once, and from the memory of a card."""
    features = np.random.default_rng(0).normal(size=(20, 9)).astype(np.float16)
    fixed = features.copy()
    fixed.flags.writeable = False
    for stream in (1, 2 << 20):
        monkeypatch.setattr(best_match_rows, "STREAM_BYTES", stream)
        for given in (features, fixed, features[::-1][::-1], FeatureRows([features[:7], features[7:]])):
            made = PictureRows(ImageSets.from_members(["a", "b"], [[4, 19, 2], range(8, 15)], given, None))
            made.resident = made.take(made.used)
            for pictures in ([2, 4, 8, 9, 14, 19], [9, 10, 11], [19, 2, 4]):
                for resident in (made.resident, None):
                    made.resident, kept = resident, made.resident
                    np.testing.assert_array_equal(made.take(np.array(pictures)), features[pictures].astype(np.float32))
                    made.resident = kept


def test_reversed_features_are_read() -> None:
    features = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)[::-1]
    made = PictureRows(ImageSets.from_members(["a"], [[5, 0, 3]], features, None))
    np.testing.assert_array_equal(made.take(np.array([5, 0, 3])), features[[5, 0, 3]])


# Halves, as a graphics card takes them


@pytest.mark.parametrize("seed", range(4))
def test_halves_are_multiplied_as_they_are_stored(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of the card's arithmetic but the product itself, which turns halves into float32 on a processor."""
    kinds = set()

    def noted(left: torch.Tensor, right: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
        kinds.update((left.dtype, right.dtype))
        found = products(left, right, out)
        assert found.dtype == torch.float32
        return found

    monkeypatch.setattr(best_match, "products", noted)
    monkeypatch.setattr(best_match_rows, "HALVES", ("cpu", "cuda"))
    monkeypatch.setattr(best_match._Pass, "_buffer", lambda self, name, rows, columns: None)
    check(*shared(seed))
    check(*relu(seed, 7, 33))
    assert kinds == {torch.float16}
    check(relu(seed, 7, 33)[0], relu(seed, 7, 33, np.float32)[1])  # of two kinds
    assert kinds == {torch.float16, torch.float32}


def test_the_product_of_halves_is_asked_for_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a card halves go into one product with float32 sums; anything else is float32."""
    asked = []
    monkeypatch.setattr(torch, "mm", lambda left, right, **options: asked.append((left.dtype, right.dtype, options)))
    half, full = (torch.empty(2, 3, dtype=kind, device="meta") for kind in (torch.float16, torch.float32))
    for pair in ((half, half), (half, full), (full, full)):
        products(*pair)
    assert asked[0] == (torch.float16, torch.float16, {"out_dtype": torch.float32})
    assert asked[1:] == [(torch.float32, torch.float32, {})] * 2


def test_sums_are_strict_only_meanwhile() -> None:
    unit = torch.backends.cuda.matmul
    names = ("fp32_precision", "allow_fp16_accumulation", "allow_fp16_reduced_precision_reduction")
    before = [getattr(unit, name) for name in names]
    with best_match._strict():
        assert [getattr(unit, name) for name in names] == ["ieee", False, False]
    assert [getattr(unit, name) for name in names] == before


# Devices


class Full:
    """Stands for a device without memory: a pass fails unless its blocks are small enough."""

    def __init__(self, fits: float) -> None:
        self.fits, self.tried, self.original = fits, [], best_match._Pass

    def __call__(self, *args: Any) -> best_match._Pass:
        self.tried.append(args[-1])
        if args[-1] > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self.original(*args)


def test_smaller_blocks_where_memory_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    sides = relu(1)
    expected = score(*sides)
    device = Full(fits=0.25)
    monkeypatch.setattr(best_match, "_Pass", device)
    np.testing.assert_allclose(score(*sides), expected, atol=1e-6)
    assert device.tried == [1.0, 0.5, 0.25]
    monkeypatch.setattr(best_match, "_Pass", Full(fits=0.0))
    with pytest.raises(FeatureError, match=r"memory of 'cpu' is too small for 30 × 30 words .* use device 'cpu'"):
        score(*sides)


def test_progress_is_told() -> None:
    source, target = relu(1)
    told: list[tuple[int, int]] = []
    score_all(source, target, ["avgmax", "knn"], progress=lambda done, count: told.append((done, count)))
    assert told == [(len(source.members),) * 2]


@pytest.mark.skipif(CUDA, reason="there is a CUDA device")
def test_no_graphics_card() -> None:
    with pytest.raises(UnknownNameError, match="No CUDA device was found"):
        score(*relu(1), device="cuda")


@pytest.mark.skipif(not CUDA, reason=NO_CUDA)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_pass_on_a_graphics_card_equals_float64(dtype: type) -> None:
    for seed in range(3):
        check(*relu(seed, 40, 500, dtype), "cuda")
        check(*shared(seed, dtype), "cuda")


@pytest.mark.skipif(not CUDA, reason=NO_CUDA)
@pytest.mark.parametrize("share", [1.0, 0.0])
def test_graphics_card_equals_processor(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the features in the card's memory, and copied there block by block."""
    monkeypatch.setattr(best_match_rows, "RESIDENT_SHARE", share * best_match_rows.RESIDENT_SHARE)
    sides = relu(1, 60, 512)
    for name in METHODS:
        cpu, found = score(*sides, name), score(*sides, name, "cuda")
        np.testing.assert_allclose(found, cpu, atol=2e-5 if METHODS[name].bases or name == "sinkhorn" else 1e-6)
        if METHODS[name].measures:
            np.testing.assert_allclose(ranks(found), ranks(cpu), atol=1)


def test_lengths_are_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all rows, for whatever words are chosen of them; scores are the same to the last bit."""
    rng = np.random.default_rng(3)
    features = rng.normal(size=(9, 5)).astype(np.float16)
    sets = ImageSets.from_members(["a", "b"], [[0, 1, 2, 3], [4, 5, 6, 7, 8]], features, None)
    fresh = ImageSets.from_members(["a", "b"], [[0, 1, 2, 3], [4, 5, 6, 7, 8]], features, None)
    small = PictureRows(sets.select(["a"]))
    assert sets.measured == {} and small.stored, "a part is not all"
    whole = PictureRows(sets)
    read: list[int] = []
    plain = PictureRows._read
    monkeypatch.setattr(PictureRows, "_read", lambda self, rows: (read.append(len(rows)), plain(self, rows))[1])
    for chosen in (sets, sets.select(["b"]), sets.with_rows("a", np.array([2]))):
        again = PictureRows(chosen)
        assert read == [] and again.stored
        np.testing.assert_array_equal(again.inverse[again.used], whole.inverse[again.used])
    np.testing.assert_array_equal(
        score(sets.select(["b"]), sets, "avgmax"), score(fresh.select(["b"]), fresh, "avgmax")
    )


def test_lengths_that_are_not_safe_are_not_kept() -> None:
    features = np.array([[1e20, 0.0], [1.0, 1.0]], np.float32)
    sets = ImageSets.from_members(["a", "b"], [[0], [1]], features, None)
    assert not PictureRows(sets).stored and sets.measured == {}
    assert PictureRows(sets.select(["b"])).stored, "as if the other was not there"
