"""Extraction jobs: what the status file and the lock say of them, in every state; starting and ending them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cldi_core.data import children, pictures, recording, storage
from cldi_core.data.dataset import Dataset
from cldi_core.data.processes import Holder
from cldi_core.errors import DatasetError, UnknownNameError
from cldi_core.features import background, extraction
from cldi_core.features.background import STATUS, ExtractionJob, Made
from tests.conftest import BACKBONE, FakeExtractor, picture
from tests.features.test_resuming import LITE, drawn, features_of, started, wait_for

__all__ = ["drawn"]  # a fixture
NOBODY = 2**22 + 1  # no process has this number
V0_1 = {"finished": "2026-11-25T18:57:55+0000", "seconds": 7.2, "extracted": 60, "device": "cpu", "arithmetic": "x"}


def job_of(dataset: Dataset) -> ExtractionJob:
    for _ in range(20):  # one that runs may go on between the two looks
        found = background.job(dataset, LITE)
        if found is not None and background.jobs(dataset) == {LITE: found}:
            return found
    raise AssertionError(f"all jobs are {background.jobs(dataset)}, and this one is {found}")


def write_status(dataset: Dataset, status: object) -> None:
    folder = dataset.home / "features" / LITE
    folder.mkdir(parents=True, exist_ok=True)
    (folder / STATUS).write_text(status if isinstance(status, str) else json.dumps(status))


def about(**known: Any) -> dict[str, Any]:
    """The job's part of a status file."""
    runner = {"pid": NOBODY, "host": "elsewhere", "what": "extract", "since": "2026-11-25 18:51:13"}
    given = {"backbone": LITE, "device": "cpu", "ended": "", "error": "", "seconds": 2.0, "runner": runner}
    return given | {"total": 24, "done": 9, "kept": 4, "failed": 1} | known


def test_how_far_one_is_can_be_seen_while_it_runs(tmp_path: Path, drawn: Dataset) -> None:
    assert background.job(drawn, LITE) is None and background.jobs(drawn) == {}
    process = started(tmp_path, drawn)
    wait_for(lambda: (now := background.job(drawn, LITE)) and now.state == "running" and now.done >= 8, "progress")
    now = job_of(drawn)
    assert (now.total, now.failed, now.kept, now.ended, now.made) == (24, 0, 0, "", None) and now.done < 24
    assert now.rate > 0 and now.left is not None and now.left < 60 and 0.3 < now.share < 1
    assert now.runner is not None
    assert (now.runner.pid, now.runner.host) == (process.pid, socket.gethostname())
    assert now.runner.what == f"extract --backbone {LITE}" and now.runner.since.startswith("20")
    process.kill()
    process.wait()
    killed = job_of(drawn)
    assert killed.state == "interrupted" and not killed.is_active, "the lock tells, not the file"
    assert killed.done >= now.done


def test_what_was_made_outlives_runs_that_make_nothing(drawn: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction, "Extractor", FakeExtractor)
    extraction.extract(drawn, LITE, workers=0)
    first = job_of(drawn)
    assert first.state == "done" and first.made is not None and first.ended
    assert (first.made.extracted, first.made.device, first.made.arithmetic) == (24, "cpu", "float32")
    assert first.made.weights == "made up" and first.made.finished and first.made.seconds >= 0
    extraction.extract(drawn, LITE, workers=0)
    again = job_of(drawn)
    assert (again.state, again.kept, again.done, again.made) == ("done", 24, 24, first.made)

    def broken(self: FakeExtractor, batch: object) -> None:
        raise DatasetError("not\ntoday")

    monkeypatch.setattr(FakeExtractor, "features", broken)
    with pytest.raises(DatasetError):
        extraction.extract(drawn, LITE, workers=0, force=True)
    failed = job_of(drawn)
    assert (failed.state, failed.error, failed.made) == ("failed", "not today", first.made)


def test_one_is_starting_until_its_network_is_loaded(drawn: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    class Watching(FakeExtractor):
        def __init__(self, name: str, device: str = "cpu", **options: object) -> None:
            seen.append(job_of(drawn))
            super().__init__(name, device)

    monkeypatch.setattr(extraction, "Extractor", Watching)
    write_status(drawn, "")
    (drawn.home / "features" / LITE / background.LOG).write_text("what another one printed\n")
    extraction.extract(drawn, LITE, workers=0)
    extraction.extract(drawn, LITE, workers=0)
    assert [(job.state, job.said) for job in seen] == [("starting", ""), ("starting", "")]
    assert [job.made and job.made.extracted for job in seen] == [None, 24]
    assert all(job.runner is not None and job.runner.pid == os.getpid() for job in seen)


def test_the_file_is_replaced_at_most_once_a_second(drawn: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    now, written = [100.0], []
    monkeypatch.setattr(recording.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(background.ExtractionRecord, "write", lambda record, job: written.append(job))
    with background.recorded(drawn, LITE, "cpu", "extract") as job:
        for done in range(1, 41):
            job.tell(50, done, failed=0)
            now[0] += 0.125
        job.finish()
    assert [each.done for each in written] == [0, 1, 9, 17, 25, 33, 40]
    assert written[-1].ended and written[-1].rate == 8


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({"job": about()}, "interrupted"),
        ({"job": about(ended="2026-11-25T18:57:55+0000")}, "done"),
        ({"job": about(ended="2026-11-25T18:57:55+0000", error="no room")}, "failed"),
        (V0_1, "done"),
        ({**V0_1, "job": about()}, "interrupted"),
    ],
)
def test_the_state_is_what_file_and_lock_say_together(drawn: Dataset, status: dict[str, Any], state: str) -> None:
    write_status(drawn, status)
    found = job_of(drawn)
    assert found.state == state and not found.is_active
    assert found.made == (Made(**V0_1) if "finished" in status else None)
    if "job" in status:
        assert (found.total, found.done, found.failed, found.rate, found.left) == (24, 9, 1, 2.5, 6)
        assert found.runner == Holder(NOBODY, "elsewhere", "extract", "2026-11-25 18:51:13")
    with storage.lock(drawn.home / "features" / LITE):
        held = job_of(drawn)
    assert held.state == ("running" if state == "interrupted" else "starting") and held.is_active
    assert held.made == found.made
    assert (held.runner is None) == (held.state == "starting"), "who ran the last one does not run this one"


@pytest.mark.parametrize(
    "status", ["", "[]", "{}", "null", "{", '{"done": 1}', '{"seconds": "long", "extracted": null, "finished": 3}',
               '{"job": 3}', '{"job": {"done": "many"}}', "[" * 100_000],
)  # fmt: skip
def test_a_broken_file_says_nothing(drawn: Dataset, status: str) -> None:
    write_status(drawn, status)
    assert background.job(drawn, LITE) is None and background.jobs(drawn) == {}
    with storage.lock(drawn.home / "features" / LITE):
        assert job_of(drawn).state == "starting", "but the lock does"


def test_a_run_in_the_background_can_be_watched_cancelled_and_gone_on_with(drawn: Dataset) -> None:
    """With the real network: what is started is the command itself."""
    folder = drawn.home / "features" / LITE
    background.start(drawn, LITE)
    first = children._spawned[folder]
    background.start(drawn, LITE)  # a second one changes nothing
    assert job_of(drawn).state == "starting" and children._spawned[folder] is first

    def is_cancelled() -> bool:
        """Whether it was cancelled before its end, to which it may have come on a busy machine: then it starts anew."""
        wait_for(lambda: job_of(drawn).runner, "the status of its own")
        background.cancel(drawn, LITE)
        if job_of(drawn).state == "interrupted":
            return True
        for path in folder.iterdir():
            path.unlink()
        background.start(drawn, LITE)
        return False

    wait_for(is_cancelled, "one that is cancelled")
    background.start(drawn, LITE)
    wait_for(lambda: not job_of(drawn).is_active, "its end")
    done = job_of(drawn)
    assert len(features_of(folder)) == 6 and (done.state, done.error, done.total) == ("done", "", 24)
    assert done.runner is not None and done.runner.pid == children._spawned[folder].pid
    background.cancel(drawn, LITE)  # nothing runs: nothing happens


def test_what_it_prints_is_told_while_it_starts(drawn: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = drawn.home / "features" / LITE
    real = subprocess.Popen
    script = "import sys; print('fetching 12 %', flush=True); sys.stdin.read()"
    monkeypatch.setattr(
        children.subprocess, "Popen",
        lambda command, **how: real([sys.executable, "-c", script], **{**how, "stdin": subprocess.PIPE}),
    )  # fmt: skip
    write_status(drawn, V0_1)
    background.start(drawn, LITE, "cpu")
    wait_for(lambda: job_of(drawn).said, "a word")
    now = job_of(drawn)
    assert (now.state, now.said, now.runner, now.made) == ("starting", "fetching 12 %", None, Made(**V0_1))
    spawned = children._spawned[folder]
    assert spawned.stdin is not None
    spawned.stdin.close()
    spawned.wait()
    ended = job_of(drawn)
    assert (ended.state, ended.error) == ("failed", "fetching 12 %"), "it ended before it took the lock"
    assert ended.made == Made(**V0_1)


def test_one_that_somebody_else_started_can_be_cancelled(tmp_path: Path, drawn: Dataset) -> None:
    folder = drawn.home / "features" / LITE
    process = started(tmp_path, drawn)
    wait_for(lambda: features_of(folder), "the first shard")
    assert job_of(drawn).state == "running"
    background.start(drawn, LITE)  # one is enough
    assert folder not in children._spawned
    background.cancel(drawn, LITE)
    process.communicate(timeout=60)
    assert job_of(drawn).state == "interrupted", "it can be gone on with"


@pytest.mark.parametrize(("status", "where"), [({"job": about()}, "elsewhere"), ({}, "another machine")])
def test_one_on_another_machine_or_nobody_knows_where_is_not_ended_here(
    drawn: Dataset, status: dict[str, Any], where: str
) -> None:
    write_status(drawn, status)
    with (
        storage.lock(drawn.home / "features" / LITE),
        pytest.raises(DatasetError, match=f"runs on {where}; end it there"),
    ):
        background.cancel(drawn, LITE)


def test_why_one_in_the_background_failed(drawn: Dataset) -> None:
    shard = drawn.pictures.shards[0]
    data = shard.read_bytes()
    shard.write_bytes(data[: len(data) // 2] + data[-2000:])
    background.start(drawn, LITE)
    wait_for(lambda: not job_of(drawn).is_active, "its end")
    failed = job_of(drawn)
    assert failed.state == "failed" and shard.name in failed.error and "\n" not in failed.error


def test_weights_that_are_not_there_are_a_failure_that_others_see(drawn: Dataset, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="there is no weights file"):
        extraction.extract(drawn, LITE, weights=tmp_path / "none.pth", workers=0)
    assert job_of(drawn).state == "failed" and "there is no weights file" in job_of(drawn).error
    assert Dataset(drawn.path).backbones == ()


def test_wrong_use_leaves_nothing_behind(drawn: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    for backbone, device in (
        ("vgg99", "cpu"),
        (LITE, "tpu"),
        ("../../x", "cpu"),
        ("/tmp/x", "cpu"),
        ("timm:../x", "cpu"),
    ):
        with pytest.raises(UnknownNameError):
            background.start(drawn, backbone, device)
        with pytest.raises(UnknownNameError):
            extraction.extract(drawn, backbone, device)
    with pytest.raises(UnknownNameError, match="precision"):
        extraction.extract(drawn, LITE, precision="half")
    assert not (drawn.home / "features").exists()


def test_how_far_one_is_is_no_change_of_the_data_set(small: Dataset) -> None:
    """Otherwise pages would read everything anew each second."""
    before = small.stamp()
    with background.recorded(small, BACKBONE, "cpu", "extract") as job:
        job.tell(17, 3, failed=0)
        assert small.stamp() == before
    pictures.write_shards(small.path / "images", [picture("ring", "fr", 3)])
    assert small.stamp() != before
