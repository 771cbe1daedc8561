"""What the server says with each answer, and what a browser makes of it: no frame, nothing from elsewhere."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from pages._ui import headers
from tools.browser import Server, visit


def test_the_scripts_of_streamlits_own_page_may_run_and_no_other() -> None:
    script = "\n  window.prerenderReady = false\n"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    allowed = headers.policy(f'<script>{script}</script><script type="module" src="./x.js"></script>')
    parts = dict(part.split(" ", 1) for part in allowed.split("; "))
    assert parts["script-src"] == f"'self' blob: 'unsafe-eval' 'sha256-{digest}'"
    assert parts["frame-ancestors"] == parts["default-src"] == "'none'" and parts["connect-src"] == "'self'"


def test_each_answer_has_them_once(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("", "utf-8")
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        own = [(b"x-frame-options", b"ALLOWALL"), (b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 200, "headers": own})
        await send({"type": "http.response.body", "body": b"x"})

    async def send(message: Any) -> None:
        sent.append(dict(message))

    asyncio.run(headers.Headers(app, tmp_path)({"type": "http"}, None, send))  # type: ignore[arg-type]
    found = [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]
    assert dict(found) == {
        "content-type": "text/html",
        "content-security-policy": headers.policy(""),
        **{name.lower(): value for name, value in headers.SAID.items()},
    }
    assert len(found) == len(dict(found)) and sent[1] == {"type": "http.response.body", "body": b"x"}
    sent.clear()
    asyncio.run(headers.Headers(app, tmp_path)({"type": "websocket"}, None, send))  # type: ignore[arg-type]
    assert len(sent[0]["headers"]) == 2, "what is no answer to a request stays as it is"


@pytest.mark.browser
@pytest.mark.skipif(os.environ.get("CLDI_NO_BROWSER") == "1", reason="CLDI_NO_BROWSER=1: no browser is wanted")
class TestServed:
    """The server as it is started."""

    @pytest.mark.parametrize(
        "path", ["", "data", "_stcore/health", "_stcore/host-config", "media/none", "no/such/page"]
    )
    def test_whatever_is_asked_for(self, server: Server, path: str) -> None:
        for method in ("GET", "HEAD"):
            try:
                with urlopen(Request(f"{server.url}/{path}", method=method)) as answer:
                    found = answer.headers
            except HTTPError as error:
                found = error.headers
            for name, value in headers.SAID.items():
                assert found.get_all(name) == [value], path
            assert "frame-ancestors 'none'" in found["Content-Security-Policy"], path

    @pytest.fixture
    def framing(self, server: Server) -> Iterator[str]:
        """A page elsewhere that draws the Data page in a frame."""

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = f'<h1>elsewhere</h1><iframe src="{server.url}/data" width=800 height=600></iframe>'.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *given: object) -> None:
                """Nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Page) as elsewhere:
            Thread(target=elsewhere.serve_forever, daemon=True).start()
            yield f"http://localhost:{elsewhere.server_port}/"
            elsewhere.shutdown()

    def test_a_page_elsewhere_frames_nothing(self, browser: Any, framing: str) -> None:
        page = browser.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(framing)
        page.wait_for_function("() => document.querySelector('iframe').contentWindow.length === 0")
        page.wait_for_timeout(500)
        (frame,) = page.frames[1:]
        assert not frame.url.startswith("http://127") and "CLDI" not in frame.content()
        assert any("frame-ancestors" in line for line in said)
        page.close()

    def test_the_policy_stops_nothing_that_is_ours_and_all_that_is_not(self, browser: Any, server: Server) -> None:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.goto(server.url)
        for name in ("word", "map"):  # a board, and a map with pictures and downloads
            visit(page, f"{server.url}/{name}")
        assert said == []
        page.evaluate(
            """() => {
              const script = document.createElement('script');
              script.textContent = 'window.ran = true';
              document.body.append(script);
              new Image().src = 'http://localhost:9/picture';
              const more = '<b onclick="window.ran = true">x</b><base href=//x.example>';
              document.body.insertAdjacentHTML('beforeend', more);
              document.body.lastElementChild.previousElementSibling.click();
              return fetch('http://localhost:9/').catch(() => 0);
            }"""
        )
        assert page.evaluate("() => window.ran") is None
        for what in ("script-src", "img-src", "connect-src", "base-uri"):
            assert any(what in line for line in said), what
        page.close()
