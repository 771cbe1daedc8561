"""A run in a process of its own, which can be killed: what the command does, with a client that reaches a site."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from cldi_core.collect import run
from cldi_core.collect.budget import Budget
from cldi_core.collect.client import Client
from cldi_core.collect.guard import Guard
from cldi_core.collect.polite import Hosts
from cldi_core.data.dataset import Dataset
from tests.collect.site import CONTACT, PUBLIC, Asked, FakeClock, Local, Site


def one_run(path: Path, port: int, per_word: int, shard: int, workers: int | None) -> None:
    """Collect from Commons for en-de; so many pictures are stored together."""

    def client(budget: Budget) -> Client:
        clock = FakeClock()
        guard = Guard(lambda host, number: [PUBLIC], Local(port))
        return Client(CONTACT, budget, guard=guard, clock=clock, hosts=Hosts(clock, at_once=8, pace=1e9))

    run.SHARD = shard
    run.collect(run.plan(Dataset(path), "en-de", "commons", per_word), CONTACT, client=client, workers=workers)


class Deadly(Site):
    """Kills the process that asks before it gets its answer, at some of all requests."""

    def __init__(self) -> None:
        super().__init__()
        self.at: list[int] = []
        self.victim = 0

    def kill_at(self, requests: Sequence[int]) -> None:
        """From now on; the log begins anew."""
        self.log.clear()
        self.at = list(requests)

    def answer(self, asked: Asked) -> None:
        with self.lock:
            kill = bool(self.at) and len(self.log) >= self.at[0]
            if kill:
                self.at.pop(0)
        if kill:
            os.kill(self.victim, signal.SIGKILL)
        else:
            super().answer(asked)
