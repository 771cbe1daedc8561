"""What ``cldi app`` starts: Streamlit, and the reading of what pages need once it listens."""

from __future__ import annotations

import gc
import importlib
import logging
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from types import SimpleNamespace

import plotly
import plotly.io as pio
import pytest
from streamlit import runtime
from streamlit.components.v2 import manifest_scanner
from streamlit.web import cli
from streamlit.web.server import server
from streamlit.web.server.starlette import starlette_app

from pages._ui import ahead, keep, serve


@pytest.fixture
def scanner(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a start changes of Streamlit and of Python is as before afterwards."""
    for holder, name in (
        (manifest_scanner, "scan_component_manifests"),
        (starlette_app, "create_streamlit_middleware"),
        (server, "MemoryUploadedFileManager"),
    ):
        monkeypatch.setattr(holder, name, getattr(holder, name))
    monkeypatch.setattr(keep, "fresh", keep.fresh)
    monkeypatch.setattr(serve, "keep_tidy", lambda: None)
    logger = logging.getLogger(serve.SPINNERS)
    before = list(logger.filters)
    yield
    logger.filters[:] = before
    gc.enable()


def test_streamlit_is_given_the_script_and_its_options(monkeypatch: pytest.MonkeyPatch, scanner: None) -> None:
    called: list[object] = []
    monkeypatch.setattr(serve, "prepare", lambda: called.append("prepared"))
    monkeypatch.setattr(cli, "main", lambda arguments, prog_name: called.append((arguments, prog_name)))
    serve.run("app.py", ["--server.port", "1"])
    for thread in threading.enumerate():
        if thread.name == serve.PREPARING:
            thread.join(10)
    assert sorted(map(str, called)) == ["(['run', 'app.py', '--server.port', '1'], 'streamlit')", "prepared"]
    assert manifest_scanner.scan_component_manifests() == [] and not gc.isenabled()
    assert sys.modules["plotly"] is plotly, "what is there already stays"
    log = logging.getLogger(serve.SPINNERS)
    kept = [bool(log.filter(log.makeRecord(log.name, 30, "", 0, "", (), None))), True]
    threading.Thread(
        target=lambda: kept.append(bool(log.filter(log.makeRecord(log.name, 30, "", 0, "", (), None)))),
        name=serve.PREPARING,
    ).start()
    assert kept == [True, True, False], "the warnings of that thread alone are left out"


def test_nothing_is_read_before_the_server_listens(monkeypatch: pytest.MonkeyPatch, scanner: None) -> None:
    looks, read = iter([False, False, True]), []
    interval = sys.getswitchinterval()
    gc.disable()
    monkeypatch.setattr(runtime, "exists", lambda: not read.append("look") and next(looks))
    monkeypatch.setattr(serve, "importlib", SimpleNamespace(import_module=read.append))
    monkeypatch.setattr(ahead, "first_page", lambda: read.append(f"page, switching {sys.getswitchinterval():.4f}"))
    monkeypatch.setattr(ahead, "word_page", lambda: read.append(f"word, switching {sys.getswitchinterval():.4f}"))
    monkeypatch.setattr(serve, "spare", lambda: read.append("spared"))
    monkeypatch.setattr(serve, "shown", SimpleNamespace(wait=lambda: read.append("waited")))
    serve.prepare()
    first = [f"page, switching {serve.ALTERNATING:.4f}", "spared"]
    then = ["waited", f"word, switching {interval:.4f}", "spared"]
    assert read == ["look"] * 3 + [*serve.NEEDED, *first, *then]
    assert gc.isenabled() and sys.getswitchinterval() == interval and keep.fresh == serve.FRESH
    for name in serve.NEEDED:
        importlib.import_module(name)


def test_whatever_goes_wrong_garbage_is_collected_afterwards(monkeypatch: pytest.MonkeyPatch, scanner: None) -> None:
    def broken() -> None:
        raise RuntimeError("a bug")

    interval = sys.getswitchinterval()
    gc.disable()
    monkeypatch.setattr(runtime, "exists", lambda: True)
    monkeypatch.setattr(ahead, "first_page", broken)
    monkeypatch.setattr(serve, "spare", lambda: None)
    with pytest.raises(RuntimeError, match="a bug"):
        serve.prepare()
    assert gc.isenabled() and sys.getswitchinterval() == interval


def test_streamlit_starts_without_plotly_and_charts_have_its_look() -> None:
    code = """
import sys
from pages._ui import serve
with serve._without("plotly"):
    import streamlit
print("plotly" in sys.modules)
from pages._ui import figures
import plotly
import plotly.io as pio
print(pio.templates.default, pio.templates["streamlit"].layout.colorway[0])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    colour = pio.templates["streamlit"].layout.colorway[0]
    assert done.stdout.splitlines() == ["False", f"streamlit {colour}"], done.stderr


@pytest.mark.parametrize(("given", "threads"), [("", {1}), ("1", {1}), ("2", {2})])
def test_products_have_one_thread_unless_somebody_says_how_many(given: str, threads: set[int]) -> None:
    code = """
import threading
import numpy as np
from streamlit import runtime
from streamlit.web import cli
from streamlit.web.server import server
from streamlit.web.server.starlette import starlette_app
from threadpoolctl import threadpool_info
from cldi_core.data import children
from pages._ui import ahead, keep, serve
runtime.exists = lambda: True
ahead.first_page = ahead.word_page = lambda: None
serve.NEEDED = ("scipy.linalg",)
serve.shown.set()
cli.main = lambda arguments, prog_name: None
serve.run("app.py", [])
for thread in threading.enumerate():
    if thread.name == serve.PREPARING:
        thread.join()
print({found["num_threads"] for found in threadpool_info() if found["user_api"] == "blas"})
print(*(children.inherited().get(name) for name in (serve.THREADS, serve.POOL)))
"""
    others = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith("_NUM_THREADS") and not name.startswith("ARROW_")
    }
    environment = others | ({serve.THREADS: given} if given else {})
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert done.stdout.splitlines() == [str(threads), f"{given or None} None"], done.stderr


class Knot:
    """Garbage that counting references does not find."""

    def __init__(self) -> None:
        self.own = self


def test_garbage_is_collected_for_all_visitors_also_what_was_spared_before() -> None:
    gc.disable()
    try:
        gone = weakref.ref(Knot())
        serve.tidy(whole=False)
        assert gone() is None, "what is new"
        old = weakref.ref(Knot())
        serve.spare()
        serve.tidy(whole=False)
        assert old() is not None, "what was there before is not looked at each time"
        serve.tidy(whole=True)
        assert old() is None
    finally:
        gc.unfreeze()
        gc.enable()


def test_what_was_read_of_files_is_let_go_with_the_garbage(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(serve.tensor_files, "let_go", lambda: asked.append("mapped"))
    monkeypatch.setattr(serve.picture_shards, "forget", lambda: asked.append("footers"))
    monkeypatch.setattr(serve.best_match_few, "forget", lambda: asked.append("rows"))
    try:
        serve.tidy(whole=False)
    finally:
        gc.unfreeze()
    assert sorted(asked) == ["footers", "mapped", "rows"]


def test_the_first_collection_and_every_so_many_look_at_all_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[bool] = []

    def sleep(seconds: float) -> None:
        if len(looked) > serve.WHOLE:
            raise KeyboardInterrupt

    monkeypatch.setattr(serve, "time", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(serve, "tidy", lambda **how: looked.append(how["whole"]))
    with pytest.raises(KeyboardInterrupt):
        serve.keep_tidy()
    assert looked == [True, *[False] * (serve.WHOLE - 1), True]


def test_so_many_pages_are_drawn_at_a_time_and_nobody_waits_for_one_that_takes_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serve, "_turns", threading.Semaphore(1))
    inside, let_go, drawn = threading.Event(), threading.Event(), threading.Event()

    def long() -> None:
        with serve.in_turn():
            inside.set()
            let_go.wait(60)

    def another() -> None:
        with serve.in_turn():
            drawn.set()

    threads = [threading.Thread(target=one) for one in (long, another)]
    threads[0].start()
    assert inside.wait(20)
    monkeypatch.setattr(serve, "TURN", 60.0)
    threads[1].start()
    assert not drawn.wait(0.2), "it waits for its turn"
    monkeypatch.setattr(serve, "TURN", 0.01)
    with serve.in_turn():  # begins all the same, and gives back no turn that it did not have
        assert not serve._turns.acquire(blocking=False)
    let_go.set()
    assert drawn.wait(20)
    for thread in threads:
        thread.join(20)
    with pytest.raises(ValueError, match="broken"), serve.in_turn():
        raise ValueError("broken")
    assert serve._turns.acquire(blocking=False), "a page that fails gives its turn back"
