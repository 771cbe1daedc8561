"""``doctor``: what it says of a machine that is well, and that each thing that is wrong is named with what to do."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections import namedtuple
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

from cldi_core.collect.providers import PROVIDERS
from cldi_core.commands import doctor_facts
from cldi_core.commands.doctor_facts import AREAS, KNOWN, Fact
from cldi_core.data import dataset, job_queue, storage
from cldi_core.data.dataset import Dataset
from cldi_core.data.job_queue import Request
from tests.commands.conftest import Run

Usage = namedtuple("Usage", "total used free")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def machine(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is well."""
    for name in [name for name in os.environ if name.startswith("CLDI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CLDI_DATA", str(data))
    monkeypatch.setenv("CLDI_CACHE", str(tmp_path / "cache"))
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 8000000 kB\nMemAvailable: 4000000 kB\n")
    monkeypatch.setattr(doctor_facts, "MEMORY", meminfo)


def found(area: str) -> dict[str, Fact]:
    return {one.name: one for one in doctor_facts.facts() if one.area == area}


def test_a_machine_that_is_well_has_a_page_and_nothing_wrong(run: Run, small: Dataset) -> None:
    code, out, err = run("doctor")
    assert (code, err) == (0, "") and out.endswith("\nNothing is wrong.\n")
    assert [line for line in out.splitlines() if line in AREAS] == list(AREAS)
    assert "small" in out and "1 word list, 17 pictures" in out and "4.1 of 8.2 GB free" in out
    assert f"{sys.version_info.major}.{sys.version_info.minor}." in out and "cpu" in out
    code, out, _ = run("doctor", "--json")
    told = json.loads(out)
    assert code == 0 and told["problems"] == 0 and {one["area"] for one in told["facts"]} == set(AREAS)


def test_what_is_wrong_is_told_again_at_the_end(
    run: Run, small: Dataset, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "bad").mkdir()
    (data / "bad" / "dataset.toml").write_text("broken = [", "utf-8")
    monkeypatch.setenv("CLDI_CACHE_GB", "many")
    code, out, err = run("doctor")
    assert (code, err) == (1, "")
    last = out.partition("2 things to look at:")[2].strip().splitlines()
    assert last[0].startswith("settings, CLDI_CACHE_GB: CLDI_CACHE_GB is 'many'") and len(last) == 2
    assert last[1].strip().startswith("data sets, bad: dataset.toml of 'bad' cannot be read")
    assert json.loads(run("doctor", "--json")[1])["problems"] == 2


@pytest.mark.parametrize(("name", "value", "problem"), [
    ("CLDI_REEDONLY", "1", "nobody reads it; known are"),
    ("CLDI_READ_ONLY", "maybe", "accepted: "),
    ("CLDI_FREE_GB", "x", "give the gigabytes"),
    ("CLDI_CACHE_GB", "0", "above 0"),
    ("CLDI_JOBS", "2", ""),
    ("CLDI_READ_ONLY", "1", ""),
])  # fmt: skip
def test_a_setting_that_says_nothing_is_named(
    small: Dataset, monkeypatch: pytest.MonkeyPatch, name: str, value: str, problem: str
) -> None:
    monkeypatch.setenv(name, value)
    fact = found("settings")[name]
    assert fact.value == value and problem in fact.problem and bool(problem) == bool(fact.problem)


def test_every_variable_that_the_explorer_reads_is_known() -> None:
    """Else the page would call it one that nobody reads."""
    files = [path for folder in ("cldi_core", "pages", "tools") for path in (ROOT / folder).rglob("*.py")]
    named = {name for path in files for name in re.findall(r"\bCLDI_[A-Z_]*[A-Z]\b", path.read_text("utf-8"))}
    assert named - {job_queue.TURN} <= set(KNOWN), "add it to doctor_facts.KNOWN"


def test_no_key_and_no_password_is_printed(run: Run, small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    variable = next(key.variable for one in PROVIDERS.values() for key in one.keys)
    monkeypatch.setenv(variable, "s3cret-key")
    monkeypatch.setenv("CLDI_DATASET", "s3://ann:s3cret-word@store/words")
    for options in ((), ("--json",)):
        _, out, err = run("doctor", *options)
        assert "s3cret" not in out + err and variable in out and "//…@store" in out


def test_a_full_disk_and_one_that_cannot_be_written_to(
    small: Dataset, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found("disks")["data"].problem == "" and str(data) in found("disks")["data"].value
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 0, 10**8))
    monkeypatch.setattr(storage, "is_writable", lambda folder: folder != data)
    own = found("disks")
    assert own["data"].problem.startswith("nothing can be written there") and "0.1 GB free" in own["data"].value
    assert own["data"].problem.endswith("make room") and own["cache"].problem == "less than 1 GB are free: make room"


def test_little_memory(small: Dataset) -> None:
    doctor_facts.MEMORY.write_text("MemTotal: 8000000 kB\nMemAvailable: 900000 kB\n")
    assert "end other programs" in found("machine")["memory"].problem
    doctor_facts.MEMORY.write_text("nothing")
    assert "memory" not in found("machine")


def test_packages_that_are_other_than_asked_for(
    small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset, "CHECKOUT", tmp_path)
    numpy = metadata.version("numpy")
    lines = f"numpy=={numpy}  # figures\npandas==0.0.1\nnot-there-at-all==1.0; python_version > '3'\n# x==1\n"
    (tmp_path / "requirements.txt").write_text(lines)
    own = found("versions")
    assert own["packages"].value == "1 of 3 packages as asked for" and "numpy" not in own
    assert own["pandas"].value == metadata.version("pandas") and "0.0.1" in own["pandas"].problem
    assert own["not-there-at-all"].value == "not installed" and "pip install -r" in own["not-there-at-all"].problem


def test_weights_that_are_here(small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert found("weights")["vgg19"].value.startswith("not here") and found("weights")["vgg19"].problem == ""
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    (tmp_path / "hub" / "checkpoints" / "vgg19-dcbb9e9d.pth").touch()
    own = found("weights")
    assert own["vgg19"].value == "fetched" and own["alexnet"].value.startswith("not here")
    assert own["efficientnet-lite0"].value == "installed"


def test_no_data_set_at_all(data: Path) -> None:
    assert found("data sets")["none"].problem == dataset.HOW_TO_START


def test_names_are_shown_as_text(small: Dataset, data: Path) -> None:
    (data / "evil\x1b[2J\nname").mkdir()
    (data / "evil\x1b[2J\nname" / "dataset.toml").write_text("x = [")
    assert "evil [2J name" in found("data sets")


def test_what_runs_and_what_waits(small: Dataset, tmp_path: Path) -> None:
    assert found("queue")["none"].value == "1 at a time, 1 GB are left free"
    with job_queue.turn(Request("the scoring", str(tmp_path))):
        assert found("queue")["the scoring"].value.startswith("at work, process ")


def test_an_area_that_cannot_be_looked_at_is_a_line_and_the_others_are_there(
    small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Iterator[tuple[str, str]]:
        yield "one", "1"
        raise RuntimeError("two\nlines")

    areas: dict[str, Callable[[], Iterator[tuple[str, str]]]] = {"first": broken, "second": lambda: iter([("b", "2")])}
    monkeypatch.setattr(doctor_facts, "AREAS", areas)
    assert [*doctor_facts.facts()] == [
        Fact("first", "one", "1"),
        Fact("first", "?", "could not be looked at", "RuntimeError: two lines"),
        Fact("second", "b", "2"),
    ]


def test_it_writes_nothing(run: Run, small: Dataset, tmp_path: Path) -> None:
    before = sorted(path for path in tmp_path.rglob("*"))
    run("doctor")
    assert sorted(path for path in tmp_path.rglob("*")) == before
