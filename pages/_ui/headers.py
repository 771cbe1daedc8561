"""What stands before Streamlit: whom the server answers, and what it says with each answer.

Only our own pages are answered.  A browser is to draw them in no frame, and to load from nowhere else: they let nothing
act that comes from elsewhere (``foreign``), and this holds where that has a gap.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

POLICY = {
    "default-src": "'none'",
    # Parts of pages that are our own are handed over as blobs by Streamlit, and Plotly makes code to draw a map.
    "script-src": "'self' blob: 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
}
SAID = {
    "X-Frame-Options": "DENY",  # as frame-ancestors, for older browsers
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # an address names words and whose judgements count
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)  # those that stand in Streamlit's own page


def policy(page: str) -> str:
    """What a browser may do with our pages, as a ``Content-Security-Policy``.

    Args:
        page: Streamlit's own, as HTML: of the scripts that stand in it, these very ones may run.
    """
    digests = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in _SCRIPT.findall(page)]
    allowed = {**POLICY, "script-src": " ".join([POLICY["script-src"], *(f"'sha256-{one}'" for one in digests)])}
    return "; ".join(f"{what} {whence}" for what, whence in allowed.items())


async def refused(send: Send, status: int, why: str) -> None:
    """Answer a request with a line that says why nothing came of it, and hang up."""
    said = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": said})
    await send({"type": "http.response.body", "body": why.encode()})


class OwnPages:
    """A layer of an ASGI application that answers no page elsewhere, also none of another server on this machine.

    Streamlit would let pages of all its servers on this machine in, and would ask the world for its own address to see
    whether one is of it.  Who sends no ``Origin`` is no page of a browser.

    Args:
        app: the application below.
    """

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer as the application does, or that nothing is answered."""
        said = dict(scope.get("headers", ()))
        scheme, _, whose = said.get(b"origin", b"").lower().partition(b"://")
        own = scheme in (b"http", b"https") and whose == said.get(b"host", b"").lower()
        if own or b"origin" not in said:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refused(send, 403, "Pages elsewhere get no answer.")


class Headers:
    """A layer of an ASGI application that adds what is ``SAID``, and the policy, to each answer.

    Args:
        app: the application below.
        static: the folder of Streamlit's own page.
    """

    def __init__(self, app: Application, static: Path) -> None:
        said = {**SAID, "Content-Security-Policy": policy((static / "index.html").read_text("utf-8"))}
        self.app = app
        self.said = [(name.lower().encode(), value.encode()) for name, value in said.items()]
        self.names = frozenset(name for name, _ in self.said)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer as the application does."""

        async def said(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [one for one in message.get("headers", ()) if one[0].lower() not in self.names]
                message["headers"] = [*own, *self.said]
            await send(message)

        await self.app(scope, receive, said if scope["type"] == "http" else send)
