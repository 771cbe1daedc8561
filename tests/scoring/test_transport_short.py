"""Optimal transport on a short list: what is listed has its own score, and the others stay below in their order."""

from __future__ import annotations

import numpy as np
import pytest

from cldi_core.errors import FeatureError
from cldi_core.scoring import methods, transport_plans, transport_sets, transport_short
from cldi_core.scoring.attribution import BELOW, attribution
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.scores import score, score_all
from cldi_core.scoring.ties import TIE, ranks
from cldi_core.scoring.transport import settle
from cldi_core.scoring.transport_short import below, listed, settle_short

RNG = np.random.default_rng(0)
SIZES = (4, 1, 7, 0, 2, 5, 12, 3, 3, 9)
NAME, BASE = "sinkhorn-short", "avgmax-sym"


def sets_of(sizes: tuple[int, ...]) -> ImageSets:
    arrays = [(RNG.normal(size=(size, 8)) + 0.5).astype(np.float16) for size in sizes]
    return ImageSets.from_arrays([f"w{row}" for row in range(len(sizes))], arrays)


SOURCE, TARGET = sets_of((3, 0, 6, 1)), sets_of(SIZES)
FOUND = score_all(SOURCE, TARGET, [BASE, "sinkhorn"])


@pytest.mark.parametrize("k", [1, 3, 9, 50])
def test_listed_candidates_have_their_transport_scores_and_the_others_are_below_in_the_order_of_the_base(
    k: int,
) -> None:
    base, whole = FOUND[BASE], FOUND["sinkhorn"]
    short = settle_short(SOURCE, TARGET, base, k=k).scores
    assert (np.isnan(short) == np.isnan(whole)).all() and np.isnan(short[1]).all()
    for row in (0, 2, 3):
        order = np.argsort(-np.where(np.isnan(base[row]), -np.inf, base[row]))[:9]  # one has no pictures
        best, others = order[:k], order[k:]
        assert (short[row, best] == whole[row, best]).all(), "to the last bit"
        if len(others):
            assert short[row, others].max() < short[row, best].min() - TIE, "no tie with the list"
            steps = np.diff(base[row, others])
            np.testing.assert_allclose(np.diff(short[row, others]), steps, atol=1e-6)
            expected = short[row, best].min() - (base[row, best].min() - base[row, others]) - TIE
            np.testing.assert_allclose(short[row, others], expected, atol=1e-6)


def test_what_ties_with_the_last_place_of_the_list_is_on_it() -> None:
    base = np.array([[0.5, 0.5 + 5e-7, 0.9, 0.1, np.nan], [np.nan] * 5], np.float32)
    assert listed(base, 2).tolist() == [[True, True, True, False, False], [False] * 5]
    assert listed(base, 9).tolist() == [[True, True, True, True, False], [False] * 5]
    scores = below(base, listed(base, 2), np.where(np.isnan(base), np.nan, np.float32(0.3)))
    assert ranks(scores)[0, :4].tolist() == [2, 2, 2, 4] and np.isnan(scores[1]).all()


def test_what_hardly_misses_the_list_is_no_tie_with_it() -> None:
    """One that ties with the last place is listed, and so another may be within a tie of that one."""
    base = np.array([[0.5, 0.5 - 0.9e-6, 0.5 - 1.5e-6]], np.float32)
    on_list = listed(base, 1)
    assert on_list.tolist() == [[True, True, False]]
    assert ranks(below(base, on_list, np.full_like(base, 0.3))).tolist() == [[1.5, 1.5, 3]]


def test_words_with_the_same_pictures_tie_on_the_list_and_below_it() -> None:
    target = ImageSets.from_arrays([f"w{row}" for row in range(20)], [TARGET[word] for word in TARGET.words] * 2)
    short = settle_short(SOURCE, target, score(SOURCE, target, BASE), k=5).scores
    assert np.array_equal(short[:, :10], short[:, 10:], equal_nan=True)


def test_memory_limits_do_not_change_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = settle_short(SOURCE, TARGET, FOUND[BASE], k=4).scores
    for name, value in {"BATCH": {"cpu": 20}, "SHELF": 40, "PAIR": 8 * 20, "CHUNK": 2}.items():
        monkeypatch.setattr(transport_short, name, value)
    monkeypatch.setattr(transport_plans, "PAIR", 8 * 20)
    monkeypatch.setattr(transport_sets, "SHELF", 40)
    np.testing.assert_allclose(settle_short(SOURCE, TARGET, FOUND[BASE], k=4).scores, expected, atol=1e-6)


def test_a_word_alone_scores_as_it_does_beside_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(methods.SHORT, "k", 3)
    errors: dict[str, float] = {}
    whole = score_all(SOURCE, TARGET, [NAME, "avgmax"], errors=errors)
    assert 0 < errors[NAME] < 1e-6 and list(whole) == [NAME, "avgmax"]
    assert np.array_equal(score(SOURCE.select(["w2"]), TARGET, NAME)[0], whole[NAME][2], equal_nan=True)
    assert np.array_equal(whole[NAME], settle_short(SOURCE, TARGET, FOUND[BASE], k=3).scores, equal_nan=True)


def test_a_score_below_the_list_is_taken_apart_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(methods.SHORT, "k", 3)
    scores, on_list = score(SOURCE, TARGET, NAME)[0], listed(FOUND[BASE][:1], 3)[0]
    for column in (0, 2, 4, 6, 9):
        made = attribution(SOURCE, TARGET, "w0", TARGET.words[column], NAME, {})
        assert made.score == scores[column]
        assert made.shares.sum() + made.correction == pytest.approx(made.score, abs=1e-6)
        assert [name for name, _ in made.parts] == ([] if on_list[column] else [BELOW])


@pytest.mark.parametrize(
    ("given", "why"), [({"k": 0}, "k is 0"), ({"k": 1.5}, "k is 1.5"), ({"epsilon": 0}, "epsilon")]
)
def test_what_makes_no_list_is_refused(given: dict, why: str) -> None:
    with pytest.raises(FeatureError, match=why):
        settle_short(SOURCE, TARGET, FOUND[BASE], **given)


def test_a_base_of_other_words_is_refused() -> None:
    with pytest.raises(FeatureError, match=r"\(4, 9\); expected \(4, 10\)"):
        settle_short(SOURCE, TARGET, FOUND[BASE][:, 1:])


def test_what_is_solved_is_the_list_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    solved: list[int] = []
    really = transport_short.solved

    def count(place: tuple, *given: object) -> transport_plans.Solved:
        solved.append(len(place[0]))
        return really(place, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(transport_short, "solved", count)
    settle_short(SOURCE, TARGET, FOUND[BASE], k=2)
    assert sum(solved) == 3 * 2
    assert settle(SOURCE, TARGET).error < 1e-6
