"""Scoring as a job: what the status file says while it runs and after, and that a second one is not kept from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cldi_core.commands import scoring
from cldi_core.data import children, storage
from cldi_core.data.dataset import Dataset
from cldi_core.errors import DatasetError, UnknownNameError
from cldi_core.evaluation import scoring_job, stored_scores
from cldi_core.features import background
from tests.conftest import BACKBONE


def job_of(dataset: Dataset) -> scoring_job.ScoringJob:
    (found,) = scoring_job.jobs(dataset).values()
    return found


def folder_of(dataset: Dataset) -> Path:
    return dataset.path / "scores" / BACKBONE


def begun(dataset: Dataset) -> None:
    """As ``start`` leaves it."""
    job = scoring_job.ScoringJob(BACKBONE, "cpu", state="starting")
    scoring_job.ScoringRecord(folder_of(dataset)).write(job)


def test_how_far_scoring_is_can_be_seen_while_it_runs(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    assert scoring_job.jobs(small) == {} and scoring_job.is_due(small, BACKBONE)
    begun(small)
    seen = []
    real = stored_scores.scored

    def scored(pair: Any, rankers: Any, device: str = "cpu", progress: Any = None, **how: Any) -> Any:
        if progress:
            progress(3, 12)
            seen.append(job_of(small))
        return real(pair, rankers, device, progress, **how)

    monkeypatch.setattr(stored_scores, "scored", scored)
    scoring.score(str(small.path), backbone=BACKBONE, method=["avgmax"], direction=scoring.Direction.BOTH)
    assert [(job.state, job.total) for job in seen] == [("running", 2)] * 2
    assert seen[0].pair == "en-de" and seen[0].runner is not None and seen[0].device == "cpu"
    done = job_of(small)
    assert not scoring_job.is_due(small, BACKBONE)
    assert (done.state, done.done, done.total, done.share, done.error) == ("done", 2, 2, 1.0, "") and done.ended


def test_within_a_pair_the_pictures_tell() -> None:
    job = scoring_job.ScoringJob("x", state="running", total=4, done=1, pictures=3, of=12)
    assert job.share == pytest.approx(0.3125)


def test_a_failure_is_kept_and_wrong_use_leaves_nothing(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownNameError):
        scoring_job.start(small, "../../x")
    with pytest.raises(UnknownNameError):
        scoring_job.start(small, BACKBONE, "tpu")
    with pytest.raises(UnknownNameError):
        scoring.score(str(small.path), pair=["en-xx"], backbone=BACKBONE)
    assert not (small.path / "scores").exists() or not list((small.path / "scores").rglob("*.json"))

    def full(*given: Any, **named: Any) -> Any:
        raise DatasetError("the disk\nis full")

    monkeypatch.setattr(stored_scores, "scored", full)
    begun(small)
    with pytest.raises(DatasetError):
        scoring.score(str(small.path), backbone=BACKBONE)
    assert (job_of(small).state, job_of(small).error) == ("failed", "the disk is full")


@pytest.mark.parametrize(("text", "state"), [("[", None), ("{}", None), ('{"total": "x"}', None)])
def test_a_broken_file_says_nothing_but_the_lock_does(small: Dataset, text: str, state: Any) -> None:
    folder_of(small).mkdir(parents=True)
    (folder_of(small) / scoring_job.STATUS).write_text(text)
    assert scoring_job.jobs(small) == {}
    with storage.lock(folder_of(small)):
        assert job_of(small).state == "starting"


def test_a_second_one_scores_too_and_leaves_the_word_to_the_first(
    small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring_job, "PATIENCE", 0.1)
    begun(small)
    before = (folder_of(small) / scoring_job.STATUS).read_bytes()
    with storage.lock(folder_of(small)):
        scoring.score(str(small.path), backbone=BACKBONE, method=["avgmax"])
    assert (folder_of(small) / scoring_job.STATUS).read_bytes() == before
    assert (folder_of(small) / "en-de" / "avgmax.safetensors").is_file()


@pytest.mark.parametrize(("state", "ended", "due"), [
    ("done", "2026-11-25T10:00:00+0000", True), ("done", "2026-11-25T14:00:00+0000", False),
    ("done", "<b>", False), ("failed", "2026-11-25T14:00:00+0000", True), ("interrupted", "", True), (None, "", False),
])  # fmt: skip
def test_scoring_is_due_after_an_extraction(small: Dataset, state: Any, ended: str, due: bool) -> None:
    assert scoring_job.is_due(small, BACKBONE), "nothing is ranked"
    (small.path / "rankings" / BACKBONE / "en-de").mkdir(parents=True)
    (small.path / "rankings" / BACKBONE / "en-de" / "avgmax.parquet").touch()
    made = background.Made("2026-11-25T12:00:00+0000", 1.0, 3)
    extracted = background.ExtractionJob(BACKBONE, state="done", ended=made.finished, made=made)
    background.ExtractionRecord(small.home / "features" / BACKBONE).write(extracted)
    if state:
        scoring_job.ScoringRecord(folder_of(small)).write(scoring_job.ScoringJob(BACKBONE, state=state, ended=ended))
    assert scoring_job.is_due(small, BACKBONE) is due


def test_where_nobody_started_one_here_nothing_but_scores_is_written(small: Dataset) -> None:
    scoring.score(str(small.path), backbone=BACKBONE, method=["avgmax"])
    assert [path.name for path in folder_of(small).iterdir()] == ["en-de"] and scoring_job.jobs(small) == {}


def test_one_in_the_background_runs_to_its_end(small: Dataset) -> None:
    scoring_job.start(small, BACKBONE)
    assert job_of(small).is_active
    child = children._spawned[folder_of(small)]
    assert child.wait(300) == 0
    done = job_of(small)
    assert (done.state, done.done, done.total) == ("done", 1, 1) and done.runner and done.runner.pid == child.pid
    assert json.loads((folder_of(small) / scoring_job.STATUS).read_text())["runner"]["what"].startswith("score ")
    scoring_job.cancel(small, BACKBONE)  # nothing runs: nothing happens
