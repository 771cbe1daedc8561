"""Runs that change a data set piece by piece say so as long as they are at it, and who copies it waits for them.

Such a run holds an unfinished file in the data set's folder, which names it and is as good as gone when the run has
ended in any way.  Any number of them may be at work.  Who asks writes nothing: so a data set that nobody can write to,
or a copy of one that lies elsewhere, can be asked about, too.

Who computes something of a data set does not wait for hours, but keeps to what was there at one moment.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from cldi_core.data import storage, unfinished
from cldi_core.data.dataset import Dataset
from cldi_core.data.processes import Holder

EVERY = 0.1  # seconds between two looks
READ = ("words.parquet", "images/*.parquet")  # what ``of_one_moment`` reads
Look = TypeVar("Look")


@contextlib.contextmanager
def changing(folder: Path, what: str) -> Iterator[None]:
    """Say that a data set is being changed, and by what, as in ``"import pictures"``.

    What those who were killed left in its folder goes, as it may be that nothing else is written in this run.

    Raises:
        DatasetError: the folder cannot be written to.
    """
    with contextlib.ExitStack() as stack:
        unfinished.sweep(folder)
        try:
            mark = stack.enter_context(unfinished.beside(folder))
        except OSError as error:
            raise storage.cannot_write(folder, error) from error
        with contextlib.suppress(OSError):  # on a full disk nobody is named, and nothing can be changed
            mark.write_text(storage.named(Holder.this_process(what)), "utf-8")
        yield


def changes(folder: Path) -> Holder | None:
    """One of those that change a data set; ``None`` where nobody does."""
    named = filter(None, map(storage.holder, unfinished.held(folder)))
    # Where files cannot be locked, one who was killed is known by that alone.
    return next((holder for holder in named if holder.is_alive or not holder.is_here), None)


def settled(folders: Iterable[Path], look: Callable[[], Look]) -> Look:
    """What a look at some data sets finds while nobody changes them; who does is waited for.

    Args:
        look: gives what can be compared.  Two looks that find the same had nobody between them who ended meanwhile.

    Raises:
        DatasetError: somebody has been changing one for ``storage.LOCK_WAIT`` seconds.
    """
    places, until = [*folders], time.monotonic() + storage.LOCK_WAIT
    while True:
        found = look()
        busy = next(((folder, holder) for folder in places if (holder := changes(folder))), None)
        if busy is None and look() == found:
            return found
        if time.monotonic() > until:
            folder, holder = busy or (places[0], None)
            raise storage.still_written(folder, holder, storage.LOCK_WAIT)
        time.sleep(EVERY)


def of_one_moment(dataset: Dataset) -> Dataset:
    """The same data set opened anew, its words and pictures read, and both of one moment.

    It keeps to them, whatever is imported while a run goes on.  The last pictures of an import are stored together with
    its words: who is at it is waited for, ``storage.LOCK_WAIT`` seconds at most.

    Raises:
        DatasetError: something cannot be read.
    """
    until = time.monotonic() + storage.LOCK_WAIT
    while True:
        opened = Dataset(dataset.path)
        before = opened.stamp(READ)
        _ = opened.pictured, opened.pictures.index
        is_quiet = not storage.is_locked(opened.path) and opened.stamp(READ) == before
        if is_quiet or time.monotonic() > until:
            return opened
        time.sleep(EVERY)
