"""Every method against its literal definition, on ordinary and on awkward image sets."""

from __future__ import annotations

import numpy as np
import pytest

from cldi_core.errors import FeatureError, UnknownNameError
from cldi_core.scoring import best_match, hardware, knn
from cldi_core.scoring.imagesets import ImageSets, unit_rows
from cldi_core.scoring.knn import STEP
from cldi_core.scoring.methods import METHODS, Options
from cldi_core.scoring.scores import score, score_all
from cldi_core.scoring.ties import ranks
from tests import oracles, oracles_extra

RNG = np.random.default_rng(1)
PAIRWISE = oracles.PAIRWISE | oracles_extra.PAIRWISE
COSINES = list(PAIRWISE)
COMPOSED = [name for name, method in METHODS.items() if method.bases]


def pictures(*sizes: int, dim: int = 5) -> list[np.ndarray]:
    return [RNG.normal(size=(n, dim)).astype(np.float32) for n in sizes]


def cast(arrays: list[np.ndarray], dtype: type) -> list[np.ndarray]:
    return [array.astype(dtype) for array in arrays]


def scaled(arrays: list[np.ndarray], scale: float) -> list[np.ndarray]:
    return [array.astype(np.float64) * scale for array in arrays]


def strided(arrays: list[np.ndarray]) -> list[np.ndarray]:
    return [np.repeat(np.repeat(array, 2, axis=0), 3, axis=1)[::2, ::3] for array in arrays]


def read_only(arrays: list[np.ndarray]) -> list[np.ndarray]:
    copies = [array.copy() for array in arrays]
    for array in copies:
        array.flags.writeable = False
    return copies


S, T = pictures(1, 4, 7, 2), pictures(3, 1, 6, 2, 5)
ZERO, EMPTY = np.zeros((1, 5), np.float32), np.zeros((0, 5), np.float32)
CORNER = [np.abs(array) + 0.1 for array in S]  # all in one orthant: every cosine with its mirror image is below 0
SAME = np.ones((1, 5), np.float32)
FEW = np.eye(5, dtype=np.float32)[:3]  # three pictures only, so that everything ties

CASES: dict[str, tuple[list, list]] = {
    "ragged": (S, T),
    "one picture each": (pictures(1, 1, 1), pictures(1, 1)),
    "empty sets": ([EMPTY, *S, EMPTY], [T[0], EMPTY, *T[1:], EMPTY]),
    "empty source": ([EMPTY, EMPTY], T),
    "empty target": (S, [[], []]),
    "all empty": ([[], []], [[]]),
    "all negative": (CORNER, [-array for array in CORNER]),
    "all negative and empty": ([*CORNER, EMPTY], [EMPTY, *(-array for array in CORNER)]),
    "zero vectors": ([ZERO, np.vstack([ZERO, S[1]]), S[2]], [ZERO, np.vstack([T[0], ZERO]), -np.abs(T[2])]),
    "only zero vectors": ([ZERO, np.vstack([ZERO, ZERO])], [ZERO, ZERO]),
    "duplicated pictures": ([np.repeat(S[1], 3, axis=0), S[2]], [np.repeat(T[0], 2, axis=0), T[2], T[0][:1]]),
    "pictures of several words": ([S[1], S[2]], [S[1][:2], S[1], np.vstack([S[1][1:3], S[2][:1]]), T[2]]),
    "ties": ([FEW[[0, 1]], FEW[[0, 0, 1, 2]], FEW[[2]]], [FEW[[0, 2]], FEW[[1]], FEW[[1, 2]], FEW[[0]], FEW[[0]]]),
    "one dimension": (pictures(1, 3, 2, dim=1), pictures(2, 1, 4, dim=1)),
    "all equal": ([SAME, np.repeat(SAME, 4, axis=0)], [SAME * 3, np.repeat(SAME, 2, axis=0), SAME]),
    "float16": (cast(pictures(1, 4, 3, dim=40), np.float16), cast(pictures(2, 5, dim=40), np.float16)),
    "float64": (cast(S, np.float64), cast(T, np.float64)),
    "mixed types": ([S[0], *cast(S[1:], np.float64)], [*cast(T[:2], np.float64), *T[2:]]),
    "non-contiguous": (strided(S), strided(T)),
    "column order": ([np.asfortranarray(array) for array in S], [np.asfortranarray(array) for array in T]),
    "read-only": (read_only(S), read_only(T)),
    "huge": (scaled(S, 1e300), scaled(T, 1e300)),
    "tiny": (scaled(S, 1e-300), scaled(T, 1e-300)),
    "huge and tiny": (scaled(S, 1e30), scaled(T, 1e-30)),
    "one word each": ([S[2]], [T[2]]),
}


def sets_of(arrays: list) -> ImageSets:
    return ImageSets.from_arrays([f"w{row}" for row in range(len(arrays))], arrays)


def check(method: str, found: np.ndarray, source: list, target: list) -> None:
    """Compare scores with the oracle; ``knn-c`` uses the same k-means labels as the code."""
    assert found.dtype == np.float32
    assert found.shape == (len(source), len(target))
    if method in COSINES:
        expected = oracles.table(PAIRWISE[method], source, target)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 if method.startswith("sinkhorn") else 1e-6)
        return
    if method in COMPOSED:  # from the scores of its bases, which are checked by themselves
        given = [score(sets_of(source), sets_of(target), base).tolist() for base in METHODS[method].bases]
        np.testing.assert_allclose(found, oracles_extra.COMPOSED[method.rpartition("+")[2]](given), rtol=0, atol=1e-5)
        return
    if method == "knn-c" and any(len(array) for array in target):
        labels = [knn.labels(unit_rows(array), 3, 0).tolist() if len(array) else [] for array in source]
        source = [oracles.united_cluster(array, own, target) for array, own in zip(source, labels, strict=True)]
    expected = oracles.knn(source, target)
    np.testing.assert_allclose(found, expected, rtol=0, atol=STEP * len(target))
    tie_break = oracles.table(oracles.mean_cosine, source, target)
    for row in np.flatnonzero(~np.isnan(expected).all(axis=1)):
        assert int(np.nanargmax(found[row])) in oracles.answers(expected[row], tie_break[row])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("source", "target"), CASES.values(), ids=CASES)
def test_method_equals_its_definition(method: str, source: list, target: list) -> None:
    check(method, score(sets_of(source), sets_of(target), method), source, target)


def test_all_negative_case_is_all_negative() -> None:
    assert (score(sets_of(CASES["all negative"][0]), sets_of(CASES["all negative"][1]), "maxmax") < 0).all()


@pytest.mark.parametrize("block", [1, 2, 3, 7, 12, 1000])
@pytest.mark.parametrize("method", METHODS)
def test_blocks_do_not_change_scores(method: str, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = [EMPTY, S[2], S[1], ZERO], [T[2], EMPTY, np.repeat(T[0], 2, axis=0), T[4], T[0]]
    monkeypatch.setattr(best_match, "MOST_ROWS", block)
    check(method, score(sets_of(source), sets_of(target), method), source, target)


@pytest.mark.parametrize("block", [1, 3, 1000])
@pytest.mark.parametrize("method", METHODS)
def test_shared_pictures_equal_copied_ones(method: str, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures stored once, in any order, some twice in a word and some in none, equal one array per word."""
    monkeypatch.setattr(best_match, "MOST_ROWS", block)
    features = pictures(9)[0]
    features[8] = features[0] * 2  # in no target word, though it would be the nearest
    own, other = [[0, 3, 1], [3], [], [7, 0, 5, 6, 2]], [[5, 1], [1, 7, 1], [4, 3, 2, 5], [], [7]]
    source = ImageSets.from_members(list("abcd"), own, features, None)
    target = ImageSets.from_members(list("vwxyz"), other, features, None)
    check(method, score(source, target, method), [features[rows] for rows in own], [features[rows] for rows in other])


@pytest.mark.parametrize("method", COSINES)
@pytest.mark.parametrize("dim", [3, 64, 512])
def test_cosines_stay_in_their_range(method: str, dim: int) -> None:
    sets = sets_of([array.astype(np.float32) for array in pictures(1, 4, 6, 3, 9, dim=dim)])
    found = score(sets, sets, method)
    # An entropic plan also moves a little to pictures that are only alike.
    np.testing.assert_allclose(np.diag(found), 1, atol=0.02 if method.startswith("sinkhorn") else 1e-6)
    assert np.abs(found).max() <= 1


@pytest.mark.parametrize("block", [7, 1024])
@pytest.mark.parametrize("dim", [3, 64, 1024])
@pytest.mark.parametrize("method", METHODS)
def test_words_with_the_same_pictures_share_a_rank(
    method: str, dim: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever they stand: ties cost the mean rank of their block, which rounding must not take apart."""
    monkeypatch.setattr(best_match, "MOST_ROWS", block)
    rng = np.random.default_rng(dim)
    once = [rng.random((n, dim)).astype(np.float32) for n in rng.integers(1, 9, 21)]
    odd = np.ones((1, dim), np.float32)
    found = ranks(score(sets_of(once[:5]), sets_of([*once, odd, *once[::-1]]), method))
    np.testing.assert_array_equal(found[:, :21], found[:, :21:-1])


def test_maxmax_is_symmetric_and_avgmax_is_not() -> None:
    source, target = sets_of(S), sets_of(T)
    np.testing.assert_allclose(score(source, target, "maxmax"), score(target, source, "maxmax").T, atol=1e-6)
    assert np.abs(score(source, target, "avgmax") - score(target, source, "avgmax").T).max() > 0.01


def test_score_all_equals_single_methods_and_keeps_their_order() -> None:
    source, target = sets_of(S), sets_of(T)
    names = list(METHODS)[::-1]
    found = score_all(source, target, names)
    assert list(found) == names
    for name in names:
        np.testing.assert_array_equal(found[name], score(source, target, name))


def test_knn_votes() -> None:
    """Two pictures vote for w0, one for w1, and one for a picture that w0, w1 and w2 own."""
    x, y, both, far = np.eye(4, dtype=np.float32)
    target = sets_of([[x, both], [y, both], [both, both], [far], []])
    found = score(sets_of([[x, x, y, both]]), target, "knn")[0]
    np.testing.assert_allclose(found, [7 / 12, 4 / 12, 1 / 12, 0, np.nan], atol=STEP)


def test_knn_tie_goes_to_the_higher_mean_cosine() -> None:
    x, y, z, _ = np.eye(4, dtype=np.float32)
    near, nearer, far = x + 0.2 * y, x + 0.4 * y, y - z
    found = score(sets_of([[x, y]]), sets_of([[x, far], [y, nearer], [y, near], [z]]), "knn")[0]
    # The votes are x → w0 and y → w1, w2; with two votes each of w1 and w2 would be behind w0.
    assert np.argsort(-found).tolist() == [0, 1, 2, 3]
    tied = score(sets_of([[x, y]]), sets_of([[x, z], [y, near]]), "knn")[0]
    np.testing.assert_allclose(tied, [0.5, 0.5 + STEP], atol=1e-7)


@pytest.mark.parametrize("seed", range(20))
def test_knn_argmax_is_the_answer_on_random_ties(seed: int) -> None:
    """Few distinct pictures and small sets: most votes tie."""
    rng = np.random.default_rng(seed)
    pool = rng.integers(-1, 2, size=(6, 3)).astype(np.float32)
    source = [pool[rng.integers(0, 6, n)] for n in rng.integers(1, 6, 5)]
    target = [pool[rng.integers(0, 6, n)] for n in rng.integers(1, 4, 7)]
    check("knn", score(sets_of(source), sets_of(target), "knn"), source, target)


BAD_CHOICES = {
    "method": ({"method": "avg"}, ["unknown method 'avg'", *METHODS]),
    "device": ({"device": "tpu"}, ["unknown device 'tpu'", *hardware.DEVICES]),
    "reading": ({"method": "knn-c", "reading": "votse"}, ["reading of knn-c 'votse'", *knn.READINGS]),
}


@pytest.mark.parametrize(("options", "told"), BAD_CHOICES.values(), ids=BAD_CHOICES)
def test_unknown_names_list_the_choices(options: dict, told: list[str]) -> None:
    with pytest.raises(UnknownNameError) as error:
        score(sets_of(S), sets_of(T), **options)
    assert [part for part in [*told, "choose from"] if part not in str(error.value)] == []


def test_precision_does_nothing_but_warn(recwarn: pytest.WarningsRecorder) -> None:
    source, target = sets_of(S), sets_of(T)
    expected = score(source, target)
    assert not [warning for warning in recwarn if warning.category is DeprecationWarning]
    with pytest.warns(DeprecationWarning, match="precision does nothing.*leave it out") as told:
        np.testing.assert_array_equal(score(source, target, precision="fast"), expected)
    assert told[0].filename == __file__


@pytest.mark.parametrize("method", METHODS)
def test_different_dimensions_are_refused(method: str) -> None:
    with pytest.raises(FeatureError) as error:
        score(sets_of(pictures(2, dim=3)), sets_of(pictures(2, dim=7)), method)
    told = ["source features have 3", "target features 7", "same backbone"]
    assert [part for part in told if part not in str(error.value)] == []


def test_every_method_says_what_it_does() -> None:
    for name, method in METHODS.items():
        assert method.name == name
        assert method.label
        assert method.formula
        assert method.about.endswith(".")
        assert method.source
        ways = [method.measures, method.votes, method.compute, method.combine]
        assert sum(bool(way) for way in ways) == 1
        assert bool(method.bases) == bool(method.combine)


@pytest.mark.parametrize("reading", knn.READINGS)
def test_a_reading_concerns_knn_c_alone(reading: str) -> None:
    """Asked for together with others, or where it is not asked for at all."""
    source, target, options = sets_of(S), sets_of(T), Options(k=2, seed=3, reading=reading)
    others = [name for name in METHODS if name != "knn-c"]
    expected = {name: score(source, target, name) for name in others}
    for names in (others, [*METHODS]):
        found = score_all(source, target, names, options=options)
        for name in others:
            np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
    own = score(source, target, "knn-c", k=2, seed=3, reading=reading)
    np.testing.assert_array_equal(found["knn-c"], own)
    if reading != "votes":
        np.testing.assert_array_equal(own, score(*knn.replaced(source, target, options), "knn"))


@pytest.mark.parametrize(
    ("names", "measures"),
    [(["avgmax"], {"forward"}), (["maxmax", "avgmax+csls"], {"best", "forward"}), (["knn"], set()),
     (["avgmax-sym"], {"forward", "backward"}), (["cnn-mean", "sinkhorn"], None)],
)  # fmt: skip
def test_the_pass_is_asked_for_what_is_needed_and_for_nothing_else(
    names: list[str], measures: set[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[set[str]] = []
    original = best_match.match

    def spy(source: ImageSets, target: ImageSets, own: list[str], **named: object) -> object:
        asked.append(set(own))
        return original(source, target, own, **named)

    monkeypatch.setattr(best_match, "match", spy)
    score_all(sets_of(S), sets_of(T), names)
    assert asked == ([] if measures is None else [measures])
