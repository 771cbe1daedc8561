"""Collections of stock photographs: Pixabay and Pexels.

Documented at https://pixabay.com/api/docs/ and https://www.pexels.com/api/documentation/.  Written from that
documentation; no answer of the services themselves was at hand.
"""

from __future__ import annotations

from typing import Any

from cldi_core.collect.languages import short
from cldi_core.collect.records import Hit, Key, Provider, Request, paged, records, text, url, with_urls

PIXABAY, PEXELS = "https://pixabay.com/api/", "https://api.pexels.com/v1/search"
PIXABAY_LANGUAGES = "cs da de en es fr id it hu nl no pl pt ro sk fi sv tr vi th bg ru el ja ko zh"
PEXELS_LOCALES = (
    "en-US pt-BR es-ES ca-ES de-DE it-IT fr-FR sv-SE id-ID pl-PL ja-JP zh-CN ko-KR th-TH nl-NL hu-HU vi-VN cs-CZ da-DK "
    "fi-FI uk-UA el-GR ro-RO nb-NO sk-SK tr-TR ru-RU"
)
LOCALES = {locale.partition("-")[0]: locale for locale in PEXELS_LOCALES.split()} | {"no": "nb-NO"}


def _pixabay_requests(query: str, language: str, count: int) -> list[Request]:
    """A page has at least 3 pictures, and a query at most 100 characters."""
    fixed = {"q": query[:100], "lang": short(language), "safesearch": "true"}
    fixed["per_page"] = str(max(3, min(count, pixabay.page)))
    pages = range(1, len(paged(count, pixabay.page, pixabay.most)) + 1)
    return [Request(PIXABAY, fixed | {"page": str(page)}) for page in pages]


def _pixabay_results(answer: Any) -> list[Hit]:
    return with_urls([
        Hit(
            url(each, "webformatURL") or url(each, "previewURL"), url(each, "pageURL"), text(each, "tags"),
            text(each, "user"), "Pixabay Content License",
        )
        for each in records(answer, "hits")
    ])  # fmt: skip


def _pexels_requests(query: str, language: str, count: int) -> list[Request]:
    fixed = {"query": query, "locale": LOCALES[short(language)], "per_page": str(min(count, pexels.page))}
    pages = range(1, len(paged(count, pexels.page, pexels.most)) + 1)
    return [Request(PEXELS, fixed | {"page": str(page)}) for page in pages]


def _pexels_results(answer: Any) -> list[Hit]:
    return with_urls([
        Hit(
            url(each, "src", "medium") or url(each, "src", "original"), url(each, "url"), text(each, "alt"),
            text(each, "photographer"), "Pexels License",
        )
        for each in records(answer, "photos")
    ])  # fmt: skip


pixabay = Provider(
    name="pixabay",
    label="Pixabay",
    about="Stock photographs and drawings. Its terms allow no systematic mass downloads: for small lists only.",
    costs="free, with a key",
    terms="https://pixabay.com/service/terms/",
    requests=_pixabay_requests,
    results=_pixabay_results,
    keys=(Key("PIXABAY_API_KEY", parameter="key"),),
    rate=1.5,
    page=200,
    most=500,
    languages=frozenset(PIXABAY_LANGUAGES.split()),
)
pexels = Provider(
    name="pexels",
    label="Pexels",
    about="Stock photographs, clean and staged; 28 languages.",
    costs="free, with a key: 200 requests an hour, 20,000 a month",
    terms="https://www.pexels.com/terms-of-service/",
    requests=_pexels_requests,
    results=_pexels_results,
    keys=(Key("PEXELS_API_KEY", header="Authorization"),),
    rate=200 / 3600,
    page=80,
    most=1000,
    languages=frozenset(LOCALES),
)
