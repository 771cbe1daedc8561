"""Work that pages start waits in the queue: seen, ended and gone on with from any process meanwhile."""

from __future__ import annotations

import shutil
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest

from cldi_core.data import children, job_queue
from cldi_core.data.dataset import Dataset
from cldi_core.data.job_queue import Request
from cldi_core.errors import DatasetError
from cldi_core.features import background
from tests.features.test_resuming import LITE, drawn, features_of, wait_for

__all__ = ["drawn"]  # a fixture
Usage = namedtuple("Usage", "total used free")


def test_it_waits_for_others_and_is_seen_and_ended_from_any_process(
    tmp_path: Path, drawn: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = drawn.home / "features" / LITE
    with job_queue.turn(Request("the collection of x", str(tmp_path / "other"))):
        background.start(drawn, LITE, by="ann@x.org")
        wait_for(lambda: job_queue.ticket_of(folder), "its ticket")
        own = children._spawned.pop(folder)  # as another process sees it
        job = background.job(drawn, LITE)
        assert job is not None and job.ticket is not None and job.is_active
        assert (job.state, job.ticket.before, job.ticket.request.by) == ("waiting", 1, "ann@x.org")
        assert job.ticket.request.what == f"the extraction of {LITE} in {drawn.name}"
        background.start(drawn, LITE)
        assert folder not in children._spawned, "it waits already"
        background.cancel(drawn, LITE)
        own.wait(60)
        assert (cancelled := background.job(drawn, LITE)) is not None and cancelled.state == "interrupted"
        background.start(drawn, LITE)
        wait_for(lambda: job_queue.ticket_of(folder), "its ticket")
    wait_for(lambda: (now := background.job(drawn, LITE)) and not now.is_active, "its end")
    done = background.job(drawn, LITE)
    assert done is not None and (done.state, done.ticket, len(features_of(folder))) == ("done", None, 6)


def test_one_whose_turn_has_come_is_starting(drawn: Dataset) -> None:
    folder = drawn.home / "features" / LITE
    background._record(drawn, LITE).write(background.ExtractionJob(LITE, "cpu", state="starting"))
    with job_queue.turn(Request("the extraction", str(folder))):
        job = background.job(drawn, LITE)
        assert job is not None and job.state == "starting" and job.ticket is not None and job.ticket.before == 0
        assert job.runner == job.ticket.runner, "so that it can be ended"
    assert (left := background.job(drawn, LITE)) is not None and left.state == "interrupted"


def test_nothing_is_begun_where_the_disk_is_nearly_full(drawn: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 0, 5))
    with pytest.raises(DatasetError, match=r"0.0 GB are free"):
        background.start(drawn, LITE)
    assert not (drawn.home / "features" / LITE).exists()


@pytest.mark.parametrize("queued", [True, False])
def test_a_job_that_fills_the_disk_stops_unless_it_was_started_by_hand(
    drawn: Dataset, monkeypatch: pytest.MonkeyPatch, queued: bool
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 0, 5))
    monkeypatch.setattr(job_queue, "_own", ["the extraction"] if queued else [])
    record = background._record(drawn, LITE)
    begun = background.ExtractionJob(LITE, "cpu", state="starting")
    with record.kept(begun) as recorder:
        if queued:
            with pytest.raises(DatasetError, match=r"make room and go on"):
                recorder.tell(10, 1)
        else:
            recorder.tell(10, 1)
        assert replace(recorder.job, seconds=0.0).done == 1
