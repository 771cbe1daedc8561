"""A run that is killed, three times: the one that goes on ends with what an undisturbed one has, and asks no more."""

from __future__ import annotations

import multiprocessing
import signal
from collections import Counter
from pathlib import Path

from cldi_core.collect import job
from cldi_core.data import wordlists
from cldi_core.data.dataset import Dataset
from tests.collect.elsewhere import Deadly, one_run
from tests.collect.site import serving
from tests.collect.small import collect, content, fetched, listed, searches, stock

ROWS = [wordlists.Row(f"word {number}", f"Wort {number}", "N") for number in range(12)]


def test_killed_three_times_it_ends_as_if_it_never_was(tmp_path: Path) -> None:
    processes = multiprocessing.get_context("forkserver")  # which loads what they need once
    processes.set_forkserver_preload(["tests.collect.elsewhere", "pandas", "pyarrow.parquet"])
    with serving(Deadly()) as site:
        stock(site)
        whole, parts = listed(tmp_path / "whole", ROWS).path, listed(tmp_path / "parts", ROWS).path
        collect(site, whole)
        found = content(whole)
        assert len(found) == 24 and all(len(pictures) == 3 for pictures in found.values())
        site.kill_at([7, 40, 66])
        ends: list[int | None] = []
        while not ends or ends[-1]:
            process = processes.Process(target=one_run, args=(parts, site.port, 3, 12, 0), daemon=True)
            process.start()
            site.victim = process.pid
            process.join(60)
            ends.append(process.exitcode)
            state = job.jobs(Dataset(parts))["commons"].state
            assert state == ("interrupted" if ends[-1] else "done"), "the lock tells, not the file"
    assert ends == [-signal.SIGKILL] * 3 + [0]
    assert content(parts) == found
    asked = Counter(searches(site) + fetched(site))
    assert len(asked) == 24 * 4
    # What was under way in one of eight threads when it was killed is all that may be asked again.
    assert all(count <= 4 for count in asked.values()) and asked.total() <= len(asked) + 3 * 8
    assert not list((parts / "collect" / "commons" / "files").glob("*"))
    assert not list(parts.rglob("*.tmp"))
