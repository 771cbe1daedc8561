"""The package as people install it: a wheel in an environment of its own, used from a folder that is no checkout.

Nothing is downloaded: the wheel is built by the setuptools that is here, and what it needs is lent by this environment.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from tests import handshake
from tests.conftest import draw
from tools.browser import wait_for

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("cldi_core", "pages", ".streamlit", "app.py", "pyproject.toml", "README.md", "LICENSE")
PACKED = (".py", ".css", ".js", ".png")
TEMPLATES = (".py", ".html")  # of the package itself
LEAST = 77  # the first setuptools that knows licences by their SPDX name
pytestmark = pytest.mark.slow


def run(*command: object, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, knowing nothing of this checkout and its data sets."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("CLDI_", "PYTHONPATH", "STREAMLIT"))}
    line = [str(part) for part in command]
    return subprocess.run(line, cwd=folder, env=kept | environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy, so that nothing is left behind in the checkout and nothing stale gets in."""
    try:
        found = metadata.version("setuptools")
    except metadata.PackageNotFoundError:
        found = "0"
    if int(found.split(".")[0]) < LEAST:
        pytest.skip(f"building a wheel needs setuptools {LEAST} or later, here is {found}: see requirements-dev.txt")
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in (*SOURCES, *(path.name for path in ROOT.glob("requirements*.txt"))):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source)
    pip = (sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", folder)
    built = run(*pip, source, folder=folder)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment in which the wheel is installed."""
    folder = tmp_path_factory.mktemp("installed")
    assert run(sys.executable, "-m", "venv", "--without-pip", folder, folder=folder).returncode == 0
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "lent.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")) + "\n")
    pip = (sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", "--no-deps", "--no-index")
    done = run(*pip, wheel, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "bin"


@pytest.fixture(scope="module")
def mine(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of somebody's own, with pictures and a word list imported as the data set ``mine``."""
    folder = tmp_path_factory.mktemp("elsewhere")
    for language, word in (("en", "sun"), ("de", "Sonne")):
        (folder / "drawn" / language / word).mkdir(parents=True)
        (folder / "drawn" / language / word / "1.png").write_bytes(draw("sun", language))
    (folder / "en-de.tsv").write_text("sun\tSonne\tN\n", "utf-8")
    for command in (("import-folder", "drawn"), ("import-lists", "en-de.tsv")):
        done = run(programs / "cldi", *command, "--dataset", "mine", folder=folder)
        assert (done.returncode, done.stderr) == (0, "")
    return folder


def test_the_wheel_holds_the_package_and_the_dashboard_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    core = {path.relative_to(ROOT).as_posix() for path in (ROOT / "cldi_core").rglob("*") if path.suffix in TEMPLATES}
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "pages").rglob("*") if path.suffix in PACKED}
    inside = {f"cldi_core/_dashboard/{name}" for name in (*pages, "app.py", ".streamlit/config.toml")}
    assert names == core | inside


def test_what_it_needs_is_what_the_files_pin(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        (name,) = (name for name in packed.namelist() if name.endswith("/METADATA"))
        text = packed.read(name).decode()
    found = set(re.findall(r"^Requires-Dist: (.+)$", text, re.MULTILINE))
    assert {line for line in found if "extra ==" not in line} == pins("")
    for extra in ("login", "ray", "remote", "timm"):
        own = {line for line in found if line.endswith(f'extra == "{extra}"')}
        assert own == {f'{pin}; extra == "{extra}"' for pin in pins(f"-{extra}")}
    dev = {line.partition(";")[0] for line in found if line.endswith('extra == "dev"')}
    assert dev == {
        pin.partition(";")[0] for extra in ("-dev", "-login", "-ray", "-remote", "-timm") for pin in pins(extra)
    }


def pins(which: str) -> set[str]:
    lines = (ROOT / f"requirements{which}.txt").read_text("utf-8").splitlines()
    return {line.partition("#")[0].strip() for line in lines} - {""}


def test_every_pin_stands_once() -> None:
    names = [
        re.split(r"[=<>\[;]", pin)[0] for which in ("", "-dev", "-ray", "-timm", "-bench") for pin in pins(which)
        if not pin.startswith("--")
    ]  # fmt: skip
    assert sorted(names) == sorted(set(names))


def test_the_command_calls_itself_by_its_name(programs: Path, tmp_path: Path) -> None:
    shown = run(programs / "cldi", "--help", folder=tmp_path)
    assert (shown.returncode, shown.stderr) == (0, "") and shown.stdout.startswith("Usage: cldi [OPTIONS]")
    wrong = run(programs / "cldi", "check", folder=tmp_path)
    assert wrong.returncode == 2 and wrong.stderr.endswith("see cldi check --help\n")


def test_a_name_is_a_folder_under_the_current_data(programs: Path, mine: Path, tmp_path: Path) -> None:
    assert (mine / "data" / "mine" / "dataset.toml").is_file()
    found = run(programs / "cldi", "check", "--dataset", "mine", "--json", folder=mine)
    assert (found.returncode, found.stderr) == (1, "")  # something is missing: nothing has been extracted yet
    assert {"word lists", "pictures"} <= {finding["area"] for finding in json.loads(found.stdout)["findings"]}
    unknown = run(programs / "cldi", "check", "--dataset", "demo", folder=mine)
    assert unknown.returncode == 2
    assert unknown.stderr.startswith("error: unknown data set 'demo'; choose from: mine. Start one with")
    moved = run(programs / "cldi", "check", "--dataset", "mine", folder=tmp_path, CLDI_DATA=str(mine / "data"))
    assert (moved.returncode, moved.stderr) == (1, "")
    assert run(programs / "cldi", "check", "--dataset", "mine", folder=tmp_path).returncode == 2


def test_the_benchmarks_are_not_installed(programs: Path, tmp_path: Path) -> None:
    done = run(programs / "cldi", "bench", "--full", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.count("\n") == 1
    assert "run them in a checkout" in done.stderr


def test_the_dashboard_is_served_with_its_settings(programs: Path, mine: Path, tmp_path: Path) -> None:
    """Without a folder .streamlit at hand, neither the user's nor the current one's."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "HOME": str(tmp_path)}
    for name in ("CLDI_DATA", "CLDI_DATASET", "PYTHONPATH"):
        environment.pop(name, None)
    command = [str(programs / "cldi"), "app", "--port", str(port), "--dataset", "mine"]
    with (tmp_path / "log.txt").open("wb") as log:
        server = subprocess.Popen(command, cwd=mine, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health", server)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/word", timeout=20) as answer:
                assert answer.status == 200 and b"streamlit" in answer.read().lower()
            hosts = {host: handshake.answer(port, f"{host}:{port}") for host in ("localhost", "evil.example")}
            again = run(*command, folder=mine)
        finally:
            server.terminate()
            server.wait(20)
    assert hosts == {"localhost": 101, "evil.example": 403}
    assert (again.returncode, again.stdout, again.stderr.count("\n")) == (2, "", 1)
    assert again.stderr.startswith(f"error: port {port} is in use")
    told = (tmp_path / "log.txt").read_text("utf-8")
    assert told.startswith(f"CLDI Explorer: http://127.0.0.1:{port} (Ctrl+C stops it)\n")
    assert f"http://127.0.0.1:{port}" in told.partition("\n")[2], "it listens on this machine only"
    assert "usage statistics" not in told, "the settings of .streamlit/config.toml hold"


DRAW = """
import sys
from cldi_core.data.dataset import DASHBOARD
from streamlit.testing.v1 import AppTest
at = AppTest.from_file(str(DASHBOARD / "app.py"), default_timeout=60)
sys.path.insert(0, str(DASHBOARD))  # as Streamlit does with the folder of its script
at.run()
print([e.value for e in (*at.exception, *at.error)], at.selectbox(key="dataset").options)
"""


def test_the_installed_pages_are_drawn(programs: Path, mine: Path) -> None:
    done = run(programs / "python", "-c", DRAW, folder=mine, CLDI_DATASET=str(mine / "data" / "mine"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[] ['mine']"
