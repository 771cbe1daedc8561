"""The short version of ``python -m benchmarks.soak web``, and that it sees what it looks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.soak import web
from benchmarks.soak.trial import Effort


def test_nothing_is_lost(tmp_path: Path) -> None:
    found = list(web.try_web(tmp_path, Effort(share=0.05)))
    assert [one.lost for one in found] == [(), ()]
    assert [one.what for one in found] == ["WebSockets for pages elsewhere", "odd requests"]
    assert all(one.tried == 200 and one.landed > 100 for one in found)
    assert not found[0].note.startswith("0 "), "our own pages are answered"


def test_an_answer_that_should_not_be_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answers everybody, without a word of who may frame it."""
    answers = {"GET": (101, ""), "HEAD": (200, ""), "POST": (500, "frame-ancestors 'none'")}
    monkeypatch.setattr(web, "_status", lambda port, method, *given: answers.get(method, (400, "")))
    first, then = web.try_web(tmp_path, Effort(share=0.05))
    assert len(first.lost) == first.landed > 100
    assert {line.split()[0] for line in then.lost} == {"GET", "HEAD", "POST"}
