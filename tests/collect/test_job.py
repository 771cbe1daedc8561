"""Collections as jobs: what the status file and the lock say, starting and ending them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from cldi_core.collect import job
from cldi_core.collect.job import CollectionJob, Wanted
from cldi_core.collect.journal import folder_of
from cldi_core.data import children, storage
from cldi_core.data.dataset import Dataset
from cldi_core.data.processes import Holder
from cldi_core.errors import CollectError, DatasetError, UnknownNameError
from tests.collect.site import CONTACT, Site
from tests.collect.small import collect, listed, stock

NOBODY = 2**22 + 1  # no process has this number
WANTED = Wanted("en-de", "commons", 3, CONTACT, ("de",), True, 100, 5000)


def job_of(dataset: Dataset) -> CollectionJob:
    (found,) = job.jobs(dataset).values()
    return found


def write_status(dataset: Dataset, **known: Any) -> Path:
    folder = folder_of(dataset.path, "commons")
    folder.mkdir(parents=True, exist_ok=True)
    runner = {"pid": NOBODY, "host": "elsewhere", "what": "collect", "since": "2026-11-25 18:51:13", "started": ""}
    given = {
        **vars(CollectionJob(WANTED, state="running", total=20, done=8, kept=3, pictures=30, seconds=10.0)),
        **known,
    }
    given = {"runner": runner, **{name: value for name, value in given.items() if name not in ("said", "runner")}}
    (folder / job.STATUS).write_text(json.dumps({**given, "wanted": vars(WANTED)}))
    return folder


def test_a_run_writes_how_it_ended(site: Site, tmp_path: Path) -> None:
    stock(site)
    dataset = listed(tmp_path / "new")
    assert job.jobs(dataset) == {}
    collect(site, dataset.path, planned={"languages": ["de"]})
    found = job_of(dataset)
    assert (found.state, found.provider, found.total, found.done, found.empty) == ("done", "commons", 3, 3, 0)
    assert (found.pictures, found.lost, found.requests, found.share) == (9, 0, 12, 1.0)
    assert found.ended and not found.is_active and found.runner and "collect --provider commons" in str(found.runner)
    assert found.wanted == Wanted("en-de", "commons", 3, CONTACT, ("de",))
    collect(site, dataset.path, max_requests=1)
    assert (job_of(dataset).state, job_of(dataset).wanted.max_requests) == ("stopped", 1)
    assert "--max-requests are used up" in job_of(dataset).error


@pytest.mark.parametrize(
    ("known", "state"),
    [
        ({}, "interrupted"),
        ({"state": "done", "ended": "2026-11-25T18:57:55+0000"}, "done"),
        ({"state": "failed", "ended": "2026-11-25T18:57:55+0000", "error": "no room"}, "failed"),
        ({"state": "stopped", "ended": "2026-11-25T18:57:55+0000", "error": "spent"}, "stopped"),
        ({"state": "<script>"}, "interrupted"),
    ],
)
def test_the_state_is_what_file_and_lock_say_together(tmp_path: Path, known: dict[str, Any], state: str) -> None:
    dataset = listed(tmp_path / "new")
    folder = write_status(dataset, **known)
    found = job_of(dataset)
    assert found.state == state and not found.is_active and found.wanted == WANTED
    assert found.runner == Holder(NOBODY, "elsewhere", "collect", "2026-11-25 18:51:13")
    assert (found.rate, found.left, found.share) == (3.0, 24.0, 0.4)
    with storage.lock(folder):
        held = job_of(dataset)
    assert held.is_active and held.state == ("running" if state == "interrupted" else "starting")


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"wanted": 3}', "[" * 100_000, "\xff"])
def test_a_broken_status_is_none(tmp_path: Path, text: str) -> None:
    dataset = listed(tmp_path / "new")
    (write_status(dataset) / job.STATUS).write_text(text)
    assert job.jobs(dataset) == {}


class Never:
    """A process that has just been started."""

    pid = NOBODY
    ended = False

    def poll(self) -> int | None:
        return 0 if self.ended else None

    def terminate(self) -> None:
        self.ended = True

    def wait(self, timeout: float) -> int:
        return 0


def test_it_is_started_in_a_process_of_its_own_with_keys_in_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    begun: list[tuple[list[str], dict[str, str]]] = []
    process = Never()
    monkeypatch.setattr(
        children.subprocess, "Popen", lambda line, **how: begun.append((line, how["env"])) or process
    )  # fmt: skip
    dataset = listed(tmp_path / "new")
    wanted = Wanted("en-de", "brave", 3, CONTACT, ("de",), True, 100, 5000)
    job.start(dataset, wanted, {"BRAVE_API_KEY": "s3cret", "LD_PRELOAD": "evil.so"})
    job.start(dataset, wanted)
    ((line, environment),) = begun
    assert line[:3] == [sys.executable, "-m", "cldi_core"] and environment["BRAVE_API_KEY"] == "s3cret"
    assert environment.get("LD_PRELOAD") != "evil.so" and "s3cret" not in " ".join(line)
    options = " ".join(line[3:])
    assert options == (
        f"collect --dataset {dataset.path} --pair en-de --provider brave --per-word 3 --contact {CONTACT} --lang de "
        "--replace --max-requests 100 --max-bytes 5000"
    )
    folder = folder_of(dataset.path, "brave")
    assert not [file for file in folder.rglob("*") if file.is_file() and b"s3cret" in file.read_bytes()]
    found = job.jobs(dataset)["brave"]
    assert (found.state, found.wanted, found.is_active) == ("starting", wanted, True)
    job.cancel(dataset, "brave")
    assert process.ended
    (folder / job.LOG).write_text("Usage\nerror: no key\n")
    assert (job.jobs(dataset)["brave"].state, job.jobs(dataset)["brave"].error) == ("failed", "no key")


def test_what_is_not_started_or_ended(tmp_path: Path) -> None:
    dataset = listed(tmp_path / "new")
    with pytest.raises(CollectError, match="from the command line only"):
        job.start(dataset, Wanted("en-de", "command:rm -rf /"))
    with pytest.raises(UnknownNameError, match="unknown provider"):
        job.start(dataset, Wanted("en-de", "flickr"))
    with pytest.raises(UnknownNameError, match="unknown provider"):
        job.cancel(dataset, "flickr")
    job.cancel(dataset, "commons")  # nobody is at it
    with storage.lock(write_status(dataset)), pytest.raises(DatasetError, match="runs on elsewhere; end it there"):
        job.cancel(dataset, "commons")
