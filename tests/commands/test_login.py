"""``CLDI_LOGIN=oidc``: what it needs is looked at before anything starts."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from cldi_core.commands import dashboard, login
from tests.commands.conftest import App

WHOLE = {
    "redirect_uri": "http://localhost:8501/oauth2callback",
    "cookie_secret": "0123456789abcdef0123456789abcdef",
    "client_id": "explorer",
    "client_secret": "hidden",
    "server_metadata_url": "https://login.example/.well-known/openid-configuration",
}


def written(home: Path, section: dict[str, str], named: dict[str, str] | None = None) -> None:
    lines = ["[auth]", *(f'{name} = "{value}"' for name, value in section.items())]
    lines += ["[auth.lab]", *(f'{name} = "{value}"' for name, value in named.items())] if named else []
    (home / ".streamlit").mkdir(exist_ok=True)
    (home / ".streamlit" / "secrets.toml").write_text("\n".join(lines), "utf-8")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with nothing in it, in which the dashboard is started with a login."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLDI_LOGIN", "oidc")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(dashboard, "_script", lambda: tmp_path / "elsewhere" / "app.py")
    return tmp_path


@pytest.mark.parametrize("named", [False, True])
def test_a_whole_section_starts(app: App, data: Path, port: int, home: Path, named: bool) -> None:
    own = {name: WHOLE[name] for name in login.NEEDED}
    shared = {name: value for name, value in WHOLE.items() if name not in own}
    written(home, shared if named else WHOLE, own if named else None)
    code, out, err, started = app("--port", port)
    assert (code, err) == (0, "") and started
    assert out.startswith("Editors: nobody may start work: CLDI_EDITORS names no editor.\n")


def test_who_may_start_work_is_said(
    app: App, data: Path, port: int, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(home, WHOLE)
    monkeypatch.setenv("CLDI_EDITORS", "Ann@example.org, *@lab.example.org")
    said = app("--port", port)[1]
    assert said.startswith("Editors: ann@example.org, *@lab.example.org; who else logs in may look, play and judge.\n")
    monkeypatch.setenv("CLDI_READ_ONLY", "1")
    assert app("--port", port)[1].startswith("Nobody can change anything here.\n")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (None, "needs a section [auth]"),
        ({"cookie_secret": ""}, "lacks cookie_secret;"),
        ({"client_id": "", "server_metadata_url": ""}, "lacks client_id, server_metadata_url;"),
        ({"cookie_secret": "guessed"}, "cookie_secret of .streamlit/secrets.toml has 7 characters"),
        ({"redirect_uri": "http://localhost:8501/"}, "accepted: https://NAME/oauth2callback"),
        ({"redirect_uri": "javascript:/oauth2callback"}, "accepted: https://NAME/oauth2callback"),
        ({"redirect_uri": "https://words.example/oauth2callback"}, "add --host words.example"),
        ({"cookie_secret": 'broken"'}, "cannot be read (TOMLDecodeError)"),
    ],
)
def test_what_lacks_is_one_line(
    app: App, data: Path, port: int, home: Path, changed: dict[str, str] | None, told: str
) -> None:
    if changed is not None:
        written(home, {**WHOLE, **changed})
    code, out, err, started = app("--port", port)
    assert (code, out, started) == (2, "", []) and told in err and err.count("\n") == 1
    assert "hidden" not in err and "guessed" not in err, "a secret is not shown"


def test_others_come_by_tls_only(app: App, data: Path, port: int, home: Path) -> None:
    written(home, {**WHOLE, "redirect_uri": "http://words.example/oauth2callback"})
    assert "is not https" in app("--port", port, "--host", "words.example")[2]
    for host in ("words.example", "*.example"):
        written(home, {**WHOLE, "redirect_uri": "https://words.example/oauth2callback"})
        assert app("--port", port, "--host", host)[0] == 0


def test_what_is_not_installed_is_named(
    app: App, data: Path, port: int, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(home, WHOLE)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    code, _, err, started = app("--port", port)
    assert (code, started) == (1, [])
    assert err == "error: CLDI_LOGIN=oidc needs Authlib; install it with: pip install 'cldi-explorer[login]'\n"


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"CLDI_LOGIN": "yes"}, "CLDI_LOGIN is 'yes'; accepted: oidc"),
        ({"CLDI_EDITORS": "ann"}, "CLDI_EDITORS names 'ann'; accepted: ann@example.org, *@lab.example.org or *"),
        ({"CLDI_EDITORS": "ann@x.org", "CLDI_LOGIN": ""}, "CLDI_EDITORS names editors and nobody logs in"),
    ],
)
def test_a_variable_that_nobody_knows_starts_nothing(
    app: App, data: Path, port: int, home: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], told: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    code, out, err, started = app("--port", port)
    assert (code, out, started) == (2, "", []) and told in err and err.count("\n") == 1
