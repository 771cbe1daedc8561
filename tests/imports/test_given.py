"""What was given to be imported: its folder goes with whose it is, however that ends, and no other folder does."""

from __future__ import annotations

import gc
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from cldi_core.data import job_queue
from cldi_core.data.processes import Holder
from cldi_core.errors import DatasetError
from cldi_core.imports import given as uploads
from cldi_core.imports.given import Given, Source

Usage = namedtuple("Usage", "total used free")
ENDED = vars(Holder(2**22 + 1, socket.gethostname(), "import", "", "once"))  # no process has this number


@pytest.fixture
def place() -> Path:
    """Where temporary folders are made."""
    uploads.place().mkdir(parents=True)
    return uploads.place()


def test_it_is_where_the_queue_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(job_queue, "place", lambda: tmp_path / "queue")
    assert Given().folder.parent == tmp_path / "queue" / "given" and job_queue.tickets(tmp_path / "queue") == []


def test_uploads_have_names_of_our_own_and_go_with_who_holds_them(place: Path) -> None:
    given = Given()
    assert given.take("../../<b>.tsv", b"one") == Source("upload-1", "../../<b>.tsv")
    assert given.take("a.zip", memoryview(b"two")).path == "upload-2"
    assert given.take("theirs", b"three", "words.tsv") == Source("words.tsv", "theirs")
    assert {path.name for path in given.folder.iterdir()} == {"upload-1", "upload-2", "words.tsv"}
    assert (given.folder / "upload-2").read_bytes() == b"two"
    assert {*place.iterdir()} == {
        given.folder,
        uploads.plate_of(given.folder),
    }
    assert stat.S_IMODE(given.folder.stat().st_mode) == 0o700
    uploads.sweep()
    assert given.folder.is_dir(), "this process lives"
    del given
    gc.collect()
    assert not [*place.iterdir()]


def test_what_was_handed_over_goes_with_that_process(place: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    given = Given()
    given.hand_over(child.pid)
    folder = given.folder
    del given
    gc.collect()
    uploads.sweep()
    assert folder.is_dir()
    child.kill()
    child.wait()
    uploads.sweep()
    assert not folder.exists()


def test_one_that_took_it_away_before_it_was_handed_over_leaves_nothing(place: Path) -> None:
    given = Given()
    uploads.remove(given.folder)
    given.hand_over(os.getpid())


@pytest.mark.parametrize("plate", ["", "[]", "{}", "elsewhere"])
def test_what_may_be_somebody_elses_stays(place: Path, plate: str) -> None:
    folder = place / "x"
    folder.mkdir()
    uploads.sweep()
    uploads.plate_of(folder).write_text(json.dumps(ENDED | {"host": "elsewhere"}) if plate == "elsewhere" else plate)
    uploads.sweep()
    assert folder.exists()
    uploads.plate_of(folder).write_text(json.dumps(ENDED))
    uploads.sweep()
    assert not folder.exists(), "else nothing is swept"


def test_a_link_does_not_lead_to_a_folder_elsewhere(place: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").touch()
    (place / "x").symlink_to(tmp_path / "mine")
    uploads.plate_of(place / "x").write_text(json.dumps(ENDED))
    uploads.sweep()
    assert (tmp_path / "mine" / "x").is_file()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs another user")
def test_what_is_another_users_stays(place: Path) -> None:
    folder = place / "x"
    folder.mkdir()
    uploads.plate_of(folder).write_text(json.dumps(ENDED))
    os.chown(uploads.plate_of(folder), 12345, 12345)
    uploads.sweep()
    assert folder.exists()


@pytest.mark.parametrize("plan", [None, "", "[" * 100_000, "\xff"])
def test_a_folder_that_nothing_was_given_in_is_told_of_in_a_line(place: Path, plan: str | None) -> None:
    given = Given()
    if plan is not None:
        (given.folder / uploads.PLAN).write_text(plan, "latin-1")
    with pytest.raises(DatasetError, match=r"is not in '.*' any more; give it again"):
        uploads.planned(given.folder)


def test_a_folder_of_somebodys_own_is_none(tmp_path: Path) -> None:
    (tmp_path / uploads.PLAN).write_text("{}")
    with pytest.raises(DatasetError, match="give it again"):
        uploads.planned(tmp_path)


def test_a_disk_that_is_nearly_full_gets_no_upload(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 0, 5))
    with pytest.raises(DatasetError, match=r"0\.0 GB are free"):
        Given()
    assert [*place.iterdir()] == []


@pytest.mark.parametrize("what", ["make", "take", "plan"])
def test_a_disk_that_refuses_is_told_of_in_a_line(place: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    given = Given()

    def refuse(*args: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    if what == "make":
        monkeypatch.setattr(Path, "mkdir", refuse)
    else:
        monkeypatch.setattr(Path, "write_bytes" if what == "take" else "write_text", refuse)
    with pytest.raises(DatasetError, match="cannot be written to"):
        {"make": Given, "take": lambda: given.take("x", b"x"), "plan": lambda: given.plan({})}[what]()
