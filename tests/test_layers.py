"""The architecture, held by tests: how long a file may be, what no file may contain, what an import may cost.

Who may import whom is said in pyproject.toml and held by import-linter (``make lint``); here it is seen to work.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("cldi_core", "pages", "benchmarks", "tools", "tests")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
FILES += [path for path in [ROOT / "app.py"] if path.exists()]

HEAVY = ("torch", "pandas", "umap", "sklearn", "pyarrow", "streamlit", "httpx2", "langcodes")
FORBIDDEN = ("pickle.load", "allow_pickle=True", "weights_only=False", "unsafe_allow_html=True")
MAX_FILE, MAX_FUNCTION = 400, 60


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_files_are_found() -> None:
    assert {"cldi_core/scoring/scores.py", "tests/test_layers.py", "app.py"} <= {name(path) for path in FILES}


# file → a line that breaks a rule, and what is then said
LAZY, TYPING = "\n\ndef broken() -> None:\n    {}\n", "\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    {}\n"
BREACHES = {
    "cldi_core/errors.py": (LAZY, "import cldi_core.data.storage", "cldi_core.errors -> cldi_core.data.storage"),
    "cldi_core/data/pictures.py": (
        TYPING,
        "from cldi_core.scoring import imagesets",
        "cldi_core.data.pictures -> cldi_core.scoring.imagesets",
    ),
    "cldi_core/scoring/imagesets.py": (
        TYPING,
        "from cldi_core.data import storage",
        "cldi_core.scoring.imagesets -> cldi_core.data.storage",
    ),
    "cldi_core/insight/maps.py": (LAZY, "import streamlit", "cldi_core.insight.maps -> streamlit"),
    "cldi_core/pivot/text.py": (LAZY, "import benchmarks.speed", "cldi_core.pivot.text -> benchmarks"),
    "pages/word.py": (LAZY, "from pages import map", "pages.word -> pages.map"),
    "pages/_ui/view.py": (LAZY, "import pages.data", "pages._ui.view -> pages.data"),
    "pages/data.py": (LAZY, "import tests.conftest", "pages.data -> tests"),
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What ``lint-imports`` says of a copy in which every rule is broken once."""
    folder = tmp_path_factory.mktemp("broken")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in ("cldi_core", "pages"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    for file, (where, line, _) in BREACHES.items():
        with (folder / file).open("a", encoding="utf-8") as opened:
            opened.write(where.format(line))
    program = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    done = subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    return done.stdout


@pytest.mark.parametrize("file", BREACHES)
def test_the_linter_sees_every_breach(report: str, file: str) -> None:
    """Within functions and for types only, too."""
    assert BREACHES[file][2] in " ".join(report.split())


def test_importing_the_core_loads_nothing_heavy() -> None:
    code = f"import sys, cldi_core; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr


def test_the_command_line_loads_nothing_heavy_before_it_is_needed() -> None:
    code = f"import sys, cldi_core.commands.main; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr


@pytest.mark.parametrize("path", FILES, ids=name)
def test_files_and_functions_stay_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_FILE
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    lengths = {function.name: (function.end_lineno or 0) - function.lineno + 1 for function in functions}
    assert {function: lines for function, lines in lengths.items() if lines > MAX_FUNCTION} == {}


@pytest.mark.parametrize("phrase", FORBIDDEN)
def test_nothing_unsafe_is_written(phrase: str) -> None:
    here = Path(__file__).resolve()
    assert [name(path) for path in FILES if path != here and phrase in path.read_text(encoding="utf-8")] == []


DOCTESTED = [path for path in FILES if name(path).startswith("cldi_core/") and ">>> " in path.read_text("utf-8")]


@pytest.mark.parametrize("path", DOCTESTED, ids=name)
def test_doctests(path: Path) -> None:
    module = name(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    found = doctest.testmod(importlib.import_module(module))
    assert found.failed == 0 and found.attempted > 0


def test_some_modules_hold_doctests() -> None:
    assert {"cldi_core/scoring/imagesets.py", "cldi_core/evaluation/metrics.py"} <= {name(path) for path in DOCTESTED}
