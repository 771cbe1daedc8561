"""``--engine ray`` of ``score`` and ``learning-curve``: what it is told, and that nothing else differs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import ray_scoring, stored_scores
from cldi_core.insight import learning, ray_curves
from tests.conftest import build_small


def test_scoring_elsewhere_prints_and_keeps_the_same(
    run: Any, small: Dataset, data: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []

    @contextmanager
    def elsewhere(place: str, backbone: str, names: list[str], pair_of: Any, **how: Any) -> Iterator[Any]:
        told.append((place, backbone, names, how))
        assert pair_of("en-de") is pair_of("en-de")
        yield lambda pair, rankers, device, *rest, **more: stored_scores.scored(pair, rankers, "cpu", *rest, **more)

    monkeypatch.setattr(ray_scoring, "scoring_on", elsewhere)
    build_small(data / "other")
    asked = ("--method", "avgmax", "--method", "knn", "--direction", "both", "--json")
    here = json.loads(run("score", "--dataset", "other", *asked)[1])
    there = json.loads(
        run("score", "--dataset", "small", "--engine", "ray", "--address", "a:1", "--actors", 3, "--device", "cuda",
            *asked)[1]
    )  # fmt: skip
    assert told == [
        (str(small.path.resolve()), "efficientnet-lite0", ["en-de", "de-en"],
         {"device": "cuda", "address": "a:1", "actors": 3})
    ]  # fmt: skip
    for one in (*here["scored"], *there["scored"]):
        del one["seconds"], one["device"]
    assert here["scored"] == there["scored"] and here["candidates"] == there["candidates"]


def test_curves_elsewhere_are_the_same(run: Any, small: Dataset, data: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "SIZES", (1, 2))
    told: list[Any] = []

    @contextmanager
    def elsewhere(place: str, backbone: str, **how: Any) -> Iterator[Any]:
        told.append((place, backbone, how))
        yield lambda pair, plan, seed: (learning.figures_of(pair, draw, seed) for draw in plan)

    monkeypatch.setattr(ray_curves, "curves_on", elsewhere)
    build_small(data / "other")
    asked = ("--method", "avgmax", "--draws", 2, "--seed", 3, "--json")
    here = json.loads(run("learning-curve", "--dataset", "other", *asked)[1])
    there = json.loads(run("learning-curve", "--dataset", "small", "--engine", "ray", *asked)[1])
    assert told == [(str(small.path.resolve()), "efficientnet-lite0", {"address": None, "actors": None})]
    assert here["curve"] == there["curve"]


@pytest.mark.parametrize("command", ["extract", "score", "learning-curve"])
def test_an_engine_that_is_none_is_wrong_use(run: Any, small: Dataset, command: str) -> None:
    code, out, err = run(command, "--dataset", "small", "--engine", "spark")
    assert code == 2 and not out and "spark" in err and "ray" in err
