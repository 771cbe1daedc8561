"""The notebooks of ``examples/``: run without a kernel, cell after cell, in this process.

``python -m tools.notebooks`` runs each and stores what its cells print, as a reader would by "run all".
"""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def run(notebook: Path) -> dict[str, Any]:
    """The notebook with the output of each code cell; an error of a cell is raised."""
    found: dict[str, Any] = json.loads(notebook.read_text("utf-8"))
    names: dict[str, Any] = {"__name__": "__main__"}
    count = 0
    for cell in found["cells"]:
        if cell["cell_type"] != "code":
            continue
        count += 1
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("".join(cell["source"]), f"{notebook.name} [{count}]", "exec"), names)  # noqa: S102
        text = printed.getvalue().splitlines(keepends=True)
        cell["execution_count"] = count
        cell["outputs"] = [{"name": "stdout", "output_type": "stream", "text": text}] if text else []
    return found


def written(notebook: dict[str, Any]) -> str:
    """As it lies on disk."""
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    for path in sorted(EXAMPLES.glob("*.ipynb")):
        path.write_text(written(run(path)), "utf-8")
