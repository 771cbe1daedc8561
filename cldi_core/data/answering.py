"""Folders that may never answer, as on a network disk whose server is gone: a thread asks, which may wait for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, TypeVar

PATIENCE = 10.0  # seconds for one folder
_silent: dict[Path, threading.Thread] = {}  # who waits for an answer still

Answer = TypeVar("Answer")


def ask(work: Callable[[Path], Answer], folders: Iterable[Path]) -> dict[Path, Answer]:
    """What ``work`` gives for each folder, without those that do not answer.

    One is waited for ``PATIENCE`` seconds, once: as long as it is silent, it is not asked again.  All of them together
    cost one thread, 0.1 ms.
    """
    left = [folder for folder in folders if not (folder in _silent and _silent[folder].is_alive())]
    found: dict[Path, Answer] = {}
    while left:
        asking: _Asking[Answer] = _Asking(work, left)
        asking.start()
        waited_for = -1
        while asking.is_alive() and waited_for < asking.at:
            waited_for = asking.at
            asking.join(PATIENCE)
        found |= dict(asking.found)
        if not asking.is_alive():
            if asking.error:
                raise asking.error
            return found
        asking.is_over = True
        _silent[left[waited_for]] = asking
        left = left[waited_for + 1 :]
    return found


class _Asking(threading.Thread, Generic[Answer]):
    """Asks one folder after the other; ``at`` is the number of the one that it waits for."""

    def __init__(self, work: Callable[[Path], Answer], folders: list[Path]) -> None:
        super().__init__(daemon=True)
        self.work, self.folders = work, folders
        self.found: dict[Path, Answer] = {}
        self.at, self.is_over = 0, False
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            for number, folder in enumerate(self.folders):
                self.at = number
                answer = self.work(folder)
                if self.is_over:  # others have been asked for the rest
                    return
                self.found[folder] = answer
        except Exception as error:
            self.error = error
