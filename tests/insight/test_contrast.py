"""Two candidates side by side: checked against sums and comparisons written out here."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from cldi_core.insight.contrast import RIGHT, RIVAL, behind, contrasts, difference, steps, tied_first
from cldi_core.insight.explanation import Candidate
from cldi_core.insight.story import Attributed, Share
from tests.insight.test_explanation import MILK, case

IDS = ("a", "b", "c", "d")


def apart(word: str, cosines: tuple[float, ...], ids: tuple[str, ...] = IDS, **parts: float) -> Attributed:
    """A score whose shares are a quarter of the cosines, and its corrections."""
    shares = tuple(Share(key, f"{word}-{key}", one, one / 4) for key, one in zip(ids, cosines, strict=True))
    named = tuple(parts.items())
    score = sum(one.share for one in shares) + sum(parts.values())
    return Attributed(word, score, shares, named)


def test_pictures_are_sorted_by_what_they_do_for_the_rival() -> None:
    rival, right = apart("r", (0.1, 0.9, 0.5, -0.2)), apart("g", (0.5, 0.1, 0.5, -0.6))
    found = contrasts(rival, right, IDS)
    assert [one.id for one in found] == ["b", "d", "c", "a"]
    assert [one.difference for one in found] == pytest.approx([0.2, 0.1, 0.0, -0.1])
    assert [one.bar for one in found] == pytest.approx([1, 0.5, 0, -0.5])
    assert [one.nearer for one in found] == [RIVAL, RIVAL, "", RIGHT], "negative cosines too, and a tie for neither"
    assert next((one.rival.match, one.right.match) for one in found if one.rival and one.right) == ("r-b", "g-b")


def test_pictures_left_out_come_last_and_have_no_bar() -> None:
    rival, right = apart("r", (0.1, 0.2), ("c", "d")), apart("g", (0.2, 0.1), ("c", "d"))
    found = contrasts(rival, right, IDS)
    assert [one.id for one in found] == ["d", "c", "a", "b"]
    assert [(one.bar, one.nearer, one.rival) for one in found[2:]] == [(0, "", None)] * 2
    assert all(math.isnan(one.difference) for one in found[2:])


def test_where_only_one_score_was_taken_apart_there_is_no_difference() -> None:
    found = contrasts(None, apart("g", (0.1, 0.2, 0.3, 0.4)), IDS)
    assert [one.id for one in found] == list(IDS) and all(math.isnan(one.difference) for one in found)
    assert {one.nearer for one in found} == {""} and {one.bar for one in found} == {0.0}
    assert contrasts(None, None, ()) == ()


def test_the_nearer_one_has_the_higher_cosine_whatever_it_was_worth() -> None:
    """Under KNN a picture has one vote, and the others nothing."""
    rival = Attributed("r", 0.0, (Share("a", "r-a", 0.9, 0.0),), ())
    right = Attributed("g", 1.0, (Share("a", "g-a", 0.8, 1.0),), ())
    (one,) = contrasts(rival, right, ("a",))
    assert (one.nearer, one.difference, one.bar) == (RIVAL, -1.0, -1.0)


def test_equal_shares_have_no_bar() -> None:
    same = apart("r", (0.3, 0.3, 0.3, 0.3))
    assert [one.bar for one in contrasts(same, replace(same, word="g"), IDS)] == [0.0] * 4


@pytest.mark.parametrize("most", [1, 2, 4, 12])
def test_steps_sum_to_the_difference_of_the_scores(most: int) -> None:
    rng = np.random.default_rng(0)
    ids = tuple("abcdefgh")
    rival = apart("r", tuple(rng.normal(size=8)), ids, hub=-0.3, own=0.2)
    right = apart("g", tuple(rng.normal(size=8)), ids, hub=0.1)
    found = steps(rival, right, most)
    assert sum(step.value for step in found) == pytest.approx(rival.score - right.score)
    assert difference(rival, right) == rival.score - right.score
    pictures = [step for step in found if step.picture]
    wanted = {key: rival.pictures[n].share - right.pictures[n].share for n, key in enumerate(ids)}
    largest = sorted(ids, key=lambda key: -abs(wanted[key]))[:most]
    assert {step.name: pytest.approx(step.value) for step in pictures} == {key: wanted[key] for key in largest}
    assert [step.value for step in pictures] == sorted((step.value for step in pictures), reverse=True)
    names = [step.name for step in found if not step.picture]
    assert names == [f"{8 - most} other pictures"] * (most < 8) + ["hub", "own"]
    assert found[-2].value == pytest.approx(-0.4) and found[-1].value == pytest.approx(0.2)


def candidates(*scores: float) -> tuple[Candidate, ...]:
    return tuple(Candidate(f"w{n}", n + 1.0, score, False, "N", 2) for n, score in enumerate(scores))


def test_the_gap_to_the_winner_is_that_of_the_scores() -> None:
    shown = candidates(0.5, 0.3, -0.2, math.nan)
    found = replace(case(40), candidates=shown)
    gaps = behind(found, shown)
    assert gaps[:3] == pytest.approx([0, 0.2, 0.7]) and math.isnan(gaps[3])
    assert behind(found, shown[1:2]) == pytest.approx([0.2]), "measured from the first, listed or not"
    lost = replace(found, candidates=candidates(math.nan))
    assert math.isnan(behind(lost, lost.candidates)[0]) and tied_first(lost) == 0


@pytest.mark.parametrize(
    ("scores", "count"), [((0.5, 0.3), 1), ((0.5, 0.5 - 5e-7, 0.4), 2), ((0.0, 0.0, 0.0), 3), ((-1.0, -1.0), 2)]
)
def test_ties_for_the_first_place_are_counted(scores: tuple[float, ...], count: int) -> None:
    assert tied_first(replace(case(40, others=(MILK,)), candidates=candidates(*scores))) == count
