"""A WebSocket asked for as a browser does: over a socket, with a ``Host`` and an ``Origin`` of the test's own."""

from __future__ import annotations

import socket


def answer(port: int, host: str, path: str = "/_stcore/stream", *, origin: str = "") -> int:
    """The status with which a server on this machine answers a page that it takes for one of ``host``; 101 is yes.

    Args:
        origin: that of a page elsewhere.
    """
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        f"Origin: {origin or f'http://{host}'}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: streamlit",
    ]
    with socket.create_connection(("127.0.0.1", port), timeout=20) as asked:
        asked.sendall("\r\n".join([*lines, "", ""]).encode())
        return int(asked.makefile("rb").readline().split()[1])
