"""Mapped features are given back to the system, and read again as they were."""

from __future__ import annotations

import mmap
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from cldi_core.scoring import best_match_few
from cldi_core.scoring.feature_rows import FeatureRows
from cldi_core.scoring.imagesets import ImageSets


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


@pytest.mark.skipif(sys.platform != "linux" or not hasattr(mmap, "MADV_DONTNEED"), reason="the system does not tell")
def test_a_word_that_is_compared_leaves_nothing_mapped(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.random.default_rng(0).standard_normal((12_000, 512)).astype(np.float16))
    rows = FeatureRows([np.load(tmp_path / "rows.npy", mmap_mode="r")])
    members = np.arange(12_000)
    target = ImageSets([str(n) for n in range(6_000)], rows, members, np.arange(0, 12_001, 2), finite=True)
    source = ImageSets(["word"], rows, members[:5], np.array([0, 5]), finite=True)
    before = mapped_kilobytes()
    found = best_match_few.match(source, target, ["forward"])[0]["forward"]
    assert mapped_kilobytes() - before < 3_000, "of 12 MB"
    assert target.measured["wide"].nbytes == 4 * 12_000 * 512 and found[0].argmax() in range(3)
    np.testing.assert_array_equal(best_match_few.match(source, target, ["forward"])[0]["forward"], found)
    best_match_few.forget()
    assert "wide" not in target.measured and not best_match_few._wide
    np.testing.assert_array_equal(best_match_few.match(source, target, ["forward"])[0]["forward"], found)
    assert "wide" in target.measured
