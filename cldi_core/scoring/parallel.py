"""Work on several cores at once: a thread of Python for each, in which numpy and torch use one thread of their own.

Products that each use all cores have to wait for their slowest thread, some thousand times in a pass; on shared cores
that took a third of the time.  Blocks that need nothing of one another have no such barrier.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from itertools import chain, islice
from typing import Any, TypeVar

from cldi_core.scoring.blas import one_thread

Given = TypeVar("Given")
Made = TypeVar("Made")
Each = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]  # like ``map``: the results in order


class _Cores:
    """How many cores there are while torch and numpy are held to one thread, for all who do so at the same time."""

    def __init__(self) -> None:
        self.lock, self.users, self.count, self.held = threading.Lock(), 0, 1, ExitStack()

    @contextmanager
    def taken(self) -> Iterator[int]:
        import torch  # takes a second to import

        with self.lock:
            if not self.users:
                self.count = torch.get_num_threads()
                self.held.enter_context(one_thread())
                self.held.callback(torch.set_num_threads, self.count)
                torch.set_num_threads(1)
            self.users += 1
        try:
            yield self.count
        finally:
            with self.lock:
                self.users -= 1
                if not self.users:
                    self.held.close()


_cores = _Cores()


def cores(device: str = "cpu") -> int:
    """How many pieces of work ``side_by_side`` does at once: torch's number of threads, or one on a graphics card."""
    import torch

    return (_cores.count if _cores.users else torch.get_num_threads()) if device == "cpu" else 1


@contextmanager
def side_by_side(device: str = "cpu", streams: int = 1) -> Iterator[Each]:
    """A ``map`` whose work is done on all cores at once; on a graphics card, which does so itself, one by one.

    ``streams``: so many pieces of work at once on a graphics card, each in a stream of its own: while it computes one,
    it copies another.
    """
    import torch

    mode: Any = torch.inference_mode()  # of a thread, not of the process
    stream: Any = torch.cuda.Stream
    if device != "cpu" and streams == 1:
        yield lambda function, given: map(mode(function), given)
        return
    own_stream = None if device == "cpu" else lambda: torch.cuda.set_stream(stream(device))
    with _cores.taken() if device == "cpu" else nullcontext(streams) as count:
        pool = ThreadPoolExecutor(count, thread_name_prefix="cldi", initializer=own_stream)
        try:
            if own_stream:
                yield lambda function, given: in_order(partial(pool.submit, mode(function)), given, 2 * count)
            else:
                yield lambda function, given: _in_threads(pool, mode(function), given, 2 * count)
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def numpy_side_by_side(count: int | None = None) -> Iterator[Each]:
    """``side_by_side`` for work of numpy alone: torch, which takes 400 MB of memory, is not loaded for it.

    ``count``: how many pieces at once; as many as numpy's products had threads.
    """
    with one_thread() as threads:
        many = threads if count is None else count
        pool = ThreadPoolExecutor(many, thread_name_prefix="cldi")
        try:
            yield lambda function, given: _in_threads(pool, function, given, 2 * many)
        finally:
            pool.shutdown(cancel_futures=True)


def _in_threads(
    pool: ThreadPoolExecutor, function: Callable[[Any], Any], given: Iterable[Any], ahead: int
) -> Iterator[Any]:
    """``in_order`` by a pool; a single piece of work is done here, as a thread takes longer to start than many take."""
    rest = iter(given)
    first = [*islice(rest, 2)]
    if len(first) < 2:
        return map(function, first)
    return in_order(lambda one: pool.submit(function, one), chain(first, rest), ahead)


def in_order(submit: Callable[[Given], Future[Made]], given: Iterable[Given], ahead: int) -> Iterator[Made]:
    """The results of what is submitted, in its order; at most ``ahead`` pieces are given out before they are asked for.

    What is given is drawn as it is needed, so it may be more than memory holds.
    """
    waiting: deque[Future[Made]] = deque()
    try:
        for one in given:
            waiting.append(submit(one))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
