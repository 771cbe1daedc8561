"""``python -m benchmarks`` and the command ``bench``: options, exit codes, what is printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

import benchmarks
from benchmarks import __main__ as program_of
from benchmarks import extraction, report
from cldi_core.commands import benchmarking, program
from cldi_core.errors import CldiError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run the program in this process: → exit code, standard output, standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["benchmarks", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            program.run(program_of.app, program_of.NAME)
        return (int(ended.value.code or 0), *capsys.readouterr())

    return call


def test_a_table_or_records_are_printed(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []

    def measured(words: int, dims: list[int], repeats: int, **options: object) -> list[dict[str, object]]:
        asked.append((words, tuple(dims), repeats, options["full"], options["threads"]))
        return [{"kind": "machine"}]

    monkeypatch.setattr(benchmarks, "run", measured)
    monkeypatch.setattr(benchmarks, "table", lambda records: f"{len(records)} records")
    assert bench("--words", 9, "--dim", 8, "--dim", 16, "--threads", 1)[:2] == (0, "1 records\n")
    assert json.loads(bench("--json", "--full")[1]) == {"records": [{"kind": "machine"}]}
    assert asked == [(9, (8, 16), 5, False, 1), (200, (1280, 4096), 5, True, None)]


def test_extraction_is_measured_instead(bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction, "measure", lambda repeats, tell: [{"kind": "extract", "repeats": repeats}])
    where, *records = json.loads(bench("--extract", "--repeats", 2, "--json")[1])["records"]
    assert records == [{"kind": "extract", "repeats": 2}]
    assert where["kind"] == "machine" and where["cpu"] and where["torch"]


def test_what_was_measured_can_be_kept(bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(report, "KEPT", tmp_path / "results")
    monkeypatch.setattr(benchmarks, "run", lambda *asked, **options: [{"kind": "machine"}, {"kind": "speed", "é": 1}])
    monkeypatch.setattr(benchmarks, "table", lambda records: "")
    code, _, err = bench("--keep", "scoring")
    assert code == 0 and err == f"kept in {tmp_path / 'results' / 'scoring.json'}\n"
    found = report.kept("scoring")
    assert found["records"] == [{"kind": "machine"}, {"kind": "speed", "é": 1}]
    assert datetime.fromisoformat(found["date"]).date() <= datetime.now(UTC).date() and "transcribed" not in found
    for name in ("../elsewhere", "", "Scoring", "a.json"):
        with pytest.raises(CldiError, match="give a name of small letters"):
            report.keep(name, [])
    with pytest.raises(CldiError, match="no measurements were kept as 'pages'; there are: scoring"):
        report.kept("pages")


@pytest.mark.parametrize("name", ["scoring", "extraction", "pages"])
def test_what_the_readme_shows_was_kept_and_says_where_it_comes_from(name: str) -> None:
    found = report.kept(name)
    where, *measured = found["records"]
    assert where["kind"] == "machine" and where["cpu"] and where["cores"] > 0
    assert len(measured) >= 3 and all(record["seconds"] > 0 and record["repeats"] > 1 for record in measured)
    assert "transcribed" not in found or "README" in found["transcribed"]


def test_wrong_use_ends_with_2_and_one_line(bench) -> None:
    code, out, err = bench("--words", 1)
    assert (code, out) == (2, "") and "'--words'" in err and err.count("\n") == 1
    assert err.startswith("error: ") and "see python -m benchmarks --help" in err


def test_the_command_passes_everything_on(tmp_path: Path) -> None:
    """From another folder too, and its exit code is that of the benchmarks."""
    # As an editable installation has it: cldi_core can be imported, and from there alone benchmarks cannot.
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from cldi_core.commands.main import main; main()"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    there = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True}
    command = [sys.executable, "-c", code, "bench"]
    shown = subprocess.run([*command, "--help"], **there, check=False)
    assert shown.returncode == 0 and shown.stdout.startswith("Usage: python -m benchmarks [OPTIONS]")
    assert all(f"--{option}" in shown.stdout for option in ("words", "dim", "repeats", "full", "threads", "extract"))
    wrong = subprocess.run([*command, "--dim", "0"], **there, check=False)
    assert (wrong.returncode, wrong.stdout) == (2, "") and "'--dim'" in wrong.stderr


def test_outside_a_checkout_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cldi_core.commands import main

    monkeypatch.setattr(benchmarking, "CHECKOUT", None)
    monkeypatch.setattr(sys, "argv", ["cldi", "bench", "--full"])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "in a checkout: python -m benchmarks" in err
