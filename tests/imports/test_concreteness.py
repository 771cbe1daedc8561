"""Ratings of concreteness that somebody has become those of a data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cldi_core.data import concreteness
from cldi_core.data.dataset import Dataset
from cldi_core.errors import DatasetError
from cldi_core.imports.concreteness import import_concreteness
from cldi_core.imports.report import reports

TABLE = "Word\tBigram\tConc.M\tConc.SD\ndog\t0\t4.85\t.4\nrun\t0\t4.05\t1\nbig\t0\t3.16\t1\nzeal\t0\t1.59\t1\n"


def test_the_published_table(small: Dataset, reopen: Callable[[], Dataset], tmp_path: Path) -> None:
    (tmp_path / "table.txt").write_bytes(b"\xef\xbb\xbf" + TABLE.replace("\n", "\r\n").encode())
    report = import_concreteness(small.path, tmp_path / "table.txt")
    # dog, hat, hand, ghost, run, red and big are the English words of the list and the pictures
    assert report.counts == {"words": 4, "lines": 5, "english": 7, "covered": 3} and report.is_complete
    again = reopen()
    assert concreteness.ratings(again) == {"dog": 4.85, "run": 4.05, "big": 3.16, "zeal": 1.59}
    assert [kept.kind for kept in reports(again)] == ["concreteness"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "has no words"), ("dog\t4,85\n", "decimal comma"), ("dog\t1\ndog\t2\n", "twice"), ("dog\n", "columns")],
)
def test_what_is_no_table_leaves_that_which_was_there(small: Dataset, tmp_path: Path, text: str, said: str) -> None:
    (small.path / concreteness.FILE).write_text("dog\t1.5\n", "utf-8")
    (tmp_path / "table.txt").write_text(text, "utf-8")
    with pytest.raises(DatasetError, match=said):
        import_concreteness(small.path, tmp_path / "table.txt")
    assert concreteness.ratings(Dataset(small.path)) == {"dog": 1.5} and not reports(small)
    with pytest.raises(DatasetError, match="there is no file"):
        import_concreteness(small.path, tmp_path / "none.txt")
