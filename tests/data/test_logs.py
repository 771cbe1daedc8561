"""The server's log: lines of JSON with the id of a page's run, begun anew when large, without secrets."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cldi_core.data import logs
from cldi_core.errors import DatasetError


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    """As they were, when a test is over."""
    found = [logging.getLogger(name) for name in logs.NAMES]
    before = [(one, [*one.handlers], one.level) for one in found]
    yield
    for one, handlers, level in before:
        for handler in {*one.handlers} - {*handlers}:
            handler.close()
        one.handlers[:] = handlers
        one.setLevel(level)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(logs.FOLDER, str(tmp_path / "new" / "log"))
    path = logs.begin(8501)
    assert path == tmp_path / "new" / "log" / "app-8501.jsonl"
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_run_of_a_page_is_a_line_with_its_id(file: Path) -> None:
    with logs.run_of("word", "session-of-ann") as more:
        own = logs.request()
        more["outcome"] = "drawn"
    (line,) = lines(file)
    assert line.pop("time").endswith("+00:00") and line.pop("ms") >= 0
    session = line.pop("session")
    assert re.fullmatch(r"[0-9a-f]{8}", own) and re.fullmatch(r"[0-9a-f]{8}", session)
    assert line == {
        "level": "info", "logger": "cldi", "said": "page", "request": own, "page": "word", "outcome": "drawn",
    }  # fmt: skip
    assert logs.request() == ""


def test_one_that_ends_in_the_middle_is_logged_too(file: Path) -> None:
    with pytest.raises(KeyError), logs.run_of("word"):
        raise KeyError
    assert lines(file)[0]["outcome"] == "left"


def test_what_is_said_within_a_run_has_its_id_also_in_other_threads_runs(file: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def other() -> None:
        with logs.run_of("map"):
            begun.set()
            assert go_on.wait(60)
            logs.log.warning("of the other")

    thread = threading.Thread(target=other)
    with logs.run_of("word"):
        thread.start()
        assert begun.wait(60)
        own = logs.request()
        logs.log.warning("of this one")
        logging.getLogger("streamlit").warning("of Streamlit")
        go_on.set()
        thread.join(60)
    said = {line["said"]: line["request"] for line in lines(file) if line["said"] != "page"}
    assert said["of this one"] == said["of Streamlit"] == own != said["of the other"]


def test_an_error_is_one_line_with_its_traceback(file: Path) -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logs.log.exception("page %s failed\x1b[2J\n", "word")
    (line,) = lines(file)
    assert line["level"] == "error" and line["said"] == "page word failed [2J"
    assert "ValueError: two\nlines" in line["error"] and "Traceback" in line["error"]


def test_no_secret_of_the_environment_is_written(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = {"BRAVE_API_KEY": 's3"cret\\a', "STREAMLIT_AUTH_COOKIE_SECRET": "c00kie-é", "A_TOKEN": "word"}
    for name, value in planted.items():
        monkeypatch.setenv(name, value)
    try:
        raise ValueError("no answer to {} with {} in a {}".format(*planted.values()))
    except ValueError as error:
        logs.log.exception("%s", error)
    text = file.read_text("utf-8")
    assert "s3" not in text and "c00kie" not in text and lines(file)[0]["said"] == "no answer to … with … in a word"


def test_a_large_file_is_begun_anew_and_old_ones_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "BYTES", 1000)
    monkeypatch.setattr(logs, "FILES", 2)
    monkeypatch.setenv(logs.FOLDER, str(tmp_path))
    assert logs.begin(1) is not None
    for number in range(100):
        logs.log.info("line %d", number)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["app-1.jsonl", "app-1.jsonl.1", "app-1.jsonl.2"]
    assert all(path.stat().st_size <= 1000 for path in tmp_path.iterdir())
    assert lines(tmp_path / "app-1.jsonl")[-1]["said"] == "line 99"


def test_without_the_variable_there_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(logs.FOLDER, raising=False)
    monkeypatch.chdir(tmp_path)
    before = [*logs.log.handlers]
    assert logs.begin(8501) is None and logs.log.handlers == before and [*tmp_path.iterdir()] == []


def test_a_folder_that_cannot_be_one_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    for given in (tmp_path / "file", "nul\x00"):
        monkeypatch.setattr(logs.os, "environ", {logs.FOLDER: str(given)})
        with pytest.raises(DatasetError, match="let CLDI_LOG name a folder that can be written to"):
            logs.begin(8501)
