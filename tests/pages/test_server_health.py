"""What the server says of itself to who watches over it."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from cldi_core.data.dataset import Dataset
from pages._ui import server_health
from pages._ui.server_health import Health

Usage = namedtuple("Usage", "total used free")


def ask(method: str, path: str, layer: Health | None = None) -> tuple[int, Any]:
    """The status and document that are answered; 299 where Streamlit is asked."""
    sent: list[dict[str, Any]] = []

    async def streamlit(scope: Any, receive: Any, send: Any) -> None:
        sent.append({"status": 299})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> None:
        raise AssertionError("the body was read")

    scope = {"type": "http", "path": path, "method": method, "headers": []}
    layer = layer or Health(streamlit)
    asyncio.run(layer(scope, receive, send))
    body = b"".join(one.get("body", b"") for one in sent)
    return sent[0]["status"], json.loads(body) if body else None


def test_health_tells_how_the_server_is_and_no_name(small: Dataset, data: Path) -> None:
    status, told = ask("GET", server_health.HEALTH)
    assert status == 200 and told.pop("free_gb") > 0 and told.pop("memory_mb") > 10
    assert told == {"status": "ok", "data_sets": 1, "broken": 0, "jobs": 0}
    (data / "bad").mkdir()
    (data / "bad" / "dataset.toml").write_text("x = [")
    status, told = ask("GET", server_health.HEALTH)
    assert (status, told["broken"]) == (200, 1) and "bad" not in json.dumps(told)
    assert ask("POST", server_health.HEALTH)[0] == 299 and ask("GET", "/healthz/x")[0] == 299


def test_a_server_without_a_data_set_is_failing(data: Path) -> None:
    status, told = ask("GET", server_health.HEALTH)
    assert status == 503 and told["why"] == "no data set can be opened"


def test_a_nearly_full_disk_is_told_and_pages_are_still_served(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 0, 10))
    assert (
        ask("GET", server_health.HEALTH)[0] == 200
        and ask("GET", server_health.HEALTH)[1]["status"] == "disk nearly full"
    )


def test_a_setting_that_is_wrong_is_failing_and_not_an_error(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLDI_JOBS", "x")
    assert ask("GET", server_health.HEALTH) == (503, {"status": "failing", "why": "DatasetError"})


def test_who_asks_often_is_told_what_was_found_before(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    monkeypatch.setattr(server_health, "health", lambda: looked.append(1) or (200, {}))
    layer = Health(lambda *given: None)  # type: ignore[arg-type]
    for _ in range(5):
        assert ask("GET", server_health.HEALTH, layer) == (200, {})
    assert looked == [1]
