"""A short round of disks that are full or closed, of umasks, and of a clock that goes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.soak import disk
from benchmarks.soak.trial import Effort

ACTS = ("import-lists", "import-folder", "page: judge")


def test_nothing_is_lost_and_each_line_says_what_to_do(tmp_path: Path) -> None:
    found = list(disk.try_disk(tmp_path, Effort(share=0.001), ACTS))
    if not found[0].tried:
        pytest.skip(found[0].note)
    assert [one.what for one in found] == [
        *(fault.what for fault in disk.FAULTS), *(f"umask {mask:03o}" for mask in disk.UMASKS), "clock that goes back",
    ]  # fmt: skip
    assert [f"{one.what}: {loss}" for one in found for loss in one.lost] == []
    assert all(one.tried == 2 for one in found), "of three acts two are drawn"
    full = [one for one in found if one.what in ("0 kB free", "no files left", "read-only")]
    assert all(one.landed for one in full) and not next(one for one in found if one.what == "400 kB free").landed


def test_where_nobody_may_mount_nothing_is_tried_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (only,) = disk.try_disk(tmp_path, Effort(share=0.001), ACTS)
    assert (only.tried, only.lost) == (0, ()) and "nobody may mount a disk here: " in only.note
