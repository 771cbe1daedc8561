"""What ``cldi app`` starts: Streamlit, and the reading of what pages need once it listens."""

from __future__ import annotations

import importlib
import threading
from types import SimpleNamespace

import pytest
from streamlit import runtime
from streamlit.web import cli

from pages._ui import serve


def test_streamlit_is_given_the_script_and_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[object] = []
    monkeypatch.setattr(serve, "prepare", lambda: called.append("prepared"))
    monkeypatch.setattr(cli, "main", lambda arguments, prog_name: called.append((arguments, prog_name)))
    serve.run("app.py", ["--server.port", "1"])
    for thread in threading.enumerate():
        if thread.name == "prepare":
            thread.join(10)
    assert sorted(map(str, called)) == ["(['run', 'app.py', '--server.port', '1'], 'streamlit')", "prepared"]


def test_nothing_is_read_before_the_server_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    looks, read = iter([False, False, True]), []
    monkeypatch.setattr(runtime, "exists", lambda: not read.append("look") and next(looks))
    monkeypatch.setattr(serve, "importlib", SimpleNamespace(import_module=read.append))
    monkeypatch.setattr(serve, "spare", lambda: read.append("spared"))
    serve.prepare()
    assert read == ["look"] * 3 + [*serve.NEEDED, "spared"]
    for name in serve.NEEDED:
        importlib.import_module(name)
