"""Secrets planted in the environment of every program: none comes out again, in logs, pages, reports or stored data."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from cldi_core.collect.keys import find_keys
from cldi_core.collect.providers import PROVIDERS
from tests.collect import small
from tests.collect.answers import brave, serpapi
from tests.collect.site import Asked, serving
from tests.oidc import SECRET, provide
from tests.pages.watched import Watched
from tests.pages_data import PAGES
from tools.browser import ROOT, drawn, serve, visit

NAMES = (
    *(key.variable for provider in PROVIDERS.values() for key in provider.keys),
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_STORAGE_KEY", "HF_TOKEN", "STREAMLIT_SERVER_COOKIE_SECRET",
)  # fmt: skip
PLANTED = {name: f"planted+{number}/{name[::-1]}==" for number, name in enumerate(dict.fromkeys(NAMES))}
SECTIONS = ("sets", "import", "collect", "health", "features", "pictures")


def forms(secret: str) -> list[bytes]:
    """What a secret looks like where it is written."""
    coded = [base64.b64encode(b"x" * shift + secret.encode())[4:-4].decode() for shift in range(3)]
    return [form.encode() for form in (secret, quote(secret, safe=""), quote_plus(secret), *coded)]


def found_in(*places: tuple[str, bytes]) -> list[tuple[str, str]]:
    """Which secrets stand where."""
    wanted = {name: forms(secret) for name, secret in {**PLANTED, "client_secret": SECRET}.items()}
    return [
        (where, name) for where, text in places for name, own in wanted.items() if any(form in text for form in own)
    ]


def files(folder: Path) -> list[tuple[str, bytes]]:
    """What stands in all files of a folder, and how they are called."""
    there = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [(str(path), path.name.encode() + path.read_bytes()) for path in there]


def test_a_secret_is_found_where_one_is() -> None:
    one = next(iter(PLANTED.values()))
    for text in (one, quote(one, safe=""), base64.b64encode(b"user:" + one.encode()).decode()):
        assert len(found_in(("here", b"..." + text.encode() + b"..."))) == 1
    assert found_in(("here", b"nothing")) == []


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, secret in PLANTED.items():
        monkeypatch.setenv(name, secret)


@pytest.mark.browser
@pytest.mark.skipif(os.environ.get("CLDI_NO_BROWSER") == "1", reason="CLDI_NO_BROWSER=1: no browser is wanted")
def test_none_comes_out(
    planted: None, browser: Any, tmp_path: Path, data: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Collected from services that say again whatever they were told, imported, shown, and logged into."""
    folder, said = data / "brave", list[tuple[str, bytes]]()
    with serving() as site:
        _echo(site)
        for name in ("brave", "serpapi-google"):
            small.listed(data / name)
            small.collect(site, data / name, name, per_word=1, keys=find_keys(PROVIDERS[name], data / name))
        asked = "".join(f"{one.target} {one.headers}" for one in site.log)
    assert PLANTED["BRAVE_API_KEY"] in asked and quote_plus(PLANTED["SERPAPI_API_KEY"]) in asked, "they were of use"

    (tmp_path / "list.tsv").write_text("cow\tKuh\tN\n", "utf-8")
    for command, code in {
        ("import-lists", str(tmp_path / "list.tsv"), "--pair", "en-de"): 0,
        ("collect", "--provider", "google", "--pair", "en-de", "--dry-run"): 0,
        ("extract", "--backbone", "none of them"): 2,
        ("check",): 1,  # there are no features yet
        ("no-such-command",): 2,
    }.items():
        arguments = [sys.executable, "-m", "cldi_core", *command, "--dataset", str(folder)]
        done = subprocess.run(arguments, cwd=ROOT, capture_output=True, check=False, timeout=300)
        said.append((command[0], done.stdout + done.stderr))
        assert done.returncode == code, said[-1]
    said += _shown(browser, tmp_path)
    out, err = capfd.readouterr()
    assert found_in(("output", out.encode()), ("errors", err.encode()), *said, *files(data)) == []


def _echo(site: Any) -> None:
    """Let services answer with all that they were sent."""

    def answer(found: Any, asked: Asked) -> None:
        whole = f"{asked.target} {asked.headers}"
        body = found([f"https://pictures.example/{len(site.log)}.png"])
        for one in body.get("results") or body["images_results"]:
            one["title"] = whole
        asked.json(body)

    site.routes["api.search.brave.com"] = lambda asked: answer(brave, asked)
    site.routes["serpapi.com"] = lambda asked: answer(serpapi, asked)
    site.routes["pictures.example"] = lambda asked: asked.send(small.drawn(len(site.log)), kind="image/png")


def _shown(browser: Any, home: Path) -> list[tuple[str, bytes]]:
    """What a browser gets to see of the dashboard, frames of its WebSocket with it; and the server's log."""
    said: list[tuple[str, bytes]] = []
    with provide() as provider:
        (home / ".streamlit").mkdir()
        (home / ".streamlit" / "secrets.toml").write_text(provider.secrets_toml(), "utf-8")
        provider.person = {"email": "ann@example.org", "email_verified": True}
        here = {"HOME": str(home), "CLDI_LOGIN": "oidc", "CLDI_EDITORS": "*"}
        with serve(home / "log.txt", **here) as server:
            watched = Watched(browser)
            network = watched.context.new_cdp_session(watched.page)
            network.send("Network.enable")
            network.on(
                "Network.webSocketFrameReceived",
                lambda event: said.append(("frame", base64.b64decode(event["response"]["payloadData"] + "==="))),
            )
            page = watched.page
            page.goto(server.url)
            page.get_by_role("button", name="Log in").click(timeout=60_000)
            drawn(page)
            for name in (*PAGES[1:], *(f"data?section={section}" for section in SECTIONS)):
                visit(page, f"{server.url}/{name}")
                said.append((name, page.content().encode()))
            watched.context.close()
            assert sum(where == "frame" for where, _ in said) > len(PAGES), "else nothing was looked at"
            assert any(b"Kuh" in text for _, text in said)
        said.append(("log", (home / "log.txt").read_bytes()))
    return said
