"""Files that are not what was written are named, with what to do; what people may change is no error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cldi_core.data import answers, checksums, sealing
from cldi_core.data.dataset import Dataset
from cldi_core.insight.health import Finding, findings
from tests.data.test_answers import ONE

pytestmark = pytest.mark.usefixtures("decoding_here")

ROOT = Path(__file__).resolve().parents[2]
Change = Callable[[Path], Path]


def _bit(path: Path) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    return path


def _answer(path: Path) -> Path:
    answers.add(path, ONE)
    return _bit(answers.path_of(path))


# what is changed, how that is told, and the step
CHANGES: dict[str, tuple[Change, str, str]] = {
    "features": (lambda path: _bit(next(path.glob("features/*/*"))), "error", "take it from a copy, or delete it"),
    "a list": (lambda path: _bit(path / "lexicon" / "en-de.tsv"), "warning", "check --dataset small --seal"),
    "the list of checksums": (lambda path: _bit(path / checksums.LOG), "error", "check --dataset small --seal"),
    "an answer": (_answer, "error", "take a copy"),
}


def of_files(found: list[Finding]) -> list[Finding]:
    return [one for one in found if one.area == "files"]


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_found_by_a_deep_check_alone(small: Dataset, name: str) -> None:
    change, level, step = CHANGES[name]
    path = change(small.path)
    assert of_files(findings(Dataset(small.path))) == []
    found = [one for one in of_files(findings(Dataset(small.path), deep=True)) if one.level != "info"]
    (told,) = [one for one in found if repr(path.relative_to(small.path).as_posix()) in one.text]
    assert told.level == level and step in told.next_step


def test_old_files_have_no_checksum_and_are_no_error(small: Dataset) -> None:
    (small.path / checksums.LOG).unlink()
    (told,) = of_files(findings(Dataset(small.path), deep=True))
    assert told.level == "info" and "6 files have no checksum yet: dataset.toml, " in told.text
    assert told.next_step == "python -m cldi_core check --dataset small --seal"


@pytest.mark.parametrize("name", ["demo", "demo-hard"])
def test_the_demo_is_as_it_was_sealed(name: str) -> None:
    """After a change of the demo: python -m cldi_core check --dataset data/demo --seal."""
    known, damaged = checksums.lines_of((ROOT / "data" / name / checksums.SEALED).read_bytes())
    seen = sealing.look(ROOT / "data" / name)
    assert not damaged and {one: digest for one, digest in seen.digests.items() if one in dict(known)} == dict(known)
