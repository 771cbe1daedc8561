"""``app``: the dashboard, from a checkout or from an installed package."""

from __future__ import annotations

import os
import re
import socket
import sys
from typing import Annotated

import typer

from cldi_core.commands.program import fail
from cldi_core.data import dataset as datasets
from cldi_core.data import permissions

ADDRESS = "127.0.0.1"  # of this machine only: whoever may open the dashboard may start extractions
# What a browser may call it: else a page elsewhere, whose name is made to lead to this machine, could start work too.
HOSTS = (ADDRESS, "localhost")
_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.IGNORECASE)


def start(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where it is served.")] = 8501,
    dataset: Annotated[
        str | None, typer.Option("--dataset", help="The data set that is shown first: a name or a path.")
    ] = None,
    host: Annotated[
        list[str] | None,
        typer.Option("--host", help="A name by which browsers reach it through a proxy of yours; may be repeated."),
    ] = None,
) -> None:
    """Start the dashboard, for this machine only; Ctrl+C stops it.  With CLDI_READ_ONLY=1 it only shows."""
    for name in host or ():
        if not _HOST.fullmatch(name):
            fail(f"{name!r} is not the name of a host; accepted: names such as explorer.example or *.example", 2)
    if wrong := permissions.problem():
        fail(wrong, 2)
    if not _is_free(port):
        fail(
            f"port {port} is in use, or may not be opened; choose another one: --port {8600 if port != 8600 else 8700}",
            2,
        )
    if dataset is not None:
        os.environ["CLDI_DATASET"] = str(datasets.open_dataset(dataset).path.resolve())
    print(f"CLDI Explorer: http://{ADDRESS}:{port} (Ctrl+C stops it)", flush=True)
    script = (datasets.CHECKOUT or datasets.DASHBOARD) / "app.py"
    # In place of this process, so that signals and the exit code are Streamlit's own.  Its settings are read from the
    # .streamlit folder beside the script; hosts that are named here take the place of those.
    options = ["--server.port", str(port), "--server.address", ADDRESS]
    options += [part for name in (*HOSTS, *(host or ())) for part in ("--server.allowedHosts", name)]
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", str(script), *options])  # noqa: S606


def _is_free(port: int) -> bool:
    """Whether the port can be opened, and nobody listens there on another address that includes ours."""
    with socket.socket() as own, socket.socket() as other:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            own.bind((ADDRESS, port))
        except OSError:
            return False
        return other.connect_ex((ADDRESS, port)) != 0
