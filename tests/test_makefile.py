"""What ``make`` installs, and by what: run with programs that write down how they were called, and install nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NAMES = (
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-login.txt",
    "requirements-ray.txt",
    "requirements-remote.txt",
    "requirements-timm.txt",
)
FILES = (*NAMES, "requirements.lock")
BY_UV = "uv pip install --python .venv/bin/python"
BY_PIP = "python -m pip install --disable-pip-version-check"


class Make:
    """A folder with the Makefile, an environment whose pip writes down what it is asked for, and perhaps uv."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log, self.programs = folder, folder / "log", folder / "programs"
        shutil.copy(ROOT / "Makefile", folder)
        for name in FILES:
            (folder / name).write_text("")
        self.write(
            ".venv/bin/python",
            f'case "$*" in "-m pip "*) echo "python $*" >>"{self.log}"; '
            f'case "$*" in *" uv") cp "{folder}/uv" .venv/bin/uv;; esac; exit ${{FAILS:-0}};; esac\n'
            f'exec "{sys.executable}" "$@"',
        )
        self.write("uv", f'echo "uv $*" >>"{self.log}"; exit ${{FAILS:-0}}')
        self.programs.mkdir()
        for name in ("make", "sh", "bash", "cat", "cmp", "cp", "env", "printf"):
            (self.programs / name).symlink_to(shutil.which(name) or name)

    def write(self, name: str, script: str) -> None:
        """A program."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def with_uv(self) -> Make:
        """The same, on a machine that has uv."""
        (self.programs / "uv").symlink_to(self.folder / "uv")
        return self

    def __call__(self, *target: str, **environment: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": str(self.programs), "HOME": str(self.folder), **environment}
        return subprocess.run(["make", *target], cwd=self.folder, env=env, capture_output=True, text=True, check=False)

    def asked(self) -> list[str]:
        """What was asked of pip and uv since the last look."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return lines


@pytest.fixture
def make(tmp_path: Path) -> Make:
    if not shutil.which("make"):
        pytest.skip("there is no make here")
    return Make(tmp_path)


def test_uv_installs_where_there_is_one_and_only_once(make: Make) -> None:
    done = make.with_uv()("runtime")
    assert done.returncode == 0, done.stderr
    assert make.asked() == [f"{BY_UV} -c requirements.lock -r requirements.txt"]
    assert "once only" in done.stdout
    assert make("runtime").stdout == "" and make.asked() == []


def test_pip_installs_elsewhere(make: Make) -> None:
    assert make("dev").returncode == 0
    files = " ".join(f"-r {name}" for name in NAMES)
    assert make.asked() == [f"{BY_PIP} -c requirements.lock {files}"]
    assert make("runtime").stdout == "" and make.asked() == []  # what tests need holds what running needs


@pytest.mark.parametrize("name", ["requirements.txt", "requirements.lock"])
def test_what_changed_is_installed(make: Make, name: str) -> None:
    make("runtime")
    (make.folder / name).write_text("# another\n")
    make.asked()
    assert make("runtime").returncode == 0
    assert len(make.asked()) == 1


@pytest.mark.parametrize("there", [True, False], ids=["uv", "no uv"])
def test_pytorch_without_cuda_is_uvs_to_find(make: Make, there: bool) -> None:
    done = (make.with_uv() if there else make)("runtime", TORCH="cpu")
    assert done.returncode == 0, done.stderr
    lines = make.asked()
    assert lines[-1] == f"{BY_UV} --torch-backend cpu -c requirements.lock -r requirements.txt"
    assert lines[:-1] == ([] if there else [f"{BY_PIP} uv"])
    for again in (make("runtime"), make("runtime", TORCH="cpu")):  # it stays what it is
        assert (again.returncode, again.stdout) == (0, "")


def test_another_build_of_pytorch_asks_for_a_new_environment(make: Make) -> None:
    make.with_uv()("runtime")
    make.asked()
    done = make("runtime", TORCH="cpu")
    assert done.returncode != 0 and make.asked() == []
    assert done.stderr.startswith(".venv was not installed with TORCH=cpu; remove it first: make clean\n")


def test_an_installation_that_failed_is_tried_again(make: Make) -> None:
    assert make.with_uv()("runtime", FAILS="1").returncode != 0
    make.asked()
    assert make("runtime").returncode == 0
    assert len(make.asked()) == 1


def test_everything_that_is_required_is_pinned_for_all_systems() -> None:
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / "requirements.lock").read_text("utf-8"), re.M))
    asked = "\n".join((ROOT / name).read_text("utf-8") for name in NAMES)
    pins = re.findall(r"^([\w.-]+)(?:\[\w+\])?==([^\s;]+)", asked, re.M)
    assert len(pins) > 30
    assert {name: locked.get(name) for name, _ in pins} == dict(pins), "run: make lock"


def test_a_container_gets_all_that_the_dashboard_needs(tmp_path: Path) -> None:
    """Its file cannot be built without a container engine: what it copies is copied here, and tried."""
    lines = re.findall(r"^COPY (.+) (\S+)$", (ROOT / "Containerfile").read_text("utf-8"), re.M)
    for names, to in lines:
        for name in names.split():
            there = tmp_path / (f".{to}" if to.startswith("/") else "opt" if to == "./" else f"opt/{to}")
            if (ROOT / name).is_dir():
                there.parent.mkdir(parents=True, exist_ok=True)
                there.symlink_to(ROOT / name) if "data" in name else shutil.copytree(ROOT / name, there)
            else:
                there.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, there)
    code = (
        "import pages._ui.frame; from cldi_core.commands import main; from cldi_core.data import dataset; "
        "print(dataset.CHECKOUT, *sorted(dataset.available()))"
    )
    env = {**os.environ, "CLDI_DATA": str(tmp_path / "data"), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "opt", env=env, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == [str(tmp_path / "opt"), "demo", "demo-hard"], done.stderr


def test_secrets_go_into_no_container_and_no_commit() -> None:
    """The folder beside them is copied whole."""
    for name in (".dockerignore", ".gitignore"):
        assert ".streamlit/secrets.toml" in (ROOT / name).read_text("utf-8").splitlines()


@pytest.mark.parametrize(("stays", "after", "said"), [("0.5", "0", True), ("0", "0.5", False)])
def test_a_demo_that_is_not_complete_is_said_while_the_explorer_runs(
    make: Make, stays: str, after: str, said: bool
) -> None:
    make.write(
        ".venv/bin/python",
        'case "$*" in *" check "*) echo "error   pictures: one is missing"; echo more; exit 1;; '
        f'*" app "*) echo served; exec sleep {stays};; esac',
    )
    (make.folder / ".venv" / "requirements.txt").write_text("")
    for name in ("sleep", "nice", "grep"):
        (make.programs / name).symlink_to(shutil.which(name) or name)
    done = make("run", CHECK_AFTER=after)
    told = (
        "error   pictures: one is missing\nThe demo data is not complete. Restore it with: git checkout -- data/demo\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "served\n", told if said else "")


def test_names_and_an_address_to_be_reached_by_are_told_apart(make: Make) -> None:
    make.write(".venv/bin/python", 'case "$*" in *" app "*) echo "$*";; esac')
    (make.folder / ".venv" / "requirements.txt").write_text("")
    for name in ("sleep", "nice", "grep"):
        (make.programs / name).symlink_to(shutil.which(name) or name)
    done = make("run", "HOST=words.example 192.0.2.7 *.lab.example")
    assert done.returncode == 0, done.stderr
    asked = "--host words.example --address 192.0.2.7 --host *.lab.example"
    assert done.stdout == f"-m cldi_core app --port 8501 {asked}\n"
