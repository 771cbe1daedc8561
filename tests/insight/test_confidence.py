"""Risk–coverage: the area by enumerating orders of equal words; confidence that is perfect, useless, inverted."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from cldi_core.insight import confidence
from tests.evidence_data import FOUND, frame_of


def enumerated(sure: list[float], right: list[int]) -> tuple[float, list[float]]:
    """The mean area, and the mean risk at each coverage, over all orders in which no surer word stands behind."""
    areas, curves = [], []
    for order in itertools.permutations(range(len(sure))):
        if all(sure[one] >= sure[other] for one, other in itertools.pairwise(order)):
            risks = [sum(1 - right[one] for one in order[:kept]) / kept for kept in range(1, len(order) + 1)]
            areas.append(sum(risks) / len(risks))
            curves.append(risks)
    return sum(areas) / len(areas), np.mean(curves, axis=0).tolist()


def test_the_area_is_the_mean_over_all_orders_of_equal_words() -> None:
    rng = np.random.default_rng(1)
    for _ in range(12):
        sure, right = rng.integers(0, 3, 6).astype(float), rng.integers(0, 2, 6)
        sure[sure == 0] = -np.inf
        area, risks = enumerated(sure.tolist(), right.tolist())
        assert confidence.aurc(sure, right) == pytest.approx(area)
        coverage, risk = confidence.curve(sure, right)
        assert risk == pytest.approx(risks) and coverage == pytest.approx(np.arange(1, 7) / 6)
    assert math.isnan(confidence.aurc(np.zeros(0), np.zeros(0)))


def test_a_draw_is_the_answers_repeated() -> None:
    rng = np.random.default_rng(5)
    for sure in (rng.normal(size=9), rng.integers(0, 3, 9).astype(float)):
        right, times = rng.integers(0, 2, 9), rng.integers(0, 4, (20, 9))
        times[:, 0] += 1
        found = confidence.areas_of_draws(sure, right, times)
        for area, own in zip(found, times, strict=True):
            assert area == pytest.approx(confidence.aurc(np.repeat(sure, own), np.repeat(right, own)))


def answers_of(sure: np.ndarray, right: np.ndarray, pos: str = "N") -> pd.DataFrame:
    """Answers with a margin, each of a word of its own, and nothing else known."""
    frame = pd.DataFrame({"word": [f"{pos}{number}" for number in range(len(sure))], "pos": pos, "right": right * 1.0})
    frame = frame.assign(query=frame["word"], margin=sure)
    return frame.assign(**dict.fromkeys(("dispersion", "votes", "ceiling"), math.nan))


@pytest.mark.parametrize(("kind", "side"), [("perfect", -1), ("useless", 0), ("inverted", 1), ("all alike", 0)])
def test_a_confidence_is_read_rightly(kind: str, side: int) -> None:
    right = np.arange(200) % 3 == 0
    noise = np.random.default_rng(3).normal(size=200)
    sure = {"perfect": right + noise / 99, "useless": noise, "inverted": noise / 99 - right, "all alike": noise * 0}
    found = confidence.area(answers_of(sure[kind], right), "margin", draws=300)
    assert found.random == pytest.approx(133 / 200) and found.n == 200 and found.unknown == 0
    assert found.difference.side() == side and found.difference.value == pytest.approx(found.area.value - found.random)
    assert found.perfect <= found.area.value
    if kind == "perfect":
        assert found.area.value == pytest.approx(found.perfect) and found.gained == pytest.approx(1)
    if kind == "all alike":
        assert found.area.value == pytest.approx(found.random) and found.difference.why == "no spread"


def test_a_filter_that_only_removes_verbs_does_nothing_within_a_part_of_speech() -> None:
    rng = np.random.default_rng(7)
    nouns = answers_of(1 + rng.normal(size=100) / 9, rng.random(100) < 0.8, "N")
    verbs = answers_of(rng.normal(size=60) / 9, rng.random(60) < 0.1, "V")
    frame = pd.concat([nouns, verbs], ignore_index=True)
    found = {one.setting: one for one in confidence.areas(frame, draws=300)}
    assert set(found) == {"ALL", "NN", "VB"} and {one.confidence for one in found.values()} == {"margin"}
    assert found["ALL"].difference.side() == -1 and found["NN"].difference.side() == found["VB"].difference.side() == 0
    kept = confidence.kept_by_pos(frame, "margin")
    assert kept == {"N": (pytest.approx(0.8), 100), "V": (0.0, 60)}
    alike = confidence.kept_by_pos(frame.assign(margin=0.0), "margin", 0.25)
    assert [share for share, _ in alike.values()] == pytest.approx([0.25, 0.25])


def test_a_word_counts_with_all_its_queries_and_few_words_have_no_interval() -> None:
    rng = np.random.default_rng(9)
    frame = answers_of(rng.normal(size=40), rng.random(40) < 0.5)
    twice = pd.concat([frame, frame], ignore_index=True)
    one, both = (confidence.area(rows, "margin", draws=300) for rows in (frame, twice))
    assert (one.difference.n, both.difference.n, both.n) == (40, 40, 80)
    # Pairs of equal words lie a little nearer to each other than words alone; the interval is not that of 80 words.
    assert both.difference.high - both.difference.low > 0.85 * (one.difference.high - one.difference.low)
    few = confidence.area(frame.head(19), "margin")
    assert few.area.why == few.difference.why == "n too small" and not math.isnan(few.area.value)
    assert confidence.area(frame, "margin", "VB").n == 0


def test_answers_join_what_is_known_of_words_and_never_look_at_a_right_answer() -> None:
    frame = frame_of({"rank": math.nan}, {"dispersion": math.nan, "margin": 0.2 + 4e-7}, {**FOUND, "margin": 0.2},
                     missed=1, found=0)  # fmt: skip
    frame["word"] = ["a", "b", "c", "d"]
    frame["pictures"] = np.array([1, 1, 3, 7], np.int32)
    knn = pd.DataFrame({"query": frame["query"], "winner_score": [1, 1.0014, 2 / 3 + 0.001, np.float32(3 / 7)]})
    ceilings = pd.DataFrame({"word": ["c", "b"], "mrr": [0.7, math.nan]})
    found = confidence.answers(frame, ceilings, knn)
    assert found["query"].tolist() == frame["query"].tolist()[1:] and found["right"].tolist() == [0, 1, 0]
    assert found["votes"].tolist() == pytest.approx([1, 2 / 3, 3 / 7])
    assert found["ceiling"].tolist() == pytest.approx([math.nan, 0.7, math.nan], nan_ok=True)
    assert found["margin"][0] == found["margin"][1], "no difference between scores is one between margins"
    assert confidence.sure(found, "dispersion").tolist() == pytest.approx([-math.inf, -0.3, -0.3])
    assert confidence.known(found) == list(confidence.CONFIDENCES)
    assert confidence.known(confidence.answers(frame)) == ["dispersion", "margin"]
    changed = frame.assign(right="other", right_score=9.0, right_dispersion=0.0, rival="x", rank=[math.nan, 1, 5, 1])
    columns = [one.column for one in confidence.CONFIDENCES.values()]
    pd.testing.assert_frame_equal(confidence.answers(changed, ceilings, knn)[columns], found[columns])
