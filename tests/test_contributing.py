"""The examples of CONTRIBUTING.md, run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
EXAMPLES = {
    section.splitlines()[0]: code
    for section in TEXT.split("\n## ")
    for code in re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
}


def test_the_examples_are_there() -> None:
    assert list(EXAMPLES) == ["Adding an image method", "Adding a backbone", "Adding an image-search provider"]
    assert all("assert" in code for code in EXAMPLES.values())


@pytest.mark.parametrize("title", EXAMPLES)
def test_the_example_runs(title: str, tmp_path: Path) -> None:
    """In a process of its own, as a reader would try it, with no home and no network to load weights from."""
    nothing = {"HOME": str(tmp_path), "TORCH_HOME": str(tmp_path), "https_proxy": "http://127.0.0.1:9"}
    environment = {**os.environ, **nothing, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", EXAMPLES[title]],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_files_and_targets_that_it_names_exist() -> None:
    named = set(re.findall(r"`((?:cldi_core|tests|features|scoring|commands|pages|tools|benchmarks)/[\w./]*)`", TEXT))
    assert len(named) > 8
    missing = [name for name in named if not (ROOT / name).exists() and not (ROOT / "cldi_core" / name).exists()]
    assert missing == []
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"^make ([a-z-]+)", TEXT, re.MULTILINE)) <= targets
