"""Work on hostile files, such as decoding, in processes that may die or never come to an end.

A file that takes its process down, or that takes too long or too much memory, costs that process and nothing else: its
place in what ``Workers.map`` yields is taken by ``Ended``, and the others are worked on as if it were not there.
"""

from __future__ import annotations

import contextlib
import faulthandler
import multiprocessing
import os
import queue
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Generic, TypeVar

AHEAD = 3  # batches for each worker that are worked on before they are asked for
TIME_UP = -signal.SIGALRM if hasattr(signal, "SIGALRM") else 1  # what a process ends with whose time was up
SECONDS = 30.0  # for one item; the slowest picture that is accepted takes five of a whole core
MEMORY = 2_000_000_000  # bytes that a process may take beside what it began with

Item = TypeVar("Item")
Result = TypeVar("Result")
# Gives a result for each item, in their order; what they share, such as an open file, is held as long as it runs.
Work = Callable[[Sequence[Item]], Iterable[Result]]


@dataclass(frozen=True, slots=True)
class Ended:
    """In place of a result: why there is none."""

    reason: str


class Workers(Generic[Item, Result]):
    """Processes that do ``work``, or with 0 of them this one; to be used in a ``with``.

    Args:
        work: a function that another process can import, or a ``partial`` of one.
        count: of processes; none is started before there is something to do.
        seconds: that an item may take, in a process of its own.
        memory: bytes that such a process may take, where the system can be asked to see to it (not on Windows).
    """

    def __init__(self, work: Work[Item, Result], count: int, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self.work, self.count, self.seconds, self.memory = work, count, seconds, memory
        self._threads = ThreadPoolExecutor(max(1, count), "worker")
        # Who came last goes first: another process is started only where all that there are have something to do.
        self._idle: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        for _ in range(count):
            self._idle.put(None)
        self.pids: set[int] = set()  # of the processes that are there

    def __enter__(self) -> Workers[Item, Result]:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes, when they are done with what they work on."""
        self._threads.shutdown(cancel_futures=True)
        while not self._idle.empty():
            if worker := self._idle.get():
                self._end(worker)

    def map(self, batches: Iterable[Sequence[Item]], patience: float | None = None) -> Iterator[list[Result | Ended]]:
        """What the items of each batch gave, in their order; a few batches are worked on ahead.

        Args:
            patience: seconds after which no more is waited for: what is not done by then is not yielded.
        """
        if not self.count:
            for items in batches:
                yield [*self.work(items)]
            return
        until = None if patience is None else time.monotonic() + patience
        waiting: deque[Future[list[Result | Ended]]] = deque()
        try:
            for items in batches:
                waiting.append(self._threads.submit(self._do, items))
                if len(waiting) > AHEAD * self.count:
                    if not _is_done(waiting[0], until):
                        return
                    yield waiting.popleft().result()
            while waiting and _is_done(waiting[0], until):
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def _start(self) -> _Worker:
        worker = _Worker(self.work, self.seconds, self.memory)
        self.pids.add(worker.pid)
        return worker

    def _end(self, worker: _Worker) -> int | None:
        self.pids.discard(worker.pid)
        return worker.end()

    def _do(self, items: Sequence[Item]) -> list[Result | Ended]:
        """One batch, in a thread that waits for a process."""
        done: list[Result | Ended] = []
        worker, deaths = self._idle.get(), 0
        try:
            while len(done) < len(items):
                worker, before = worker or self._start(), len(done)
                try:
                    done.extend(worker.results(items[before:]))  # as far as they come
                except (EOFError, OSError):
                    why, worker = self._end(worker), None
                    # Somebody else may have ended it, so an item has a second try, unless its time was up.
                    deaths = 1 if len(done) > before else deaths + 1
                    if why == TIME_UP:
                        done.append(Ended(f"it took longer than the {self.seconds:g} s that are accepted"))
                    elif deaths > 1:
                        done.append(Ended("it ended the process"))
                        deaths = 0
        finally:
            self._idle.put(worker)
        return done


def _is_done(future: Future[Any], until: float | None) -> bool:
    """Wait for it, at the longest until that moment of the monotonic clock."""
    return bool(wait([future], None if until is None else max(0.0, until - time.monotonic())).done)


class _Worker:
    """One process and the way to it."""

    def __init__(self, work: Work[Any, Any], seconds: float, memory: int) -> None:
        # Not forked: the parent has threads of torch, whose locks a fork would copy as they are.
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, work, seconds, memory), daemon=True)
        self.process.start()
        theirs.close()  # so that its end is seen here
        self.pid = self.process.pid or 0

    def results(self, items: Sequence[Any]) -> Iterator[Any]:
        """EOFError or OSError: the process has ended."""
        self.connection.send(items)
        for _ in items:
            result = self.connection.recv()
            if isinstance(result, Exception):
                raise result
            yield result

    def end(self) -> int | None:
        """End it, if it has not ended; its exit code, the number of a signal being negative."""
        self.connection.close()
        self.process.join(1)  # as it does when nobody listens any more
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        return self.process.exitcode


def _limit() -> Callable[[float], object]:
    """What ends this process, wherever it is, after so many seconds; with 0 it does not."""
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        return partial(signal.setitimer, signal.ITIMER_REAL)
    # Windows has no alarm; this one runs in a thread that never waits for Python.
    nowhere = open(os.devnull, "w")  # noqa: PTH123, SIM115 (as long as the process)

    def limit(seconds: float) -> None:
        faulthandler.cancel_dump_traceback_later()
        if seconds:
            faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)

    return limit


def _confine(memory: int) -> None:
    """Let this process take no more than so many bytes beside what it has; what asks for more gets a MemoryError."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows, a system without /proc, a lower limit
        import resource

        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        most = pages * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _serve(connection: Connection, work: Work[Any, Any], seconds: float, memory: int) -> None:
    """Work until nobody asks any more: the parent has closed the connection, or has ended in any way."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    limit = _limit()
    _confine(memory)
    with contextlib.suppress(EOFError, OSError):
        while True:
            items = connection.recv()
            for result in _results(work, items, partial(limit, seconds), partial(limit, 0)):
                connection.send(result)


def _results(
    work: Work[Any, Any], items: Sequence[Any], begin: Callable[[], object], end: Callable[[], object]
) -> Iterator[Any]:
    """What each item gives; an error ends it, but for one for which there is not the memory."""
    done = 0
    while done < len(items):
        try:
            results = iter(work(items[done:]))
            while done < len(items):
                begin()
                result = next(results)
                end()
                done += 1
                yield result
        except MemoryError:
            end()
            done += 1
            yield Ended("it took more memory than is accepted")
        except (EOFError, OSError):  # a system that fails may do so for good: another process tries again
            raise
        except Exception as error:
            end()
            yield error
            return
