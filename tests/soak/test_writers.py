"""A few pairs of writers at once: afterwards it is as after one and then the other, and every file is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.soak import writers, writing
from benchmarks.soak.trial import Effort

PAIRS = (
    ("import-lists", "import-folder"),
    ("import-lists", "page: leave out"),
    ("judgements import", "page: judge"),
    ("answers --delete", "page: answer"),
    ("page: new data set", "page: new data set"),
)


def test_two_writers_leave_what_one_after_the_other_leaves(tmp_path: Path) -> None:
    (found,) = writers.try_writers(tmp_path, Effort(), PAIRS)
    assert found.tried == found.landed == len(PAIRS) and found.lost == ()


def test_what_no_order_leaves_is_a_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the second of two judgements makes the first be forgotten."""
    real = writing.store
    stores = iter(range(9))

    def store(world: Path) -> dict[str, str]:
        found = real(world)
        return found if next(stores) else {path: digest for path, digest in found.items() if "judgements" not in path}

    monkeypatch.setattr(writing, "store", store)
    (found,) = writers.try_writers(tmp_path, Effort(), PAIRS[2:3])
    (loss,) = found.lost
    assert loss.startswith("judgements import beside page: judge: it is left as in no order: data/made/judgements/")
