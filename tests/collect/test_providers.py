"""Each provider: what it is asked, what its documented answer becomes, and what becomes of any other."""

from __future__ import annotations

import json
import random
from typing import Any
from urllib.parse import urlsplit

import pytest

from cldi_core.collect.keys import Keys
from cldi_core.collect.providers import PROVIDERS, find_provider
from cldi_core.collect.records import AnswerError, Hit, Provider, hidden, text, url
from cldi_core.errors import UnknownNameError
from tests.collect.answers import DOCUMENTED, URLS, details
from tests.collect.site import Site

EACH = pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
# provider → parameters of the first and the last of the requests for 120 pictures of "Kuh" in German, and how many
ASKED: dict[str, tuple[dict[str, str], dict[str, str], int]] = {
    "wikipedia": ({"gsrsearch": "Kuh", "gsroffset": "0", "gsrlimit": "50"}, {"gsroffset": "200", "gsrlimit": "40"}, 5),
    "commons": ({"gsrsearch": "Kuh filetype:bitmap", "gsrnamespace": "6"}, {"gsroffset": "100", "gsrlimit": "20"}, 3),
    "openverse": ({"q": "Kuh", "page": "1", "page_size": "20"}, {"page": "6", "page_size": "20"}, 6),
    "brave": ({"q": "Kuh", "search_lang": "de", "country": "DE", "count": "120"}, {"spellcheck": "false"}, 1),
    "serpapi-google": ({"engine": "google_images", "q": "Kuh", "hl": "de", "gl": "de", "ijn": "0"}, {"ijn": "1"}, 2),
    "serpapi-bing": ({"engine": "bing_images", "q": "Kuh", "mkt": "de-DE", "first": "1"}, {"first": "106"}, 4),
    "serpapi-yandex": ({"engine": "yandex_images", "text": "Kuh", "p": "0"}, {"p": "3"}, 4),
    "google": ({"q": "Kuh", "searchType": "image", "start": "1", "lr": "lang_de"}, {"start": "91", "num": "10"}, 10),
    "pixabay": ({"q": "Kuh", "lang": "de", "per_page": "120", "page": "1"}, {"page": "1"}, 1),
    "pexels": ({"query": "Kuh", "locale": "de-DE", "per_page": "80", "page": "1"}, {"page": "2"}, 2),
}


@EACH
def test_what_is_asked(provider: Provider) -> None:
    first, last, count = ASKED[provider.name]
    requests = provider.requests("Kuh", "de", 120)
    assert len(requests) == count
    assert first.items() <= requests[0].parameters.items() and last.items() <= requests[-1].parameters.items()
    assert all(request.url.startswith("https://") for request in requests)
    assert len({tuple(request.parameters.items()) for request in requests}) == count, "no request twice"
    assert len(provider.requests("Kuh", "de", 1)) == 1
    assert len(requests) * (2 if provider.details else 1) == provider.pages(120)


def test_wikipedia_is_that_of_the_language() -> None:
    hosts = {
        code: urlsplit(PROVIDERS["wikipedia"].requests("x", code, 1)[0].url).hostname for code in ("de", "deu", "haw")
    }
    assert hosts == {"de": "de.wikipedia.org", "deu": "de.wikipedia.org", "haw": "haw.wikipedia.org"}


@EACH
def test_its_documented_answer(site: Site, provider: Provider) -> None:
    """By the client, with keys where it wants them, and the key where it is documented to stand."""
    request = provider.requests("Kuh", "de", 2)[0]
    site.routes[str(urlsplit(request.url).hostname)] = lambda asked: asked.json(DOCUMENTED[provider.name](URLS))
    keys = Keys({key.variable: f"key-{key.variable}" for key in provider.keys})
    hits = provider.results(site.client().search(provider, request, keys))
    assert [hit.url for hit in hits] == URLS, "in the order of the search"
    assert all(hit.page.startswith("https://") and hit.title for hit in hits)
    for key in provider.keys:
        sent = f"{key.prefix}key-{key.variable}"
        asked = site.log[0]
        assert (asked.parameters.get(key.parameter) if key.parameter else asked.headers[key.header.lower()]) == sent
    assert provider.results(DOCUMENTED[provider.name]([])) == [], "nothing found is no error"


def test_titles_authors_and_licences() -> None:
    first = {name: PROVIDERS[name].results(make(URLS))[0] for name, make in DOCUMENTED.items()}
    said = {name: (hit.title, hit.author, hit.licence) for name, hit in first.items()}
    assert said["commons"] == ("A cow & a calf 0", "A. Painter", "CC BY-SA 4.0")
    assert said["openverse"] == ("Cow 0", "A. Painter", "CC BY-SA 2.0")
    assert said["pixabay"] == ("cow 0, calf", "A. Painter", "Pixabay Content License")
    assert said["pexels"] == ("Cow 0", "A. Painter", "Pexels License")
    for name in ("brave", "google", "serpapi-google", "serpapi-bing", "serpapi-yandex"):
        assert said[name] == ("Cow 0", "", ""), "a search of the web knows of no licence"


def test_wikipedia_asks_for_the_licences_of_its_pictures() -> None:
    provider = PROVIDERS["wikipedia"]
    hits = provider.results(DOCUMENTED["wikipedia"](URLS))
    assert hits[0] == Hit(URLS[0], "https://de.wikipedia.org/wiki/Kuh_0", "Kuh 0") and provider.details
    request = provider.details.request(hits, "de")
    assert request.url == "https://de.wikipedia.org/w/api.php"
    assert request.parameters["titles"] == "File:Cow_0.jpg|File:Cow_1.jpg"
    found = provider.details.merged(hits, details(1))
    assert [(hit.url, hit.title, hit.author, hit.licence) for hit in found] == [
        (URLS[0], "Kuh 0", "A. Painter", "CC0"), (URLS[1], "Kuh 1", "", ""),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["commons", "wikipedia"])
def test_an_error_of_mediawiki_comes_with_status_200(name: str) -> None:
    said = {"error": {"code": "ratelimited", "info": "You've exceeded your rate limit."}}
    with pytest.raises(AnswerError, match="exceeded your rate limit"):
        PROVIDERS[name].results(said)


def test_an_error_of_serpapi_comes_with_status_200() -> None:
    with pytest.raises(AnswerError, match="run out of searches"):
        PROVIDERS["serpapi-google"].results({"error": "Your account has run out of searches."})


ODD: list[Any] = [None, [], "", "x", 0, 1.5, True, {}, [[]], [None], {"a": 1}, "javascript:alert(1)", "file:///etc", -1]


def spoilt(value: Any, draw: random.Random) -> Any:
    """An answer in which a few values are something else."""
    if draw.random() < 0.06:
        return draw.choice(ODD)
    if isinstance(value, dict):
        return {name: spoilt(each, draw) for name, each in value.items() if draw.random() > 0.03}
    if isinstance(value, list):
        return [spoilt(each, draw) for each in value]
    return value


@EACH
def test_wrong_types_are_an_answer_error_or_are_left_out(provider: Provider) -> None:
    draw, kinds = random.Random(provider.name), set()
    for answer in [*ODD, *(spoilt(DOCUMENTED[provider.name](URLS), draw) for _ in range(300))]:
        try:
            hits = provider.results(answer)
        except AnswerError as error:
            kinds.add("refused")
            assert len(str(error)) < 300 and "\n" not in str(error)
        else:
            kinds.add(len(hits))
            assert all(hit.url.startswith(("http://", "https://")) for hit in hits)
            assert all(isinstance(getattr(hit, name), str) for hit in hits for name in Hit.__match_args__)
    assert {"refused", 0, 1, 2} <= kinds


def test_texts_are_shown_as_text() -> None:
    record = {
        "a": "<b>x</b>\n\x00&lt;y&gt;\u202e\ud800" + "z" * 9999,
        "u": "https://a.example/\x00",
        "v": "https://a/" * 999,
    }
    assert text(record, "a").startswith("x <y>") and len(text(record, "a")) == 500
    text(record, "a").encode()
    assert (url(record, "u"), url(record, "v"), text(record, "u", "x"), text(None, "x")) == ("", "", "", "")
    json.dumps(text(record, "a"))


def test_a_key_that_is_repeated_is_not_kept() -> None:
    hit = Hit("https://a.example/?k=s%2Fecret", "https://a.example/s/ecret", "s/ecret")
    found = hidden(hit, Keys({"A": "s/ecret"}).hide)
    assert found == Hit("https://a.example/?k=…", "https://a.example/…", "…")


@EACH
def test_what_is_said_of_it(provider: Provider) -> None:
    assert provider.label and provider.about.endswith(".") and provider.costs and provider.terms.startswith("https://")
    assert provider.rate > 0 and 1 <= provider.page <= provider.most
    assert all(bool(key.parameter) != bool(key.header) for key in provider.keys)
    assert provider.needs_key == any(not key.optional for key in provider.keys)


def test_google_says_that_it_ends() -> None:
    assert "closed to new customers" in PROVIDERS["google"].about and "2027" in PROVIDERS["google"].about


def test_an_unknown_one() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown provider 'flickr'; choose from: wikipedia, .*command:PROGRAM"):
        find_provider("flickr")
