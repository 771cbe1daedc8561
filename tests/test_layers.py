"""The architecture, held by tests: who imports whom, how long a file may be, what no file may contain."""

from __future__ import annotations

import ast
import doctest
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("cldi_core", "pages", "benchmarks", "tools", "tests")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
FILES += [path for path in [ROOT / "app.py"] if path.exists()]
CORE = [path for path in FILES if path.is_relative_to(ROOT / "cldi_core")]
PAGES = [path for path in FILES if path.is_relative_to(ROOT / "pages")]

HEAVY = ("torch", "pandas", "umap", "sklearn", "pyarrow", "streamlit")
FORBIDDEN = ("pickle.load", "allow_pickle=True", "weights_only=False", "unsafe_allow_html=True")
MAX_FILE, MAX_FUNCTION = 400, 60


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def nodes(tree: ast.AST, *, module_level: bool) -> Iterator[ast.AST]:
    """All nodes of a file; with ``module_level`` only those that run when it is imported."""
    for node in ast.iter_child_nodes(tree):
        skipped = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if not (module_level and (skipped or typing_only)):
            yield node
            yield from nodes(node, module_level=module_level)


def imports(path: Path, *, module_level: bool = False) -> set[str]:
    """Full dotted names: ``from a import b`` gives both ``a`` and ``a.b``."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    found = set()
    for node in nodes(ast.parse(path.read_text(encoding="utf-8")), module_level=module_level):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return found


def within(imported: str, package: str) -> bool:
    return imported == package or imported.startswith(f"{package}.")


def test_the_files_are_found() -> None:
    assert {"cldi_core/scoring/scores.py", "tests/test_layers.py"} <= {name(path) for path in FILES}
    assert "cldi_core.errors" in imports(ROOT / "cldi_core/scoring/imagesets.py", module_level=True)
    assert "cldi_core.scoring.best_match" in imports(ROOT / "cldi_core/scoring/scores.py")
    assert "cldi_core.scoring.best_match" not in imports(ROOT / "cldi_core/scoring/scores.py", module_level=True)


@pytest.mark.parametrize("upper", ["streamlit", "pages", "app", "tests", "tools"])
def test_core_imports_nothing_above_it(upper: str) -> None:
    assert [name(path) for path in CORE if any(within(found, upper) for found in imports(path))] == []


def test_pages_import_shared_parts_and_the_core_only() -> None:
    """``pages → pages/_ui → cldi_core``: no page imports another, nor the app, nor does ``_ui`` import a page."""
    own = {
        name(path): [f for f in imports(path) if within(f, "app") or (within(f, "pages") and f != "pages")]
        for path in PAGES
    }
    wrong = {page: [f for f in found if not within(f, "pages._ui")] for page, found in own.items()}
    assert {page: found for page, found in wrong.items() if found} == {}


def test_importing_the_core_loads_nothing_heavy() -> None:
    code = f"import sys, cldi_core; print(*[name for name in {HEAVY!r} if name in sys.modules])"
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


DOCTESTED = ("scoring.imagesets", "evaluation.metrics")


@pytest.mark.parametrize("module", DOCTESTED)
def test_doctests(module: str) -> None:
    found = doctest.testmod(importlib.import_module(f"cldi_core.{module}"))
    assert found.failed == 0 and found.attempted > 0
