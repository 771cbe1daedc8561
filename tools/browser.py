"""A running server and a real Chromium, for the browser tests, the screenshots and the benchmark."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# The first is the same browser without windows: half the work for the same pages.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PATIENCE = 120_000  # ms for a page to be drawn: a new server computes for seconds where nothing else runs
DRAWN = """() => !document.querySelector('[data-testid="stSkeleton"], [data-testid="stSpinner"]')
  && !document.querySelector('[data-testid="stApp"]')?.matches('[data-test-script-state="running"]')
  && (document.querySelector('[data-testid="stMainBlockContainer"]')?.textContent ?? "").trim().length > 0"""
# A run that has begun is told after a moment; one that is told of only when it is over is waited for in vain.
SOFTLY = """url => new Promise(done => {
  const app = document.querySelector('[data-testid="stApp"]'), begun = new MutationObserver(() => done());
  begun.observe(app, {attributes: true, attributeFilter: ['data-test-script-state']});
  setTimeout(done, 5_000);
  history.pushState(history.state, '', url);
  dispatchEvent(new PopStateEvent('popstate', {state: history.state}));
})"""
TAKEN = ("is in use", "is not available")  # what the dashboard and Streamlit say of a port
PICTURES = """() => { const all = [...document.querySelectorAll('[data-testid="stImage"] img')];
  return all.length > 0 && all.every(image => image.complete && image.naturalWidth > 0) }"""


def chromium() -> str | None:
    """The browser to drive: ``$CLDI_CHROMIUM``, or one on the path."""
    named = os.environ.get("CLDI_CHROMIUM", "")
    found = [named, *(shutil.which(name) or "" for name in BROWSERS), MAC]
    return next((path for path in found if path and Path(path).is_file()), None)


@dataclass
class Server:
    """A running dashboard: its address, and its log so far."""

    url: str
    log_file: Path
    process: subprocess.Popen[bytes]

    def log(self) -> str:
        """Everything that the server has printed."""
        return self.log_file.read_text("utf-8", errors="replace")


@contextmanager
def serve(log_file: Path, *options: str, **environment: str) -> Iterator[Server]:
    """Run the dashboard on a free port of this machine, with options of ``cldi app``."""
    with _running(log_file, ["cldi_core", "app", "--port", "PORT", *options], environment) as server:
        yield server


@contextmanager
def serve_script(log_file: Path, script: str) -> Iterator[Server]:
    """Run another script of this checkout as the dashboard is run."""
    options = ["--server.port", "PORT"]
    with _running(log_file, ["streamlit", "run", script, *options], {"PYTHONPATH": str(ROOT)}) as server:
        yield server


@contextmanager
def _running(log_file: Path, module: Sequence[str], environment: Mapping[str, str]) -> Iterator[Server]:
    """Run a module of Python; the word ``PORT`` stands for the port on which it serves."""
    server = _started(log_file, module, environment)
    try:
        yield server
    finally:
        _end(server.process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:  # it ends with its threads, which may be at work
        process.kill()
        process.wait()


def _started(log_file: Path, module: Sequence[str], environment: Mapping[str, str], tries: int = 3) -> Server:
    """A server that answers; where somebody else took its port meanwhile, it is given another."""
    port = free_port()
    command = [sys.executable, "-m", *(str(port) if word == "PORT" else word for word in module)]
    with log_file.open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env={**os.environ, **environment})
    server = Server(f"http://127.0.0.1:{port}", log_file, process)
    try:
        wait_for(f"{server.url}/_stcore/health", process)
    except BaseException as error:  # also Ctrl+C: nothing that was started is left
        _end(process)
        if isinstance(error, RuntimeError) and tries > 1 and any(said in server.log() for said in TAKEN):
            return _started(log_file, module, environment, tries - 1)
        raise
    return server


def free_port() -> int:
    """A port of this machine that nobody serves on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server that was just started answers, at most a minute."""
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 (the address is our own)
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not start")


def wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a program that was just started listens, at most a minute."""
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the program ended with {process.returncode}")
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("the program did not start")


@contextmanager
def browse() -> Iterator[Any]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    path = chromium()
    if path is None:
        raise RuntimeError("no Chromium was found: install one (Debian: apt-get install chromium) or set CLDI_CHROMIUM")
    # Chromium's own sandbox can't be used by root.
    flags = [*FLAGS, "--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else list(FLAGS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        try:
            yield browser
        finally:
            browser.close()


def drawn(page: Any) -> None:
    """Wait until the page has been drawn: also where it is begun again, as the first link into a new server is."""
    page.wait_for_selector('[data-testid="stSidebarUserContent"]', timeout=PATIENCE)
    still(page)


def still(page: Any) -> None:
    """Wait until nothing is being drawn; looked at ten times a second, as at every frame it slows down the drawing."""
    page.wait_for_function(DRAWN, polling=100, timeout=PATIENCE)


def visit(page: Any, url: str) -> None:
    """Go to an address of the dashboard, and wait until it is drawn.

    Where the dashboard is shown already, it goes there as it goes back and forward: loading it anew takes three times
    as long.
    """
    if page.url.partition("://")[2].partition("/")[0] != url.partition("://")[2].partition("/")[0]:
        page.goto(url)
    else:
        page.evaluate(SOFTLY, url)
    drawn(page)
