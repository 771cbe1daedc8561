"""What the server answers before Streamlit is asked: how it is, and that a file is not wanted."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from cldi_core.data import dataset, job_queue
from cldi_core.data.listing import listing
from cldi_core.errors import CldiError

from . import uploads

Scope = MutableMapping[str, Any]
Answer = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Any, Answer], Awaitable[None]]
HEALTH = "/healthz"
KEPT = 5.0  # seconds for which it is told again: who asks often costs nothing
PLACE = re.compile(r".*/_stcore/upload_file/([^/]+)/([^/]+)")


class Gate:
    """A layer around Streamlit's server."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._health: tuple[float, int, dict[str, Any]] | None = None

    async def __call__(self, scope: Scope, receive: Any, send: Answer) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] == HEALTH and scope["method"] in ("GET", "HEAD"):
            await _answer(send, *self._how())
        elif scope["method"] == "PUT" and (place := PLACE.fullmatch(scope["path"])):
            status, why = _unwanted(*place.groups(), scope["headers"])
            await (_answer(send, status, {"detail": why}) if status else self._app(scope, receive, send))
        else:
            await self._app(scope, receive, send)

    def _how(self) -> tuple[int, dict[str, Any]]:
        now = time.monotonic()
        if self._health is None or now - self._health[0] > KEPT:
            self._health = (now, *health())
        return self._health[1:]


def health() -> tuple[int, dict[str, Any]]:
    """The status to answer with, 200 or 503, and what there is to know: no name and no path, as anybody may ask."""
    try:
        found = listing()
        least, free = job_queue.floor(), shutil.disk_usage(dataset.root()).free
        told = {
            "data_sets": len(found.opened), "broken": len(found.failed), "jobs": len(job_queue.tickets()),
            "free_gb": round(free / 1e9, 1), "memory_mb": _memory(),
        }  # fmt: skip
    except (CldiError, OSError) as error:
        return 503, {"status": "failing", "why": type(error).__name__}
    if not found.opened:
        return 503, {"status": "failing", "why": "no data set can be opened", **told}
    return 200, {"status": "ok" if free >= least else "disk nearly full", **told}


def _memory() -> int | None:
    """MB that this process holds; ``None`` where nobody says so."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) // 1000
    except (OSError, StopIteration, ValueError):
        return None


def _unwanted(session: str, file: str, headers: list[tuple[bytes, bytes]]) -> tuple[int, str]:
    """The status and sentence with which a file is refused before it is read; 0 where it is not."""
    keeper = uploads.kept()
    if keeper is None:
        return 0, ""
    size = next((value for name, value in headers if name == b"content-length"), b"0")
    return keeper.problem(session, file, int(size) if size.isdigit() else 0)


async def _answer(send: Answer, status: int, told: dict[str, Any]) -> None:
    body = json.dumps(told).encode()
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status,
                "headers": [*headers, (b"content-length", str(len(body)).encode())]})  # fmt: skip
    await send({"type": "http.response.body", "body": body})
