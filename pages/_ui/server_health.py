"""What the server says of itself to who watches over it, at ``/healthz``."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from cldi_core.data import dataset, job_queue
from cldi_core.data.listing import listing
from cldi_core.errors import CldiError

from .headers import Application, Message, Receive, Send

HEALTH = "/healthz"
KEPT = 5.0  # seconds for which it is told again: who asks often costs nothing


class Health:
    """A layer of an ASGI application that answers how the server is."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._health: tuple[float, int, dict[str, Any]] | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer as the application does, but for what is asked of the server itself."""
        if scope["type"] == "http" and scope["path"] == HEALTH and scope["method"] in ("GET", "HEAD"):
            await _answer(send, *self._how())
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
        least, free = job_queue.floor(), job_queue.free(dataset.root())
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


async def _answer(send: Send, status: int, told: dict[str, Any]) -> None:
    body = json.dumps(told).encode()
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status,
                "headers": [*headers, (b"content-length", str(len(body)).encode())]})  # fmt: skip
    await send({"type": "http.response.body", "body": body})
