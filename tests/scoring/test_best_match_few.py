"""A few source pictures are compared without torch, and every number is that of the pass over all to the last bit."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from cldi_core.scoring import best_match, best_match_few
from cldi_core.scoring.imagesets import ImageSets

RNG = np.random.default_rng(0)
SIZES = ([3, 0, 1, 5], [2, 7, 0, 1, 4, 1])
DIM = 24


def sides(rows: np.ndarray) -> tuple[ImageSets, ImageSets]:
    """Ragged sets over shared pictures, some of them of several words."""
    made = []
    for sizes in SIZES:
        members = [RNG.choice(len(rows), size, replace=False).tolist() for size in sizes]
        made.append(ImageSets.from_members([str(one) for one in range(len(sizes))], members, rows, None))
    return made[0], made[1]


ROWS = np.maximum(RNG.standard_normal((30, DIM)), -0.4)
CASES = {
    "as they are stored": ROWS.astype(np.float16),
    "all negative": -np.abs(ROWS).astype(np.float32),
    "with zero rows": (ROWS * (np.arange(30) % 4 > 0)[:, None]).astype(np.float32),
    "huge and tiny": (ROWS * np.logspace(-19, 19, 30)[:, None]).astype(np.float32),
    "double": ROWS * 1e200,
    "ties": np.repeat(ROWS[:10], 3, axis=0).astype(np.float16),
}


@pytest.mark.parametrize("block", [1, 3, 2048])
@pytest.mark.parametrize("rows", CASES.values(), ids=CASES)
def test_every_number_is_that_of_the_pass(rows: np.ndarray, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(best_match_few, "BLOCK", block)
    source, target = sides(rows)
    given = {
        "weights": RNG.random(len(source.members)),
        "voters": {"word": (np.repeat(np.arange(len(source)), source.sizes), len(source))},
    }
    expected, votes = best_match.match(source, target, best_match.MEASURES, **given)
    found, cast = best_match_few.match(source, target, best_match.MEASURES, **given)
    known = np.ix_(source.sizes > 0, target.sizes > 0)
    for name in best_match.MEASURES:
        np.testing.assert_array_equal(found[name][known], expected[name][known])
    np.testing.assert_allclose(cast["word"], votes["word"], rtol=1e-12)


def test_one_word_is_scored_without_torch() -> None:
    code = """if 1:
        import sys, numpy as np, cldi_core as cldi
        sets = cldi.ImageSets.from_arrays(["a", "b"], list(np.eye(4, dtype=np.float16)[:, None, :])[:2])
        print(cldi.score(sets, sets, "knn").argmax(axis=1).tolist(), "torch" in sys.modules)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "[0, 1] False"


def test_the_rows_of_the_last_sides_are_kept_widened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(best_match_few, "_wide", best_match_few.deque())
    source, _ = sides(CASES["as they are stored"])
    rows = CASES["as they are stored"]
    targets = [ImageSets.from_members(["a", "b"], [[*range(20)], [*range(10, 30)]], rows, None) for _ in range(3)]
    expected, _ = best_match.match(source, targets[0], ["forward", "backward"])
    pictured = source.sizes > 0
    for target in (*targets, targets[0]):  # the first has to be made again
        found, _ = best_match_few.match(source, target, ["forward", "backward"])
        for name in expected:
            np.testing.assert_array_equal(found[name][pictured], expected[name][pictured])
    assert ["wide" in target.measured for target in targets] == [True, False, True], "of two sides"
    some = targets[2].select(["b"])
    exact = best_match.match(source, some, ["forward"])[0]["forward"]
    found = best_match_few.match(source, some, ["forward"])[0]
    np.testing.assert_array_equal(found["forward"][pictured], exact[pictured])


def test_the_rows_of_a_large_side_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(best_match_few, "WIDE", 4 * 30 * DIM - 1)
    source, _ = sides(CASES["as they are stored"])
    target = ImageSets.from_members(["a"], [[*range(30)]], CASES["as they are stored"], None)
    best_match_few.match(source, target, ["forward"])
    assert "wide" not in target.measured and "lengths" in target.measured
