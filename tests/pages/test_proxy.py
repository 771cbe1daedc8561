"""The proxies of ``docs/deploy/``, run as they stand before a running explorer: TLS, headers, limits, who gets in."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from pages._ui import headers
from tests.conftest import build_small
from tests.oidc import provide
from tools.browser import ROOT, Server, drawn, free_port, serve, wait_until_open

CADDY = shutil.which("caddy")
pytestmark = pytest.mark.skipif(CADDY is None, reason="Caddy is not installed (Debian: apt install caddy)")
PASSWORD = "a password"
# What the example leaves to Caddy, which would ask the world for a certificate, and tell this machine of its own.
HERE = """{{
	admin off
	skip_install_trust
	auto_https disable_redirects
	storage file_system {store}
}}
import {file}
"""


@contextmanager
def proxied(server: int, name: str, folder: Path, port: int = 0) -> Iterator[int]:
    """Run an example as it stands before a server of this machine, by its port; the port at which it listens itself."""
    folder.mkdir(exist_ok=True)
    port, file = port or free_port(), folder / "Caddyfile"
    file.write_text(HERE.format(store=folder / "store", file=ROOT / "docs" / "deploy" / name), "utf-8")
    hashed = subprocess.run([str(CADDY), "hash-password", "--plaintext", PASSWORD], capture_output=True, check=True)
    (folder / "passwords").write_text(f"ann@example.org {hashed.stdout.decode().strip()}\n", "utf-8")
    environment = {
        **os.environ, "CLDI_SITE": f"https://localhost:{port}", "CLDI_PORT": str(server),
        "CLDI_LARGEST": "1MB",
        "CLDI_PASSWORDS": str(folder / "passwords"), "HOME": str(folder),
    }  # fmt: skip
    command = [str(CADDY), "run", "--config", str(file), "--adapter", "caddyfile"]
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            wait_until_open(port, process)
            _wait_for_its_certificate(port)
            yield port
        finally:
            process.terminate()
            process.wait(20)


def _wait_for_its_certificate(port: int) -> None:
    """It listens before it has one."""
    for _ in range(200):
        with contextlib.suppress(ssl.SSLError), socket.create_connection(("localhost", port), timeout=10) as opened:
            ssl._create_unverified_context().wrap_socket(opened, server_hostname="localhost").close()
            return
        time.sleep(0.1)
    raise RuntimeError("the proxy has no certificate")


def ask(port: int, path: str, method: str = "GET", body: bytes | None = None, **said: str) -> http.client.HTTPResponse:
    """One answer through a proxy, whose certificate is its own."""
    trusting = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection("localhost", port, timeout=30, context=trusting)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in said.items()})
    return connection.getresponse()


def port_of(server: Server) -> int:
    """Where it listens."""
    return int(server.url.rpartition(":")[2])


@pytest.fixture(scope="module")
def showing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo, only shown, as the example has it for people who may only look."""
    with serve(tmp_path_factory.mktemp("server") / "log.txt", CLDI_READ_ONLY="1") as running:
        yield running


@pytest.fixture(scope="module")
def port(showing: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with proxied(port_of(showing), "Caddyfile", tmp_path_factory.mktemp("proxy")) as listening:
        yield listening


@pytest.mark.parametrize("path", ["/", "/data", "/_stcore/health"])
def test_headers_come_through(port: int, path: str) -> None:
    found = ask(port, path)
    assert found.status == 200 and found.getheader("Strict-Transport-Security") == "max-age=31536000"
    assert "frame-ancestors 'none'" in found.getheader("Content-Security-Policy", "")
    for name, value in headers.SAID.items():
        assert found.headers.get_all(name) == [value]
    assert found.getheader("Server") is None
    assert all("; Secure" in cookie for cookie in found.headers.get_all("Set-Cookie") or [])


def test_cookies_go_by_tls_alone(port: int) -> None:
    cookies = ask(port, "/_stcore/health").headers.get_all("Set-Cookie") or []
    assert cookies and all(cookie.endswith("; Secure") for cookie in cookies)


def test_what_is_for_who_runs_it_is_not_shown(port: int, showing: Server) -> None:
    for path in ("/_stcore/metrics", "/_stcore/agent/openapi.json"):
        assert ask(port, path).status == 404
    assert ask(port, "/_stcore/metrics/../health").status in (200, 400, 404)


@pytest.fixture
def listening() -> Iterator[tuple[int, list[dict[str, str]]]]:
    """A server in the place of the explorer, that notes what it is sent: its port, and the headers with the length."""
    heard: list[dict[str, str]] = []

    class Server(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            try:
                heard.append(
                    {**dict(self.headers), "read": str(len(self.rfile.read(int(self.headers["Content-Length"]))))}
                )
            except OSError:
                return  # the proxy hangs up
            self.send_response(204)
            self.end_headers()

        def log_message(self, *given: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, heard
        server.shutdown()


def test_a_body_that_is_too_large_is_refused_and_nobody_says_who_they_are(
    listening: tuple[int, list[dict[str, str]]], tmp_path: Path
) -> None:
    server, heard = listening
    with proxied(server, "Caddyfile", tmp_path) as port:
        assert ask(port, "/x", "PUT", bytes(900_000), X_Forwarded_Email="ann@example.org").status == 204
        (whole,) = heard
        assert whole["read"] == "900000" and "X-Forwarded-Email" not in whole and whole["Host"] == f"localhost:{port}"
        assert ask(port, "/x", "PUT", bytes(1_500_000)).status in (413, 502)
        assert "1500000" not in {one["read"] for one in heard}


def test_nobody_comes_without_tls(port: int) -> None:
    connection = http.client.HTTPConnection("localhost", port, timeout=30)
    connection.request("GET", "/")
    assert connection.getresponse().status == 400


@pytest.mark.browser
@pytest.mark.skipif(os.environ.get("CLDI_NO_BROWSER") == "1", reason="CLDI_NO_BROWSER=1: no browser is wanted")
def test_a_page_is_drawn_through_it(browser: Any, port: int) -> None:
    """The WebSocket too: without it there is no page."""
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 900})
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto(f"https://localhost:{port}/word?word=dog.N")
    drawn(page)
    assert page.locator(".board").count() == 1
    assert not [line for line in said if "Content Security Policy" in line]
    context.close()


@pytest.mark.browser
@pytest.mark.skipif(os.environ.get("CLDI_NO_BROWSER") == "1", reason="CLDI_NO_BROWSER=1: no browser is wanted")
def test_a_login_of_the_proxys_own(browser: Any, tmp_path: Path, data: Path) -> None:
    """Who knows a password is named by the proxy, whatever the browser says; who knows none gets nothing."""
    build_small(data / "small")
    here = {"CLDI_DATA": str(data), "CLDI_LOGIN": "proxy", "CLDI_EDITORS": "ann@example.org"}
    with ExitStack() as running:
        server = running.enter_context(serve(tmp_path / "log.txt", **here))
        port = running.enter_context(proxied(port_of(server), "Caddyfile.passwords", tmp_path / "proxy"))
        for path in ("/", "/_stcore/stream", "/_stcore/health", "/media/x"):
            assert ask(port, path).status == 401
            assert ask(port, path, X_Forwarded_Email="ann@example.org").status == 401
        context = browser.new_context(
            ignore_https_errors=True, http_credentials={"username": "ann@example.org", "password": PASSWORD},
            extra_http_headers={"X-Forwarded-Email": "eve@example.org"},
        )  # fmt: skip
        page = context.new_page()
        page.goto(f"https://localhost:{port}/data?section=import")
        drawn(page)
        assert "ann@example.org, editor" in page.locator("[data-testid='stSidebarUserContent']").inner_text()
        assert page.locator("[data-testid='stFileUploader']").count() == 1
        context.close()


@pytest.mark.browser
@pytest.mark.skipif(os.environ.get("CLDI_NO_BROWSER") == "1", reason="CLDI_NO_BROWSER=1: no browser is wanted")
@pytest.mark.skipif(importlib.util.find_spec("authlib") is None, reason="Authlib is not installed (make dev)")
def test_logging_in_at_the_explorer_goes_through_it(browser: Any, tmp_path: Path, data: Path) -> None:
    build_small(data / "small")
    outside, file = free_port(), tmp_path / ".streamlit" / "secrets.toml"
    file.parent.mkdir()
    with ExitStack() as running:
        provider = running.enter_context(provide())
        provider.person = {"email": "eve@example.org", "email_verified": True}
        file.write_text(provider.secrets_toml(f"https://localhost:{outside}"), "utf-8")
        here = {"CLDI_DATA": str(data), "CLDI_LOGIN": "oidc", "HOME": str(tmp_path)}
        server = running.enter_context(serve(tmp_path / "log.txt", **here))
        running.enter_context(proxied(port_of(server), "Caddyfile", tmp_path / "proxy", outside))
        context = browser.new_context(ignore_https_errors=True)
        page = context.new_page()
        page.goto(f"https://localhost:{outside}/")
        page.get_by_role("button", name="Log in").click(timeout=60_000)
        drawn(page)
        assert "eve@example.org, viewer" in page.locator("[data-testid='stSidebarUserContent']").inner_text()
        cookies = [one for one in context.cookies() if one["name"].startswith("_streamlit_user")]
        assert cookies and all(one["secure"] and one["httpOnly"] for one in cookies)
        page.goto(f"{server.url}/")  # past the proxy, in the same browser
        page.get_by_role("button", name="Log in").wait_for(timeout=60_000)
        context.close()
