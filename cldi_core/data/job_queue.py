"""One queue for the long work that pages start: so much at a time as ``CLDI_JOBS`` says, first come, first served.

There is no process that keeps the queue.  Each job takes a ticket, a numbered folder of ``root()/.queue`` whose lock it
holds as long as it lives, and works when fewer than ``CLDI_JOBS`` tickets before its own are held.  So a job that is
killed leaves the queue by that, and jobs go on in their order when the dashboard has ended.  Work that somebody starts
in a terminal is not queued: who sits there knows what else runs.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from cldi_core.data import dataset, storage
from cldi_core.data.processes import Holder
from cldi_core.errors import DatasetError

FOLDER, PLATE = ".queue", "ticket.json"
JOBS, FREE = "CLDI_JOBS", "CLDI_FREE_GB"  # variables: jobs at a time, and gigabytes of a disk that jobs leave free
AT_ONCE, FLOOR = 1, 1.0  # without them
TURN = "CLDI_TURN"  # variable: the request of a job that a page started, for its process alone
LONGEST = 20  # jobs that may wait
EVERY = 0.5  # seconds between two looks at the queue
PATIENCE = 10.0  # seconds that the lock of the queue is waited for, which is held for an instant


@dataclass(frozen=True)
class Request:
    """What takes a ticket.

    Attributes:
        what: it does, for people: ``"the extraction of vgg19"``.
        folder: of what it writes, by which it is known; with one ticket a folder nothing is done twice.
        by: who started it; empty on a machine of one's own.
    """

    what: str
    folder: str
    by: str = ""


@dataclass(frozen=True)
class Ticket:
    """A place in the queue.

    Attributes:
        number: later ones have higher numbers; request: what waits or works; runner: its process.
        before: how many must end before it may begin; 0 when it is at work.
    """

    number: int
    request: Request
    runner: Holder
    before: int


def at_once() -> int:
    """Jobs at a time; DatasetError where ``CLDI_JOBS`` is no number above 0."""
    given = os.environ.get(JOBS, "").strip() or str(AT_ONCE)
    if not given.isascii() or not given.isdigit() or not 0 < int(given[:9]) < 1000:
        raise DatasetError(f"{JOBS} is {given[:20]!r}; give how many jobs may run at a time, such as {AT_ONCE}")
    return int(given)


def floor() -> float:
    """Bytes of a disk that jobs leave free; DatasetError where ``CLDI_FREE_GB`` is no number, or below 0."""
    given = os.environ.get(FREE, "").strip()
    try:
        gigabytes = float(given) if given else FLOOR
    except ValueError:
        gigabytes = math.nan
    if not 0 <= gigabytes < math.inf:
        raise DatasetError(
            f"{FREE} is {given[:20]!r}; give the gigabytes that jobs leave free, such as {FLOOR:g}, or 0"
        )
    return gigabytes * 1e9


def free(folder: Path) -> int:
    """Bytes that are free on the disk of a folder, which may not be there yet."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(there).free


def check_room(folder: Path) -> None:
    """Nothing, where a job may write.

    Raises:
        DatasetError: less than ``CLDI_FREE_GB`` is free on the disk of the folder, which may not be there yet.
    """
    least = floor()
    if (left := free(folder)) < least:
        raise DatasetError(
            f"{left / 1e9:.1f} GB are free where {str(folder)!r} is, and work that pages start leaves "
            f"{least / 1e9:g} GB free; make room and go on, or start the dashboard with another {FREE}"
        )


def tickets(queue: Path | None = None) -> list[Ticket]:
    """Those who work and those who wait, in their order.

    Args:
        queue: its folder, in place of ``place()``.
    """
    found: list[Ticket] = []
    most = at_once()
    for number, folder in _held(queue or place()):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            told = json.loads(storage.read_text(folder / PLATE))
            request = Request(*(str(told["request"][name]) for name in ("what", "folder", "by")))
            if runner := Holder.from_json(told["runner"]):
                found.append(Ticket(number, request, runner, max(0, len(found) + 1 - most)))
    return found


def ticket_of(folder: Path) -> Ticket | None:
    """That of the work in a folder; ``None`` where none waits or works."""
    name = str(folder.resolve())
    return next((one for one in tickets() if one.request.folder == name), None)


def variables(what: str, folder: Path, by: str = "") -> Mapping[str, str]:
    """The environment of a process that is to take a ticket before it does anything.

    Raises:
        DatasetError: as many wait as may, or ``check_room``.
    """
    check_room(folder)
    if sum(one.before > 0 for one in tickets()) >= LONGEST:
        raise DatasetError(
            f"{LONGEST} jobs wait already; {what} was not started: wait until some are done, or end some"
        )
    request = Request(what, str(folder.resolve()), by)
    return {TURN: json.dumps({"queue": str(place().resolve()), "request": asdict(request)})}


_own: list[str] = []  # what this process, and nothing but it, has a ticket for


def is_queued() -> bool:
    """Whether this process was started by a page, and has waited for its turn."""
    return bool(_own)


@contextlib.contextmanager
def turn_of_process() -> Iterator[None]:
    """Wait for this process's turn if a page started it, and keep the ticket until it is done; else nothing.

    Raises:
        DatasetError: as ``turn``.
    """
    given = os.environ.pop(TURN, "")  # not for the processes that this one starts
    if not given:
        yield
        return
    told = json.loads(given)
    request = Request(**told["request"])
    with turn(request, Path(told["queue"])):
        _own.append(request.what)
        yield


@contextlib.contextmanager
def turn(
    request: Request, queue: Path | None = None, waits: Callable[[Ticket], object] = lambda ticket: None
) -> Iterator[Ticket]:
    """Hold a ticket, from the moment when its turn has come.

    Args:
        queue: its folder, in place of ``place()``.
        waits: told each time that others are before it.

    Raises:
        DatasetError: the queue's folder cannot be written to, a ticket for the same folder is held, or when its turn
            has come too little of the disk is free.
    """
    from filelock import FileLock

    folder = queue or place()
    with storage.lock_named_elsewhere(folder, lambda: None, PATIENCE):
        others = tickets(folder)
        _sweep(folder)
        if same := next((one for one in others if one.request.folder == request.folder), None):
            raise DatasetError(f"{request.what} is under way already: {same.runner}")
        number = max((taken for taken, _ in _numbered(folder)), default=0) + 1
        own = folder / f"{number:06}"
        held = FileLock(own / storage.LOCK, timeout=PATIENCE)  # who looks whether it is held shares it for an instant
        try:
            own.mkdir()
            held.acquire()
            runner = Holder.this_process(request.what)
            (own / PLATE).write_text(json.dumps({"request": asdict(request), "runner": vars(runner)}), "utf-8")
        except OSError as error:
            raise storage.cannot_write(folder, error) from error
    try:
        while (ticket := Ticket(number, request, runner, _before(folder, number))).before:
            waits(ticket)
            time.sleep(EVERY)
        check_room(Path(request.folder))
        yield ticket
    finally:
        shutil.rmtree(own, ignore_errors=True)
        held.release()


def place() -> Path:
    """The folder of the queue."""
    return dataset.root() / FOLDER


def _before(folder: Path, number: int) -> int:
    """How many must end before the ticket of this number may begin."""
    return max(0, sum(other < number for other, _ in _held(folder)) + 1 - at_once())


def _numbered(folder: Path) -> list[tuple[int, Path]]:
    try:
        return sorted((int(path.name), path) for path in folder.iterdir() if path.name.isdecimal())
    except OSError:  # there is no queue yet
        return []


def _held(folder: Path) -> list[tuple[int, Path]]:
    """The tickets whose processes live."""
    return [(number, path) for number, path in _numbered(folder) if storage.is_locked(path)]


def _sweep(folder: Path) -> None:
    """Take away the tickets of processes that were killed; to be called by who holds the queue's lock."""
    for _, path in _numbered(folder):
        if not storage.is_locked(path):
            shutil.rmtree(path, ignore_errors=True)
