"""What is under docs/deploy says what the explorer understands."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import typer

from cldi_core.commands import doctor_facts, main

DEPLOY = Path(__file__).resolve().parents[1] / "docs" / "deploy"
UNIT = DEPLOY / "cldi.service"


@pytest.fixture
def service() -> configparser.SectionProxy:
    unit = configparser.ConfigParser(strict=False, interpolation=None, delimiters="=")
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(UNIT.read_text("utf-8"))
    return unit["Service"]


def test_the_service_starts_a_command_that_is_there(service: configparser.SectionProxy) -> None:
    program, name, *options = shlex.split(service["ExecStart"])
    command = typer.main.get_command(main.app).commands[name]  # type: ignore[attr-defined]
    with command.make_context(name, options) as context:  # which fails for an option that is not there
        assert Path(program).name == "cldi" and context.params["port"] == 8501


def test_the_service_sets_what_is_read(service: configparser.SectionProxy) -> None:
    text = UNIT.read_text("utf-8")
    assert set(re.findall(r"\bCLDI_[A-Z_]*[A-Z]\b", text)) <= set(doctor_facts.KNOWN)
    assert {one.partition("=")[0] for one in service["Environment"].split()} == {"CLDI_DATA", "CLDI_CACHE", "CLDI_LOG"}
    # What it may write is what these name: all else is read-only to it.
    folders = {"CLDI_DATA": "StateDirectory", "CLDI_CACHE": "CacheDirectory", "CLDI_LOG": "LogsDirectory"}
    for one in service["Environment"].split():
        name, _, folder = one.partition("=")
        assert Path(folder).relative_to("/var").parts[1] == service[folders[name]]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_understands_the_service(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text("utf-8")))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
