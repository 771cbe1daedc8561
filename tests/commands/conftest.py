"""Commands, run in this process."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable

import pytest

from cldi_core.commands import dashboard, main
from cldi_core.data.dataset import Dataset

Run = Callable[..., tuple[int, str, str]]
App = Callable[..., tuple[int, str, str, list[str]]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process: → exit code, standard output, standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["cldi_core", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        return (int(ended.value.code or 0), *capsys.readouterr())

    return call


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> App:
    """Run ``cldi app`` up to where it would become Streamlit: → exit code, both outputs, that command."""

    def call(*arguments: object) -> tuple[int, str, str, list[str]]:
        started: list[str] = []
        monkeypatch.setattr(dashboard.runpy, "run_path", lambda path, run_name: started.extend([run_name, *sys.argv]))
        monkeypatch.setattr(sys, "argv", ["/somewhere/bin/cldi", "app", *map(str, arguments)])
        monkeypatch.setattr(sys, "path", ["/somewhere/bin", *sys.path])
        with pytest.raises(SystemExit) as ended:
            main.main()
        return (int(ended.value.code or 0), *capsys.readouterr(), started)

    return call


@pytest.fixture
def port() -> int:
    """A port of this machine that nobody serves on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def ask(run: Run, small: Dataset) -> Callable[..., dict]:
    """Run a command on the small set with ``--json``: → the one object it prints."""

    def call(command: str, *arguments: object) -> dict:
        code, out, err = run(command, "--dataset", "small", *arguments, "--json")
        assert (code, err) == (0, "")
        (line,) = out.splitlines()
        return strict(line)

    return call


def strict(text: str) -> dict:
    """Parse JSON as the standard has it, without NaN and Infinity."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)
