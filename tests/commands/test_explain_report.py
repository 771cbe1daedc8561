"""``explain --report``: one file, written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cldi_core.data import storage
from cldi_core.data.dataset import Dataset
from tests.commands.conftest import Run

WORD = ("explain", "--dataset", "small", "--pair", "en-de", "--word", "run")


def test_a_report_is_written_beside_what_is_printed(run: Run, small: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "run & <b>.html"
    file.write_text("what was there before", "utf-8")
    code, out, err = run(*WORD, "--report", file, "--json")
    assert code == 0 and json.loads(out)["word"] == "run"
    assert err == f"report: {file} ({file.stat().st_size / 1000:.0f} kB)\n"
    text = file.read_text("utf-8")
    assert text.startswith("<!DOCTYPE html>") and text.rstrip().endswith("</html>") and "run → " in text
    assert text.count("data:image/webp;base64,") >= 3 and [one.name for one in tmp_path.glob("*.tmp")] == []


@pytest.mark.parametrize("place", ["nowhere/word.html", "."])
def test_where_nothing_can_be_put_is_said_before_anything_is_computed(
    run: Run, small: Dataset, tmp_path: Path, place: str
) -> None:
    code, out, err = run(*WORD, "--report", tmp_path / place)
    assert (code, out) == (2, "") and err.count("\n") == 1 and "--report" in err and str(tmp_path) in err
    assert not (small.path / "scores").exists()


def test_what_cannot_be_written_leaves_what_was_there(
    run: Run, small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "word.html"
    file.write_text("before", "utf-8")

    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "write_text", full)
    code, _, err = run(*WORD, "--report", file)
    assert code == 1 and "No space left on device" in err and err.count("\n") == 1
    assert file.read_text("utf-8") == "before"
