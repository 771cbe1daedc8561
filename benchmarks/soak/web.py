"""What hostile browsers ask: connections for pages elsewhere, odd requests; and what is said to them."""

from __future__ import annotations

import random
import re
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.soak.trial import Effort, Trial
from cldi_core.data import dataset
from tools.browser import Server, serve

NAME = "explorer.example"
HANDSHAKES, REQUESTS = 4_000, 4_000
PATIENCE = 20  # seconds for an answer
OWN = ("127.0.0.1:{port}", "localhost:{port}", NAME, f"{NAME}:443")
ELSEWHERE = (
    "evil.example", "evil.example:{port}", "127.0.0.1:1", "localhost:1", "0.0.0.0:{port}", f"x{NAME}", "", "*",
    "127.0.0.1.evil.example:{port}", f"{NAME}.evil.example", "localhost.evil.example", "[::1]:{port}", "127.1:{port}",
    "2130706433:{port}", "evil.example#127.0.0.1:{port}", "evil.example\\@127.0.0.1:{port}", "user@127.0.0.1:{port}",
    "127.0.0.1:{port}/x",
)  # fmt: skip
OURS = re.compile(rf"(127\.0\.0\.1|localhost|{re.escape(NAME)})(:\d+)?")  # at any port: a tunnel has one of its own
SCHEMES = ("http://", "https://", "HTTP://", "file://", "", "null", "//", "javascript:")
PATHS = (
    "", "data", "_stcore/health", "_stcore/host-config", "_stcore/metrics", "_stcore/stream", "_stcore/upload_file/a/b",
    "media/x", "component/x/y", "_stcore/bidi-components/x/y", "static/js/none.js", "oauth2callback", "auth/login",
    "auth/logout", "_stcore/agent/interact", "_stcore/agent/mcp", "no/such/page",
)  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW")
PIECES = (
    "../",
    "%2e%2e%2f",
    "%00",
    "\\",
    "//evil.example",
    "?a=<script>",
    "%ff",
    "..;/",
    "é",
    "'",
    "a" * 300,
    "%0d%0aX: y",
)
ODD = (
    "X-Forwarded-Email: ann@example.org", "Content-Length: 999999999", "Transfer-Encoding: chunked", "Range: bytes=-1",
    "Cookie: _streamlit_user=x", "Origin: null", "X-Forwarded-Host: evil.example", "If-None-Match: *", "Upgrade: h2c",
    "X-Original-URL: /data", "Accept: text/html\t;x",
)  # fmt: skip


def try_web(folder: Path, effort: Effort) -> Iterator[Trial]:
    """Ask a running explorer, of this machine, what hostile browsers would."""
    dataset.create(folder / "data" / "mine")
    before = _stored(folder / "data")
    here = {"CLDI_DATA": str(folder / "data"), "CLDI_LOGIN": "proxy", "HOME": str(folder)}
    with serve(folder / "log.txt", "--host", NAME, **here) as server:
        yield _handshakes(server, _draw(effort.seed), effort.of(HANDSHAKES, 80))
        found = _requests(server, _draw(effort.seed + 1), effort.of(REQUESTS, 80))
        left = [] if _stored(folder / "data") == before else ["something was written"]
        left += ["the server's log has a traceback"] if "Traceback" in server.log() else []
        yield replace(found, lost=(*found.lost, *left))


def _draw(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 (what is lost is to be seen again)


def _stored(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _handshakes(server: Server, draw: random.Random, tries: int) -> Trial:
    """WebSockets that a page of some origin asks for under some name: answered where both are ours and the same."""
    port, lost, landed, begun = _port(server), [], 0, time.monotonic()
    for number in range(tries):
        host = draw.choice(OWN if number % 2 else ELSEWHERE).format(port=port)
        said = draw.choice(("http://", "https://")) + host if number % 4 == 1 else (
            draw.choice(SCHEMES) + draw.choice((*OWN, *ELSEWHERE)).format(port=port))  # fmt: skip
        same = re.fullmatch(rf"https?://{re.escape(host)}", said, re.IGNORECASE) is not None
        wanted = same and OURS.fullmatch(host) is not None
        status = _status(port, "GET", "_stcore/stream", host, (
            f"Origin: {said}", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: streamlit",
        ))[0]  # fmt: skip
        landed += not wanted
        if (status == 101) != wanted:
            lost.append(f"Host {host!r}, Origin {said!r}: {status}")
    return Trial("web", "WebSockets for pages elsewhere", tries, landed, tuple(lost), time.monotonic() - begun,
                 f"{tries - landed:,} of our own were answered")  # fmt: skip


def _requests(server: Server, draw: random.Random, tries: int) -> Trial:
    """Requests that no page of ours makes: each is answered, without a fault, and says that nothing may frame it."""
    port, lost, faults, begun = _port(server), [], 0, time.monotonic()
    for _ in range(tries):
        path = draw.choice(PATHS) + "".join(draw.choices(PIECES, k=draw.randrange(3)))
        method, more = draw.choice(METHODS), draw.sample(ODD, draw.randrange(4))
        status, said = _status(port, method, path.replace(" ", "+"), f"127.0.0.1:{port}", more)
        faults += status == 400  # the server's own, before anything of ours is asked
        bare = status not in (0, 400) and "frame-ancestors 'none'" not in said
        if status >= 500 or bare:
            lost.append(f"{method} /{path[:80]} {more}: {status}{', may be framed' if bare else ''}")
    note = f"{faults:,} were no HTTP"
    return Trial("web", "odd requests", tries, tries - faults, tuple(lost), time.monotonic() - begun, note)


def _status(port: int, method: str, path: str, host: str, more: Sequence[str]) -> tuple[int, str]:
    """The status of an answer, 0 where the server hangs up, and its headers."""
    lines = [
        f"{method} /{path} HTTP/1.1",
        f"Host: {host}",
        *more,
        *([] if "Connection" in str(more) else ["Connection: close"]),
    ]
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as asked:
        asked.sendall("\r\n".join([*lines, "", ""]).encode())
        asked.shutdown(socket.SHUT_WR)
        answer = asked.makefile("rb")
        first = answer.readline().split()
        head = b"".join(iter(answer.readline, b"\r\n")) if len(first) > 1 and first[1] != b"101" else b""
    return (int(first[1]) if len(first) > 1 else 0), head.decode("latin-1")


def _port(server: Server) -> int:
    return int(server.url.rpartition(":")[2])
