"""What an image search is: the records that providers are made of, and what they make of an answer."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cldi_core.data.plain import plain
from cldi_core.errors import CollectError

MAX_URL, MAX_TEXT = 4000, 500  # characters of an answer that are kept
_TAG = re.compile(r"<[^<>]*>")


class AnswerError(CollectError):
    """An answer that is not what the provider documents; its text says in a few words what it is."""


@dataclass(frozen=True, slots=True)
class Key:
    """A secret of the user's that a provider asks for.

    Attributes:
        variable: its name in the environment or in a file of keys.
        parameter, header: where in a request it stands; one of the two.
        prefix: what stands before it in the header.
        optional: whether one may ask without it.
    """

    variable: str
    parameter: str = ""
    header: str = ""
    prefix: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """One page of a search, without the user's keys: so it can be shown, and kept.

    Attributes:
        url: of the service, without parameters.
        parameters: name → value; what they are is the provider's.
    """

    url: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Hit:
    """One picture of an answer; the order is that of the answer.

    Attributes:
        url: of the picture file, as large as a network needs it.
        page: that shows it.
        title, author, licence: what is said of it; empty where nothing is.
        file: its name at the provider, where more is to be asked about it (``Details``).
    """

    url: str
    page: str = ""
    title: str = ""
    author: str = ""
    licence: str = ""
    file: str = field(default="", compare=False)


@dataclass(frozen=True)
class Details:
    """A second request about the pictures of an answer.

    Attributes:
        request: hits, language → what is asked; at most one request for each page of results.
        merged: hits, the answer → the hits with what it says of them.
    """

    request: Callable[[Sequence[Hit], str], Request]
    merged: Callable[[Sequence[Hit], Any], list[Hit]]


@dataclass(frozen=True)
class Provider:
    """Somebody who can be asked for pictures of a word.

    Attributes:
        name, label: in commands, and for people.
        about: what it is, in a sentence or two.
        costs, terms: what it costs, and where its terms are.
        requests: query, language, count → the requests that give the first ``count`` pictures.
        results: an answer, parsed from JSON → its hits, in order; ``AnswerError`` where it is none.
        keys: that it needs.
        rate: requests a second that it allows.
        page, most: pictures of one request, and of all requests for one query.
        price: of a request, in US dollars; 0 where it is free.
        languages: codes of those it searches in; empty where it is any.
        details: where an answer does not say everything.
        program: what is run in place of a request (``command:``).
    """

    name: str
    label: str
    about: str
    costs: str
    terms: str
    requests: Callable[[str, str, int], list[Request]]
    results: Callable[[Any], list[Hit]]
    keys: tuple[Key, ...] = ()
    rate: float = 1.0
    page: int = 50
    most: int = 1000
    price: float = 0.0
    languages: frozenset[str] = frozenset()
    details: Details | None = None
    program: tuple[str, ...] = ()

    @property
    def needs_key(self) -> bool:
        """Whether it cannot be asked without a key."""
        return any(not key.optional for key in self.keys)

    def pages(self, count: int) -> int:
        """How many requests ``count`` pictures of a word take at most."""
        asked = -(-min(count, self.most) // self.page)
        return asked * (2 if self.details else 1)


def paged(count: int, page: int, most: int) -> list[tuple[int, int]]:
    """The pages of the first ``count`` results: (results before it, results on it).

    >>> paged(50, 20, 1000)
    [(0, 20), (20, 20), (40, 10)]
    """
    count = min(count, most)
    return [(start, min(page, count - start)) for start in range(0, count, page)]


def records(answer: Any, *path: str) -> list[dict[str, Any]]:
    """The list of objects that stands in an answer under a path of names; empty where the last name is not there.

    What is no object within the list is left out.

    Raises:
        AnswerError: there is something else.
    """
    found = answer
    for name in path:
        if not isinstance(found, dict):
            raise AnswerError(f"expected an object with {name!r}, got {type(found).__name__}")
        if name not in found:
            return []
        found = found[name]
    if not isinstance(found, list):
        raise AnswerError(f"expected a list in {'.'.join(path)!r}, got {type(found).__name__}")
    return [each for each in found if isinstance(each, dict)]


def text(record: Any, *path: str, most: int = MAX_TEXT) -> str:
    """The text that stands in a record under a path of names, without tags and entities; empty where there is none."""
    found = record
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, str):
        return ""
    # Cut before and after: markup may be most of it.
    untagged = html.unescape(_TAG.sub(" ", found[: 20 * most])).strip()
    return plain(untagged)[:most].encode("utf-8", "replace").decode()  # half a pair of surrogates is no text


def url(record: Any, *path: str) -> str:
    """As ``text``, for an address, which is left as it is; empty where it is none of http and https, or endless."""
    found = record
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    fits = isinstance(found, str) and found.startswith(("http://", "https://")) and len(found) <= MAX_URL
    return found if fits and isinstance(found, str) and found.isprintable() else ""


def with_urls(hits: Sequence[Hit]) -> list[Hit]:
    """The hits that have an address, each address once, where it came first."""
    first: dict[str, Hit] = {}
    for hit in hits:
        if hit.url:
            first.setdefault(hit.url, hit)
    return list(first.values())


def hidden(hit: Hit, hide: Callable[[str], str]) -> Hit:
    """A hit whose texts went through ``hide``: a service may repeat a key in what it answers."""
    names = ("url", "page", "title", "author", "licence", "file")
    return replace(hit, **{name: hide(getattr(hit, name)) for name in names})
