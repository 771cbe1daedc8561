"""After a login, the page that a link asked for: Streamlit would show the first one."""

from __future__ import annotations

import re
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, unquote, urlsplit

from .headers import Application, Message, Receive, Send

LOGIN, CALLBACK = "/auth/login", "/oauth2callback"
COOKIE = "cldi_back"
LASTS = 900  # seconds for which somebody may log in
LONGEST = 3000  # characters, of which a cookie may have 4,096
_PAGE = re.compile(r"/[a-z]{0,20}(\?[!-~]*)?")  # of ours: nothing that leads elsewhere begins so


class Back:
    """A layer of an ASGI application that leads who has logged in back to the page on which they began.

    Which that was, is kept by the browser, in a cookie that comes back with the login's answer alone.
    """

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer as the application does, with the cookie, or to where it leads."""
        path = scope["path"] if scope["type"] == "http" else ""
        if path not in (LOGIN, CALLBACK):
            await self.app(scope, receive, send)
            return
        said = dict(scope.get("headers", ()))
        page = _asked(said) if path == LOGIN else _kept(said)

        async def led(message: Message) -> None:
            if page and message["type"] == "http.response.start" and message["status"] in (302, 303, 307):
                message["headers"] = _kept_by(message, page) if path == LOGIN else _to(message, page)
            await send(message)

        await self.app(scope, receive, led)


def _asked(said: dict[bytes, bytes]) -> str:
    """The page on which somebody is; "" where it is none of ours, or its address is too long."""
    here = urlsplit(said.get(b"referer", b"").decode("latin-1"))
    page = f"{here.path}?{here.query}" if here.query else here.path
    own = here.netloc.encode("latin-1") == said.get(b"host")
    return page if own and len(quote(page, safe="")) <= LONGEST and _PAGE.fullmatch(page) else ""


def _kept(said: dict[bytes, bytes]) -> str:
    try:
        found = SimpleCookie(said.get(b"cookie", b"").decode("latin-1")).get(COOKIE)
    except CookieError:
        return ""
    page = unquote(found.value) if found else ""
    return page if _PAGE.fullmatch(page) else ""


def _kept_by(message: Message, page: str) -> list[tuple[bytes, bytes]]:
    cookie = f"{COOKIE}={quote(page, safe='')}; Path={CALLBACK}; Max-Age={LASTS}; HttpOnly; SameSite=Lax"
    return [*message.get("headers", ()), (b"set-cookie", cookie.encode())]


def _to(message: Message, page: str) -> list[tuple[bytes, bytes]]:
    gone = f"{COOKIE}=; Path={CALLBACK}; Max-Age=0; HttpOnly; SameSite=Lax"
    kept = [one for one in message.get("headers", ()) if one[0].lower() != b"location"]
    return [*kept, (b"location", page.encode("latin-1")), (b"set-cookie", gone.encode())]
