"""A visitor of the Word page without a browser: Streamlit's own protocol, as its page in a browser speaks it.

A visitor opens the page, says what its widgets hold, clicks on "Next", fetches the media that it is told of, and keeps
the messages that a browser keeps, which are then sent as names alone.  Nothing is drawn.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

PAGE = "word"
NEXT = "-step-right"  # ends the id of the button that leads to the next word
PATIENCE = 120.0  # seconds until a page is drawn, at most
LARGEST = 64 * 2**20  # bytes of a message
# No connection is kept: the server closes those that rest, and a browser asks again of which it did so meanwhile.
ANEW = httpx2.Limits(max_keepalive_connections=0)
KEPT_RUNS = 2  # runs for which a browser keeps a message
_MEDIA = re.compile(rb"/media/[0-9a-f]+\.[0-9a-z]+")
_OF_CHOICES = ("button_group", "multiselect")  # what these hold is a list of texts


class FailedError(Exception):
    """What a visitor sees instead of the word; one line."""


@dataclass
class Drawn:
    """One run of the page as it came: seconds from asking to its end, bytes, messages and pictures, and the word."""

    seconds: float = 0.0
    size: int = 0
    messages: int = 0
    media: int = 0
    heading: str = ""
    alerts: list[str] = field(default_factory=list)


@dataclass
class Visitor:
    """One browser window.

    Attributes:
        connection: to the server; client: asks for media, with the cookies of the window.
        query, script, button, heading: what the URL says, the page's name in the protocol, the id of the button that
            leads to the next word, and the word that is shown.
        seen: what the widgets hold, as the server has said it: id → value.
        kept: names of the messages that the last runs brought and a browser keeps; fetched: media that it has.
    """

    url: str
    connection: ClientConnection
    client: httpx2.AsyncClient
    query: str = ""
    script: str = ""
    button: str = ""
    heading: str = ""
    seen: dict[str, Any] = field(default_factory=dict)
    kept: list[list[str]] = field(default_factory=list)
    fetched: set[bytes] = field(default_factory=set)

    async def open(self, word: str) -> Drawn:
        """Draw the page for the first time, at a word, as by a link."""
        self.query, first = urlencode({"word": word}), BackMsg()
        first.rerun_script.page_name = PAGE
        return await self._run(first)

    async def next(self) -> Drawn:
        """Click on "Next".

        Raises:
            FailedError: there is no such button, or what came is no other word.
        """
        if not self.button:
            raise FailedError("the page has no button that leads to the next word")
        asked = BackMsg()
        asked.rerun_script.page_script_hash = self.script
        asked.rerun_script.widget_states.widgets.add(id=self.button, trigger_value=True)
        before = self.heading
        found = await self._run(asked)
        if found.heading == before:
            raise FailedError(f"a click on Next left the page at {before!r}")
        return found

    async def _run(self, asked: BackMsg) -> Drawn:
        """Send what is asked, and take what comes until the page is drawn, with its media."""
        asked.rerun_script.query_string = self.query
        asked.rerun_script.context_info.url = f"{self.url}/{PAGE}"
        asked.rerun_script.context_info.timezone = "UTC"
        asked.rerun_script.cached_message_hashes.extend(name for run in self.kept for name in run)
        self._hold(asked)
        drawn, media, start = Drawn(), set[bytes](), time.perf_counter()
        await self.connection.send(asked.SerializeToString())
        self.kept = [*self.kept[1 - KEPT_RUNS :], []]
        async with asyncio.timeout(PATIENCE):
            while True:
                data = await self.connection.recv(decode=False)
                drawn.size += len(data)
                drawn.messages += 1
                if b"/media/" in data:
                    media.update(_MEDIA.findall(data))
                if self._take(ForwardMsg.FromString(data), drawn):
                    break
            media -= self.fetched
            self.fetched |= media
            for address in media:
                drawn.size += await self._fetch(address.decode())
        drawn.seconds, drawn.media = time.perf_counter() - start, len(media)
        if drawn.alerts:
            raise FailedError(drawn.alerts[0])
        if not drawn.heading:
            raise FailedError("the page was drawn without a word")
        self.heading = drawn.heading
        return drawn

    def _take(self, message: ForwardMsg, drawn: Drawn) -> bool:
        """Keep what a browser keeps of a message; whether the page is drawn with it."""
        kind = message.WhichOneof("type")
        if message.metadata.cacheable or kind == "ref_hash":
            self.kept[-1].append(message.hash if kind != "ref_hash" else message.ref_hash)
        if kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "navigation":
            self.script = message.navigation.page_script_hash
        elif kind == "script_finished":
            if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                raise FailedError("the page could not be run")
            # A run that registers the pages is over before the one that draws the word.
            return message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._element(message.delta.new_element, drawn)
        return False

    def _element(self, element: Any, drawn: Drawn) -> None:
        kind = element.WhichOneof("type")
        one = getattr(element, kind)
        if kind == "exception":
            drawn.alerts.append(f"{one.type}: {one.message}")
        elif kind == "alert" and one.format == Alert.ERROR:
            drawn.alerts.append(one.body)
        elif kind == "markdown" and one.body.startswith("# "):
            drawn.heading = one.body
        elif kind == "button" and one.id.endswith(NEXT):
            self.button = "" if one.disabled else one.id
        elif kind == "selectbox" and one.options:
            at = one.default if one.HasField("default") else None
            self.seen[one.id] = one.raw_value if one.set_value else None if at is None else one.options[at]
        elif kind in _OF_CHOICES:
            chosen = one.raw_values if one.set_value else [one.options[at].content for at in one.default]
            self.seen[one.id] = list(chosen)

    def _hold(self, asked: BackMsg) -> None:
        """Say what the widgets hold, as a browser does with every run."""
        states = asked.rerun_script.widget_states.widgets
        for name, value in self.seen.items():
            if isinstance(value, list):
                states.add(id=name).string_array_value.data.extend(value)
            elif value is not None:
                states.add(id=name, string_value=value)

    async def _fetch(self, address: str) -> int:
        """Bytes of a picture or another file that the page shows."""
        answer = await self.client.get(address)
        if answer.status_code != httpx2.codes.OK:
            raise FailedError(f"{address} was answered with {answer.status_code}")
        return len(answer.content)


@asynccontextmanager
async def visit(url: str) -> AsyncIterator[Visitor]:
    """A window at the address of a dashboard: its page is fetched first, as a proxy gives its cookie with that."""
    async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE, trust_env=False, limits=ANEW) as client:
        answer = await client.get(f"/{PAGE}")
        if answer.status_code != httpx2.codes.OK:
            raise FailedError(f"the page was answered with {answer.status_code}")
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        address = urlsplit(url)
        async with connect(
            f"ws://{address.netloc}/_stcore/stream",
            origin=url,
            subprotocols=["streamlit"],
            additional_headers={"Cookie": cookies} if cookies else None,
            compression=None,
            proxy=None,
            max_size=LARGEST,
            ping_interval=None,
        ) as connection:
            yield Visitor(url, connection, client)
