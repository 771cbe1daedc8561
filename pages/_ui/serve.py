"""``python app.py``: Streamlit serves the dashboard, and what its first page needs is there when the browser asks."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from cldi_core.data import children, picture_shards, tensor_files
from cldi_core.scoring import best_match_few

from .back import Back
from .headers import Headers, OwnPages
from .server_health import Health

PATIENCE = 60.0  # seconds until the server is there, at most
# The dearest modules of all pages; those of one page alone are imported when it is drawn.
NEEDED = ("pandas", "pyarrow.parquet", "plotly.graph_objs.layout", "scipy.special", "pages._ui.frame")
# What Arrow has freed goes back with the rest, and threads share what they take: each kept some, a tenth of all.
POOL, M_ARENA_MAX, ARENAS = "ARROW_DEFAULT_MEMORY_POOL", -8, 2
PREPARING = "prepare"  # the thread that does
# Threads of numpy's products, unless somebody says how many: those of one word are so small that threads which wait for
# each other took half of what the next word takes of the processor.  Visitors have threads of their own.
THREADS = "OPENBLAS_NUM_THREADS"
SPINNERS = "streamlit.runtime.scriptrunner_utils.script_run_context"  # warns of those that no page shows
ALTERNATING = 0.0005  # seconds until a thread lets others on; files are asked for by the dozen meanwhile, each of which
# waits for that several times

FRESH = 1.0  # seconds for which a look at what commands write stands for all visitors
EVERY, WHOLE = 10.0, 12  # seconds between two collections of garbage, and every how many looks at all there is

# So many pages are drawn at a time: one thread of Python works at a time anyway, and thirty that share it are all late,
# and hold thirty times what each needs meanwhile.  One whose turn has not come by then begins all the same.
AT_ONCE, TURN = 2, 5.0
_turns = threading.Semaphore(AT_ONCE)

shown = threading.Event()  # a page has been drawn: what is likely to be asked for next may be found now


def run(script: str, options: Sequence[str]) -> None:
    """Serve a script as ``streamlit run`` does; signals and the exit code are Streamlit's own.

    Args:
        options: of ``streamlit run``.
    """
    for name, value in ((THREADS, "1"), (POOL, "system")):
        if name not in os.environ:
            os.environ[name] = value
            children.of_this_process.add(name)
    with contextlib.suppress(AttributeError, OSError):  # a system without glibc
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)
    gc.disable()  # of what is imported nothing becomes garbage, and to look through it takes a fifth of the start
    with _without("plotly"):
        from starlette.middleware import Middleware
        from streamlit.components.v2 import manifest_scanner
        from streamlit.web import cli
        from streamlit.web.server import server
        from streamlit.web.server.starlette import starlette_app

    from .uploads import Bounded, Uploads  # which need Streamlit

    # It reads of every installed package whether it brings components, a tenth of a second; ours are in the pages.
    manifest_scanner.scan_component_manifests = lambda max_workers=None: []
    static = Path(starlette_app.__file__).parents[3] / "static"
    layers = starlette_app.create_streamlit_middleware
    own = [Middleware(Headers, static=static), Middleware(OwnPages), Middleware(Health)]
    own += [Middleware(Bounded), Middleware(Back)]
    starlette_app.create_streamlit_middleware = lambda: [*own, *layers()]
    server.MemoryUploadedFileManager = Uploads
    logging.getLogger(SPINNERS).addFilter(lambda record: record.threadName != PREPARING)
    threading.Thread(target=prepare, name=PREPARING, daemon=True).start()
    threading.Thread(target=keep_tidy, name="tidy", daemon=True).start()
    cli.main(["run", script, *options], prog_name="streamlit")


@contextlib.contextmanager
def _without(name: str) -> Iterator[None]:
    """Let nothing import a package, unless it is there: Streamlit imports Plotly, if it can, before it listens.

    The look that it gives to charts is given by ``figures``, which all charts need.
    """
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # this is how Python is told that there is none
    try:
        yield
    finally:
        del sys.modules[name]


def prepare() -> None:
    """Import what pages need and find what the first one shows: as soon as the server listens, and not before, as it
    would be there later for it.  Then, when a page has been drawn, what the Word page opens with."""
    from streamlit import runtime

    until = time.monotonic() + PATIENCE
    while not runtime.exists() and time.monotonic() < until:
        time.sleep(0.02)
    before = sys.getswitchinterval()
    sys.setswitchinterval(ALTERNATING)
    try:
        for name in NEEDED:
            importlib.import_module(name)
        from threadpoolctl import threadpool_limits

        if os.environ.get(THREADS) == "1":  # numpy may have been there before the variable
            threadpool_limits(1, user_api="blas")
        from . import ahead, keep

        keep.fresh = FRESH
        ahead.first_page()
    finally:
        sys.setswitchinterval(before)
        spare()
        gc.enable()
    shown.wait()
    ahead.word_page()
    spare()


def keep_tidy() -> None:
    """``tidy`` for as long as the server lives."""
    for number in count(1):
        time.sleep(EVERY)
        tidy(whole=number % WHOLE == 1)  # also the first: nothing was collected while all was imported


def tidy(*, whole: bool) -> None:
    """Collect garbage, of all visitors together: what came since the last time, or of all there is.

    What has been freed goes back to the system: after many visitors at once that was a third of all memory.  So does
    what is soon read or made again: mapped files, footers of shards, rows in float32; 45 MB of the demo's.

    Streamlit would do so after each run of a page, which took a fifth of what the next word takes.
    """
    if whole:
        gc.unfreeze()
    gc.collect()
    spare()
    tensor_files.let_go()
    picture_shards.forget()
    best_match_few.forget()
    with contextlib.suppress(AttributeError, OSError):  # a system that has no such thing keeps what it has
        ctypes.CDLL(None).malloc_trim(0)


@contextlib.contextmanager
def in_turn() -> Iterator[None]:
    """Draw a page when it is its turn, or after ``TURN`` seconds: one that takes long keeps nobody waiting longer."""
    has = _turns.acquire(timeout=TURN)
    try:
        yield
    finally:
        if has:
            _turns.release()


def spare() -> None:
    """Leave what is there now out of the next collection of garbage.

    Modules stay until the end, and to look through them takes longer than to draw most pages.
    """
    gc.freeze()
