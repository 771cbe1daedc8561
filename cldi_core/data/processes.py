"""Processes of this machine and others: who holds a lock, and whether a number still means the same process."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Holder:
    """Who holds a lock.

    Attributes:
        pid, host: the process, and the machine it runs on.
        what: it does, as in ``"pivot train --model vse"``.
        since: local date and time, ``"2026-11-25 18:51:13"``.
        started: as ``started`` tells; empty where nobody knows.
    """

    pid: int
    host: str
    what: str
    since: str
    started: str = ""

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} ({self.what}, since {self.since})"

    @property
    def is_here(self) -> bool:
        """Whether it runs on this machine."""
        return self.host == socket.gethostname()

    @property
    def is_alive(self) -> bool:
        """Whether it is still that process, and not another one that got its number; only to be asked here."""
        return bool(self.started) and started(self.pid) == self.started

    @classmethod
    def this_process(cls, what: str) -> Holder:
        """The one that asks."""
        return cls.process(os.getpid(), what)

    @classmethod
    def process(cls, pid: int, what: str) -> Holder:
        """One of this machine, which holds it from now on."""
        return cls(pid, socket.gethostname(), what, time.strftime("%Y-%m-%d %H:%M:%S"), started(pid))

    @classmethod
    def from_json(cls, found: object) -> Holder | None:
        """One that ``vars`` made a JSON object of; ``None`` where it is something else."""
        if not isinstance(found, dict) or type(found.get("pid")) is not int or found["pid"] <= 0:
            return None
        return cls(found["pid"], *(str(found.get(name, "")) for name in ("host", "what", "since", "started")))


def started(pid: int) -> str:
    """When a process of this machine was started, in a text that only means something to this function.

    The number of a process that has ended is given to another one some day; number and start together are not.  Empty
    where there is no such process, or it cannot be told.
    """
    if (PROC / "self" / "stat").exists():
        with contextlib.suppress(OSError, IndexError):
            # "pid (name) state ppid …": the 22nd field; a name may have spaces and brackets of its own.
            fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
            boot = (PROC / "sys" / "kernel" / "random" / "boot_id").read_text().strip()
            return "" if fields[0] in "ZX" else f"{boot} {fields[19]}"
        return ""
    with contextlib.suppress(OSError, subprocess.SubprocessError):  # macOS has no /proc
        command = ["ps", "-o", "lstart=", "-p", str(pid)]
        told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=5)
        return " ".join(told.stdout.split())
    return ""
