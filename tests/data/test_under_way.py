"""Who changes a data set says so, and who copies it waits."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cldi_core.data import dataset, pictures, storage, under_way
from cldi_core.data.dataset import Dataset
from cldi_core.errors import DatasetError
from tests.conftest import draw

ROOT = Path(__file__).resolve().parents[2]
CHANGING = """
import sys, time
from pathlib import Path
from cldi_core.data import under_way
with under_way.changing(Path(sys.argv[1]), "import pictures"):
    print("changing", flush=True)
    time.sleep(600)
"""


def test_who_changes_a_data_set_is_named_until_the_end(tmp_path: Path) -> None:
    assert under_way.changes(tmp_path) is None
    with under_way.changing(tmp_path, "collect"), under_way.changing(tmp_path, "import-features"):
        found = under_way.changes(tmp_path)
        assert found is not None and found.pid == os.getpid() and found.what in ("collect", "import-features")
    assert under_way.changes(tmp_path) is None and not [*tmp_path.iterdir()]


def test_other_files_on_their_way_name_nobody(tmp_path: Path) -> None:
    storage.write(tmp_path / "a", lambda file: [file.write_bytes(b"{}"), under_way.changes(tmp_path)].pop() is None)
    (tmp_path / ".cldi-x.tmp").write_text('{"pid": 1, "host": "elsewhere"}')
    assert under_way.changes(tmp_path) is None, "nobody holds it"


def test_one_that_was_killed_is_at_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CHANGING, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert child.stdout is not None and child.stdout.readline() == "changing\n"
        assert (found := under_way.changes(tmp_path)) is not None and found.pid == child.pid
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert under_way.changes(tmp_path) is None and [*tmp_path.iterdir()], "its file is left to the next who writes"
    with under_way.changing(tmp_path, "collect"):
        assert len([*tmp_path.iterdir()]) == 1, "that of the dead is gone"


def test_who_looks_waits_and_is_told_for_whom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "LOCK_WAIT", 0.2)
    with (
        under_way.changing(tmp_path, "import pictures"),
        pytest.raises(DatasetError, match=rf"^process {os.getpid()} on \S+ \(import pictures, since .*; wait for it"),
    ):
        under_way.settled([tmp_path], lambda: 1)
    monkeypatch.setattr(storage, "LOCK_WAIT", 60)
    entered, leave = threading.Event(), threading.Event()

    def change() -> None:
        with under_way.changing(tmp_path, "import pictures"):
            entered.set()
            leave.wait(60)
            (tmp_path / "made").touch()

    thread = threading.Thread(target=change)
    thread.start()
    entered.wait(60)
    looks: list[bool] = []

    def look() -> bool:
        looks.append((tmp_path / "made").exists())
        leave.set()
        return looks[-1]

    assert under_way.settled([tmp_path], look) is True
    thread.join()


def test_what_changes_between_two_looks_is_looked_at_again(tmp_path: Path) -> None:
    found = iter([1, 2, 3, 3])
    assert under_way.settled([tmp_path], lambda: next(found)) == 3


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_told_and_can_be_looked_at(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(DatasetError, match="cannot be written to"), under_way.changing(tmp_path, "collect"):
            pytest.fail("it was written to")
        assert under_way.settled([tmp_path], lambda: 1) == 1
    finally:
        tmp_path.chmod(0o700)


def add(small: Dataset) -> pictures.Picture:
    """Store a picture that is of no word yet."""
    new = pictures.Picture(draw("ring", "fr", 3), "fr/another.png", 96, 96)
    pictures.write_shards(small.path / "images", [new])
    return new


def counts(opened: Dataset) -> tuple[int, int]:
    """Its pictures, and how many of them words have."""
    return len(opened.pictures.ids), len(opened.used)


def test_a_data_set_of_one_moment_keeps_to_it(small: Dataset) -> None:
    before = counts(opened := under_way.of_one_moment(small))
    dataset.write_words(small.path, [("en", "dog", 0, add(small).id)])
    assert counts(opened) == before
    assert counts(under_way.of_one_moment(opened)) == (before[0] + 1, 1), "whatever was read of it before"


@pytest.mark.parametrize("end", [2, 3, 6])
def test_words_and_pictures_are_of_one_another(small: Dataset, monkeypatch: pytest.MonkeyPatch, end: int) -> None:
    """An import is at its end, and ends before one of the looks for whether it is."""
    before, looks, imported = counts(Dataset(small.path)), [0], list[pictures.Picture]()
    stamp, is_locked = Dataset.stamp, storage.is_locked

    def look() -> None:
        looks[0] += 1
        if looks[0] == 1:
            lock.enter_context(storage.lock(small.path, "import pictures"))
            imported.append(add(small))
        if looks[0] == end:
            dataset.write_words(small.path, [("en", "dog", 0, imported[0].id)])
            lock.close()

    monkeypatch.setattr(Dataset, "stamp", lambda opened, patterns: [look(), stamp(opened, patterns)][1])
    monkeypatch.setattr(storage, "is_locked", lambda folder: [look(), is_locked(folder)][1])
    with contextlib.ExitStack() as lock:
        assert counts(under_way.of_one_moment(small)) == (before[0] + 1, 1)


def test_nobody_is_waited_for_without_end(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "LOCK_WAIT", 0.2)
    with storage.lock(small.path, "import pictures"):
        assert counts(under_way.of_one_moment(small)) == counts(small)
