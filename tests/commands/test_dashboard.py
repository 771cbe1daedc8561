"""``cldi app``: what it starts and with what, and the mistakes it names.  The real server: see test_installation."""

from __future__ import annotations

import json
import os
import socket
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from cldi_core.commands import dashboard
from cldi_core.data import dataset as datasets
from cldi_core.data.dataset import Dataset
from cldi_core.imports import given
from cldi_core.imports.given import Given
from tests.commands.conftest import App
from tests.conftest import build_small
from tests.handshake import answer
from tests.pages_data import healthy, open_page, view_of
from tools.browser import serve


def test_it_becomes_streamlit_for_this_machine_only(app: App, data: Path, port: int) -> None:
    code, out, err, started = app("--port", port)
    assert (code, out, err) == (0, f"CLDI Explorer: http://127.0.0.1:{port} (Ctrl+C stops it)\n", "")
    script = Path(__file__).resolve().parents[2] / "app.py"
    assert script.is_file()
    assert started == [
        "__main__", str(script), "--server.port", str(port),
        "--server.address", "127.0.0.1", "--server.allowedHosts", "127.0.0.1", "--server.allowedHosts", "localhost",
    ]  # fmt: skip


def test_uploads_that_a_killed_server_left_are_swept_away(app: App, data: Path, port: int) -> None:
    ours, left = Given(), Given()
    left.hand_over(2**22 + 1)  # no process has this number
    plate = given.plate_of(left.folder)
    plate.write_text(json.dumps(json.loads(plate.read_text()) | {"started": "once"}))
    assert app("--port", port)[0] == 0
    assert ours.folder.is_dir() and not left.folder.exists()


@pytest.mark.parametrize("known", [("CLDI_LOGIN", "proxy"), ("CLDI_READ_ONLY", "1")])
def test_more_names_by_which_it_may_be_called(
    app: App, data: Path, port: int, monkeypatch: pytest.MonkeyPatch, known: tuple[str, str]
) -> None:
    monkeypatch.setenv(*known)
    code, _, err, started = app("--port", port, "--host", "explorer.example", "--host", "*.lab.example")
    named = [after for before, after in pairwise(started) if before == "--server.allowedHosts"]
    assert (code, err, named) == (0, "", ["127.0.0.1", "localhost", "explorer.example", "*.lab.example"])


@pytest.mark.parametrize("container", [False, True])
def test_a_name_needs_a_login_too(
    app: App, data: Path, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, container: bool
) -> None:
    mark = tmp_path / "in a container"
    monkeypatch.setattr(dashboard, "CONTAINER", (mark,))
    if container:
        mark.touch()
    code, out, err, started = app("--port", port, "--host", "explorer.example")
    assert (code, out, started) == (2, "", []) and err.count("\n") == 1
    assert err.startswith(
        "error: whoever reaches explorer.example could start work and change data; set CLDI_LOGIN=oidc"
    )
    assert app("--port", port, "--host", "localhost")[0] == 0, "a name of this machine's own"


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.7"])
def test_an_address_that_is_listened_at_is_a_name_too(
    app: App, data: Path, port: int, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("CLDI_LOGIN", "proxy")
    monkeypatch.setattr(dashboard, "_is_free", lambda port, address: True)
    code, out, _, started = app("--port", port, "--address", address)
    named = [after for before, after in pairwise(started) if before == "--server.allowedHosts"]
    own = [] if address == "0.0.0.0" else [address]
    assert (code, named) == (0, ["127.0.0.1", "localhost", *own])
    assert f"http://{(own or ['127.0.0.1'])[0]}:{port} " in out


def test_a_proxy_says_who_somebody_is(app: App, data: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLDI_LOGIN", "proxy")
    _, out, _, started = app("--port", port)
    assert started[-2:] == ["--server.trustedUserHeaders", '{"X-Forwarded-Email": "email"}']
    assert out.startswith("Editors: whoever the proxy lets in may start work; CLDI_EDITORS names fewer.\n")
    monkeypatch.delenv("CLDI_LOGIN")
    assert "--server.trustedUserHeaders" not in app("--port", port)[3], "nobody else is believed"


@pytest.mark.parametrize("allowed", ["read only", "proxy", "container", "nothing"])
def test_another_address_shows_and_changes_nothing(
    app: App, data: Path, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: str
) -> None:
    mark = tmp_path / "in a container"
    monkeypatch.setattr(dashboard, "CONTAINER", (mark,))
    if allowed == "read only":
        monkeypatch.setenv("CLDI_READ_ONLY", "1")
    if allowed == "proxy":
        monkeypatch.setenv("CLDI_LOGIN", "proxy")
    if allowed == "container":
        mark.touch()
    code, _, err, started = app("--port", port, "--address", "0.0.0.0")
    if allowed == "nothing":
        assert (code, started) == (2, []) and err.count("\n") == 1
        assert err.startswith(
            "error: whoever reaches 0.0.0.0 could start work and change data; set CLDI_LOGIN=oidc for"
        )
        assert app("--port", port, "--address", "127.0.0.2")[0] == 0
    elif allowed == "proxy":
        assert (code, started) == (2, []) and err.count("\n") == 1
        assert "whoever reaches 0.0.0.0 could say it too" in err
    else:
        assert code == 0 and started[started.index("--server.address") + 1] == "0.0.0.0"
        assert ("Nobody logs in here: publish the container's port for this machine alone" in err) == (
            allowed == "container"
        )


def test_the_script_finds_what_lies_beside_it(app: App, data: Path, port: int) -> None:
    before = list(sys.path)
    started = app("--port", port)[3]
    assert sys.path == [str(Path(started[1]).parent), *before]


def test_a_checkout_that_streamlit_itself_runs_has_the_same_hosts() -> None:
    found = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text("utf-8"))
    assert tuple(found["server"]["allowedHosts"]) == dashboard.HOSTS


def test_an_installed_one_is_inside_the_package(
    app: App, data: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "CHECKOUT", None)
    assert str(Path(datasets.__file__).parents[1] / "_dashboard" / "app.py") in app("--port", port)[3]


@pytest.mark.parametrize("how", ["name", "path", "relative path"])
def test_the_data_set_is_handed_on_as_a_path(
    app: App, small: Dataset, port: int, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(small.path.parent)
    monkeypatch.setenv("CLDI_DATASET", "")
    given = {"name": "small", "path": small.path, "relative path": "./small"}[how]
    assert app("--port", port, "--dataset", given)[0] == 0
    assert os.environ["CLDI_DATASET"] == str(small.path.resolve())


def test_a_port_that_is_taken_is_one_line(app: App, data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, err, started = app("--port", port)
    assert (code, out, started) == (2, "", [])
    assert err == f"error: port {port} is in use, or may not be opened; choose another one: --port 8600\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--dataset", "nope"), "unknown data set 'nope'; choose from: none yet"),
        (("--port", "0"), "'--port'"),
        (("--port", "70000"), "'--port'"),
        (("--host", "*"), "'*' is not the name of a host"),
        (("--host", "http://x.example"), "'http://x.example' is not the name of a host"),
        (("--host", "x.example:8501"), "'x.example:8501' is not the name of a host"),
        (("--address", "here"), "'here' is not an address"),
        (("--theme", "dark"), "No such option: --theme"),
    ],
)
def test_wrong_use_starts_nothing(app: App, data: Path, arguments: tuple[str, ...], told: str) -> None:
    code, out, err, started = app(*arguments)
    assert (code, out, started) == (2, "", [])
    assert err.startswith("error: ") and told in err and err.count("\n") == 1


def test_a_path_is_shown_though_a_named_set_bears_its_name(
    small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``CLDI_DATASET=/x/demo make run`` beside the shipped demo."""
    other = build_small(tmp_path / "x" / "small")
    (other.path / "dataset.toml").write_text('title = "Another"\n', "utf-8")
    monkeypatch.setenv("CLDI_DATASET", str(other.path))
    at = healthy(open_page("overview"))
    assert view_of(at)["dataset"] == str(other.path)
    assert at.selectbox(key="dataset").options == ["Another", "Small"]
    assert view_of(healthy(open_page("overview", dataset="small")))["dataset"] == "small"


def test_a_page_whose_name_is_made_to_lead_here_gets_no_connection(tmp_path: Path) -> None:
    """The server as it is started, asked as a browser asks for a page of each name."""
    with serve(tmp_path / "log.txt", "--host", "explorer.example", CLDI_LOGIN="proxy") as server:
        port = int(server.url.rpartition(":")[2])
        for host in ("127.0.0.1", "localhost", "LOCALHOST", "explorer.example"):
            assert answer(port, f"{host}:{port}") == 101, host
        for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "xexplorer.example", "", "*"):
            assert answer(port, f"{host}:{port}") in (400, 403), host
        here = f"127.0.0.1:{port}"
        for origin in (
            "http://127.0.0.1:9999", "http://localhost:9999", f"http://localhost:{port}", "http://0.0.0.0:1", "null",
            "https://evil.example", f"http://{here}.evil.example", "file://", f"file://{here}", f"http://x@{here}",
        ):  # fmt: skip
            assert answer(port, here, origin=origin) == 403, origin
            assert answer(port, here, "/_stcore/health", origin=origin) == 403, origin
        assert answer(port, "explorer.example", origin="https://explorer.example") == 101, "behind a proxy with TLS"
