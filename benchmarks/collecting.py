"""``python -m benchmarks.collecting``: a collection from a server on this machine, undisturbed and killed three times.

What is measured is what the explorer itself takes: the server answers at once, and no pace is kept.
"""

from __future__ import annotations

import json
import multiprocessing
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from cldi_core.data import wordlists
from tests.collect.elsewhere import Deadly, one_run
from tests.collect.site import serving
from tests.collect.small import content, listed, stock

SHARD = 1000


def measure(words: int, per_word: int) -> dict[str, Any]:
    """One undisturbed run and one that is killed at a quarter, a half and three quarters of its requests.

    Args:
        words: of both languages together.
        per_word: pictures of each.
    """
    rows = [wordlists.Row(f"word {number}", f"Wort {number}", "N") for number in range(words // 2)]
    with tempfile.TemporaryDirectory() as folder, serving(Deadly()) as site:
        stock(site, per_word)
        whole, parts = listed(Path(folder) / "whole", rows).path, listed(Path(folder) / "parts", rows).path
        begun = time.perf_counter()
        _run(site, whole, per_word)
        seconds, requests = time.perf_counter() - begun, len(site.log)
        site.kill_at([requests * part // 4 for part in (1, 2, 3)])
        ends = []
        while not ends or ends[-1]:
            ends.append(_run(site, parts, per_word))
        asked = Counter(site.paths())
        found = content(whole)
        return {
            "words": len(found),
            "pictures": sum(map(len, found.values())),
            "requests": requests,
            "seconds": round(seconds, 1),
            "requests_per_second": round(requests / seconds),
            "ends": ends,
            "asked_again": sum(count - 1 for count in asked.values()),
            "equal": content(parts) == found,
        }


def _run(site: Deadly, path: Path, per_word: int) -> int | None:
    process = multiprocessing.get_context("spawn").Process(
        target=one_run, args=(path, site.port, per_word, SHARD, None)
    )
    process.start()
    site.victim = process.pid or 0
    process.join()
    return process.exitcode


def main(
    words: Annotated[int, typer.Option(min=2, help="Of both languages together.")] = 200,
    per_word: Annotated[int, typer.Option(min=1, help="Pictures of each word.")] = 50,
) -> None:
    """Collect from a server on this machine, undisturbed and killed three times; print one JSON object."""
    print(json.dumps(measure(words, per_word)))


if __name__ == "__main__":
    typer.run(main)
