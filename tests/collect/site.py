"""A web of one machine: every host is this server, which answers as it is told; and a client that gets there.

Names are looked up in a table of made-up public addresses, which go through the guard like any, and only then are led
to the server, without TLS.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import httpx2
from httpcore2 import NetworkBackend, NetworkStream, SyncBackend

from cldi_core.collect.budget import Budget
from cldi_core.collect.client import Client
from cldi_core.collect.guard import Guard
from cldi_core.collect.polite import Clock, Hosts

PUBLIC = "93.184.215.14"
CONTACT = "tests@example.org"


class Asked:
    """One request that came in."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.host = handler.headers["Host"]
        self.headers = {name.lower(): value for name, value in handler.headers.items()}
        parts = urlsplit(handler.path)
        self.path, self.target = parts.path, handler.path
        self.parameters = dict(parse_qsl(parts.query, keep_blank_values=True))

    def send(self, body: bytes, status: int = 200, kind: str = "application/json", **headers: str) -> None:
        """A whole answer."""
        handler = self.handler
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        if "Content_Length" not in headers:
            handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    def json(self, value: object, status: int = 200, **headers: str) -> None:
        """An answer in JSON."""
        self.send(json.dumps(value).encode(), status, **headers)

    def move(self, to: str, status: int = 302) -> None:
        """A redirect."""
        self.send(b"", status, Location=to)


Route = Callable[[Asked], object]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        asked = Asked(self)
        with self.site.lock:
            self.site.log.append(asked)
        self.site.answer(asked)

    def log_message(self, *given: object) -> None:
        """Nothing is printed."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Who hangs up in mid-answer, or is killed, is nobody's error."""


class Site:
    """The server: ``routes`` are by host, or host and path; ``log`` is all that was asked."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.log: list[Asked] = []
        self.lock = threading.Lock()
        handler = type("Bound", (Handler,), {"site": self})
        self.server = Server(("127.0.0.1", 0), handler)
        self.port = self.server.server_address[1]
        self.addresses: dict[str, list[str]] = {}

    def answer(self, asked: Asked) -> None:
        found = self.routes.get(asked.host + asked.path) or self.routes.get(asked.host)
        if found is None:
            asked.send(b"nothing here", 404, "text/plain")
        else:
            found(asked)

    def resolve(self, host: str, port: int) -> list[str]:
        """Every host is public, but for those of ``addresses``."""
        return self.addresses.get(host, [PUBLIC])

    def client(self, budget: Budget | None = None, **how: Any) -> Client:
        """A client that reaches this server and nothing else, and does not wait."""
        clock = how.pop("clock", None) or FakeClock()
        guard = Guard(self.resolve, Local(self.port))
        hosts = how.pop("hosts", None) or Hosts(clock, at_once=8, pace=1e9)
        return Client(CONTACT, budget or Budget(), guard=guard, clock=clock, hosts=hosts, **how)

    def paths(self) -> list[str]:
        """All that was asked, as host and target."""
        return [asked.host + asked.target for asked in self.log]


AnySite = TypeVar("AnySite", bound=Site)


@contextmanager
def serving(site: AnySite | None = None) -> Iterator[AnySite]:
    """A site that is up."""
    site = site or Site()
    thread = threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.server.shutdown()
        site.server.server_close()


class FakeClock(Clock):
    """Time passes by waiting only."""

    def __init__(self) -> None:
        super().__init__()
        self.time, self.slept, self.lock = 1000.0, [], threading.Lock()

    def now(self) -> float:
        return self.time

    def today(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.slept.append(seconds)
            self.time += seconds


class Plain(NetworkStream):
    """A connection on which TLS is only said to begin; the name it would be asked for is kept."""

    def __init__(self, stream: NetworkStream, names: list[str | None]) -> None:
        self._stream, self._names = stream, names

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, ssl_context: object, server_hostname: str | None = None, timeout: float | None = None) -> Plain:
        self._names.append(server_hostname)
        return self

    def get_extra_info(self, info: str) -> Any:
        return None if info == "ssl_object" else self._stream.get_extra_info(info)


class Local(NetworkBackend):
    """Leads every address to a port of this machine, and keeps which addresses it was given."""

    def __init__(self, port: int) -> None:
        self._port, self._real = port, SyncBackend()
        self.asked: list[tuple[str, int]] = []
        self.names: list[str | None] = []

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> NetworkStream:  # fmt: skip
        self.asked.append((host, port))
        return Plain(self._real.connect_tcp("127.0.0.1", self._port, timeout), self.names)


FAST = httpx2.Timeout(5.0, read=0.3, pool=None)
