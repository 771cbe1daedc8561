"""``python app.py``: Streamlit serves the dashboard, and what its first page needs is read while the browser starts."""

from __future__ import annotations

import gc
import importlib
import threading
import time
from collections.abc import Sequence

PATIENCE = 60.0  # seconds until the server is there, at most
# The dearest modules of all pages; those of one page alone are imported when it is drawn.
NEEDED = ("pandas", "pyarrow.parquet", "plotly.graph_objects", "plotly.graph_objs.layout", "pages._ui.frame")


def run(script: str, options: Sequence[str]) -> None:
    """Serve a script as ``streamlit run`` does; signals and the exit code are Streamlit's own.

    Args:
        options: of ``streamlit run``.
    """
    from streamlit.web import cli

    threading.Thread(target=prepare, name="prepare", daemon=True).start()
    cli.main(["run", script, *options], prog_name="streamlit")


def prepare() -> None:
    """Import what pages need as soon as the server listens, and not before: it would be there later for it."""
    from streamlit import runtime

    until = time.monotonic() + PATIENCE
    while not runtime.exists() and time.monotonic() < until:
        time.sleep(0.02)
    for name in NEEDED:
        importlib.import_module(name)
    spare()


def spare() -> None:
    """Leave what is there now out of the collection of garbage that Streamlit does after each run of a page.

    Modules stay until the end, and to look through them takes longer than to draw most pages.
    """
    gc.freeze()
