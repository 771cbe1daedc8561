"""``app``: the dashboard, from a checkout or from an installed package."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import runpy
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from cldi_core.commands import allocation, login, preparing
from cldi_core.commands import workers as working
from cldi_core.commands.program import fail
from cldi_core.data import dataset as datasets
from cldi_core.data import job_queue, logs, permissions, remote
from cldi_core.imports import given

ADDRESS = "127.0.0.1"  # of this machine only: without a login, whoever may open the dashboard may start work
CONTAINER = (Path("/.dockerenv"), Path("/run/.containerenv"))  # what Docker and Podman leave in theirs
# What a browser may call it: else a page elsewhere, whose name is made to lead to this machine, could start work too.
HOSTS = (ADDRESS, "localhost")
EVERYWHERE = "0.0.0.0"  # noqa: S104 (it is compared with, and listened at where somebody may)
HEADER = "X-Forwarded-Email"  # in which a proxy that asks for a login says who somebody is
SHARED = (
    f"{permissions.LOGIN}={permissions.OIDC} for a login here, {permissions.LOGIN}={permissions.PROXY} if a proxy in "
    f"front asks for one, or {permissions.VARIABLE}=1 to show only"
)
IN_A_CONTAINER = (
    "Nobody logs in here: publish the container's port for this machine alone (-p 127.0.0.1:8501:8501), or set "
    + SHARED
)
_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.IGNORECASE)


def start(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where it is served.")] = 8501,
    dataset: Annotated[
        str | None, typer.Option("--dataset", help="The data set that is shown first: a name, a path or an address.")
    ] = None,
    address: Annotated[
        str,
        typer.Option(help="Where it listens: on another address than this machine's with a login or CLDI_READ_ONLY=1."),
    ] = ADDRESS,
    host: Annotated[
        list[str] | None,
        typer.Option(
            "--host", help="A name by which browsers reach it, with a login or CLDI_READ_ONLY=1; may be repeated."
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=working.MOST, help="Processes that draw pages, one for each core; needs Caddy.")
    ] = 1,
) -> None:
    """Start the dashboard, for this machine only; Ctrl+C stops it.  With CLDI_READ_ONLY=1 it only shows.

    For others it needs to know who they are: CLDI_LOGIN=oidc asks them, with CLDI_LOGIN=proxy a proxy in front does.
    CLDI_EDITORS names those who may start work.  In a container any address may be listened at: who publishes its port
    says for whom.
    """
    for name in host or ():
        if not _HOST.fullmatch(name):
            fail(f"{name!r} is not the name of a host; accepted: names such as explorer.example or *.example", 2)
    if wrong := permissions.problem():
        fail(wrong, 2)
    job_queue.at_once()
    job_queue.floor()
    _may_listen(address, host or ())
    if permissions.settings().login == permissions.OIDC:
        login.check(_script(), _hosts(address, host or ()))
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
    given.sweep()
    for path in datasets.requested().values():
        preparing.before_showing(path)
    if said := login.editors_said():
        print(said, flush=True)
    if workers > 1:
        working.run(workers, port, address, _hosts(address, host or ())[len(HOSTS) :])
        return
    logs.begin(port)
    shown = ADDRESS if address == EVERYWHERE else address
    print(f"CLDI Explorer: http://{shown}:{port} (Ctrl+C stops it)", flush=True)
    _serve(port, address, host or ())


def _serve(port: int, address: str, hosts: Sequence[str]) -> None:
    """Become Streamlit: in this process, which has imported half of what it needs; signals and exit code are its own.

    Its settings are read from the .streamlit folder beside the script; named hosts take the place of those there.
    """
    script = _script()
    options = ["--server.port", str(port), "--server.address", address]
    options += [part for name in _hosts(address, hosts) for part in ("--server.allowedHosts", name)]
    if permissions.settings().login == permissions.PROXY:
        options += ["--server.trustedUserHeaders", json.dumps({HEADER: "email"})]
    sys.argv, sys.path[0] = [str(script), *options], str(script.parent)
    runpy.run_path(str(script), run_name="__main__")


def _script() -> Path:
    return (datasets.CHECKOUT or datasets.DASHBOARD) / "app.py"


def _hosts(address: str, hosts: Sequence[str]) -> tuple[str, ...]:
    """The names that the dashboard answers to: this machine's, its address, and those that were given."""
    own = () if address in (ADDRESS, EVERYWHERE) else (address,)
    return (*HOSTS, *own, *hosts)


def _may_listen(address: str, hosts: Sequence[str]) -> None:
    """End with one line unless address and names are this machine's own, or it is known who may change something."""
    try:
        own = ipaddress.IPv4Address(address).is_loopback
    except ValueError:
        fail(f"{address!r} is not an address; accepted: {ADDRESS}, or {EVERYWHERE} for all of this machine's", 2)
    given = permissions.settings()
    if given.login == permissions.PROXY and not given.read_only and not own and not _contained():
        fail(
            f"with {permissions.LOGIN}={permissions.PROXY} a visitor is who the proxy says, and whoever reaches "
            f"{address} could say it too: leave --address out, so that only a proxy on this machine reaches it",
            2,
        )
    if given.read_only or given.login or (own and set(hosts) <= set(HOSTS)):
        return
    if _contained() and not hosts:
        if not own:
            print(IN_A_CONTAINER, file=sys.stderr, flush=True)
        return
    reached = address if not own else next(name for name in hosts if name not in HOSTS)
    fail(f"whoever reaches {reached} could start work and change data; set {SHARED}", 2)


def _contained() -> bool:
    """Whether this runs in a container, of which somebody publishes ports for whom they choose."""
    return any(mark.exists() for mark in CONTAINER)


def _is_free(port: int, address: str) -> bool:
    """Whether the port can be opened, and nobody listens there on another address that includes ours."""
    with socket.socket() as own, socket.socket() as other:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            own.bind((address, port))
        except OSError:
            return False
        return other.connect_ex((ADDRESS, port)) != 0
