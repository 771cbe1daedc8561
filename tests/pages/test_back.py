"""After a login, the page that was asked for: one of ours, whatever a browser or a page elsewhere says."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from pages._ui import back
from pages._ui.back import CALLBACK, COOKIE, LOGIN, Back

HOST = "words.example"


def answered(path: str, status: int = 302, **said: str) -> dict[str, list[str]]:
    """The headers of an answer that leads to the first page."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": [(b"location", b"/")]})

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", HOST.encode()), *((name.encode(), text.encode("latin-1")) for name, text in said.items())]
    asyncio.run(Back(app)({"type": "http", "path": path, "headers": headers}, None, send))  # type: ignore[arg-type]
    found: dict[str, list[str]] = {}
    for name, value in sent[0]["headers"]:
        found.setdefault(name.decode(), []).append(value.decode())
    return found


@pytest.mark.parametrize("page", ["/", "/word?word=dog.N&pair=en-de", "/map?search=%3Cb%3E&dataset=/x/y", "/data"])
def test_a_page_of_ours_is_kept_and_led_to(page: str) -> None:
    (cookie,) = answered(LOGIN, referer=f"https://{HOST}{page}")["set-cookie"]
    value, _, how = cookie.partition("; ")
    assert how == f"Path={CALLBACK}; Max-Age={back.LASTS}; HttpOnly; SameSite=Lax"
    led = answered(CALLBACK, cookie=f"other=1; {value}; more=2")
    assert led["location"] == [page] and led["set-cookie"][0].startswith(f"{COOKIE}=; ") and "Max-Age=0" in str(led)


@pytest.mark.parametrize("referer", [
    "", f"https://evil.example/word?x={HOST}", f"https://evil{HOST}/word", f"https://{HOST}@evil.example/word",
    f"https://{HOST}//evil.example", f"https://{HOST}/\\evil.example", f"https://{HOST}/word?{'x' * 4000}",
    f"https://{HOST}/word?é", f"https://{HOST}:1/word", "nothing", f"https://{HOST}/auth/logout",
])  # fmt: skip
def test_what_is_none_of_ours_is_not_kept(referer: str) -> None:
    assert "set-cookie" not in answered(LOGIN, referer=referer)


@pytest.mark.parametrize("value", [
    "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/x\r\nSet-Cookie: a=b",
    "/x/../y", "/%2F%2Fevil.example", "", "word", "/word?a b",
])  # fmt: skip
def test_a_cookie_of_somebodys_making_leads_nowhere(value: str) -> None:
    assert answered(CALLBACK, cookie=f"{COOKIE}={quote(value, safe='')}") == {"location": ["/"]}
    assert answered(CALLBACK, cookie=f"{COOKIE}={value}")["location"] in (["/"], ["/word?a"])


def test_nothing_else_is_touched() -> None:
    kept = f"{COOKIE}={quote('/word', safe='')}"
    assert answered("/word", cookie=kept, referer=f"https://{HOST}/map") == {"location": ["/"]}
    assert answered(CALLBACK, 200, cookie=kept) == {"location": ["/"]}
    assert answered(LOGIN, 400, referer=f"https://{HOST}/map") == {"location": ["/"]}
