"""Visitors without browsers, at a server of their own: a few of them for some seconds."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import pytest

from benchmarks.soak import load, visitor
from benchmarks.soak.__main__ import find
from benchmarks.soak.trial import Effort
from tools.browser import serve


def test_three_visitors_walk_and_each_sees_every_word(tmp_path: Path) -> None:
    with serve(tmp_path / "log.txt") as server:
        seen = asyncio.run(load.come(server, load.Crowd("three", 3, 3.0, (0.1, 0.2)), seed=0))
    assert not load.lost(seen), load.lost(seen)
    found = load.figures(seen)
    assert len(seen.opened) >= 3 and len(seen.switches) >= 3
    assert len({one.heading for one in seen.switches}) > 3, "words of their own, one after the other"
    assert found["memory"] > 50 and found["busy"] > 1 and found["own"] > 0 and found["size"] > 10
    assert found["p50"] <= found["p95"] and f"{found['memory']:.0f} MB" in load.note(seen)


def test_what_a_visitor_meets_instead_of_a_word_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(self: visitor.Visitor, word: str) -> visitor.Drawn:
        raise visitor.FailedError("the page was drawn without a word")

    async def come(server: object, crowd: load.Crowd, seed: int) -> load.Seen:
        return await real(server, load.Crowd(crowd.what, 2, 0.2, crowd.thinking), seed)

    real = load.come
    monkeypatch.setattr(visitor.Visitor, "open", broken)
    monkeypatch.setattr(load, "come", come)
    monkeypatch.setattr(load, "crowds", lambda effort: [load.Crowd("two", 2, 0.2)])
    (trial,) = find("load")(tmp_path, Effort(0.01))
    assert len(trial.lost) == 2 and trial.tried == 2 and trial.landed == 0
    assert "without a word (in a window that was opened at" in trial.lost[0]


def test_memory_that_grows_after_two_minutes_is_lost() -> None:
    def seen(later: float) -> load.Seen:
        return load.Seen(memory=[(at, {1: 100.0 if at < 300 else later, 2: 50.0}) for at in range(0, 600, 10)])

    assert not load.lost(seen(105.0)) and load.growth(seen(106.0).memory) == pytest.approx(6 / 150)
    assert load.lost(seen(130.0)) == ["memory has grown by 20.0% after the first 120 s"]
    assert math.isnan(load.growth([(at, {1: 1.0}) for at in range(0, 200, 10)])), "not looked at for long enough"


def test_memory_is_told_of_the_last_minute_and_at_most() -> None:
    looks = [(at, {1: 300.0 + at, 2: 100.0}) for at in range(0, 200, 10)] + [(205.0, {1: 900.0, 2: 100.0}), (210.0, {})]
    found = load.figures(load.Seen(memory=looks, began=20.0, ended=200.0))
    assert (found["memory"], found["whole"], found["peak"]) == (465.0, 565.0, 900.0), "of 140 to 190 s, and of all"
    assert "largest process 465 MB (at most 900), all 565 MB" in load.note(load.Seen(memory=looks, ended=200.0))
    assert math.isnan(load.figures(load.Seen())["memory"]) and math.isnan(load.figures(load.Seen())["peak"])


def test_a_share_shortens_and_lessens() -> None:
    whole, short = load.crowds(Effort()), load.crowds(Effort(0.01))
    assert [one.visitors for one in whole] == [1, 10, 30, 50, 8]
    assert [one.visitors for one in short] == [1, 2, 3, 3, 2]
    assert whole[3].seconds == 1200 and short[3].seconds == 12
    assert [one.what for one in load.crowds(Effort(only="0 vis"))] == [
        "10 visitors",
        "30 visitors, a class",
        "50 visitors",
    ]
