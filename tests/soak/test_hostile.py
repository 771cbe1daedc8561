"""Hostile files, a few hundred of them, as ``make soak`` tries thousands; and that it would see what it looks for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.soak import hostile, hostile_crafted, hostile_mutants, hostile_readers, hostile_seeds
from benchmarks.soak.__main__ import KINDS, find
from benchmarks.soak.hostile import Case, Outcome
from benchmarks.soak.hostile_mutants import Change
from benchmarks.soak.trial import Effort
from cldi_core.data.workers import Ended, Workers
from cldi_core.errors import DatasetError

# Those that are made in no time; the others are ``make soak``'s.
QUICK = [
    "a JPEG of 3,000 scans", "a JPEG of 3,000 scans behind a small one", "a JPEG of 3,000 scans in a TIFF",
    "a TIFF of 30,000 tags that share 1 MB", "a WebP of 268 million pixels", "a GIF of 4 billion pixels",
    "a PNG of 900 million pixels", "tensors that overlap", "two tensors of one name", "a tensor beyond the end",
    "a shape whose product is beyond 64 bits", "settings of a key of 400,000 parts", "metadata of 39 MB of lists",
    "a zip file that names 1 MB 60,000 times", "a table of 100,000 texts of 1 MB, which is there once",
    "a shard of 50,000 titles of 1 MB each", "a table of a structure 500 deep", "a list of lines of 1 MB",
]  # fmt: skip

CHANGES = st.builds(
    Change, st.sampled_from([*hostile_mutants.KINDS]), st.integers(0, 20_000), st.integers(0, (1 << 30) - 1)
)
CASES = st.builds(Case, st.sampled_from([*hostile_seeds.SEEDS]), st.lists(CHANGES, min_size=1, max_size=4).map(tuple))


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers[Case, Outcome]]:
    """A process that reads hostile files."""
    folder = tmp_path_factory.mktemp("hostile")
    with Workers(partial(hostile.tried, folder=folder), 1, hostile.PATIENCE, hostile.ROOM) as workers:
        yield workers


def test_every_whole_file_is_read(readers: Workers[Case, Outcome]) -> None:
    assert hostile_readers.READERS.keys() >= hostile_seeds.SEEDS.keys()
    cases = [Case(kind) for kind in hostile_seeds.SEEDS]
    (found,) = readers.map([cases])
    for case, one in zip(cases, found, strict=True):
        assert isinstance(one, Outcome) and (one.told, one.lost) == ("", ""), case


@settings(max_examples=250, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(case=CASES)
def test_a_changed_file_is_read_or_ends_in_one_line(readers: Workers[Case, Outcome], case: Case) -> None:
    ((found,),) = readers.map([[case]])
    assert isinstance(found, Outcome), found
    assert not found.lost, found


@pytest.mark.parametrize("name", QUICK)
def test_a_file_that_was_made_to_do_harm_does_none(readers: Workers[Case, Outcome], name: str) -> None:
    case = Case(hostile_crafted.CRAFTED[name].kind, crafted=name)
    ((found,),) = readers.map([[case]])
    assert isinstance(found, Outcome) and not found.lost, found


def test_it_is_found_by_its_name_and_tells_what_was_lost() -> None:
    assert find("hostile") is hostile.try_hostile and KINDS["hostile"]
    case = Case("dataset.toml", (Change("cut", 3, 0),))
    found = [(case, Outcome()), (case, Outcome("told")), (case, Outcome("told", "wrong")), (case, Ended("it hung"))]
    trial = hostile.judged("what", found)
    assert (trial.tried, trial.lost) == (4, (f"{case}: wrong", f"{case}: it hung"))
    assert "1 ended by a limit, 1 read, 2 refused in a line" in trial.note
    cases = hostile.cases(Effort(1, 3), 100)
    assert cases == hostile.cases(Effort(1, 3), 100) != hostile.cases(Effort(1, 4), 100)
    assert {one.kind for one in cases} == hostile_seeds.SEEDS.keys()


def _outside(sets: Path, file: Path) -> None:
    hostile._watch("open", (str(file.parent / "more"), "w", os.O_WRONLY))


def _large(sets: Path, file: Path) -> None:
    bytearray(300_000_000)


def _failing(error: Exception) -> hostile_readers.Reader:
    def read(sets: Path, file: Path) -> None:
        raise error

    return read


def _out_of_memory(sets: Path, file: Path) -> None:
    try:
        raise MemoryError
    except MemoryError as error:
        raise DatasetError("it cannot be read") from error


FAULTS: dict[str, tuple[hostile_readers.Reader, str]] = {
    "another error": (_failing(KeyError("x")), "KeyError: 'x'"),
    "a line without an end": (_failing(DatasetError("x" * 2000)), "not one line"),
    "nothing said": (_failing(DatasetError("")), "not one line"),
    "no memory": (_out_of_memory, "asked for more than 4 GB"),
    "a file elsewhere": (_outside, "wrote outside: open"),
    "a file beside": (lambda sets, file: (sets.parent / "more").mkdir(), "wrote beside its data sets"),
    "another file than was given": (lambda sets, file: file.write_bytes(b""), "wrote beside its data sets"),
    "much memory": (_large, "GB"),
    "much time": (lambda sets, file: sum(range(3_000_000)), "took 0 s"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_of_every_kind_are_seen(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, lost = FAULTS[name]
    monkeypatch.setitem(hostile_readers.READERS, "folders.tsv", read)
    monkeypatch.setattr(hostile, "SECONDS", 0.01 if name == "much time" else 20)
    monkeypatch.setattr(hostile, "MEMORY", hostile._peak() + 100_000_000)
    for folder in ("sets", "given"):
        (tmp_path / folder).mkdir()
    assert lost in hostile._one(Case("folders.tsv"), tmp_path).lost


def test_a_reader_that_does_as_it_should_has_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hostile, "MEMORY", hostile._peak() + 100_000_000)  # this process may hold much of other tests
    for folder in ("sets", "given"):
        (tmp_path / folder).mkdir()
    assert hostile._one(Case("folders.tsv"), tmp_path).lost == ""
    for event, path in (("os.mkdir", "x"), ("os.rename", str(tmp_path / "sets" / "x"))):
        hostile._allowed[:], hostile._writes[:] = [f"{tmp_path / 'sets'}{os.sep}"], []
        hostile._watch(event, (path, path, -1, -1))
        hostile._watch("os.listdir", (path,))
        assert bool(hostile._writes) == (event == "os.mkdir")
    hostile._allowed.clear()
