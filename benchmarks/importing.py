"""``python -m benchmarks.importing``: how fast a folder of pictures is imported, and how much memory that takes.

The pictures are JPEGs of 96 × 96, another each, twenty a word.  The command is run as people run it; memory is that of
all its processes together (the proportional set size: what they share counts once), looked at ten times a second.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from cldi_core.commands import program
from cldi_core.commands.options import JsonOption
from cldi_core.commands.terminal import print_json
from cldi_core.data.dataset import Dataset
from cldi_core.scoring.hardware import processors

NAME = "python -m benchmarks.importing"
SIDE, DETAIL, PER_WORD = 96, 12, 20
ROOT = Path(__file__).resolve().parents[1]
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


def draw(folder: Path, count: int, seed: int = 0) -> None:
    """Fill ``folder`` with ``en/<word>/<picture>.jpg``."""
    from PIL import Image

    drawn = np.random.default_rng(seed)
    for start in range(0, count, PER_WORD):
        word = folder / "en" / f"word {start // PER_WORD}"
        word.mkdir(parents=True)
        details = drawn.integers(0, 256, (min(PER_WORD, count - start), DETAIL, DETAIL, 3), np.uint8)
        for number, detail in enumerate(details, 1):
            buffer = io.BytesIO()
            Image.fromarray(detail).resize((SIDE, SIDE)).save(buffer, "JPEG", quality=85)
            (word / f"{number}.jpg").write_bytes(buffer.getvalue())


def measure(folder: Path, dataset: Path) -> dict[str, Any]:
    """Import the folder: pictures, seconds, seconds of processors, MB at most of all processes, load before."""
    load = os.getloadavg()
    command = [sys.executable, "-m", "cldi_core", "import-folder", str(folder), "--dataset", str(dataset), "--json"]
    before, began = os.times(), time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    peak = [0]
    watcher = threading.Thread(target=_watch, args=(child, peak), daemon=True)
    watcher.start()
    answer = json.loads(child.communicate()[0])
    seconds, after = time.perf_counter() - began, os.times()
    watcher.join()
    pictures = int(answer["pictures"])
    assert pictures == answer["new"] == len(Dataset(dataset).pictures.table)
    return {
        "pictures": pictures,
        "seconds": seconds,
        "pictures/s": pictures / seconds,
        "processor seconds": sum(after[2:4]) - sum(before[2:4]),
        "MB": peak[0] / 1e6,
        "load": load,
        "processors": processors(),
    }


def _watch(child: subprocess.Popen[str], peak: list[int]) -> None:
    while child.poll() is None:
        peak[0] = max(peak[0], sum(map(_memory, _family(child.pid))))
        time.sleep(0.1)


def _family(pid: int) -> list[int]:
    """A process and all that came of it."""
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        tasks = [path.name for path in Path(f"/proc/{pid}/task").iterdir()]
        for task in tasks:
            if task != str(pid):  # a thread of it may have started it
                below += Path(f"/proc/{pid}/task/{task}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(each for child in below for each in _family(int(child)))]


def _memory(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


@app.command()
def bench(
    count: Annotated[int, typer.Option("--pictures", min=1, help="How many pictures.")] = 20_000,
    repeats: Annotated[int, typer.Option(min=1, help="How often they are imported.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Measure how fast a folder of pictures is imported, and how much memory that takes."""
    with tempfile.TemporaryDirectory(prefix="cldi-bench-") as name:
        print(f"drawing {count:,} pictures", file=sys.stderr)
        draw(Path(name) / "drawn", count)
        records = [measure(Path(name) / "drawn", Path(name) / f"set{number}") for number in range(repeats)]
    if as_json:
        print_json({"records": records})
        return
    for record in records:
        load = ", ".join(f"{load:.1f}" for load in record["load"])
        print(
            f"{record['pictures']:,} pictures in {record['seconds']:.1f} s: {record['pictures/s']:,.0f} a second; "
            f"{record['processor seconds']:.1f} s of {record['processors']} processors; "
            f"at most {record['MB']:,.0f} MB; load {load}"
        )


if __name__ == "__main__":
    program.run(app, NAME)
