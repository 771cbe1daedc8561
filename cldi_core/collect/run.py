"""Collecting: each word is searched for, its pictures are fetched, and what decodes is stored in the data set.

Words are worked at side by side, some at a time, and stored together (about a shard of pictures).  What was asked and
fetched is in a journal, so a run that was ended in any way is gone on with by the next one, and ends with the same
pictures.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cldi_core.collect import command, job
from cldi_core.collect.budget import Budget
from cldi_core.collect.journal import Fetched, Journal, Stored, Word, folder_of
from cldi_core.collect.keys import Keys
from cldi_core.collect.planning import Plan, plan
from cldi_core.collect.providers import PROVIDERS
from cldi_core.collect.records import AnswerError, Hit, Request, hidden, with_urls
from cldi_core.data import under_way
from cldi_core.data.counting import counted
from cldi_core.data.dataset import Dataset
from cldi_core.data.ids import PictureIds
from cldi_core.data.pictures import SHARD, Pictures
from cldi_core.errors import CollectError
from cldi_core.imports import pictures as imports
from cldi_core.imports import report as reports
from cldi_core.imports.report import Report

if TYPE_CHECKING:
    from cldi_core.collect.client import Client

__all__ = ["PROVIDERS", "Plan", "Progress", "collect", "plan"]
AT_ONCE = 8  # words
IN_A_ROW = 10  # failed searches, after which nobody is asked any more


@dataclass(frozen=True)
class Progress:
    """How far a collection is.

    Attributes:
        total, done, empty: words: all, those that are through, and of these those that got nothing.
        pictures, lost: of this run: fetched, and not to be had.
        requests, bytes: of this run.
    """

    total: int
    done: int
    empty: int = 0
    pictures: int = 0
    lost: int = 0
    requests: int = 0
    bytes: int = 0


@dataclass
class _Word:
    """A word that is through: its hits, why there are no more, and how many may be had another day."""

    hits: list[Hit] = field(default_factory=list)
    error: str = ""
    open: int = 0


def collect(
    planned: Plan,
    contact: str,
    keys: Keys | None = None,
    *,
    max_requests: int | None = None,
    max_bytes: int | None = None,
    progress: Callable[[Progress], object] | None = None,
    client: Callable[[Budget], Client] | None = None,
    workers: int | None = None,
) -> Report:
    """Search for the words of a plan, fetch and store their pictures; the report is kept in the data set.

    Args:
        contact: an e-mail address or URL of whoever collects, for the sites that are asked.
        keys: that the provider needs.
        max_requests, max_bytes: of this run.
        progress: told after each word.
        client: makes another client than the usual one; for tests.
        workers: processes that decode; without it as many as there are cores, with 0 this process.

    Returns:
        what was done; ``missing`` are the words without a picture.

    Raises:
        CollectError: no contact; DatasetError: somebody else collects the same, or the data set cannot be written to.
    """
    check_contact(contact)
    budget = Budget(max_requests, max_bytes)
    with job.recorded(planned, contact, max_requests, max_bytes) as recorder:

        def tell(now: Progress) -> None:
            recorder.tell(**vars(now))
            if progress:
                progress(now)

        run = _Run(planned, keys or Keys(), budget, (client or _usual(contact))(budget), tell, workers)
        with contextlib.closing(run.client), under_way.changing(planned.dataset.path, "collect"):
            run.all()
        report = run.report()
        reports.keep(planned.dataset.path, report)
        recorder.finish(run.stopped)
    return report


def check_contact(contact: str) -> None:
    """Raise a CollectError where a contact is neither an e-mail address nor a URL."""
    fits = contact.isascii() and contact.isprintable() and len(contact) <= 200 and not set(contact) & set("() \\")
    if not fits or not ("@" in contact.strip("@") or contact.startswith(("http://", "https://"))):
        raise CollectError(
            f"{contact!r} is no contact; give your e-mail address or a URL with --contact (or CLDI_CONTACT): it goes "
            "with every request, so that sites know whom to ask, and Wikimedia refuses those without"
        )


def _usual(contact: str) -> Callable[[Budget], Client]:
    from cldi_core.collect.client import Client

    return lambda budget: Client(contact, budget)


class _Run:
    """One run: what it goes by, and what became of its words."""

    def __init__(
        self,
        planned: Plan,
        keys: Keys,
        budget: Budget,
        client: Client,
        tell: Callable[[Progress], object],
        workers: int | None,
    ) -> None:
        self._workers = workers
        self.planned, self.keys, self.budget, self.client, self._tell = planned, keys, budget, client, tell
        provider = planned.provider
        self.journal = Journal(folder_of(planned.dataset.path, provider.name, provider.program))
        self.stopped = ""
        self._new = 0
        self._errors: dict[Word, str] = {}
        self._later: dict[str, str] = {}  # address → why it cannot be had today
        self._lost: dict[str, str] = {}
        self._searches = self._in_a_row = self._fetched = 0
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._ids = self._in_data_set()
        # Of a run that was killed when it had stored them.
        self.journal.drop(key for key in self.journal.waiting() if key in self._ids)

    def _in_data_set(self) -> PictureIds:
        return Pictures(self.planned.dataset.path / "images").ids

    def all(self) -> None:
        """Every word that is left to do, some at a time."""
        todo, size = self.planned.todo, max(1, SHARD // self.planned.per_word)
        self._say(0)
        for start in range(0, len(todo), size):
            self._some(todo[start : start + size], start)
            if self.stopped:
                break

    def _some(self, words: Sequence[Word], before: int) -> None:
        done: dict[Word, _Word] = {}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                futures = {pool.submit(self._word, word): word for word in words}
                for future in as_completed(futures):
                    self._take(future, futures[future], done)
                    self._say(before + len(done))
            finally:
                # Also where this is interrupted: nobody waits or asks any more.
                if len(done) < len(words):
                    self.budget.end(self.stopped or "interrupted")
                    self.client.clock.wake()
                    pool.shutdown(wait=False, cancel_futures=True)
        self._store({word: done[word] for word in words if word in done})

    def _take(self, future: Future[_Word], word: Word, done: dict[Word, _Word]) -> None:
        if future.cancelled():
            return
        try:
            done[word] = future.result()
        except CollectError as error:  # of a search or a picture it is told by the word: this is for all
            self._stop(str(error))

    def _stop(self, why: str) -> None:
        with self._lock:
            self.stopped = self.stopped or why

    def _word(self, word: Word) -> _Word:
        """Search for a word, and fetch its pictures."""
        found, wanted = _Word(), self.planned.per_word
        for request in self.planned.provider.requests(word[1], word[0], wanted):
            try:
                hits = self._hits(request, word)
            except _NoAnswerError as error:
                found.error, found.open = str(error), found.open + 1
                break
            found.hits = with_urls([*found.hits, *hits])[:wanted]
            if not hits or len(found.hits) == wanted:
                break
        for hit in found.hits:
            if not self._picture(hit.url):
                found.open += hit.url in self._later
        return found

    def _hits(self, request: Request, word: Word) -> list[Hit]:
        """The hits of a search: those of the journal, or asked for now."""
        known = self.journal.hits(request)
        if known is not None:
            return known
        if self.stopped:
            raise CollectError(self.stopped)
        from cldi_core.collect.client import FailedError

        try:
            hits = self._asked(request, word)
        except (AnswerError, FailedError) as error:
            with self._lock:
                self._in_a_row += 1
                if self._in_a_row >= IN_A_ROW:
                    raise CollectError(f"{IN_A_ROW} searches in a row failed, the last one with: {error}") from None
            raise _NoAnswerError(f"the search failed: {error}") from None
        except CollectError as error:
            self._stop(str(error))  # here, before this thread begins with another word
            raise
        with self._lock:
            self._in_a_row = 0
        self.journal.add_search(request, word, hits)
        return hits

    def _asked(self, request: Request, word: Word) -> list[Hit]:
        provider = self.planned.provider
        with self._lock:
            self._searches += 1
        if provider.program:
            self.budget.ask()
            hits = provider.results(command.answer(provider.program, request))
        else:
            hits = provider.results(self.client.search(provider, request, self.keys))
        if provider.details and any(hit.file for hit in hits):
            asked = provider.details.request(hits, word[0])
            hits = provider.details.merged(hits, self.client.search(provider, asked, self.keys))
        return [hidden(hit, self.keys.hide) for hit in hits]

    def _picture(self, url: str) -> bool:
        """Whether there is a picture at an address, which is fetched if it never was; by one thread at a time."""
        from cldi_core.collect.client import FailedError

        with self._lock:
            turn = self._locks.setdefault(url, threading.Lock())
        with turn:
            known = self.journal.fetched.get(url)
            if known is not None and (known.failed or self._has(known.id)):
                return not known.failed
            if url in self._later:
                return False
            try:
                found = self.journal.add_picture(url, self.client.picture(url).body)
            except FailedError as error:
                self._lost[url] = str(error)
                if error.passing:
                    self._later[url] = str(error)
                else:
                    self.journal.add_failure(url, str(error))
                return False
            with self._lock:
                self._fetched += 1
            return bool(found.id)

    def _has(self, key: str) -> bool:
        return key in self._ids or self.journal.file(key).is_file()

    def _store(self, done: dict[Word, _Word]) -> None:
        """Put the pictures of some words into the data set."""
        self._errors |= {word: found.error for word, found in done.items() if found.error}
        if not done:
            return
        self.journal.add_begun(done)
        found = {word: self._pictures(each.hits) for word, each in done.items()}
        stored = Report("collect", self.planned.provider.name)
        opened = Dataset(self.planned.dataset.path)  # anew: what was read of the old one does not know the last words
        imports.import_pictures(opened, self._found(found), stored, workers=self._workers)
        self._new += stored.counts.get("new", 0)
        self._ids = self._in_data_set()
        keys = {fetched.id for each in found.values() for _, _, fetched in each}
        reasons = {note.place: note.text for note in stored.missing.kept}  # by the names of the pictures, their ids
        for url, key in {(hit.url, fetched.id) for each in found.values() for _, hit, fetched in each}:
            if key not in self._ids:
                self._lost[url] = self.journal.add_failure(url, reasons.get(key, "not a picture")).failed
        got = {word: sum(fetched.id in self._ids for _, _, fetched in each) for word, each in found.items()}
        self.journal.add_stored({
            word: Stored(self.planned.per_word, got[word], each.open) for word, each in done.items()
        })  # fmt: skip
        self.journal.drop(keys)

    def _pictures(self, hits: Sequence[Hit]) -> list[tuple[int, Hit, Fetched]]:
        """The hits that there is a picture of, with their places."""
        known = ((place, hit, self.journal.fetched.get(hit.url)) for place, hit in enumerate(hits))
        return [(place, hit, fetched) for place, hit, fetched in known if fetched and not fetched.failed]

    def _found(self, words: dict[Word, list[tuple[int, Hit, Fetched]]]) -> Iterator[imports.Found]:
        name = self.planned.provider.name
        stored = Pictures(self.planned.dataset.path / "images")
        for (language, word), hits in words.items():
            there = stored.read(fetched.id for _, _, fetched in hits if not self.journal.file(fetched.id).is_file())
            for place, hit, fetched in hits:
                file = self.journal.file(fetched.id)
                about = imports.Provenance(hit.url, hit.page, name, hit.licence, hit.author, fetched.time, hit.title)
                content = there.get(fetched.id, file)
                yield imports.Found(language, word, place, fetched.id, content, about)

    def _say(self, done: int) -> None:
        planned, stored = self.planned, self.journal.stored
        before = len(planned.words) - len(planned.todo)
        empty = sum(word in stored and not stored[word].got for word in planned.words)
        counts = self._fetched, len(self._lost), self.budget.requests, self.budget.bytes
        self._tell(Progress(len(planned.words), before + done, empty, *counts))

    def report(self) -> Report:
        """What was done, by word and picture."""
        planned, stored = self.planned, self.journal.stored
        report = Report("collect", planned.provider.name, f"{planned.pair}, {planned.per_word} a word")
        got = [word for word in planned.words if word in stored and stored[word].got]
        report.counts = {
            "languages": {language: sum(own == language for own, _ in got) for language in planned.languages},
            "words": len(planned.words),
            "kept": len(planned.kept),
            "memberships": sum(stored[word].got for word in got),
            "new": self._new,
            "fetched": self._fetched,
            "searches": self._searches,
            "requests": self.budget.requests,
            "bytes": self.budget.bytes,
        }
        for word in planned.words:
            if word not in planned.kept and not (word in stored and stored[word].got):
                report.missing.add("no pictures", f"{word[0]}: {word[1]}", self._why(word))
        for url, reason in self._lost.items():
            report.passed.add(f"pictures that are not to be had: {reason}", url[:300])
        report.remarks = list(self._remarks())
        return report

    def _why(self, word: Word) -> str:
        if word in self._errors:
            return self._errors[word]
        if word not in self.journal.stored:
            return "not reached"
        hits = [
            self.journal.hits(each) for each in self.planned.provider.requests(word[1], word[0], self.planned.per_word)
        ]
        found = sum(map(len, filter(None, hits)))
        return f"none of {found} could be had" if found else "nothing was found"

    def _remarks(self) -> Iterator[str]:
        planned = self.planned
        if self.stopped:
            yield f"stopped: {self.stopped}; run it again to go on"
        if planned.kept:
            kept = counted(len(planned.kept), "word")
            yield f"{kept} with pictures from elsewhere, which stay (--replace for the found ones)"
        if self._later:
            yield f"{counted(len(self._later), 'picture')} may be had another day: run it again to try"


class _NoAnswerError(Exception):
    """A search of one word failed."""
