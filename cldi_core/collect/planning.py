"""What a collection will ask, before it asks anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cldi_core.collect.journal import Journal, Word, folder_of
from cldi_core.collect.keys import missing_keys
from cldi_core.collect.languages import short
from cldi_core.collect.polite import PACE
from cldi_core.collect.providers import PROVIDERS, find_provider
from cldi_core.collect.records import Provider
from cldi_core.data.dataset import Dataset
from cldi_core.data.wordlists import pair_languages
from cldi_core.errors import CollectError, DatasetError, unknown_name

MOST = 1000  # pictures a word
TYPICAL = 150_000  # bytes of a picture, for the estimate


@dataclass(frozen=True)
class Plan:
    """A collection that could be begun or gone on with.

    Attributes:
        dataset, pair, provider, per_word, replace: what was asked for; ``languages``: those that are searched in.
        words: all listed words of these languages, in the order of the list.
        done: of them, those whose pictures are stored.
        kept: of them, those that have pictures from elsewhere, which stay as they are.
        searches: requests to the provider, at most.
        pictures: to fetch, at most; each is a request too.
        missing_keys: variables that the provider needs and the environment doesn't have.
    """

    dataset: Dataset
    pair: str
    provider: Provider
    per_word: int
    languages: tuple[str, ...]
    replace: bool
    words: tuple[Word, ...]
    done: frozenset[Word]
    kept: frozenset[Word]
    searches: int
    pictures: int
    missing_keys: tuple[str, ...]

    @property
    def todo(self) -> tuple[Word, ...]:
        """The words that are left to do."""
        return tuple(word for word in self.words if word not in self.done and word not in self.kept)

    @property
    def requests(self) -> int:
        """All requests, at most."""
        return self.searches + self.pictures

    @property
    def cost(self) -> float:
        """US dollars that the provider asks for at most, by its price list; 0 where it is free."""
        return self.searches * self.provider.price

    @property
    def seconds(self) -> float:
        """How long it takes at least: searches and pictures side by side, at the pace that is kept."""
        return max(self.searches / self.provider.rate, self.pictures / PACE)

    @property
    def bytes(self) -> int:
        """About how much is fetched, at most."""
        return self.pictures * TYPICAL

    def as_json(self) -> dict[str, Any]:
        """What a dry run prints."""
        return {
            "dataset": self.dataset.name,
            "pair": self.pair,
            "provider": self.provider.name,
            "per_word": self.per_word,
            "languages": {
                language: sum(own == language for own, _ in self.todo) for language in self.languages
            },
            "words": len(self.words),
            "done": len(self.done),
            "kept": len(self.kept),
            "searches": self.searches,
            "pictures": self.pictures,
            "requests": self.requests,
            "bytes": self.bytes,
            "cost_usd": round(self.cost, 2),
            "seconds": round(self.seconds),
            "missing_keys": list(self.missing_keys),
        }  # fmt: skip


def plan(
    dataset: Dataset,
    pair: str,
    provider: str,
    per_word: int = 50,
    *,
    languages: Sequence[str] = (),
    replace: bool = False,
) -> Plan:
    """What is to be asked of a provider for the words of a list: nothing is asked, and nothing written.

    Args:
        pair: of the data set's ``directions``.
        provider: a name of ``PROVIDERS``, or ``"command:PROGRAM ARGUMENTS"``.
        languages: of the pair; without them both.
        replace: words that have pictures from elsewhere get the found ones in their place.

    Raises:
        UnknownNameError: unknown pair, provider or language; CollectError: ``per_word`` is out of range, or the
        provider does not search in one of the languages; DatasetError: the pictures are a sibling's.
    """
    found = find_provider(provider)
    rows = dataset.lexicon(pair)
    sides = pair_languages(pair)
    wanted = tuple(dict.fromkeys(languages)) or sides
    for language in wanted:
        if language not in sides:
            raise unknown_name("language of the pair", language, sides)
        if found.languages and short(language) not in found.languages:
            raise CollectError(
                f"{found.label} does not search in {language!r}, but in {', '.join(sorted(found.languages))}; choose "
                f"another provider: {', '.join(name for name, each in PROVIDERS.items() if not each.languages)}"
            )
    if not 1 <= per_word <= MOST:
        raise CollectError(f"{per_word} pictures a word cannot be asked for; choose 1 to {MOST}")
    if dataset.home != dataset.path:
        raise DatasetError(f"{dataset.name!r} uses the pictures of {dataset.home.name!r}; collect for that one")
    listed = {sides[0]: [row.source for row in rows], sides[1]: [row.target for row in rows]}
    words = tuple(dict.fromkeys((language, word) for language in wanted for word in listed[language]))
    journal = Journal(folder_of(dataset.path, found.name, found.program))
    done = frozenset(word for word in words if _is_done(journal, word, per_word))
    foreign = (word for word in words if word not in journal.begun and word[1] in dataset.members(word[0]))
    kept = frozenset() if replace else frozenset(foreign)
    todo = [word for word in words if word not in done and word not in kept]
    searches, pictures = _left(journal, found, todo, per_word)
    return Plan(
        dataset, pair, found, per_word, wanted, replace, words, done, kept, searches, pictures, missing_keys(found)
    )  # fmt: skip


def _is_done(journal: Journal, word: Word, per_word: int) -> bool:
    stored = journal.stored.get(word)
    return stored is not None and stored.wanted == per_word and not stored.open


def _left(journal: Journal, provider: Provider, words: Sequence[Word], per_word: int) -> tuple[int, int]:
    """Requests and pictures that are left of some words, at most."""
    searches = pictures = 0
    for language, word in words:
        requests = provider.requests(word, language, per_word)
        known = [journal.hits(request) for request in requests]
        searches += sum(hits is None for hits in known) * (2 if provider.details else 1)
        urls = {hit.url for hits in known for hit in hits or ()}
        fetched = sum(url in journal.fetched for url in urls)
        expected = min(len(urls), per_word) if None not in known else min(per_word, provider.most)
        pictures += max(expected - fetched, 0)
    return searches, pictures
