"""Answers in the shape that each provider documents, about pictures that do not exist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

URLS = ["https://pictures.example/1.jpg", "https://pictures.example/2.jpg"]
Answer = dict[str, Any]


def commons(urls: Sequence[str]) -> Answer:
    """https://www.mediawiki.org/wiki/API:Imageinfo with generator=search, formatversion=2: in no order but by index."""
    pages = [
        {
            "pageid": 100 + place, "ns": 6, "title": f"File:Cow {place}.jpg", "index": place + 1,
            "imagerepository": "local",
            "imageinfo": [{
                "thumburl": url, "thumbwidth": 500, "thumbheight": 375, "url": f"https://big.example/{place}.jpg",
                "descriptionurl": f"https://commons.wikimedia.org/wiki/File:Cow_{place}.jpg",
                "extmetadata": {
                    "ObjectName": {"value": f"Cow {place}", "source": "mediawiki-metadata"},
                    "ImageDescription": {"value": f"<p>A <b>cow</b> &amp; a calf {place}</p>"},
                    "Artist": {"value": '<a href="//commons.wikimedia.org/wiki/User:A">A. Painter</a>'},
                    "LicenseShortName": {"value": "CC BY-SA 4.0"},
                },
            }],
        }
        for place, url in enumerate(urls)
    ]  # fmt: skip
    found = {"batchcomplete": True, "continue": {"gsroffset": 50, "continue": "gsroffset||"}}
    return {**found, "query": {"pages": pages[::-1]}} if pages else {"batchcomplete": True}


def wikipedia(urls: Sequence[str]) -> Answer:
    """https://www.mediawiki.org/wiki/Extension:PageImages#API; one article has no picture."""
    pages: list[Answer] = [
        {
            "pageid": 200 + place, "ns": 0, "title": f"Kuh {place}", "index": place + 1, "pagelanguage": "de",
            "fullurl": f"https://de.wikipedia.org/wiki/Kuh_{place}", "pageimage": f"Cow_{place}.jpg",
            "thumbnail": {"source": url, "width": 500, "height": 375},
        }
        for place, url in enumerate(urls)
    ]  # fmt: skip
    nothing = {"pageid": 9, "ns": 0, "title": "Rind", "index": 99, "fullurl": "https://de.wikipedia.org/wiki/Rind"}
    return {"batchcomplete": True, "query": {"pages": [nothing, *pages[::-1]]}}


def details(count: int) -> Answer:
    """imageinfo of titles; they come back in the language of the wiki, from its own files or those of Commons."""
    info = {"extmetadata": {"Artist": {"value": "A. Painter"}, "LicenseShortName": {"value": "CC0"}}}
    pages = [
        {"ns": 6, "title": f"Datei:Cow {place}.jpg", "missing": True, "known": True, "imageinfo": [info]}
        for place in range(count)
    ]
    return {"batchcomplete": True, "query": {"pages": pages}}


def openverse(urls: Sequence[str]) -> Answer:
    """https://api.openverse.org/v1/#tag/images/operation/images_search"""
    results = [
        {
            "id": f"id-{place}", "title": f"Cow {place}", "url": url, "foreign_landing_url": f"https://site.example/{place}",
            "creator": "A. Painter", "creator_url": None, "license": "by-sa", "license_version": "2.0",
            "thumbnail": f"https://api.openverse.org/v1/images/{place}/thumb/", "mature": False, "tags": [],
        }
        for place, url in enumerate(urls)
    ]  # fmt: skip
    return {"result_count": len(urls), "page_count": 1, "page_size": 20, "page": 1, "results": results}


def brave(urls: Sequence[str]) -> Answer:
    """https://api-dashboard.search.brave.com/app/documentation/image-search/responses"""
    results = [
        {
            "type": "image_result", "title": f"Cow {place}", "url": f"https://site.example/{place}", "source": "site",
            "page_fetched": "2026-01-01T00:00:00Z", "thumbnail": {"src": f"https://small.example/{place}"},
            "properties": {"url": url, "placeholder": "https://small.example/x"}, "meta_url": {"scheme": "https"},
            "confidence": "high",
        }
        for place, url in enumerate(urls)
    ]  # fmt: skip
    return {"type": "images", "query": {"original": "Kuh", "spellcheck_off": True}, "results": results}


def serpapi(urls: Sequence[str]) -> Answer:
    """https://serpapi.com/google-images-api, bing-images-api"""
    results = [
        {
            "position": place + 1, "thumbnail": f"https://small.example/{place}", "source": "Site",
            "title": f"Cow {place}", "link": f"https://site.example/{place}", "original": url, "original_width": 800,
        }
        for place, url in enumerate(urls)
    ]  # fmt: skip
    about = {"search_metadata": {"status": "Success"}, "search_parameters": {"engine": "google_images", "q": "Kuh"}}
    nothing = {"error": "Google hasn't returned any results for this query."}
    return {**about, "images_results": results} if urls else {**about, **nothing}


def yandex(urls: Sequence[str]) -> Answer:
    """https://serpapi.com/yandex-images-api: addresses are objects."""
    found = serpapi(urls)
    for each in found.get("images_results", []):
        each["original"] = {"link": each["original"], "width": 800, "height": 600}
        each["thumbnail"] = {"link": each["thumbnail"]}
    return found


def google(urls: Sequence[str]) -> Answer:
    """https://developers.google.com/custom-search/v1/reference/rest/v1/Search; no ``items`` where nothing is found."""
    items = [
        {
            "kind": "customsearch#result", "title": f"Cow {place}", "link": url, "displayLink": "site.example",
            "mime": "image/jpeg",
            "image": {"contextLink": f"https://site.example/{place}", "thumbnailLink": "https://small.example/x"},
        }
        for place, url in enumerate(urls)
    ]  # fmt: skip
    about = {"kind": "customsearch#search", "searchInformation": {"totalResults": str(len(urls))}}
    return {**about, "items": items} if items else about


def pixabay(urls: Sequence[str]) -> Answer:
    """https://pixabay.com/api/docs/#api_search_images"""
    hits = [
        {
            "id": place, "pageURL": f"https://site.example/{place}", "type": "photo", "tags": f"cow {place}, calf",
            "previewURL": "https://small.example/x", "webformatURL": url, "user_id": 1, "user": "A. Painter",
        }
        for place, url in enumerate(urls)
    ]  # fmt: skip
    return {"total": len(urls), "totalHits": len(urls), "hits": hits}


def pexels(urls: Sequence[str]) -> Answer:
    """https://www.pexels.com/api/documentation/#photos-search"""
    photos = [
        {
            "id": place, "width": 800, "height": 600, "url": f"https://site.example/{place}",
            "photographer": "A. Painter", "photographer_url": "https://www.pexels.com/@a", "alt": f"Cow {place}",
            "src": {"original": "https://big.example/x", "medium": url, "tiny": "https://small.example/x"},
        }
        for place, url in enumerate(urls)
    ]  # fmt: skip
    return {"page": 1, "per_page": 80, "photos": photos, "total_results": len(urls)}


DOCUMENTED: dict[str, Callable[[Sequence[str]], Answer]] = {
    "commons": commons,
    "wikipedia": wikipedia,
    "openverse": openverse,
    "brave": brave,
    "serpapi-google": serpapi,
    "serpapi-bing": serpapi,
    "serpapi-yandex": yandex,
    "google": google,
    "pixabay": pixabay,
    "pexels": pexels,
}
