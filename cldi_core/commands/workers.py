"""``app --workers n``: n dashboards behind one address, each in a process of its own.

One process draws pages on one core.  Caddy, a web server of its own, hands each browser to one of them and stays with
it by a cookie: what a browser has uploaded and what its page shows is in the memory of that process.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from cldi_core.commands.program import fail
from cldi_core.data import children
from cldi_core.errors import CldiError

MOST = 64
PROXY = "caddy"
ADDRESS = "127.0.0.1"  # where each listens: what comes from elsewhere comes through the proxy
HEALTH = "/_stcore/health"
PATIENCE, ENDING = 60.0, 20.0  # seconds until a dashboard answers, and until all have ended, at most
EVERY, SHORTEST = 0.5, 10.0  # seconds between two looks; a process that has lived for less is waited for as long
COOKIE = "cldi_worker"
# A browser whose dashboard has ended gets another one; its address has all that its page showed.
CONFIG = """{{
	admin off
	auto_https off
	log {{
		level ERROR
	}}
}}
http://:{port} {{
	bind {address}
	reverse_proxy {upstreams} {{
		lb_policy cookie {cookie}
		lb_try_duration 5s
		lb_try_interval 250ms
		fail_duration 2s
		health_uri {health}
		health_interval 2s
	}}
}}
"""


@dataclass
class Kept:
    """A process that is started again when it ends.

    Attributes:
        name: for people; command: what it runs; more: variables of its environment beside ours.
        started: when it was last, seconds of the monotonic clock; ended: when it was seen to have ended, 0: it runs.
    """

    name: str
    command: Sequence[str]
    more: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    ended: float = 0.0

    def start(self) -> None:
        """Start it, with what it prints but for errors thrown away."""
        self.started, self.ended = time.monotonic(), 0.0
        self.process = subprocess.Popen(
            self.command, env={**os.environ, **self.more}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )

    def look(self) -> None:
        """Start it again where it has ended: at once, or after a while if it had only just been started."""
        code = None if self.process is None else self.process.poll()
        if code is None:
            return
        if not self.ended:
            self.ended = time.monotonic()
            print(f"{self.name} ended with {code}; it is started again", file=sys.stderr, flush=True)
        if time.monotonic() >= min(self.started + SHORTEST, self.ended + SHORTEST):
            self.start()


def proxy() -> str:
    """Where the proxy is; ends with one line where there is none."""
    found = shutil.which(PROXY)
    if found is None:
        fail(
            "several workers need Caddy, which hands browsers to them: apt install caddy (Debian, Ubuntu) or "
            "brew install caddy (macOS); or leave --workers out",
            2,
        )
    return found


def run(count: int, port: int, address: str, hosts: Sequence[str]) -> None:
    """Serve until Ctrl+C: dashboards and the proxy; ends with 0, and with 1 where they cannot be started.

    Args:
        port, address: where browsers come; hosts: names by which they may call it.
    """
    program = proxy()
    ports = _free_ports(count, port)
    named = [part for name in hosts for part in ("--host", name)]
    app = [sys.executable, "-m", "cldi_core", "app", "--port"]
    path = os.pathsep.join(filter(None, (str(children.ROOT), os.environ.get("PYTHONPATH"))))
    kept = [
        Kept(f"dashboard {number + 1} of {count}", [*app, str(own), *named], {"PYTHONPATH": path})
        for number, own in enumerate(ports)
    ]
    with tempfile.TemporaryDirectory(prefix="cldi-proxy-") as folder, _told() as told:
        config = Path(folder) / "Caddyfile"
        config.write_text(configuration(port, address, ports), "utf-8")
        homes = dict.fromkeys(("XDG_DATA_HOME", "XDG_CONFIG_HOME"), folder)
        command = [program, "run", "--config", str(config), "--adapter", "caddyfile"]
        try:
            _serve(kept, Kept("the proxy", command, homes), ports, port, told)
        finally:
            end(kept)


def configuration(port: int, address: str, ports: Sequence[int]) -> str:
    """What the proxy reads: a Caddyfile."""
    upstreams = " ".join(f"{ADDRESS}:{own}" for own in ports)
    return CONFIG.format(port=port, address=address, upstreams=upstreams, cookie=COOKIE, health=HEALTH)


def _serve(kept: list[Kept], proxied: Kept, ports: Sequence[int], port: int, told: Sequence[int]) -> None:
    for one in kept:
        one.start()
    for one, own in zip(kept, ports, strict=True):
        _wait(one, own, told)
    kept.append(proxied)
    proxied.start()
    _wait(proxied, port, told)
    if not told:
        print(f"CLDI Explorer: http://{ADDRESS}:{port}, {len(ports)} workers (Ctrl+C stops them)", flush=True)
    while not told:
        time.sleep(EVERY)
        for one in kept:
            one.look()


def _wait(one: Kept, port: int, told: Sequence[int]) -> None:
    """Wait until a process answers, or somebody asks to end; CldiError where it ends before, or does not answer."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and not told:
        code = None if one.process is None else one.process.poll()
        if code is not None:
            raise CldiError(f"{one.name} could not be started (it ended with {code}); what it said stands above")
        with suppress(OSError), urllib.request.urlopen(f"http://{ADDRESS}:{port}{HEALTH}", timeout=2):
            return
        time.sleep(0.1)
    if not told:
        raise CldiError(
            f"{one.name} did not answer within {PATIENCE:.0f} s; start it alone to see why: leave --workers out"
        )


def end(kept: Sequence[Kept]) -> None:
    """End all processes, and wait until they have."""
    running = [one.process for one in kept if one.process is not None and one.process.poll() is None]
    for process in running:
        process.terminate()
    until = time.monotonic() + ENDING
    for process in running:
        try:
            process.wait(max(until - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _told() -> Iterator[list[int]]:
    """The signals that have asked to end, Ctrl+C and SIGTERM.

    They are noted and not raised: one that was raised amid the start of a process was lost now and then.
    """
    told: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        told.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _free_ports(count: int, port: int) -> list[int]:
    """The next ports after one that nobody serves on: as a rule the same each time, so that logs go on in their files.

    Raises:
        CldiError: there are not so many.
    """
    free: list[int] = []
    for own in range(port + 1, 65536):
        with socket.socket() as one, suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((ADDRESS, own))
            free.append(own)
        if len(free) == count:
            return free
    raise CldiError(f"after {port} there are no {count} free ports; choose a lower one: --port 8600")
