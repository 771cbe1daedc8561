"""Requests to providers and for pictures: guarded, paced, limited in size and time, tried again where that may help.

No proxy is used, whatever the environment says: through one the address that is asked could not be checked.
"""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin

import httpcore2
import httpx2
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from cldi_core.collect.budget import Budget
from cldi_core.collect.guard import Guard, RefusedAddressError, check_url
from cldi_core.collect.keys import Keys
from cldi_core.collect.polite import Clock, Hosts, retry_after
from cldi_core.collect.records import AnswerError, Provider, Request, text
from cldi_core.errors import CollectError

AGENT = "CLDI-Explorer/1.0"  # the version is that of how it asks
MAX_ANSWER, MAX_PICTURE = 20_000_000, 20_000_000  # bytes
REDIRECTS, TRIES = 5, 4
LONGEST_WAIT = 60.0  # seconds that a Retry-After is waited for
WHOLE = 60.0  # seconds that one answer may take
TIMEOUT = httpx2.Timeout(10.0, read=20.0, pool=None)
REFUSED = (401, 402, 403)
LATER = (408, 425, 429, 500, 502, 503, 504)
MOVED = (301, 302, 303, 307, 308)


class FailedError(CollectError):
    """What was asked for is not to be had; ``passing`` where it may be another day."""

    def __init__(self, reason: str, *, passing: bool = False) -> None:
        super().__init__(reason)
        self.passing = passing


class StopError(CollectError):
    """Nothing more is to be asked of a provider in this run; its text is a sentence."""


class _AgainError(Exception):
    def __init__(self, reason: str, after: float | None = None, status: int = 0) -> None:
        super().__init__(reason)
        self.after, self.status = after, status


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers (names in lower case), body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class _Ask:
    """One request with all that it goes by."""

    url: str
    headers: Mapping[str, str]
    limit: int
    rate: float | None = None
    sign: Callable[[bytes, list[tuple[bytes, bytes]]], tuple[bytes, list[tuple[bytes, bytes]]]] | None = None


class _Body(httpx2.SyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        self._stream.close()


class Transport(httpx2.BaseTransport):
    """Carries requests over guarded connections; here they get their keys, so that nothing above ever has them."""

    def __init__(self, guard: Guard) -> None:
        # Their notes hold the headers of answers, where a service may repeat a key, and a line for every picture.
        for name in ("httpcore2", "httpx2"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self._pool = httpcore2.ConnectionPool(network_backend=guard, max_connections=32, keepalive_expiry=30.0)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer, its body unread; the errors of httpcore."""
        target, headers = request.url.raw_path, list(request.headers.raw)
        extensions = dict(request.extensions)
        if sign := extensions.pop("sign", None):
            target, headers = sign(target, headers)
        url = httpcore2.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=target
        )
        answer = self._pool.handle_request(
            httpcore2.Request(request.method, url, headers=headers, content=request.stream, extensions=extensions)
        )
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Body(answer.stream), request=request)

    def close(self) -> None:
        """End all connections."""
        self._pool.close()


class Client:
    """Asks for answers and pictures; threads may share one.

    Args:
        contact: an e-mail address or a URL, in the User-Agent of every request.
        guard, clock, hosts, timeout: others than the usual ones are for tests.
    """

    def __init__(
        self,
        contact: str,
        budget: Budget,
        *,
        guard: Guard | None = None,
        clock: Clock | None = None,
        hosts: Hosts | None = None,
        timeout: httpx2.Timeout = TIMEOUT,
    ) -> None:
        self.budget, self.clock = budget, clock or Clock()
        self._hosts = hosts or Hosts(self.clock)
        self._client = httpx2.Client(
            transport=Transport(guard or Guard()),
            trust_env=False,
            timeout=timeout,
            headers={"User-Agent": user_agent(contact), "Accept-Encoding": "identity"},
        )

    def close(self) -> None:
        """End all connections, and wake who waits."""
        self.clock.wake()
        self._client.close()

    def search(self, provider: Provider, request: Request, keys: Keys) -> Any:
        """The answer of a provider, parsed from JSON.

        Raises:
            StopError: it refuses the key, or wants to be left alone; SpentError: the budget is used up; AnswerError or
            FailedError: this answer is of no use, another one may be.
        """

        def sign(target: bytes, headers: list[tuple[bytes, bytes]]) -> tuple[bytes, list[tuple[bytes, bytes]]]:
            for key in provider.keys:
                if key.variable in keys and key.parameter:
                    target += b"&" + urlencode({key.parameter: keys.value(key.variable)}).encode()
                elif key.variable in keys:
                    headers = [*headers, (key.header.encode(), (key.prefix + keys.value(key.variable)).encode())]
            return target, headers

        url = f"{request.url}?{urlencode(request.parameters)}"
        ask = _Ask(url, {"Accept": "application/json"}, MAX_ANSWER, provider.rate, sign)
        try:
            answer = self._tried(ask)
        except _AgainError as error:
            if error.status == 429 or (error.after or 0) > LONGEST_WAIT:
                wait = f" for {error.after:,.0f} s" if error.after else ""
                raise StopError(f"{provider.label} wants to be left alone{wait}; run this again then") from None
            raise FailedError(str(error), passing=True) from None
        if answer.status in REFUSED:
            said = keys.hide(_said(answer.body))
            raise StopError(
                f"{provider.label} refuses (HTTP {answer.status}{said}); look at the key and at what it is for"
            )
        if answer.status != 200:
            raise FailedError(f"HTTP {answer.status}{keys.hide(_said(answer.body))}")
        return _parsed(answer)

    def picture(self, url: str) -> Answer:
        """A picture file, not looked at.

        Raises:
            FailedError: there is none, or it is too large; SpentError: the budget is used up.
        """
        try:
            answer = self._tried(_Ask(url, {"Accept": "image/*"}, MAX_PICTURE))
        except _AgainError as error:
            raise FailedError(str(error), passing=True) from None
        if answer.status != 200:
            raise FailedError(f"HTTP {answer.status}")
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind.startswith("text/") or kind in ("application/json", "application/xhtml+xml"):
            raise FailedError("a page in place of a picture")
        if not answer.body:
            raise FailedError("nothing in it")
        return answer

    def _tried(self, ask: _Ask) -> Answer:
        retrying = Retrying(
            stop=stop_after_attempt(TRIES),
            wait=_wait,
            retry=retry_if_exception(_is_worth_it),
            sleep=self.clock.sleep,
            reraise=True,
        )
        return retrying(self._followed, ask)

    def _followed(self, ask: _Ask) -> Answer:
        """Ask once, wherever one is sent on; with keys one is sent nowhere, and the address may hold them."""
        url, seen = ask.url, set[str]()
        while len(seen) <= REDIRECTS:
            if url in seen:
                raise FailedError("it is redirected in a circle")
            seen.add(url)
            answer = self._once(url, _host(url), ask)
            if answer.status not in MOVED or "location" not in answer.headers:
                return answer
            if ask.sign:
                raise FailedError("the search is redirected")
            url = urljoin(url, answer.headers["location"])
        raise FailedError(f"it is redirected more than {REDIRECTS} times")

    def _once(self, url: str, host: str, ask: _Ask) -> Answer:
        extensions = {"sign": ask.sign} if ask.sign else {}
        with self._hosts.turn(host, ask.rate):
            self.budget.ask()
            try:
                request = self._client.build_request("GET", url, headers=dict(ask.headers), extensions=extensions)
                response = self._client.send(request, stream=True, follow_redirects=False)
                try:
                    answer = self._read(response, ask.limit)
                finally:
                    response.close()
            except RefusedAddressError as error:
                raise FailedError(str(error)) from None
            # The texts of these may hold whatever the other side sent.
            except (httpcore2.TimeoutException, httpx2.TimeoutException):
                raise _AgainError("no answer in time") from None
            except httpcore2.LocalProtocolError:
                raise FailedError("not a URL that can be asked") from None
            except (httpcore2.NetworkError, httpcore2.ProtocolError, httpx2.TransportError) as error:
                known = str(error) == "its host is not known"
                raise _AgainError("its host is not known" if known else "the connection broke") from None
            except (httpx2.InvalidURL, UnicodeError):
                raise FailedError("not a URL that can be asked") from None
        if answer.status in LATER:
            after = retry_after(answer.headers.get("retry-after", ""), self.clock.today())
            if after and after <= LONGEST_WAIT:
                self._hosts.rest(host, after)
            raise _AgainError(f"HTTP {answer.status}", after, answer.status)
        return answer

    def _read(self, response: httpx2.Response, limit: int) -> Answer:
        """The body, never more of it than the limit."""
        told = response.headers.get("content-length", "")
        if told.isascii() and told.isdigit() and int(told[:15]) > limit:
            raise FailedError(f"larger than {limit:,} bytes")
        body, end = bytearray(), self.clock.now() + WHOLE
        for chunk in response.iter_raw():
            self.budget.read(len(chunk))
            body += chunk
            if len(body) > limit:
                raise FailedError(f"larger than {limit:,} bytes")
            if self.clock.now() > end:
                raise _AgainError(f"not whole after {WHOLE:.0f} s")
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, _unpacked(bytes(body), headers, limit))


def _host(url: str) -> str:
    try:
        return check_url(url)[1]
    except RefusedAddressError as error:
        raise FailedError(str(error)) from None


def user_agent(contact: str) -> str:
    """Who asks: the program, whom to write to, and the library."""
    return f"{AGENT} ({contact}) httpx2/{httpx2.__version__}"


def _is_worth_it(error: BaseException) -> bool:
    return isinstance(error, _AgainError) and (error.after or 0.0) <= LONGEST_WAIT


def _wait(state: RetryCallState) -> float:
    """As long as was asked for, else 1, 2, 4 … seconds and up to one more."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _AgainError) and error.after is not None:
        return error.after
    return float(wait_exponential_jitter(initial=1, max=LONGEST_WAIT, jitter=1)(state))


def _unpacked(body: bytes, headers: Mapping[str, str], limit: int) -> bytes:
    """A body that is packed although nobody asked for it, unpacked up to the limit."""
    kind = headers.get("content-encoding", "identity").strip().lower()
    if kind in ("", "identity"):
        return body
    if kind not in ("gzip", "x-gzip", "deflate"):
        raise FailedError(f"packed as {kind[:20]!r}")
    unpacking = zlib.decompressobj(47)  # gzip or zlib, as the header says
    try:
        data = unpacking.decompress(body, limit + 1)
    except zlib.error:
        raise FailedError("packed, and broken") from None
    if len(data) > limit:
        raise FailedError(f"larger than {limit:,} bytes")
    return data


def _parsed(answer: Answer) -> Any:
    try:
        return json.loads(answer.body.decode("utf-8"))
    except (ValueError, RecursionError):
        kind = answer.headers.get("content-type", "").partition(";")[0].strip()[:40] or "of no type"
        raise AnswerError(f"the answer is not JSON ({kind})") from None


def _said(body: bytes) -> str:
    """What a provider says of an error, where its body is JSON with a usual place for it: ``": …"``."""
    try:
        found = json.loads(body[:100_000].decode("utf-8"))
    except (ValueError, RecursionError):
        return ""
    places = (("error", "message"), ("error", "detail"), ("error", "info"), ("error",), ("message",), ("detail",))
    said = next((each for place in places if (each := text(found, *place, most=200))), "")
    return f": {said}" if said else ""
