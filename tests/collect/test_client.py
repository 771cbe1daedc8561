"""What may come back: errors, waits, broken connections, endless bodies, redirects; and what is never sent or told."""

from __future__ import annotations

import gzip
import logging
import threading
import time
from collections.abc import Callable
from email.utils import formatdate

import pytest

from cldi_core.collect import client as clients
from cldi_core.collect.budget import Budget, SpentError
from cldi_core.collect.client import Client, FailedError, StopError
from cldi_core.collect.keys import Keys
from cldi_core.collect.polite import Clock, Hosts, retry_after
from cldi_core.collect.providers import PROVIDERS
from cldi_core.collect.records import AnswerError, Request
from tests.collect.site import CONTACT, FAST, Asked, FakeClock, Site

SECRET = "sk-Qe7+8/x==tra"
BRAVE, SERPAPI = PROVIDERS["brave"], PROVIDERS["serpapi-google"]
PICTURE = "http://pictures.example/1.png"


def search(client: Client, provider: object = BRAVE) -> object:
    """Ask for something with a key."""
    request = provider.requests("Kuh", "de", 50)[0]
    return client.search(provider, request, Keys({key.variable: SECRET for key in provider.keys}))


def once(*answers: Callable[[Asked], object]) -> Callable[[Asked], object]:
    """One answer after the other; the last one stays."""
    left, lock = list(answers), threading.Lock()

    def route(asked: Asked) -> object:
        with lock:
            answer = left.pop(0) if len(left) > 1 else left[0]
        return answer(asked)

    return route


def good(asked: Asked) -> None:
    asked.json({"results": []})


def test_who_asks_is_said_and_no_proxy_is_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    site.routes["pictures.example"] = lambda asked: asked.send(b"x", kind="image/png")
    assert site.client().picture(PICTURE).body == b"x"
    agent = site.log[0].headers["user-agent"]
    assert agent.startswith("CLDI-Explorer/") and f"({CONTACT})" in agent and "httpx2/" in agent


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_refused_key_ends_the_run(site: Site, status: int) -> None:
    said = {"error": {"message": f"the key {SECRET} is not known"}}
    site.routes["api.search.brave.com"] = lambda asked: asked.json(said, status)
    with pytest.raises(StopError) as told:
        search(site.client())
    assert f"Brave Search refuses (HTTP {status}: the key … is not known)" in str(told.value)
    assert SECRET not in str(told.value) and len(site.log) == 1, "and is not tried again"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_go_over_is_asked_again_with_growing_waits(site: Site, status: int) -> None:
    site.routes["api.search.brave.com"] = once(*[lambda asked: asked.json({}, status)] * 3, good)
    clock = FakeClock()
    assert search(site.client(clock=clock)) == {"results": []}
    assert len(site.log) == 4
    waits = [wait for wait in clock.slept if wait > 0.5]
    assert len(waits) == 3 and all(low <= wait <= low + 1 for low, wait in zip((1, 2, 4), waits, strict=True))


def test_retry_after_is_kept_in_seconds_and_as_a_date(site: Site) -> None:
    clock = FakeClock()
    date = formatdate(clock.time + 7 + 30, usegmt=True)
    site.routes["api.search.brave.com"] = once(
        lambda asked: asked.json({}, 429, Retry_After="7"), lambda asked: asked.json({}, 503, Retry_After=date), good
    )
    search(site.client(clock=clock))
    assert clock.time == pytest.approx(1037, abs=1.1) and len(site.log) == 3


@pytest.mark.parametrize("value", ["", "soon", "-5", "1e9", "٣", "Mon, 99 Foo", "9" * 5000])
def test_an_odd_retry_after_does_no_harm(value: str) -> None:
    assert retry_after(value, 0.0) in (None, float("9" * 12), 0.0)


def test_one_who_wants_to_be_left_alone_for_long_is(site: Site) -> None:
    site.routes["api.search.brave.com"] = lambda asked: asked.json({}, 429, Retry_After="3600")
    clock = FakeClock()
    with pytest.raises(StopError, match=r"left alone for 3,600 s; run this again then"):
        search(site.client(clock=clock))
    assert (len(site.log), sum(clock.slept)) == (1, 0)
    site.routes["pictures.example"] = lambda asked: asked.send(b"", 503, Retry_After="3600")
    with pytest.raises(FailedError) as told:
        site.client().picture(PICTURE)
    assert told.value.passing


def test_too_many_requests_whatever_is_done_end_the_run(site: Site) -> None:
    site.routes["api.search.brave.com"] = lambda asked: asked.json({}, 429)
    with pytest.raises(StopError, match="wants to be left alone"):
        search(site.client())
    assert len(site.log) == clients.TRIES


def test_errors_that_stay_are_of_one_search(site: Site) -> None:
    site.routes["api.search.brave.com"] = lambda asked: asked.json({}, 500)
    with pytest.raises(FailedError, match="HTTP 500"):
        search(site.client())
    site.routes["api.search.brave.com"] = lambda asked: asked.json({"message": "no such country"}, 422)
    with pytest.raises(FailedError, match="HTTP 422: no such country"):
        search(site.client())


def test_a_page_where_json_was_to_be(site: Site) -> None:
    page = b"<!doctype html><title>Sign in</title>"
    site.routes["api.search.brave.com"] = lambda asked: asked.send(page, kind="text/html; charset=utf-8")
    with pytest.raises(AnswerError, match=r"not JSON \(text/html\)"):
        search(site.client())
    for body in (b"", b"\xff\xfe", b"[" * 100_000, b'{"results":', b"1" * 10_000):
        site.routes["api.search.brave.com"] = lambda asked, body=body: asked.send(body)
        with pytest.raises(AnswerError, match="not JSON"):
            search(site.client())


def hang(asked: Asked) -> None:
    time.sleep(1)


def cut(asked: Asked) -> None:
    """Fewer bytes than were promised."""
    asked.send(b"half", kind="image/png", Content_Length="1000")
    asked.handler.close_connection = True


def shut(asked: Asked) -> None:
    """Not a byte."""
    asked.handler.close_connection = True


def nonsense(asked: Asked) -> None:
    asked.handler.wfile.write(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")
    asked.handler.close_connection = True


@pytest.mark.parametrize(("route", "why"), [(hang, "in time"), (cut, "broke"), (shut, "broke"), (nonsense, "broke")])
def test_a_connection_that_hangs_or_breaks(site: Site, route: Callable[[Asked], object], why: str) -> None:
    site.routes["pictures.example"] = once(route, lambda asked: asked.send(b"x", kind="image/png"))
    assert site.client(timeout=FAST).picture(PICTURE).body == b"x", "the second time it comes"
    site.routes["pictures.example"] = route
    with pytest.raises(FailedError, match=why) as told:
        site.client(timeout=FAST).picture(PICTURE)
    assert told.value.passing


def test_a_host_that_is_not_known(site: Site) -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    site.resolve = resolve
    with pytest.raises(FailedError, match="its host is not known"):
        site.client().picture(PICTURE)


def endless(sent: list[int]) -> Callable[[Asked], object]:
    def route(asked: Asked) -> None:
        handler = asked.handler
        handler.send_response(200)
        handler.send_header("Content-Type", "image/jpeg")
        handler.end_headers()
        handler.close_connection = True
        while True:
            handler.wfile.write(b"x" * 65536)
            sent.append(65536)

    return route


def test_of_an_endless_body_no_more_is_read_than_the_limit(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "MAX_PICTURE", 1_000_000)
    sent: list[int] = []
    site.routes["pictures.example"] = endless(sent)
    budget = Budget()
    client = site.client(budget)
    with pytest.raises(FailedError, match="larger than 1,000,000 bytes") as told:
        client.picture(PICTURE)
    assert not told.value.passing and 1_000_000 < budget.bytes <= 1_200_000
    client.close()


def test_of_a_body_of_10_gb_nothing_is_read(site: Site) -> None:
    site.routes["pictures.example"] = lambda asked: asked.send(b"", kind="image/jpeg", Content_Length=str(10**10))
    budget = Budget()
    with pytest.raises(FailedError, match="larger than"):
        site.client(budget).picture(PICTURE)
    assert budget.bytes == 0


def test_a_packed_body_is_unpacked_up_to_the_limit(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "MAX_PICTURE", 100_000)
    packed = gzip.compress(bytes(10_000_000))
    assert len(packed) < 100_000
    answers = {
        "bomb.example": (packed, "gzip", "larger than 100,000 bytes"),
        "broken.example": (b"no gzip", "gzip", "packed, and broken"),
        "odd.example": (b"x", "br", "packed as 'br'"),
    }
    for host, (body, kind, why) in answers.items():
        site.routes[host] = lambda asked, body=body, kind=kind: asked.send(
            body, kind="image/png", Content_Encoding=kind
        )
        with pytest.raises(FailedError, match=why):
            site.client().picture(f"http://{host}/")
    site.routes["a.example"] = lambda asked: asked.send(gzip.compress(b"x"), kind="image/png", Content_Encoding="gzip")
    assert site.client().picture("http://a.example/").body == b"x"


def test_a_body_that_comes_by_drops_is_given_up(site: Site) -> None:
    class Running(FakeClock):
        def now(self) -> float:
            self.time += 20
            return self.time

    def drops(asked: Asked) -> None:
        asked.send(b"", kind="image/png", Content_Length="1000")
        for _ in range(9):
            asked.handler.wfile.write(b"x")
            time.sleep(0.01)
        asked.handler.close_connection = True

    site.routes["pictures.example"] = drops
    with pytest.raises(FailedError, match="not whole after 60 s"):
        site.client(clock=Running()).picture(PICTURE)


def test_redirects_are_followed_but_not_for_ever(site: Site) -> None:
    site.routes["a.example/1"] = lambda asked: asked.move("/2")
    site.routes["a.example/2"] = lambda asked: asked.move("https://b.example/3", 308)
    site.routes["b.example/3"] = lambda asked: asked.send(b"x", kind="image/png")
    site.routes["loop.example/1"] = lambda asked: asked.move("/2")
    site.routes["loop.example/2"] = lambda asked: asked.move("http://loop.example/1")
    site.routes["far.example"] = lambda asked: asked.move(f"{asked.path}0")
    site.routes["odd.example"] = lambda asked: asked.move("file:///etc/passwd")
    client = site.client()
    assert client.picture("http://a.example/1").body == b"x"
    for url, why in (
        ("http://loop.example/1", "in a circle"),
        ("http://far.example/1", "more than 5 times"),
        ("http://odd.example/1", "file scheme"),
    ):
        with pytest.raises(FailedError, match=why):
            client.picture(url)
    assert sum(asked.host == "far.example" for asked in site.log) == clients.REDIRECTS + 1


def test_a_search_is_not_sent_on(site: Site) -> None:
    for place in ("https://evil.example/", "http://api.search.brave.com/", "/elsewhere"):
        site.routes["api.search.brave.com"] = lambda asked, place=place: asked.move(place)
        with pytest.raises(FailedError, match="the search is redirected"):
            search(site.client())
    assert len(site.log) == 3 and {asked.host for asked in site.log} == {"api.search.brave.com"}


@pytest.mark.parametrize("kind", ["text/html", "text/plain; charset=utf-8", "application/json"])
def test_a_page_in_place_of_a_picture(site: Site, kind: str) -> None:
    site.routes["pictures.example"] = lambda asked: asked.send(b"<html>", kind=kind)
    with pytest.raises(FailedError, match="a page in place of a picture"):
        site.client().picture(PICTURE)


def test_what_is_not_to_be_had_is_asked_once(site: Site) -> None:
    for status in (400, 401, 403, 404, 410, 451, 204):
        site.routes["pictures.example"] = lambda asked, status=status: asked.send(b"", status)
        with pytest.raises(FailedError, match=f"HTTP {status}") as told:
            site.client().picture(PICTURE)
        assert not told.value.passing
    assert len(site.log) == 7


@pytest.mark.parametrize(
    "url", ["http://xn--/", "http://a..b.example/", "http://" + "a" * 300 + "/", "http://ä\u0300­/"]
)
def test_a_host_that_is_no_host(site: Site, url: str) -> None:
    with pytest.raises(FailedError):
        site.client().picture(url)


def test_keys_are_in_the_request_and_nowhere_else(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in logs at their lowest level, nor in errors and what leads to them."""
    caplog.set_level(logging.DEBUG)
    site.routes["api.search.brave.com"] = good
    site.routes["serpapi.com"] = good
    client = site.client()
    logging.getLogger("httpx2").setLevel(logging.DEBUG)  # as somebody may
    search(client)
    search(client, SERPAPI)
    assert site.log[0].headers["x-subscription-token"] == SECRET and SECRET not in site.log[0].target
    assert site.log[1].parameters["api_key"] == SECRET
    seen = [caplog.text]
    for route in (nonsense, lambda asked: asked.json({}, 500), lambda asked: asked.move(f"/{asked.target}")):
        site.routes["serpapi.com"] = route
        with pytest.raises((FailedError, StopError)) as told:
            search(client, SERPAPI)
        error: BaseException | None = told.value
        while error is not None:
            seen += [str(error), repr(error), repr(vars(error))]
            error = error.__cause__ or error.__context__
    seen += [caplog.text, repr(Keys({"A": SECRET}))]
    assert caplog.records, "something is logged"
    assert not [text for text in seen if SECRET in text or "sk-Qe7" in text]


def test_the_budget_ends_it(site: Site) -> None:
    site.routes["pictures.example"] = lambda asked: asked.send(b"x" * 100, kind="image/png")
    client = site.client(Budget(requests=2))
    client.picture(PICTURE)
    client.picture(PICTURE)
    with pytest.raises(SpentError, match="the 2 requests of --max-requests are used up"):
        client.picture(PICTURE)
    assert len(site.log) == 2
    client = site.client(Budget(bytes=150))
    client.picture(PICTURE)
    with pytest.raises(SpentError, match="the 150 bytes"):
        client.picture(PICTURE)
    budget = Budget()
    budget.end("told to")
    with pytest.raises(SpentError, match="told to"):
        site.client(budget).picture(PICTURE)


def test_a_host_is_asked_at_its_pace_and_not_by_too_many_at_once() -> None:
    clock = FakeClock()
    hosts = Hosts(clock, at_once=2, pace=5.0)
    times = []
    for host in ("a", "a", "b", "a"):
        with hosts.turn(host):
            times.append((host, clock.time))
    assert [time for host, time in times if host == "a"] == pytest.approx([1000, 1000.2, 1000.4])
    assert dict(times)["b"] == pytest.approx(1000.2), "another host doesn't wait"
    hosts.rest("a", 30)
    with hosts.turn("a", rate=1.0):
        assert clock.time == pytest.approx(1030.4)
    inside, most, lock = [0], [0], threading.Lock()

    def work() -> None:
        with hosts.turn("c", rate=1e9):
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            time.sleep(0.01)
            with lock:
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [2]


def test_who_waits_is_woken_at_the_end() -> None:
    clock = Clock()
    waiting = threading.Thread(target=clock.sleep, args=(60,))
    waiting.start()
    clock.wake()
    waiting.join(5)
    assert not waiting.is_alive()


def test_parameters_are_sent_as_they_are(site: Site) -> None:
    site.routes["api.search.brave.com"] = good
    word = "Ü & ?=#%2B\u200d京"
    client = site.client()
    client.search(BRAVE, Request("https://api.search.brave.com/x", {"q": word}), Keys())
    assert site.log[0].parameters == {"q": word}
