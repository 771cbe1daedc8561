"""What a disk refuses is one line that says why and what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from cldi_core.data import disk


def refused(number: int, place: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), place) if place else OSError(number, os.strerror(number))


BY_LIBRARY = OSError("Error while serializing: I/O error: No space left on device (os error 28)")
BY_ARROW = OSError(errno.ENOSPC, "Error writing bytes to file. Detail: [errno 28] No space left on device")


@pytest.mark.parametrize("error", [refused(errno.ENOSPC), BY_LIBRARY, BY_ARROW], ids=["system", "library", "arrow"])
def test_a_full_disk_is_told_to_be_one_whoever_says_so(tmp_path: Path, error: OSError) -> None:
    assert disk.is_full(error)
    assert str(disk.cannot_write(tmp_path, error)) == (
        f"{str(tmp_path)!r} cannot be written to (No space left on device); free some space there, and run this again; "
        "what was there before is as it was"
    )


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EDQUOT, "(Disk quota exceeded); free some space there"),
        (errno.EACCES, "(Permission denied); make it writable, or copy the data set"),
        (errno.EROFS, "(Read-only file system); make it writable"),
        (errno.EFBIG, "(File too large); let larger files be written"),
    ],
)
def test_each_refusal_has_its_step(tmp_path: Path, number: int, said: str) -> None:
    assert said in str(disk.cannot_write(tmp_path, refused(number)))
    line = disk.line(refused(number, str(tmp_path / ".file-1.tmp")))
    assert "and run this again" in line and "\n" not in line


def test_a_disk_that_can_hold_no_more_files_and_one_that_is_closed_are_told_from_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {"f_files": 9, "f_favail": 0, "f_flag": 0}
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(**there))
    said = str(disk.cannot_write(tmp_path, refused(errno.ENOSPC)))
    assert "the disk can hold no more files); remove files there" in said
    there.update(f_favail=3, f_flag=os.ST_RDONLY)
    assert "(Read-only file system)" in str(disk.cannot_write(tmp_path, refused(errno.EACCES)))
    assert "free some space" in str(disk.cannot_write(tmp_path, refused(errno.ENOSPC)))


def test_of_what_nobody_told_of_the_folder_is_named_and_no_temporary_file(tmp_path: Path) -> None:
    line = disk.line(refused(errno.ENOSPC, str(tmp_path / ".words-1a2b.tmp")))
    assert line.startswith(f"{str(tmp_path)!r} cannot be written to (No space left") and ".tmp" not in line
    assert disk.line(refused(errno.ENOSPC)).startswith("the disk cannot be written to (No space left")
    assert disk.line(refused(errno.ENOENT, "x")) == str(refused(errno.ENOENT, "x"))
    assert str(disk.cannot_write_file(tmp_path / "a", refused(errno.EACCES))) == (
        f"cannot write {str(tmp_path / 'a')!r} (Permission denied); choose another place"
    )
