"""``cldi app``: what it starts and with what, and the mistakes it names.  The real server: see test_installation."""

from __future__ import annotations

import os
import socket
import sys
import tomllib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from cldi_core.commands import dashboard, main
from cldi_core.data import dataset as datasets
from cldi_core.data.dataset import Dataset
from tests.conftest import build_small
from tests.handshake import answer
from tests.pages_data import healthy, open_page, view_of
from tools.browser import serve

Run = Callable[..., tuple[int, str, str, list[str]]]


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_it_becomes_streamlit_for_this_machine_only(app: Run, data: Path, port: int) -> None:
    code, out, err, started = app("--port", port)
    assert (code, out, err) == (0, f"CLDI Explorer: http://127.0.0.1:{port} (Ctrl+C stops it)\n", "")
    script = Path(__file__).resolve().parents[2] / "app.py"
    assert script.is_file()
    assert started == [
        "__main__", str(script), "--server.port", str(port),
        "--server.address", "127.0.0.1", "--server.allowedHosts", "127.0.0.1", "--server.allowedHosts", "localhost",
    ]  # fmt: skip


def test_more_names_by_which_it_may_be_called(app: Run, data: Path, port: int) -> None:
    code, _, err, started = app("--port", port, "--host", "explorer.example", "--host", "*.lab.example")
    named = [after for before, after in pairwise(started) if before == "--server.allowedHosts"]
    assert (code, err, named) == (0, "", ["127.0.0.1", "localhost", "explorer.example", "*.lab.example"])


@pytest.mark.parametrize("allowed", ["read only", "container", "nothing"])
def test_another_address_shows_and_changes_nothing(
    app: Run, data: Path, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: str
) -> None:
    mark = tmp_path / "in a container"
    monkeypatch.setattr(dashboard, "CONTAINER", (mark,))
    if allowed == "read only":
        monkeypatch.setenv("CLDI_READ_ONLY", "1")
    if allowed == "container":
        mark.touch()
    code, _, err, started = app("--port", port, "--address", "0.0.0.0")
    if allowed == "nothing":
        assert (code, started) == (2, []) and err.count("\n") == 1
        assert err.startswith("error: whoever reaches 0.0.0.0 could start work and change data; set CLDI_READ_ONLY=1")
        assert app("--port", port, "--address", "127.0.0.2")[0] == 0
    else:
        assert code == 0 and started[started.index("--server.address") + 1] == "0.0.0.0"


def test_the_script_finds_what_lies_beside_it(app: Run, data: Path, port: int) -> None:
    before = list(sys.path)
    started = app("--port", port)[3]
    assert sys.path == [str(Path(started[1]).parent), *before]


def test_a_checkout_that_streamlit_itself_runs_has_the_same_hosts() -> None:
    found = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text("utf-8"))
    assert tuple(found["server"]["allowedHosts"]) == dashboard.HOSTS


def test_an_installed_one_is_inside_the_package(
    app: Run, data: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "CHECKOUT", None)
    assert str(Path(datasets.__file__).parents[1] / "_dashboard" / "app.py") in app("--port", port)[3]


@pytest.mark.parametrize("how", ["name", "path", "relative path"])
def test_the_data_set_is_handed_on_as_a_path(
    app: Run, small: Dataset, port: int, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(small.path.parent)
    monkeypatch.setenv("CLDI_DATASET", "")
    given = {"name": "small", "path": small.path, "relative path": "./small"}[how]
    assert app("--port", port, "--dataset", given)[0] == 0
    assert os.environ["CLDI_DATASET"] == str(small.path.resolve())


def test_a_port_that_is_taken_is_one_line(app: Run, data: Path) -> None:
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
def test_wrong_use_starts_nothing(app: Run, data: Path, arguments: tuple[str, ...], told: str) -> None:
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
    with serve(tmp_path / "log.txt", "--host", "explorer.example") as server:
        port = int(server.url.rpartition(":")[2])
        for host in ("127.0.0.1", "localhost", "LOCALHOST", "explorer.example"):
            assert answer(port, f"{host}:{port}") == 101, host
        for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "xexplorer.example", "", "*"):
            assert answer(port, f"{host}:{port}") in (400, 403), host
