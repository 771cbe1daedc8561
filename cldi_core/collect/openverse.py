"""Openverse: openly licensed pictures from many collections.

Documented at https://api.openverse.org/v1/ and, for its limits (20 results a page, 20 requests a minute without an
account), https://docs.openverse.org/api/reference/authentication_and_throttling.html.  Written from that documentation;
no answer of the service itself was at hand.
"""

from __future__ import annotations

from typing import Any

from cldi_core.collect.records import Hit, Key, Provider, Request, paged, records, text, url, with_urls

PAGE, MOST = 20, 240
URL = "https://api.openverse.org/v1/images/"


def _requests(query: str, language: str, count: int) -> list[Request]:
    pages = range(1, len(paged(count, PAGE, MOST)) + 1)
    return [Request(URL, {"q": query, "page": str(page), "page_size": str(PAGE)}) for page in pages]


def _results(answer: Any) -> list[Hit]:
    return with_urls([
        Hit(
            url(each, "url") or url(each, "thumbnail"), url(each, "foreign_landing_url"), text(each, "title"),
            text(each, "creator"), _licence(each),
        )
        for each in records(answer, "results")
    ])  # fmt: skip


def _licence(record: dict[str, Any]) -> str:
    """``"by-sa", "2.0"`` → ``"CC BY-SA 2.0"``; marks of the public domain are no licences of Creative Commons."""
    code, version = text(record, "license").upper(), text(record, "license_version")
    known = {"CC0": "CC0", "PDM": "Public Domain Mark"}.get(code, f"CC {code}" if code else "")
    return f"{known} {version}".strip() if known else ""


openverse = Provider(
    name="openverse",
    label="Openverse",
    about="Openly licensed pictures of many collections. It doesn't know of languages: the word itself is all it gets.",
    costs="free; without an account 20 searches a minute and 200 a day",
    terms="https://docs.openverse.org/terms_of_service.html",
    requests=_requests,
    results=_results,
    keys=(Key("OPENVERSE_TOKEN", header="Authorization", prefix="Bearer ", optional=True),),
    rate=1 / 3,
    page=PAGE,
    most=MOST,
)
