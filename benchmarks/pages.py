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
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks import machine, report
from cldi_core.scoring.hardware import processors
from tools.browser import DRAWN, PICTURES, ROOT, Server, browse, free_port, serve, serve_script, wait_for

TIMES = 20
WARM, QUIET = 2, 300  # switches that are not timed; milliseconds of rest before and after each
# Clicks on "Next" and waits in the browser itself, frame by frame: until another word is named, Streamlit has ended the
# run and nothing of the word before is left, all pictures are there, and that has been painted.  Seconds.  It reads no
# ``innerText``, for which the whole page would be laid out in each frame.
SWITCH = """async () => {
  const heading = () => document.querySelector('.st-key-page h1')?.textContent ?? '';
  const app = document.querySelector('[data-testid="stApp"]');
  const images = root => [...root.querySelectorAll('img'), ...[...root.querySelectorAll('*')]
    .flatMap(node => node.shadowRoot ? images(node.shadowRoot) : [])];
  const drawn = () => heading() !== before && !app.matches('[data-test-script-state="running"]')
    && !document.querySelector('[data-stale="true"], [data-testid="stSkeleton"]')
    && images(document.querySelector('.st-key-page')).every(image => image.complete && image.naturalWidth > 0);
  const frame = () => new Promise(requestAnimationFrame);
  const before = heading(), start = performance.now();
  document.querySelector('.st-key-step-right button').click();
  do { await frame() } while (!drawn() && performance.now() - start < 60000);
  await frame();
  if (!drawn() || document.querySelector('[data-testid="stException"], [data-testid="stAlert"]'))
    throw new Error('the page was not drawn: ' + heading());
  return (performance.now() - start) / 1000 }"""
BARE = ROOT / "benchmarks" / "bare_page.py"


@dataclass(frozen=True)
class Switches:
    """Switches to the next word: seconds of each from the click to the last picture, and of the server's processor."""

    waited: list[float]
    busy: list[float]


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


def switches(browser: Any, server: Server, address: str, times: int = TIMES) -> Switches:
    """Click on "Next" on a page that has it, to words that nobody has looked at.

    Args:
        address: of the page; words before the first that is timed have warmed the server.
    """
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(address)
    page.wait_for_selector(".st-key-page h1", timeout=60_000)
    page.wait_for_function(DRAWN, timeout=60_000)
    waited, busy = [], []
    for _ in range(times + WARM):
        page.wait_for_timeout(QUIET)
        before = processor(server.process.pid)
        waited.append(page.evaluate(SWITCH))
        page.wait_for_timeout(QUIET)  # what the server does afterwards is its work, too
        busy.append(processor(server.process.pid) - before)
    page.context.close()
    return Switches(waited[WARM:], busy[WARM:])


def processor(process: int) -> float:
    """Seconds that a process has kept processors busy; nan where the system has no ``/proc``."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def words(browser: Any, folder: Path) -> dict[str, list[float]]:
    """A switch on the Word page, and beside it one of a page of as many elements with nothing to compute."""
    with serve(folder / "switch.txt") as server:
        ours = switches(browser, server, f"{server.url}/word")
    with serve_script(folder / "bare.txt", str(BARE)) as server:
        bare = switches(browser, server, server.url)
    return {
        "switch to the next word, from the click to the last picture": ours.waited,
        "of that, a page of as many elements with nothing to compute": bare.waited,
        "processor time of the server for such a switch": ours.busy,
        "of that, for a page with nothing to compute": bare.busy,
    }


def measure() -> list[dict[str, Any]]:
    """Records of kind ``"page"``: ``label``, ``seconds`` (the median), ``fastest``, ``slowest``, ``repeats``."""
    with tempfile.TemporaryDirectory() as temporary, browse() as browser:
        folder = Path(temporary)
        measures: dict[str, Callable[[], list[float]]] = {
            "import cldi_core": imports,
            "make run, everything installed, to the pictures of the first page": lambda: warm_starts(browser),
            "first page of a fresh server, down to its chart": lambda: first_pages(browser, folder),
        }
        found = {label: take() for label, take in measures.items()} | words(browser, folder)
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
