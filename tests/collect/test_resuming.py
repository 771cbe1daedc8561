"""A run that is killed, three times: the one that goes on ends with what an undisturbed one has, and asks no more."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cldi_core.collect import job, run
from cldi_core.collect.budget import Budget
from cldi_core.collect.client import Client
from cldi_core.collect.guard import Guard
from cldi_core.collect.polite import Hosts
from cldi_core.data import wordlists
from cldi_core.data.dataset import Dataset
from tests.collect.site import CONTACT, PUBLIC, FakeClock, Local, Site
from tests.collect.small import collect, content, fetched, listed, searches, stock

ROWS = [wordlists.Row(f"word {number}", f"Wort {number}", "N") for number in range(12)]
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.collect.test_resuming", "pandas", "pyarrow.parquet"])


def one_run(path: Path, port: int) -> None:
    """A run in a process of its own: what the command does, but for the client, which reaches the site of the test."""

    def client(budget: Budget) -> Client:
        clock = FakeClock()
        guard = Guard(lambda host, number: [PUBLIC], Local(port))
        return Client(CONTACT, budget, guard=guard, clock=clock, hosts=Hosts(clock, at_once=8, pace=1e9))

    run.SHARD = 12  # four words are stored together
    run.collect(run.plan(Dataset(path), "en-de", "commons", 3), CONTACT, client=client, workers=0)


def begin(path: Path, site: Site) -> Any:
    """Start a run in a process of its own."""
    process = PROCESSES.Process(target=one_run, args=(path, site.port), daemon=True)
    process.start()
    return process


def test_killed_three_times_it_ends_as_if_it_never_was(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    stock(site)
    whole, parts = listed(tmp_path / "whole", ROWS).path, listed(tmp_path / "parts", ROWS).path
    collect(site, whole)
    found = content(whole)
    assert len(found) == 24 and all(len(pictures) == 3 for pictures in found.values())
    site.log.clear()
    answer, at, running = site.answer, [7, 40, 66], []

    def deadly(asked: object) -> None:
        """The process that asks is killed before it gets its answer, at three of all requests."""
        with site.lock:
            kill = bool(at) and len(site.log) >= at[0]
            if kill:
                at.pop(0)
        if kill:
            os.kill(running[-1].pid, signal.SIGKILL)
        else:
            answer(asked)

    monkeypatch.setattr(site, "answer", deadly)
    ends = []
    while not ends or ends[-1]:
        running.append(begin(parts, site))
        running[-1].join(60)
        ends.append(running[-1].exitcode)
        state = job.jobs(Dataset(parts))["commons"].state
        assert state == ("interrupted" if ends[-1] else "done"), "the lock tells, not the file"
    assert ends == [-signal.SIGKILL] * 3 + [0]
    assert content(parts) == found
    asked = Counter(searches(site) + fetched(site))
    assert set(asked) == {*searches(site), *fetched(site)} and len(asked) == 24 * 4
    # What was under way in one of eight threads when it was killed is all that may be asked again.
    assert all(count <= 4 for count in asked.values()) and asked.total() <= len(asked) + 3 * 8
    assert not list((parts / "collect" / "commons" / "files").glob("*"))
    assert not list(parts.rglob("*.tmp"))
