"""What is said before scoring begins: the parts that take long, as far as they are still to be computed."""

from __future__ import annotations

import pytest

from cldi_core import rankers
from cldi_core.evaluation import forecast as forecasting
from cldi_core.evaluation import stored_scores
from cldi_core.evaluation.forecast import CLUSTERS, PASS, forecast
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import Work
from tests import ranked
from tests.evaluation.conftest import again, other_picture

ALL = ["avgmax", "knn-c", "cnn-mean", "sinkhorn", "sinkhorn-short", "avgmax+csls", "spelling"]


@pytest.fixture(autouse=True)
def _nothing_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecasting, "SMALL", 1)
    monkeypatch.setattr(forecasting, "_timed", lambda attempt: attempt() and 1.0)  # it runs, in a second


def of(pair: Pair, *names: str) -> dict[str, float]:
    return forecast(Work(pair, [rankers.ranker(name) for name in names]))


def test_each_part_that_takes_long_is_named_once(pair: Pair) -> None:
    found = of(pair, *ALL)
    assert list(found) == [PASS, CLUSTERS, "Optimal transport", "Optimal transport, short list"]
    assert all(seconds > 0 for seconds in found.values())
    assert list(of(pair, "knn")) == [PASS] and list(of(pair, "sinkhorn")) == ["Optimal transport"]
    assert of(pair, "cnn-mean", "avgmax+csls", "spelling") == {}


def test_times_grow_with_what_is_compared(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """All words were tried: once.  A few of them: as often as they fit into all pairs of pictures."""
    assert of(pair, "avgmax") == {PASS: 1}
    monkeypatch.setattr(forecasting, "SIDE", 1)
    assert of(pair, "avgmax")[PASS] > 4


def test_what_still_stands_takes_no_time(pair: Pair) -> None:
    told: list[Work] = []
    names = ["avgmax", "knn"]
    ranked.scores(pair, names)
    stored_scores.scored(again(pair), map(rankers.ranker, names), announce=told.append)
    assert not told, "there is nothing to compute"
    other_picture(pair.dataset.path)
    stored_scores.scored(again(pair), map(rankers.ranker, names), announce=told.append)
    (work,) = told
    assert [one.name for one in work.rankers] == names
    assert 0 < forecast(Work(work.pair, work.rankers[:1], work.stale))[PASS] < 1


def test_of_a_small_pair_nothing_is_tried(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecasting, "SMALL", 1 << 22)
    monkeypatch.setattr(forecasting, "score_all", None)
    assert of(pair, *ALL) == {}
