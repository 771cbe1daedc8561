"""What was given to be imported: its folder goes with whose it is, however that ends, and no other folder does."""

from __future__ import annotations

import gc
import json
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from cldi_core.data import processes
from cldi_core.data.processes import Holder
from cldi_core.errors import DatasetError
from cldi_core.imports import given as uploads
from cldi_core.imports.given import PLATE, PREFIX, Given, Source

PROC = Path("/proc")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_uploads_have_names_of_our_own_and_go_with_who_holds_them(place: Path) -> None:
    given = Given()
    assert given.take("../../<b>.tsv", b"one") == Source("upload-1", "../../<b>.tsv")
    assert given.take("a.zip", memoryview(b"two")).path == "upload-2"
    assert given.take("theirs", b"three", "words.tsv") == Source("words.tsv", "theirs")
    assert {path.name for path in given.folder.iterdir()} == {"upload-1", "upload-2", "words.tsv", PLATE}
    assert (given.folder / "upload-2").read_bytes() == b"two" and [*place.iterdir()] == [given.folder]
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


@pytest.mark.parametrize("plate", [None, "", "[]", "{}", "elsewhere", "unknown"])
def test_what_may_be_somebody_elses_stays(place: Path, plate: str | None) -> None:
    ended = Holder(2**22 + 1, processes.socket.gethostname(), "import", "", "boot 1")
    folder = place / f"{PREFIX}x"
    folder.mkdir()
    if plate == "elsewhere":
        plate = json.dumps(vars(ended) | {"host": "elsewhere"})
    if plate == "unknown":
        (place / "mine").mkdir()
        (place / "mine" / PLATE).write_text(json.dumps(vars(ended)))
        folder.rmdir()
        folder.symlink_to(place / "mine")
    elif plate is not None:
        (folder / PLATE).write_text(plate)
    uploads.sweep()
    assert folder.exists() and (plate != "unknown" or (place / "mine" / PLATE).is_file())
    if plate is None:
        (folder / PLATE).write_text(json.dumps(vars(ended)))
        uploads.sweep()
        assert not folder.exists(), "else nothing is swept"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs another user")
def test_what_is_another_users_stays(place: Path) -> None:
    folder = place / f"{PREFIX}x"
    folder.mkdir()
    (folder / PLATE).write_text(json.dumps(vars(Holder(2**22 + 1, processes.socket.gethostname(), "", "", "b 1"))))
    os.chown(folder, 12345, 12345)
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


@pytest.mark.parametrize("what", ["make", "take", "plan"])
def test_a_disk_that_refuses_is_told_of_in_a_line(place: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    given = Given()

    def refuse(*args: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    if what == "make":
        monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    else:
        monkeypatch.setattr(Path, "write_bytes" if what == "take" else "write_text", refuse)
    with pytest.raises(DatasetError, match="cannot be written to"):
        {"make": Given, "take": lambda: given.take("x", b"x"), "plan": lambda: given.plan({})}[what]()
