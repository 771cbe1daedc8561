"""Temporary files: gone with their writer however that ends, and safe from everybody else while it writes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cldi_core.data import storage, unfinished

ROOT = Path(__file__).resolve().parents[2]
WRITER = """
import sys
from pathlib import Path
from cldi_core.data import storage

def save(temporary):
    temporary.write_text("half")
    print("writing", flush=True)
    sys.stdin.readline()

storage.write(Path(sys.argv[1]) / "theirs.txt", save)
"""


@contextmanager
def writing(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has written half of a file into a folder, and goes on when it gets a line."""
    command = [sys.executable, "-c", WRITER, folder]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None and process.stdout.readline() == "writing\n"
        yield process
        process.kill()


def left(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name.startswith(".cldi-")]


def test_what_another_process_is_writing_stays(tmp_path: Path) -> None:
    with writing(tmp_path) as process:
        assert len(left(tmp_path)) == 1
        storage.write_text(tmp_path / "mine.txt", "x")
        with storage.lock(tmp_path):
            assert len(left(tmp_path)) == 1
        process.communicate("go on\n", timeout=60)
        assert process.returncode == 0
    assert (tmp_path / "theirs.txt").read_text() == "half" and left(tmp_path) == []


@pytest.mark.parametrize("how", ["write", "lock", "lock above"])
def test_what_a_killed_process_left_goes_at_the_next_write_or_lock(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "set" / "scores"
    folder.mkdir(parents=True)
    with writing(folder) as process:
        process.kill()
    assert len(left(tmp_path)) == 1
    if how == "write":
        storage.write_text(folder / "mine.txt", "x")
    else:
        with storage.lock(folder if how == "lock" else tmp_path):
            pass
    assert left(tmp_path) == [] and not (folder / "theirs.txt").exists()


def test_files_of_others_are_not_touched(tmp_path: Path) -> None:
    """Whoever exports into a folder of their own has other programs' files there."""
    names = [".part-abcdefgh.tmp", "cldi-x.tmp", ".cldi-x", "x.tmp", ".cldi-x.tmp.txt"]
    for name in names:
        (tmp_path / name).write_text("x", "utf-8")
    (tmp_path / ".cldi-folder.tmp").mkdir()
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / ".cldi-x.tmp").write_text("x", "utf-8")
    (tmp_path / ".cldi-link.tmp").symlink_to(tmp_path / "x.tmp")
    (tmp_path / "way").symlink_to(tmp_path / "far")
    os.mkfifo(tmp_path / ".cldi-pipe.tmp")
    before = sorted(tmp_path.rglob("*"))
    unfinished.sweep(tmp_path)
    unfinished.sweep_all(tmp_path / "way" / "nowhere")
    assert sorted(tmp_path.rglob("*")) == before


def test_where_nobody_can_be_asked_it_is_left_for_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, and on file systems without locks."""
    monkeypatch.setitem(sys.modules, "fcntl", None)
    old, new = tmp_path / ".cldi-old.tmp", tmp_path / ".cldi-new.tmp"
    for path, age in ((old, 90_000), (new, 3_600)):
        path.touch()
        os.utime(path, (time.time() - age,) * 2)
    storage.write_text(tmp_path / "a.txt", "x")
    assert left(tmp_path) == [new] and (tmp_path / "a.txt").read_text() == "x"


def test_one_that_is_taken_away_before_it_is_held_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    flock, taken = fcntl.flock, []

    def slow(handle: int, how: int) -> None:
        if not taken and how == fcntl.LOCK_EX:
            taken.append(left(tmp_path)[0])
            unfinished.sweep(tmp_path)
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", slow)
    storage.write_text(tmp_path / "a.txt", "whole")
    assert (tmp_path / "a.txt").read_text() == "whole" and taken and left(tmp_path) == []


def test_many_who_write_and_sweep_at_once_lose_nothing(tmp_path: Path) -> None:
    """Threads that write into one folder: each write sweeps it too."""
    lost: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for turn in range(40):
                storage.write_text(tmp_path / f"{number}.txt", str(turn))
        except BaseException as error:
            lost.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not lost and sorted(path.name for path in tmp_path.iterdir()) == [f"{number}.txt" for number in range(6)]
    assert {path.read_text() for path in tmp_path.iterdir()} == {"39"}
