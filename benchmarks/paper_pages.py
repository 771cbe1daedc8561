"""Pages on a data set of the paper's size: how long each takes, and what the server holds (``--paper``).

The data set is made (``paper_size``), scored and prepared in a temporary folder, and shown to a real browser.  A page
is opened by its link in the menu; it is drawn when the server is done and all its pictures are there.  Records of kind
``"paper"`` have a ``part``:

- ``"step"``: what is done once; ``seconds``, and ``megabytes``, the most memory that the process had;
- ``"page"`` and ``"switch"``: the median of ``seconds``, with ``fastest``, ``slowest``, ``repeats``; ``first``, on a
  server that had drawn nothing of the page yet; and ``goal``, in seconds;
- ``"memory"``: ``megabytes`` of the server, or those that a further session takes, and ``goal``; ``own``, those of
  them that are no mapped files, which the system takes back when it needs the room.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks import paper_size
from cldi_core.errors import CldiError
from tools.browser import DRAWN, ROOT, Server, browse, drawn, serve

Record = dict[str, Any]
Tell = Callable[[str], None]
PAGES = (
    *("Overview", "Word", "Compare", "What explains failure?", "Dispersion", "Map", "Image pivoting", "Results"),
    *("Play", "Judge", "Data"),
)
TIMES, SWITCHES, SESSIONS = 3, 20, 5
PAGE_GOAL, SWITCH_GOAL = 2.0, 0.6  # seconds
SERVER_GOAL, SESSION_GOAL = 700, 20  # megabytes
WINDOW = {"width": 1440, "height": 900}
# A new heading, nothing under way, and the pictures in the window complete.
CHANGED = f"""before => (document.querySelector('.st-key-page h1, h1')?.innerText ?? before) !== before && ({DRAWN})()
  && [...document.querySelectorAll('[data-testid="stImage"] img')].every(image => image.complete)"""


def measure(tell: Tell = lambda line: None, scale: float = 1.0) -> list[Record]:
    """The records; ``scale``: of the data set's number of words."""
    with tempfile.TemporaryDirectory(prefix="cldi-bench-") as temporary:
        folder = Path(temporary) / "paper"
        tell("paper: making the data set")
        folder.mkdir()
        made = paper_size.build(folder, scale)
        size = {"words": [len(made.members(language)) for language in made.languages]}
        size |= {"pictures": len(made.pictures.ids)}
        records = list(_steps(folder, tell))
        log = Path(temporary) / "log.txt"
        with serve(log, "--dataset", str(folder), CLDI_DATA=temporary) as server, browse() as browser:
            records += _waits(server, browser, tell)
            records += _memory(server, browser, tell)
        return [{"kind": "paper", **size, **record} for record in records]


def _steps(folder: Path, tell: Tell) -> Iterator[Record]:
    """What has to be done once, each in a process of its own."""
    for name in ("score", "prepare"):
        tell(f"paper: {name}")
        start = time.perf_counter()
        command = [sys.executable, "-m", "cldi_core", name, "--dataset", str(folder)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=sys.stderr)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if status:
            raise CldiError(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
        yield {"part": "step", "label": f"cldi {name}", "seconds": seconds, "megabytes": _megabytes(used.ru_maxrss)}


def _waits(server: Server, browser: Any, tell: Tell) -> Iterator[Record]:
    """Every page by the menu, and the next word."""
    page = browser.new_context(viewport=WINDOW).new_page()
    start = time.perf_counter()
    page.goto(server.url)
    drawn(page)
    first = {PAGES[0]: time.perf_counter() - start}
    tell("paper: opening each page for the first time")
    first |= {name: _opened(page, name) for name in PAGES[1:]}
    tell("paper: opening each page again")
    rounds = [{name: _opened(page, name) for name in PAGES} for _ in range(TIMES)]
    for name in PAGES:
        seconds = [one[name] for one in rounds]
        yield _wait("page", name, seconds, PAGE_GOAL) | {"first": first[name]}
    tell("paper: from word to word")
    _opened(page, "Word")
    first_switch, *seconds = islice(_switched(page), SWITCHES + 1)
    yield _wait("switch", "next word", seconds, SWITCH_GOAL) | {"first": first_switch}
    page.context.close()


def _wait(part: str, label: str, seconds: Sequence[float], goal: float) -> Record:
    spread = {"fastest": min(seconds), "slowest": max(seconds), "repeats": len(seconds)}
    return {"part": part, "label": label, "seconds": statistics.median(seconds), **spread, "goal": goal}


def _opened(page: Any, name: str) -> float:
    """Seconds from a click in the menu to the page as it is drawn."""
    link = page.locator(".st-key-menu").get_by_role("link", name=name, exact=True)
    return _until_changed(page, link)


def _switched(page: Any) -> Iterator[float]:
    """Seconds from a click on "Next" to the next word as it is drawn, down to the last word."""
    onward = page.get_by_role("button", name="Next")
    while onward.is_enabled():
        yield _until_changed(page, onward)
        page.wait_for_timeout(300)


def _until_changed(page: Any, clicked: Any) -> float:
    before = page.locator("h1").first.inner_text()
    start = time.perf_counter()
    clicked.click()
    page.wait_for_function(CHANGED, arg=before, timeout=120_000)
    return time.perf_counter() - start


def _memory(server: Server, browser: Any, tell: Tell) -> Iterator[Record]:
    """What the server holds when every page has been drawn, and what further visitors add who look at some."""
    tell("paper: further sessions")
    before, own = resident(server.process.pid), resident(server.process.pid, "RssAnon")
    label = "server, every page drawn"
    yield {"part": "memory", "label": label, "megabytes": before, "own": own, "goal": SERVER_GOAL}
    for _ in range(SESSIONS):
        page = browser.new_context(viewport=WINDOW).new_page()
        page.goto(server.url)
        drawn(page)
        for name in PAGES[1:4]:
            _opened(page, name)
    after = resident(server.process.pid)
    added = None if before is None or after is None else (after - before) / SESSIONS
    label = f"a further session, mean of {SESSIONS}"
    yield {"part": "memory", "label": label, "megabytes": added, "goal": SESSION_GOAL}


def resident(process: int, what: str = "VmRSS") -> float | None:
    """The megabytes of memory that a process has now; ``None`` where the system does not say.

    Args:
        what: ``"VmRSS"``, all of it, or ``"RssAnon"``, without mapped files such as libraries.
    """
    try:
        status = Path(f"/proc/{process}/status").read_text("utf-8")
    except OSError:
        return None
    found = re.search(rf"^{what}:\s+(\d+) kB", status, re.MULTILINE)
    return None if found is None else _megabytes(int(found[1]))


def _megabytes(kibibytes: int) -> float:
    return kibibytes * 1024 / 1e6


def table(records: Sequence[Record]) -> str:
    """The records as text."""
    own = [record for record in records if record["kind"] == "paper"]
    lines = [f"{' × '.join(f'{count:,}' for count in own[0]['words'])} words, {own[0]['pictures']:,} pictures"]
    lines.append(f"{'':34} {'median':>8} {'fastest':>8} {'slowest':>8} {'first':>8} {'memory':>8} {'goal':>8}")
    for record in own:
        times = " ".join(f"{_shown(record.get(name), 's'):>8}" for name in ("seconds", "fastest", "slowest", "first"))
        goal = _shown(record.get("goal"), "MB" if record["part"] == "memory" else "s")
        lines.append(f"{record['label']:34} {times} {_shown(record.get('megabytes'), 'MB'):>8} {goal:>8}")
    return "\n".join(lines)


def _shown(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:.0f} MB" if unit == "MB" else f"{value:.2f} s"
