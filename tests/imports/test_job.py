"""Imports as jobs: what the status file says while one runs and after, how they are started and ended."""

from __future__ import annotations

import io
import json
import signal
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cldi_core.data import checksums, children, dataset, job_queue, sealing, storage
from cldi_core.data.dataset import Dataset
from cldi_core.data.job_queue import Request
from cldi_core.errors import DatasetError
from cldi_core.imports import given as uploads
from cldi_core.imports import job
from cldi_core.imports.given import Given
from cldi_core.imports.job import ImportJob
from cldi_core.imports.report import reports
from cldi_core.imports.wanted import WantedFolder, WantedLists
from tests.commands.conftest import Run, run
from tests.conftest import draw
from tests.features.test_resuming import wait_for

__all__ = ["run"]  # a fixture
LIST = "dog\tHund\tN\nrun\tlaufen\tV\n"


@pytest.fixture
def mine(data: Path) -> Dataset:
    """An empty data set."""
    return dataset.create(data / "mine")


def lists(mine: Dataset, text: str = LIST) -> tuple[WantedLists, Given, str]:
    """A list that was looked at."""
    given = Given()
    wanted = WantedLists((given.take("en-de.tsv", text.encode()),))
    return wanted, given, wanted.digest(wanted.look(given.folder, mine))


def planned(mine: Dataset, text: str = LIST) -> Given:
    """As ``start`` leaves it for the process."""
    wanted, given, seen = lists(mine, text)
    given.plan({"wanted": wanted.as_json(), "seen": seen})
    return given


def job_of(mine: Dataset) -> ImportJob:
    found = job.job(mine)
    assert found is not None
    return found


def ended(mine: Dataset) -> ImportJob:
    wait_for(lambda: not job_of(mine).is_active, "its end")
    return job_of(mine)


def test_one_in_a_process_of_its_own_runs_to_its_end(mine: Dataset) -> None:
    assert job.job(mine) is None
    wanted, given, seen = lists(mine)
    folder = given.folder
    job.start(mine, wanted, given, seen)
    del given
    assert job_of(mine).is_active
    done = ended(mine)
    assert (done.state, done.what, done.error) == ("done", "en-de.tsv", "") and done.ended
    assert done.runner is not None and done.runner.what == "import"
    assert done.runner.pid == children._spawned[mine.path / job.FOLDER].pid
    (report,) = reports(mine)
    assert report.source == "en-de.tsv"
    assert [row.target for row in Dataset(mine.path).lexicon("en-de")] == [
        "Hund",
        "laufen",
    ]
    assert not folder.exists() and [*uploads.place().iterdir()] == []
    job.cancel(mine)  # nothing runs: nothing happens
    status = (mine.path / job.FOLDER / job.STATUS).read_bytes()
    assert not checksums.is_damaged(status) and sealing.look(mine.path).lines == {}


def test_pictures_are_counted_and_how_far_it_is_can_be_seen(mine: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[ImportJob] = []
    real = WantedFolder.store

    def store(self: WantedFolder, dataset: Path, found: Any, tell: Any) -> Any:
        def told(done: int, total: int) -> None:
            tell(done, total)
            seen.append(job_of(mine))

        return real(self, dataset, found, told)

    monkeypatch.setattr(WantedFolder, "store", store)
    folder = mine.path.parent / "given"
    for number in range(3):
        (folder / "en" / f"w{number}").mkdir(parents=True)
        (folder / "en" / f"w{number}" / "1.png").write_bytes(draw("sun", variant=number))
    given = Given()
    wanted = WantedFolder((uploads.Source(str(folder), str(folder)),))
    given.plan({"wanted": wanted.as_json(), "seen": wanted.digest(wanted.look(given.folder, mine))})
    (report,) = job.run(mine.path, given.folder)
    assert [(one.state, one.total, one.what) for one in seen] == [("running", 3, "given")] * 3
    done = job_of(mine)
    assert (done.state, done.done, done.total, done.share) == ("done", 3, 3, 1.0) and report.counts["pictures"] == 3
    assert not given.folder.exists() and folder.is_dir()


def test_one_at_a_time_waits_is_seen_and_ended_from_any_process(mine: Dataset, tmp_path: Path) -> None:
    with job_queue.turn(Request("the collection of x", str(tmp_path / "other"))):
        wanted, given, seen = lists(mine)
        folder = given.folder
        job.start(mine, wanted, given, seen, by="ann@x.org")
        del given
        wait_for(lambda: job_queue.ticket_of(mine.path / job.FOLDER), "its ticket")
        own = children._spawned.pop(mine.path / job.FOLDER)  # as another process sees it, or a new server
        one = job_of(mine)
        assert one.ticket is not None and (one.state, one.ticket.before) == ("waiting", 1)
        assert (one.ticket.request.what, one.ticket.request.by) == ("the import of en-de.tsv in mine", "ann@x.org")
        uploads.sweep()
        assert (folder / "upload-1").is_file(), "it is the waiting one's"
        other = lists(mine, "cat\tKatze\tN\n")
        with pytest.raises(DatasetError, match=r"'en-de.tsv' is being stored in this data set; wait for it"):
            job.start(mine, *other)
        assert other[1].folder.is_dir(), "it can be stored then"
        job.cancel(mine)
        own.wait(60)
        assert job_of(mine).state == "interrupted" and not folder.exists()
        job.start(mine, *other)
    assert ended(mine).state == "done" and [row.target for row in Dataset(mine.path).lexicon("en-de")] == ["Katze"]


def zipped(mine: Dataset, count: int) -> tuple[WantedFolder, Given, str]:
    """A zip of pictures that was looked at."""
    buffer, given = io.BytesIO(), Given()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(count):
            archive.writestr(f"en/w{number}/1.png", draw("sun", variant=number))
    wanted = WantedFolder((given.take("words.zip", buffer.getvalue()),))
    return wanted, given, wanted.digest(wanted.look(given.folder, mine))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_one_that_is_ended_while_it_stores_leaves_nothing_half_and_can_be_given_again(
    mine: Dataset, how: signal.Signals
) -> None:
    with storage.lock(mine.path):  # at its end it waits for that
        job.start(mine, *zipped(mine, 3))
        wait_for(lambda: job_of(mine).state == "running", "its first number")
        assert job_of(mine).total == 3 and [*uploads.place().iterdir()]
        if how == signal.SIGTERM:
            job.cancel(mine)
        else:
            child = children._spawned[mine.path / job.FOLDER]
            child.kill()
            child.wait(60)
    left = job_of(mine)
    assert (left.state, left.what, left.error) == ("interrupted", "words.zip", "")
    assert reports(mine) == [] and not (mine.path / "words.parquet").exists()
    job.start(mine, *zipped(mine, 3))
    assert ended(mine).state == "done" and [*uploads.place().iterdir()] == [], "what was left is swept"
    made = Dataset(mine.path)
    assert {*made.members("en")} == {"w0", "w1", "w2"} and len(made.pictures.ids) == 3


def test_it_goes_on_when_who_started_it_has_ended(mine: Dataset, tmp_path: Path) -> None:
    with job_queue.turn(Request("the collection of x", str(tmp_path / "other"))):
        job.start(mine, *lists(mine))
        wait_for(lambda: job_queue.ticket_of(mine.path / job.FOLDER), "its ticket")
        own = children._spawned.pop(mine.path / job.FOLDER)
        plate = json.loads(next(uploads.place().glob(f"*{uploads.PLATE}")).read_text())
        assert plate["pid"] == own.pid != children.os.getpid() and children.os.getsid(own.pid) == own.pid
    assert ended(mine).state == "done" and own.wait(60) == 0 and len(reports(mine)) == 1


@pytest.mark.parametrize(
    ("known", "state"),
    [
        ({}, "interrupted"),
        ({"state": "done", "ended": "2026-11-25T18:57:55+0000"}, "done"),
        ({"state": "failed", "ended": "2026-11-25T18:57:55+0000", "error": "no room"}, "failed"),
        ({"state": "<script>"}, "interrupted"),
    ],
)
def test_the_state_is_what_file_and_lock_say_together(mine: Dataset, known: dict[str, Any], state: str) -> None:
    record = job.ImportRecord(mine.path / job.FOLDER)
    record.write(ImportJob("x.zip", state="running", total=20, done=8, kept=3, seconds=10.0))
    file = record.folder / job.STATUS
    file.write_text(json.dumps(json.loads(file.read_text()) | known))
    found = job_of(mine)
    assert (found.state, found.what, found.rate, found.left) == (state, "x.zip", 0.5, 24.0)
    with storage.lock(record.folder):
        assert job_of(mine).state == ("running" if state == "interrupted" else "starting")


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"what": 3}', "[" * 100_000, "\xff"])
def test_a_broken_status_is_none(mine: Dataset, text: str) -> None:
    (mine.path / job.FOLDER).mkdir(parents=True)
    (mine.path / job.FOLDER / job.STATUS).write_text(text)
    assert job.job(mine) is None and reports(mine) == []


def test_the_command_says_in_one_line_what_is_wrong_and_takes_no_folder_of_ones_own(
    mine: Dataset, run: Run, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    for plan in (None, "{}", '{"wanted": {}, "seen": ""}', '{"wanted": {"kind": "x", "sources": []}, "seen": ""}'):
        if plan is not None:
            (own / uploads.PLAN).write_text(plan)
        code, out, err = run("import-given", own, "--dataset", "mine")
        assert (code, out) == (1, "") and err.startswith("error: ") and err.count("\n") == 1
        uploads.plate_of(own).write_text("{}")
    assert own.is_dir() and job.job(mine) is None
    given = planned(mine)
    (given.folder / "upload-1").write_text("cat\tKatze\tN\n")
    code, _, err = run("import-given", given.folder, "--dataset", "mine")
    assert code == 1 and err == "error: 'en-de.tsv' has changed since it was looked at; look at it again\n"
    assert job_of(mine).state == "failed" and err.startswith(f"error: {job_of(mine).error}")
    assert not given.folder.exists() and not (mine.path / "lexicon").exists()
    assert run("import-given", planned(mine).folder, "--dataset", "mine") == (0, "", "")


def test_it_is_none_of_the_commands_for_people(run: Run) -> None:
    assert "import-given" not in run("--help")[1]


def test_one_that_fails_with_a_surprise_says_no_more_than_its_kind(
    mine: Dataset, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def store(*given: Any) -> None:
        raise ValueError("secret")

    monkeypatch.setattr(WantedLists, "store", store)
    given = planned(mine)
    with pytest.raises(DatasetError, match=r"failed \(ValueError\); mine/imports/newest/\.import\.log says more"):
        job.run(mine.path, given.folder)
    assert job_of(mine).state == "failed" and "secret" not in job_of(mine).error
    assert "secret" in capsys.readouterr().err and not given.folder.exists()
