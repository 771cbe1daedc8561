"""How many threads the library of linear algebra has, for all who ask for one at the same time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any


class _Held:
    """Who needs one thread at the moment; the first one takes the others away, the last one gives them back."""

    def __init__(self) -> None:
        self.lock, self.users, self.count, self.limits = threading.Lock(), 0, 1, ExitStack()


_held = _Held()


@contextmanager
def one_thread() -> Iterator[int]:
    """Hold numpy's products to one thread; by several at once, and within itself.  Yields how many they had."""
    with _held.lock:
        if not _held.users:
            _held.count = max((found["num_threads"] for found in _libraries().info()), default=1)
            _held.limits.enter_context(_libraries().limit(limits=1))
        _held.users += 1
    try:
        yield _held.count
    finally:
        with _held.lock:
            _held.users -= 1
            if not _held.users:
                _held.limits.close()


@cache
def _libraries() -> Any:
    """Those of linear algebra; to look for them takes a millisecond, so they are looked for once."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")
