"""What becomes of a pass that does not fit into a card's memory, before a smaller one is tried."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from cldi_core.errors import FeatureError
from cldi_core.scoring import best_match
from cldi_core.scoring.imagesets import ImageSets

ROWS = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
WORDS = ImageSets.from_arrays(["a", "b", "c"], [ROWS[:1], ROWS[1:3], ROWS[3:]])


@pytest.fixture
def failed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The first two passes run out of memory in the midst of it; weak references to them, and to what they held."""
    seen: list[Any] = []
    real_compare: Callable[..., Any] = best_match._Pass._compare

    def compare(self: best_match._Pass, *given: Any) -> Any:
        if self.share > 0.25:
            seen.append((weakref.ref(self), weakref.ref(self.totals["forward"])))
            raise torch.OutOfMemoryError("no room")
        return real_compare(self, *given)

    monkeypatch.setattr(best_match._Pass, "_compare", compare)
    gc.disable()  # a card's memory is wanted at once, not when somebody comes to clear up
    yield seen
    gc.enable()


def test_a_failed_pass_is_gone_before_a_smaller_one_is_built_and_memory_is_given_back(
    failed: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    alive, steps = [], []
    real: Callable[..., None] = best_match._Pass.__post_init__

    def build(self: best_match._Pass) -> None:
        alive.extend(held() is not None for refs in failed for held in refs)
        steps.append(self.share)
        real(self)

    def give_back() -> None:
        alive.extend(held() is not None for refs in failed for held in refs)
        steps.append("given back")

    monkeypatch.setattr(best_match._Pass, "__post_init__", build)
    monkeypatch.setattr(torch.cuda, "empty_cache", give_back)
    found, _ = best_match.match(WORDS, WORDS, ["forward"])
    assert steps == [1.0, "given back", 0.5, "given back", 0.25]
    assert alive and not any(alive)
    np.testing.assert_allclose(np.diag(found["forward"]), 1, atol=1e-6)


def test_when_even_the_smallest_does_not_fit_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: best_match._Pass, *given: Any) -> Any:
        raise torch.OutOfMemoryError("no room")

    monkeypatch.setattr(best_match._Pass, "_compare", fails)
    with pytest.raises(FeatureError, match="too small for 3 × 3 words"):
        best_match.match(WORDS, WORDS, ["forward"])


def test_other_errors_are_not_taken_for_a_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: best_match._Pass, *given: Any) -> Any:
        raise RuntimeError("another")

    monkeypatch.setattr(best_match._Pass, "_compare", fails)
    with pytest.raises(RuntimeError, match="another"):
        best_match.match(WORDS, WORDS, ["forward"])
