"""Mapped features are given back to the system, and read again as they were."""

from __future__ import annotations

import mmap
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from cldi_core.scoring.feature_rows import FeatureRows


def mapped_kilobytes() -> int:
    """How much of mapped files this process holds in memory."""
    (found,) = re.findall(r"RssFile:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
    return int(found)


@pytest.mark.skipif(sys.platform != "linux" or not hasattr(mmap, "MADV_DONTNEED"), reason="the system does not tell")
def test_what_was_read_is_given_back(tmp_path: Path) -> None:
    file = np.lib.format.open_memmap(tmp_path / "rows.npy", "w+", np.float16, (20_000, 512))
    file[:] = 1
    file.flush()
    del file
    rows = FeatureRows([np.load(tmp_path / "rows.npy", mmap_mode="r")[5:]])
    before = mapped_kilobytes()
    first = rows[:]
    held = mapped_kilobytes() - before
    rows.release()
    assert held > 15_000 and mapped_kilobytes() - before < 5_000
    np.testing.assert_array_equal(rows[:], first)


def test_rows_in_memory_stay_where_they_are() -> None:
    rows = FeatureRows([np.eye(3, dtype=np.float32)])
    rows.release()
    np.testing.assert_array_equal(rows[:], np.eye(3))
