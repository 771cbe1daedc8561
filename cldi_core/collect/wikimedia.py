"""Wikimedia Commons, and the pictures of Wikipedia's articles in the language of the word.

Both are MediaWiki's API (https://www.mediawiki.org/wiki/API:Search, API:Imageinfo, Extension:PageImages), with answers
in ``formatversion=2``.  They ask for a User-Agent with a contact (https://foundation.wikimedia.org/wiki/Policy:User-Agent).
Written from that documentation; no answer of the services themselves was at hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cldi_core.collect.languages import short
from cldi_core.collect.records import AnswerError, Details, Hit, Provider, Request, paged, records, text, url, with_urls

WIDTH = 500  # pixels, of the widths that are kept ready: networks look at 224 to 260
PAGE = 50  # the most titles of one request
COMMONS = "https://commons.wikimedia.org/w/api.php"
_COMMON = {"action": "query", "format": "json", "formatversion": "2"}
_INFO = {
    "iiprop": "url|extmetadata",
    "iiurlwidth": str(WIDTH),
    "iiextmetadatafilter": "LicenseShortName|Artist|ObjectName|ImageDescription",
}


def _commons_requests(query: str, language: str, count: int) -> list[Request]:
    """Files whose description has the word; bitmaps only, since the others are maps, sounds and drawings in SVG."""
    asked = {"generator": "search", "gsrsearch": f"{query} filetype:bitmap", "gsrnamespace": "6", "prop": "imageinfo"}
    fixed = _COMMON | asked | _INFO | {"iiextmetadatalanguage": short(language)}
    return [
        Request(COMMONS, fixed | {"gsrlimit": str(size), "gsroffset": str(start)})
        for start, size in paged(count, PAGE, commons.most)
    ]


def _pages(answer: Any) -> list[dict[str, Any]]:
    """The pages of an answer in the order of the search, which is not that of the list."""
    if isinstance(answer, dict) and "error" in answer:
        raise AnswerError(text(answer, "error", "info") or "it says that something went wrong")
    pages = records(answer, "query", "pages")
    return sorted(pages, key=lambda page: page["index"] if isinstance(page.get("index"), int) else len(pages))


def _commons_results(answer: Any) -> list[Hit]:
    return with_urls([_described(Hit(""), page) for page in _pages(answer)])


def _described(hit: Hit, page: dict[str, Any]) -> Hit:
    """A hit with what the page of its file says."""
    info = next(iter(records(page, "imageinfo")), {})
    said = {name: text(info, "extmetadata", name, "value") for name in ("ObjectName", "ImageDescription")}
    # "File:Cow at pasture.jpg", in the language of the wiki
    name = text(page, "title").partition(":")[2].rpartition(".")[0]
    return replace(
        hit,
        url=hit.url or url(info, "thumburl") or url(info, "url"),
        page=hit.page or url(info, "descriptionurl"),
        title=hit.title or said["ImageDescription"] or said["ObjectName"] or name,
        author=text(info, "extmetadata", "Artist", "value"),
        licence=text(info, "extmetadata", "LicenseShortName", "value"),
    )


def _wikipedia_requests(query: str, language: str, count: int) -> list[Request]:
    """Articles in which the word stands; twice as many as pictures are wanted, since not every one has a picture."""
    asked = {"generator": "search", "gsrsearch": query, "gsrnamespace": "0", "prop": "pageimages|info", "inprop": "url"}
    pictures = {"piprop": "name|thumbnail", "pithumbsize": str(WIDTH), "pilimit": str(PAGE), "pilicense": "any"}
    return [
        Request(_wiki(language), _COMMON | asked | pictures | {"gsrlimit": str(size), "gsroffset": str(start)})
        for start, size in paged(2 * count, PAGE, 2 * wikipedia.most)
    ]


def _wiki(language: str) -> str:
    return f"https://{short(language)}.wikipedia.org/w/api.php"


def _wikipedia_results(answer: Any) -> list[Hit]:
    return with_urls([
        Hit(url(page, "thumbnail", "source"), url(page, "fullurl"), text(page, "title"), file=text(page, "pageimage"))
        for page in _pages(answer)
    ])  # fmt: skip


def _details_request(hits: Sequence[Hit], language: str) -> Request:
    titles = "|".join(f"File:{hit.file}" for hit in hits if hit.file)
    return Request(_wiki(language), _COMMON | {"prop": "imageinfo", "titles": titles} | _INFO)


def _details_merged(hits: Sequence[Hit], answer: Any) -> list[Hit]:
    """Titles come back in the language of the wiki ("Datei:…") and with spaces in place of underscores."""
    found = {text(page, "title").partition(":")[2]: page for page in _pages(answer)}
    return [
        _described(hit, found[name]) if (name := hit.file.replace("_", " ")) in found else hit for hit in hits
    ]  # fmt: skip


_FREE = "free, without a key; a contact is asked for"
_TERMS = "https://foundation.wikimedia.org/wiki/Policy:Terms_of_Use"
commons = Provider(
    name="commons",
    label="Wikimedia Commons",
    about="Free media of all Wikipedias. Most descriptions are in English: other languages find less.",
    costs=_FREE,
    terms=_TERMS,
    requests=_commons_requests,
    results=_commons_results,
    page=PAGE,
    most=500,
)
wikipedia = Provider(
    name="wikipedia",
    label="Wikipedia",
    about="The pictures of the articles that a search in the Wikipedia of the word's language finds.",
    costs=_FREE,
    terms=_TERMS,
    requests=_wikipedia_requests,
    results=_wikipedia_results,
    page=PAGE // 2,  # pictures, at one for every other article
    most=500,
    details=Details(_details_request, _details_merged),
)
