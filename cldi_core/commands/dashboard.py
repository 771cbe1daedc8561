"""``app``: the dashboard, from a checkout or from an installed package."""

from __future__ import annotations

import ipaddress
import os
import re
import runpy
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from cldi_core.commands import allocation, preparing
from cldi_core.commands import workers as working
from cldi_core.commands.program import fail
from cldi_core.data import dataset as datasets
from cldi_core.data import permissions, remote

ADDRESS = "127.0.0.1"  # of this machine only: whoever may open the dashboard may start extractions
CONTAINER = (Path("/.dockerenv"), Path("/run/.containerenv"))  # what Docker and Podman leave in theirs
# What a browser may call it: else a page elsewhere, whose name is made to lead to this machine, could start work too.
HOSTS = (ADDRESS, "localhost")
_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.IGNORECASE)


def start(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where it is served.")] = 8501,
    dataset: Annotated[
        str | None, typer.Option("--dataset", help="The data set that is shown first: a name, a path or an address.")
    ] = None,
    address: Annotated[
        str, typer.Option(help="Where it listens: another address than that of this machine needs CLDI_READ_ONLY=1.")
    ] = ADDRESS,
    host: Annotated[
        list[str] | None,
        typer.Option("--host", help="A name by which browsers reach it through a proxy of yours; may be repeated."),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=working.MOST, help="Processes that draw pages, one for each core; needs Caddy.")
    ] = 1,
) -> None:
    """Start the dashboard, for this machine only; Ctrl+C stops it.  With CLDI_READ_ONLY=1 it only shows.

    In a container any address may be listened at: who publishes its port says for whom.
    """
    for name in host or ():
        if not _HOST.fullmatch(name):
            fail(f"{name!r} is not the name of a host; accepted: names such as explorer.example or *.example", 2)
    if wrong := permissions.problem():
        fail(wrong, 2)
    _may_listen(address)
    if workers > 1:
        working.proxy()
    if not _is_free(port, address):
        fail(
            f"port {port} is in use, or may not be opened; choose another one: --port {8600 if port != 8600 else 8700}",
            2,
        )
    if dataset is not None:
        opened = datasets.open_dataset(dataset)
        os.environ["CLDI_DATASET"] = remote.url_of(opened.path) or str(opened.path.resolve())
    allocation.settle()
    for path in datasets.requested().values():
        preparing.before_showing(path)
    if workers > 1:
        working.run(workers, port, address, host or ())
        return
    print(f"CLDI Explorer: http://{ADDRESS}:{port} (Ctrl+C stops it)", flush=True)
    _serve(port, address, host or ())


def _serve(port: int, address: str, hosts: Sequence[str]) -> None:
    """Become Streamlit: in this process, which has imported half of what it needs; signals and exit code are its own.

    Its settings are read from the .streamlit folder beside the script; named hosts take the place of those there.
    """
    script = (datasets.CHECKOUT or datasets.DASHBOARD) / "app.py"
    options = ["--server.port", str(port), "--server.address", address]
    options += [part for name in (*HOSTS, *hosts) for part in ("--server.allowedHosts", name)]
    sys.argv, sys.path[0] = [str(script), *options], str(script.parent)
    runpy.run_path(str(script), run_name="__main__")


def _may_listen(address: str) -> None:
    """End with one line unless the address is this machine's own, or nobody can change anything, or a container's."""
    try:
        own = ipaddress.IPv4Address(address).is_loopback
    except ValueError:
        fail(f"{address!r} is not an address; accepted: {ADDRESS}, or 0.0.0.0 for all of this machine's", 2)
    if own or permissions.read_only() or any(mark.exists() for mark in CONTAINER):
        return
    fail(
        f"whoever reaches {address} could start work and change data; set CLDI_READ_ONLY=1, or leave --address out and "
        "put a proxy with a login in front (--host names it)",
        2,
    )


def _is_free(port: int, address: str) -> bool:
    """Whether the port can be opened, and nobody listens there on another address that includes ours."""
    with socket.socket() as own, socket.socket() as other:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            own.bind((address, port))
        except OSError:
            return False
        return other.connect_ex((ADDRESS, port)) != 0
