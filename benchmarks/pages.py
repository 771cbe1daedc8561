"""``python -m benchmarks.pages``: how long a reader waits, measured on the demo in a real browser.

Prints the median and the spread of each figure; nothing is asserted, because machines are shared and differ.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks import machine, report
from cldi_core.scoring.hardware import processors
from tools.browser import PICTURES, ROOT, browse, drawn, free_port, serve, wait_for

TIMES = 20
# The page's last pictures are those of the right answer, which the heading names; their text begins with it.
CHANGED = """before => { const heading = document.querySelector('.st-key-page h1')?.innerText ?? '';
  const last = [...document.querySelectorAll('[data-testid="stImage"] img')].at(-1)?.alt.split(', ')[0];
  return heading !== before && !!last && (heading.split(' → ')[1] ?? '').startsWith(last) }"""


def imports() -> list[float]:
    """Seconds of ``import cldi_core`` in a new process, the interpreter's own start not counted."""
    code = "import time; start = time.perf_counter(); import cldi_core; print(time.perf_counter() - start)"
    runs = [
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True) for _ in range(TIMES)
    ]
    return [float(run.stdout) for run in runs]


def warm_starts(browser: Any, times: int = 5) -> list[float]:
    """Seconds from ``make run``, where everything is installed, to all pictures on the first screen."""
    found = []
    for _ in range(times):
        port = free_port()
        start = time.perf_counter()
        make = subprocess.Popen(
            ["make", "run", f"PORT={port}"], cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health", make)
            page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
            page.goto(f"http://127.0.0.1:{port}")
            page.wait_for_function(PICTURES, timeout=60_000)
            found.append(time.perf_counter() - start)
            page.context.close()
        finally:
            os.killpg(make.pid, signal.SIGTERM)
            make.wait(20)
    return found


def first_pages(browser: Any, folder: Path, times: int = 5) -> list[float]:
    """Seconds from asking a fresh server for its first page to its chart."""
    found = []
    for number in range(times):
        with serve(folder / f"first-{number}.txt") as server:
            page = browser.new_context().new_page()
            start = time.perf_counter()
            page.goto(server.url)
            page.wait_for_selector(".js-plotly-plot .legendtext:has-text('nouns, n =')", timeout=60_000)
            found.append(time.perf_counter() - start)
            page.context.close()
    return found


def switches(browser: Any, folder: Path) -> list[float]:
    """Seconds from a click on "Next" to the next word drawn, down to the last picture of the page's last part."""
    found = []
    with serve(folder / "switch.txt") as server:
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.goto(f"{server.url}/word")
        page.wait_for_selector(".st-key-page h1", timeout=60_000)
        drawn(page)
        for _ in range(TIMES + 1):
            page.wait_for_timeout(300)
            before = page.locator(".st-key-page h1").inner_text()
            start = time.perf_counter()
            page.get_by_role("button", name="Next").click()
            page.wait_for_function(CHANGED, arg=before)
            page.wait_for_function(PICTURES)
            found.append(time.perf_counter() - start)
    return found[1:]


def measure() -> list[dict[str, Any]]:
    """Records of kind ``"page"``: ``label``, ``seconds`` (the median), ``fastest``, ``slowest``, ``repeats``."""
    with tempfile.TemporaryDirectory() as temporary, browse() as browser:
        folder = Path(temporary)
        measures: dict[str, Callable[[], list[float]]] = {
            "import cldi_core": imports,
            "make run, everything installed, to the pictures of the first page": lambda: warm_starts(browser),
            "first page of a fresh server, down to its chart": lambda: first_pages(browser, folder),
            "switch to the next word, from the click to the last picture": lambda: switches(browser, folder),
        }
        found = {label: take() for label, take in measures.items()}
    return [
        {"kind": "page", "label": label, "seconds": statistics.median(seconds), "fastest": min(seconds),
         "slowest": max(seconds), "repeats": len(seconds)}
        for label, seconds in found.items()
    ]  # fmt: skip


def main(
    keep: Annotated[
        str | None, typer.Option("--keep", metavar="NAME", help="Also write them to benchmarks/results/NAME.json.")
    ] = None,
) -> None:
    """Measure how long a reader waits, and print one table."""
    records = measure()
    print(f"{'figure':60} {'median':>8} {'fastest':>8} {'slowest':>8} {'n':>4}")
    for one in records:
        times = " ".join(f"{one[name]:7.2f}s" for name in ("seconds", "fastest", "slowest"))
        print(f"{one['label']:60} {times} {one['repeats']:4d}")
    if keep is not None:
        print(f"kept in {report.keep(keep, [machine.describe(processors()), *records])}", file=sys.stderr)


if __name__ == "__main__":
    typer.run(main)
