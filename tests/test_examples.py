"""The examples and the pages of the Python interface: what they print is what they say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cldi_core.evaluation import tables
from tools import notebooks
from tools.documents.results import Set

ROOT = Path(__file__).resolve().parents[1]


def test_own_arrays_are_translated(tmp_path: Path) -> None:
    """As a reader runs it, from anywhere."""
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "own_arrays.py"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, *found = done.stdout.splitlines()
    assert first == "MRR 1.00, P@1 1.00, n = 3"
    assert [line.split(",")[0] for line in found] == ["cow: Kuh", "dog: Hund", "run: laufen"]
    apart = [float(line.rpartition(" ")[2]) for line in found]
    assert max(apart[:2]) < apart[2] < 1.1
    code = [line for line in (ROOT / "examples" / "own_arrays.py").read_text("utf-8").splitlines() if line.strip()]
    assert len(code) < 20


@pytest.mark.slow
def test_the_notebook_prints_table_2_as_it_is_stored() -> None:
    path = notebooks.EXAMPLES / "table2.ipynb"
    assert notebooks.written(notebooks.run(path)) == path.read_text("utf-8"), "run: python -m tools.notebooks"
    cells = [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
    one, both, paper = ["".join("".join(output["text"]) for output in cell["outputs"]) for cell in cells]
    demo = Set("demo")
    records = {(record["method"], record["setting"]): record for record in tables.table(demo.frames, group="en-de")}
    for name, mrr, n in re.findall(r"^(\w+) +MRR (0\.\d\d) .* n = (\d+)$", one, re.MULTILINE):
        assert (float(mrr), int(n)) == (round(records["avgmax", name]["mrr"], 2), records["avgmax", name]["n"])
    assert len(re.findall(" n = ", one)) == 4
    (avgmax,) = re.findall(r"mrr\n.*?AVGMAX +(.*?)\n", both, re.DOTALL)
    interval = demo.interval("avgmax", "VB")
    assert avgmax.split("  ")[2] == f"{interval.value:.2f} [{interval.low:.2f}, {interval.high:.2f}]"
    assert re.search(r"AVGMAX +0.53 +0.60 +0.20 +0.28 ", paper)


def test_the_interface_has_a_page(tmp_path: Path) -> None:
    import cldi_core as cldi

    done = subprocess.run(
        [sys.executable, "-m", "pdoc", "--docformat", "google", "-o", tmp_path, "cldi_core"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    page = (tmp_path / "cldi_core.html").read_text("utf-8")
    assert all(f'id="{name}"' in page for name in cldi.__all__)
    folders = {path.parent.name for path in (ROOT / "cldi_core").glob("*/__init__.py")} | {"errors", "rankers"}
    (named,) = re.findall(r"^API := .*cldi_core\.,([\w ]+)\)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert folders - set(named.split()) == {"commands"}, "what `make docs` leaves out"
