"""Uploads: those that a page asked for, as many as its visitor may; the rest is refused before it is read."""

from __future__ import annotations

import asyncio
import time
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from cldi_core.data import permissions
from pages._ui import act, data_folders, data_lists, judge_list, uploads
from pages._ui.uploads import MB, ROOM, Bounded, Uploads
from tools.browser import ROOT

ANN = {"is_logged_in": True, "email": "ann@example.org", "email_verified": True, "iat": 0}
EVE = {**ANN, "email": "eve@example.org"}
Put = Callable[..., int]


@pytest.fixture
def kept() -> Uploads:
    return Uploads("/_stcore/upload_file")


@pytest.fixture
def put(kept: Uploads, monkeypatch: pytest.MonkeyPatch) -> Put:
    """Send a file of so many bytes to an address: → the status.  What is let through is kept, as Streamlit does."""
    monkeypatch.setenv(permissions.LOGIN, permissions.OIDC)
    monkeypatch.setenv(permissions.EDITORS, ANN["email"])
    sessions = {"ann": ANN, "eve": EVE, "nobody": {}}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        _, session, file = scope["path"].removeprefix("/_stcore/upload_file").split("/")
        data = (await receive())["body"]
        kept.add_file(session, UploadedFileRec(file, "name", "type", data))
        await send({"type": "http.response.start", "status": 204, "headers": []})

    layer = Bounded(
        app,
        lambda session: {**sessions[session], "iat": time.time()} if session in sessions else None,
        lambda: kept,
    )

    def call(session: str, file: str, size: int, said: bytes | None = None, method: str = "PUT") -> int:
        status: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": bytes(size), "more_body": False}

        async def send(message: Any) -> None:
            status.extend([message["status"]] if "status" in message else [])

        headers = [(b"content-length", str(size).encode() if said is None else said)]
        path = f"/_stcore/upload_file/{session}/{file}"
        scope = {"type": "http", "method": method, "path": path, "headers": headers if said != b"" else []}
        asyncio.run(layer(scope, receive, send))
        return status[0]

    return call


def given(kept: Uploads, session: str, count: int = 1) -> list[str]:
    return [one.file_id for one in kept.get_upload_urls(session, ["x"] * count)]


def test_what_a_page_asked_for_is_kept(kept: Uploads, put: Put) -> None:
    for session in ("ann", "eve"):
        (file,) = given(kept, session)
        assert put(session, file, 1000) == 204 and kept.held(session) == 1000
    assert kept.held() == 2000
    kept.remove_session_files("ann")
    assert (kept.held("ann"), kept.held()) == (0, 1000)


def test_what_nobody_asked_for_is_refused(kept: Uploads, put: Put) -> None:
    (file,) = given(kept, "ann")
    assert put("eve", file, 10) == put("ann", "guessed", 10) == put("no session", file, 10) == 413
    kept.remove_session_files("ann")
    assert put("ann", file, 10) == 413 and kept.held() == 0
    several = given(kept, "ann", uploads.ADDRESSES + 1)
    assert len(several) == uploads.ADDRESSES and put("ann", several[0], 10) == 204


def test_who_may_do_less_may_send_less(kept: Uploads, put: Put) -> None:
    for session, room in (("ann", ROOM[act.EDIT]), ("eve", ROOM[act.JUDGE]), ("nobody", 0)):
        one, other = given(kept, session, 2)
        assert put(session, one, 0, str(room + uploads.AROUND + 1).encode()) == 413
        assert put(session, other, 0, str(room + uploads.AROUND).encode()) == 204
    assert put("nobody", given(kept, "nobody")[0], 100_000) == 413


def test_a_session_and_all_of_them_are_bounded(kept: Uploads, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(uploads.ROOM, act.JUDGE, MB)
    files = given(kept, "eve", 10)
    assert [put("eve", file, MB // 4) for file in files] == [204] * 4 + [413] * 6
    assert put("eve", files[0], MB // 8) == 413, "also in place of one that is there"
    kept.remove_file("eve", files[1])
    assert put("eve", files[5], MB // 8) == 204
    monkeypatch.setattr(uploads, "ALL", kept.held() + 100)
    assert [put("ann", file, size) for file, size in zip(given(kept, "ann", 2), (101, 100), strict=True)] == [413, 204]


def test_several_at_once_count_together(kept: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also before any of them has been read."""
    for right in ROOM:
        monkeypatch.setitem(ROOM, right, MB)
    monkeypatch.delenv(permissions.LOGIN, raising=False)
    most = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        most.append(layer._under_way.total())
        await asyncio.sleep(0.05)
        await send({"type": "http.response.start", "status": 204, "headers": []})

    layer = Bounded(app, lambda session: {}, lambda: kept)
    status: list[int] = []

    async def all_at_once() -> None:
        async def send(message: Any) -> None:
            status.extend([message["status"]] if "status" in message else [])

        size = [(b"content-length", str(MB // 2).encode())]
        paths = [f"/_stcore/upload_file/x/{file}" for file in given(kept, "x", 5)]
        scopes = [{"type": "http", "method": "PUT", "path": path, "headers": size} for path in paths]
        await asyncio.gather(*(layer(scope, None, send) for scope in scopes))  # type: ignore[arg-type]

    asyncio.run(all_at_once())
    assert sorted(status) == [204, 204, 413, 413, 413] and max(most) == MB and not layer._under_way


@pytest.mark.parametrize("said", [b"", b"-1", b"many", b"1e3", b"9" * 30])
def test_how_long_it_is_has_to_be_said(kept: Uploads, put: Put, said: bytes) -> None:
    assert put("ann", given(kept, "ann")[0], 10, said) == 411 and kept.held() == 0


def test_nothing_else_is_looked_at(kept: Uploads, put: Put) -> None:
    assert put("no session", "x", 10, method="DELETE") == 204


def test_there_is_room_for_what_pages_ask_for() -> None:
    assert ROOM[act.EDIT] >= (data_folders.LARGEST + 10) * MB and ROOM[act.EDIT] >= data_lists.LARGEST * MB
    assert ROOM[act.JUDGE] >= judge_list.LARGEST * MB
    found = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert found["server"]["maxUploadSize"] == data_folders.LARGEST, "else the server refuses what a page offers"
