"""``make mutants``: which bugs it puts in, and that it tells the noticed ones from the others."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.mutants import operators

ROOT = Path(__file__).resolve().parents[1]

ADDING = '''"""Adding."""


def added(numbers: list[int], start: int = 0) -> int:
    """The sum."""
    if start < 0:
        raise ValueError("start below 0")
    return sum(numbers, start)


def unused(number):
    return number
'''
TEST = """
import pytest
from cldi_core.sums.adding import added

def deeper():
    return deeper()

def test_before_it():
    with pytest.raises(RecursionError):
        deeper()

def test_added():
    assert added([1, 2], 2) == 5
    with pytest.raises(ValueError):
        added([], -1)
"""


def bugs(line: str) -> list[str]:
    """What one line of a function becomes."""
    head = "def f():\n    "
    return [one.source.removeprefix(head).strip() for one in operators.mutants(head + line)]


@pytest.mark.parametrize(
    ("line", "expected"),
    {
        "x = a <= b": ["x = a < b"],
        "x = a + 1": ["x = a - 1", "x = a + 2"],
        "x = not a": ["x = a"],
        "x = a[b:c]": ["x = a[:c]", "x = a[b:]"],
        "x = [a for a in b if a.c]": ["x = [a for a in b]"],
        "x = made(a, seed=b)": ["x = made(a)"],
        "x = draw.safe(a)": ["x = a"],
        "x = a.sum()": ["x = a"],
        "key = (a, b)": ["key = (b,)", "key = (a,)"],
        "a, b = c": [],
        "x[a] = b": ["pass"],
        "done()": ["pass"],
        "with lock: done()": ["if True:\n        done()", "with lock:\n        pass"],
        "return a": ["return None"],
        "x = 'mean'": ["x = 'XXmean'"],
        "x = True": ["x = False"],
        "x: int | None = a": [],
    }.items(),
)
def test_the_bugs_of_a_line(line: str, expected: list[str]) -> None:
    assert bugs(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        "'A docstring'",
        "x = 'A sentence for a person.'",
        "warnings.warn(text)",
        "log.debug(a + b)",
        "x = values.sum(axis=-1)",
        "x = a / 'name with spaces'",
        "BLOCK_BYTES = 1 << 20",
        "if TYPE_CHECKING: import this",
        "x = Method(label='AVGMAX', formula='1+1')",
    ],
)
def test_what_no_test_should_hold_is_left_alone(line: str) -> None:
    assert bugs(line) == []


def test_errors_are_left_out_but_not_reworded() -> None:
    assert bugs("raise ValueError(f'got {a + 1}')") == ["pass"]


def test_a_bug_counts_for_the_lines_of_its_statement_only() -> None:
    source = "def f(a):\n    if (a and\n            b):\n        return 1 + a\n"
    assert {(one.lines.start, one.lines.stop) for one in operators.mutants(source)} == {(2, 4), (4, 5)}


def test_what_nothing_notices_is_listed(tmp_path: Path) -> None:
    for name in ("tools/__init__.py", "tools/mutants/__init__.py", "tools/mutants/__main__.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "tools/mutants/operators.py", tmp_path / "tools/mutants")
    for name, text in {"cldi_core/sums/adding.py": ADDING, "tests/sums/test_adding.py": TEST}.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text, "utf-8")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    done = subprocess.run(
        [sys.executable, "-m", "tools.mutants", "cldi_core/sums/adding.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    blocks = done.stdout.strip().split("\n\n")
    assert [block.splitlines()[0] for block in blocks] == [
        "cldi_core/sums/adding.py:4 survived",
        "cldi_core/sums/adding.py:6 survived",
        "cldi_core/sums/adding.py:6 survived",
        "cldi_core/sums/adding.py:12 not reached",
        "cldi_core/sums/adding.py: 42.9 % of 7 (7 in all): 3 killed, 1 not reached, 3 survived",
    ]
    assert "-    if start < 0:\n+    if start <= 0:" in done.stdout
    assert (tmp_path / "cldi_core/sums/adding.py").read_text("utf-8") == ADDING
