"""Image search of the web: Brave, Google's Custom Search, and Google, Bing and Yandex as SerpApi passes them on.

Documented at https://api-dashboard.search.brave.com/app/documentation/image-search,
https://developers.google.com/custom-search/v1/reference/rest/v1/cse/list, https://serpapi.com/google-images-api,
https://serpapi.com/bing-images-api and https://serpapi.com/yandex-images-api.  Written from that documentation; no
answer of the services themselves was at hand.
"""

from __future__ import annotations

from typing import Any

from cldi_core.collect.languages import country, locale, short
from cldi_core.collect.records import AnswerError, Hit, Key, Provider, Request, paged, records, text, url, with_urls

BRAVE = "https://api.search.brave.com/res/v1/images/search"
GOOGLE = "https://www.googleapis.com/customsearch/v1"
SERPAPI = "https://serpapi.com/search.json"
# What they call differently, and what they know.
BRAVE_LANGUAGES = {"ja": "jp", "zh": "zh-hans", "pt": "pt-pt", "no": "nb"}
BRAVE_COUNTRIES = (
    "AR AU AT BE BR CA CL DK FI FR DE GR HK IN ID IT JP KR MY MX NL NZ NO CN PL PT PH RU SA ZA ES SE CH TW TR GB US"
)
GOOGLE_LANGUAGES = "ar bg ca cs da de el en es et fi fr hr hu id is it ja ko lt lv nl no pl pt ro ru sk sl sr sv tr"
NOTHING_FOUND = ("hasn't returned any results", "no results")


def _brave_requests(query: str, language: str, count: int) -> list[Request]:
    code, where = short(language), country(language)
    about = {
        "search_lang": BRAVE_LANGUAGES.get(code, code),
        "country": where if where in BRAVE_COUNTRIES.split() else "ALL",
    }
    number = str(min(count, brave.most))
    return [Request(BRAVE, {"q": query, "count": number, "safesearch": "strict", "spellcheck": "false", **about})]


def _brave_results(answer: Any) -> list[Hit]:
    return with_urls([
        Hit(url(each, "properties", "url") or url(each, "thumbnail", "src"), url(each, "url"), text(each, "title"))
        for each in records(answer, "results")
    ])  # fmt: skip


def _google_requests(query: str, language: str, count: int) -> list[Request]:
    """Ten at a time, from the 1st to the 91st: all that it gives."""
    code = short(language)
    about = {"q": query, "searchType": "image", "safe": "active", "hl": code, "gl": country(language).lower()}
    if code in GOOGLE_LANGUAGES.split():
        about["lr"] = f"lang_{code}"
    return [
        Request(GOOGLE, about | {"num": str(size), "start": str(start + 1)})
        for start, size in paged(count, google.page, google.most)
    ]


def _google_results(answer: Any) -> list[Hit]:
    return with_urls([
        Hit(
            url(each, "link") or url(each, "image", "thumbnailLink"), url(each, "image", "contextLink"),
            text(each, "title"),
        )
        for each in records(answer, "items")
    ])  # fmt: skip


def _serpapi_google(query: str, language: str, count: int) -> list[Request]:
    about = {"engine": "google_images", "q": query, "hl": short(language), "gl": country(language).lower()}
    return [Request(SERPAPI, about | {"ijn": str(start // 100)}) for start, _ in paged(count, 100, serpapi_google.most)]


def _serpapi_bing(query: str, language: str, count: int) -> list[Request]:
    about = {"engine": "bing_images", "q": query, "mkt": locale(language)}
    return [
        Request(SERPAPI, about | {"first": str(start + 1), "count": str(serpapi_bing.page)})
        for start, _ in paged(count, serpapi_bing.page, serpapi_bing.most)
    ]


def _serpapi_yandex(query: str, language: str, count: int) -> list[Request]:
    domain = {"ru": "yandex.ru", "tr": "yandex.com.tr"}.get(short(language), "yandex.com")
    about = {"engine": "yandex_images", "text": query, "yandex_domain": domain}
    pages = paged(count, serpapi_yandex.page, serpapi_yandex.most)
    return [Request(SERPAPI, about | {"p": str(number)}) for number in range(len(pages))]


def _serpapi_results(answer: Any) -> list[Hit]:
    """Of all three: ``original`` is an address, or an object with its ``link``."""
    if isinstance(answer, dict) and (said := text(answer, "error")):
        if any(phrase in said.casefold() for phrase in NOTHING_FOUND):
            return []
        raise AnswerError(said)
    return with_urls([
        Hit(
            url(each, "original") or url(each, "original", "link") or url(each, "thumbnail")
            or url(each, "thumbnail", "link"),
            url(each, "link"), text(each, "title"),
        )
        for each in records(answer, "images_results")
    ])  # fmt: skip


brave = Provider(
    name="brave",
    label="Brave Search",
    about="Image search of the web with an index of its own, in some 50 languages.",
    costs="about 5 US dollars for 1,000 requests; a request gives up to 200 pictures",
    terms="https://api-dashboard.search.brave.com/terms-of-service",
    requests=_brave_requests,
    results=_brave_results,
    keys=(Key("BRAVE_API_KEY", header="X-Subscription-Token"),),
    page=200,
    most=200,
    price=0.005,
)
google = Provider(
    name="google",
    label="Google Custom Search",
    about="What the paper used, or the nearest to it that there is. It is closed to new customers, and ends on "
    "1 January 2027. It needs a search engine of one's own that searches the whole web.",
    costs="100 requests a day are free, then 5 US dollars for 1,000; a request gives 10 pictures",
    terms="https://developers.google.com/custom-search/v1/overview",
    requests=_google_requests,
    results=_google_results,
    keys=(Key("GOOGLE_API_KEY", parameter="key"), Key("GOOGLE_SEARCH_ENGINE", parameter="cx")),
    page=10,
    most=100,
    price=0.005,
)
_SERPAPI = {
    "costs": "from about 15 US dollars for 1,000 requests, by plan; 250 a month are free",
    "terms": "https://serpapi.com/legal",
    "keys": (Key("SERPAPI_API_KEY", parameter="api_key"),),
    "price": 0.015,
}
serpapi_google = Provider(
    name="serpapi-google",
    label="Google Images by SerpApi",
    about="What Google's image search shows in the word's language and a country where it is spoken.",
    requests=_serpapi_google,
    results=_serpapi_results,
    page=100,
    **_SERPAPI,  # type: ignore[arg-type]
)
serpapi_bing = Provider(
    name="serpapi-bing",
    label="Bing Images by SerpApi",
    about="What Bing's image search shows in the market of the word's language.",
    requests=_serpapi_bing,
    results=_serpapi_results,
    page=35,
    **_SERPAPI,  # type: ignore[arg-type]
)
serpapi_yandex = Provider(
    name="serpapi-yandex",
    label="Yandex Images by SerpApi",
    about="What Yandex' image search shows; the best known one for Russian.",
    requests=_serpapi_yandex,
    results=_serpapi_results,
    page=30,
    **_SERPAPI,  # type: ignore[arg-type]
)
