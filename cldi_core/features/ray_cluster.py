"""A Ray cluster: joining one, and a pool of actors, each at one piece of work at a time.

Extraction, scoring and learning curves give it pieces of work that need nothing of one another.  An actor is made once
and keeps what it has loaded; one that dies costs the piece it was at, which goes to the next that is free, and another
actor takes its place.  Whoever gives the pieces keeps what comes back, so a run that ends goes on from there.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import queue
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cldi_core.errors import CldiError, in_one_line, unknown_name
from cldi_core.scoring.hardware import DEVICES, check_device, processors

PACKAGE = Path(__file__).resolve().parents[1]
TRIES = 4  # times that a piece of work may take its actor down before it is given up
WAIT = 10.0  # seconds until a cluster that does not answer is taken for none
ROOM = 60.0  # seconds that actors may wait for a place where no machine has room any more
TICK = 0.05  # seconds between looks for new work while an actor has nothing to do
# Nothing on the terminal that is not the user's, and nothing told to Ray's makers.
QUIET = {"RAY_BACKEND_LOG_LEVEL": "fatal", "RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


def check_ray(device: str, address: str | None) -> None:
    """Refuse to run without Ray, and on a device that is unknown, or not there as far as this process can tell.

    Raises:
        CldiError: Ray is missing; UnknownNameError: the device is.
    """
    if not importlib.util.find_spec("ray"):
        raise CldiError("the engine 'ray' needs Ray; run: pip install 'ray[data]'")
    if address is None:
        check_device(device)
    elif device not in DEVICES:
        raise unknown_name("device", device, DEVICES)


@contextmanager
def joined(address: str | None) -> Iterator[None]:
    """Join a cluster, or without an address start one on this machine and end it.

    Raises:
        CldiError: there is none, or it does not let this process in.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    ray = importlib.import_module("ray")
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    common: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    try:
        if address is not None:
            _check_address(address)
            # On other machines the explorer need not be installed: its code travels with the job.
            common |= {"address": address, "runtime_env": {"py_modules": [str(PACKAGE)]}}
        else:
            common |= {"address": "local", "num_cpus": processors(), "include_dashboard": False}
        _keep_to_itself()
        with _silent():
            ray.init(**common)
    except Exception as error:  # nobody there, not let in, no room, a Ray of another version: many kinds
        reason = in_one_line(error.__cause__ or error)
        where = "could not be started" if address is None else f"at {address!r} cannot be used"
        start = "" if address is None else "; start one: ray start --head"
        if "authentication" in reason.lower():
            start = "; if it wants a token that this machine has: export RAY_AUTH_MODE=token"
        raise CldiError(f"the Ray cluster {where} ({reason}){start}") from error
    try:
        yield
    finally:
        ray.shutdown()


def _keep_to_itself() -> None:
    """Ray prints what befalls an actor to standard output, where commands print JSON, and has no switch for it."""
    with suppress(ImportError):
        worker: Any = importlib.import_module("ray._private.worker")
        worker.print_to_stdstream = lambda *what, **how: None


@contextmanager
def _silent() -> Iterator[None]:
    """Drop what is written to standard error, also by libraries in C++: Ray's says that it was told to be quiet."""
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("w") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _check_address(address: str) -> None:
    """Raise OSError where nobody answers; Ray itself tries for minutes, and then ends the process."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), WAIT).close()


class _Actor:
    """What runs in a process of its own, on any machine: it makes what does the work, and keeps it."""

    def __init__(self, make: Callable[..., Callable[[Any], Any]], given: tuple[Any, ...]) -> None:
        self.make, self.given = make, given
        self.does: Callable[[Any], Any] | None = None

    def ready(self) -> None:
        """It has a place and runs."""

    def work(self, piece: Any) -> Any:
        if self.does is None:  # not in __init__: of an error there Ray only tells the text
            self.does = self.make(*self.given)
        return self.does(piece)


class Pool:
    """Actors of the cluster that was joined, to which pieces of work are given one at a time; to be used with ``with``.

    A thread of its own gives out the work, so that no actor waits while whoever asked is busy with an answer.
    """

    def __init__(
        self,
        make: Callable[..., Callable[[Any], Any]],
        given: tuple[Any, ...],
        what: str,
        *,
        device: str = "cpu",
        cpus: int = 1,
        actors: int | None = None,
    ) -> None:
        """Make the actors.

        Args:
            make, given: in each actor ``make(*given)`` gives what does the work: a function of one piece.
            what: it is called in errors: ``"the extraction"``.
            device: each actor has one graphics card with ``"cuda"``, or else ``cpus`` processor cores.
            actors: how many at once; without it as many as the cluster has room for.

        Raises:
            CldiError: no machine has room for one.
        """
        self.ray = importlib.import_module("ray")
        self.what, self.given = what, (make, given)
        self.kind, self.share = ("CPU", cpus) if device == "cpu" else ("GPU", 1)
        room = self._room()
        if not room:
            raise CldiError(f"no machine of the Ray cluster has room for an actor; it needs {self.share} {self.kind}")
        needs: dict[str, Any] = {"num_cpus": cpus} if self.kind == "CPU" else {"num_gpus": 1}
        self.remote = self.ray.remote(**needs)(_Actor)
        self.size = min(actors or room, room)
        self.asked: queue.SimpleQueue[_Piece] = queue.SimpleQueue()
        self.waiting: deque[_Piece] = deque()
        self.starting: dict[Any, Any] = {}  # what tells that an actor is ready → the actor
        self.running: dict[Any, tuple[Any, _Piece]] = {}  # answer → the actor that is at it, and the piece
        self.idle: list[Any] = []
        self.fallen = 0  # actors in a row that never became ready
        self.since = time.monotonic()  # when an actor was last there
        self.closed = threading.Event()
        self.thread = threading.Thread(target=self._run, name="cldi-ray", daemon=True)

    def __enter__(self) -> Pool:
        for _ in range(self.size):
            self._start()
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.closed.set()
        self.thread.join()
        for actor in [*self.starting.values(), *self.idle, *(actor for actor, _ in self.running.values())]:
            with suppress(self.ray.exceptions.RayError):
                self.ray.kill(actor)
        self._fail(CldiError(f"{self.what} on the Ray cluster was ended"))

    def submit(self, piece: Any) -> Future[Any]:
        """Give it a piece of work, which must be the same whenever it is done; the answer, or a ``CldiError``."""
        one = _Piece(piece)
        self.asked.put(one)
        if self.closed.is_set():
            self._fail(CldiError(f"{self.what} on the Ray cluster was ended"))
        return one.answer

    def done(self, pieces: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Every piece with its answer, in the order in which they are done."""
        asked = {self.submit(piece): piece for piece in pieces}
        finished: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        for answer in asked:
            answer.add_done_callback(finished.put)
        try:
            while asked:
                answer = finished.get()
                yield asked.pop(answer), answer.result()
        finally:
            for answer in asked:
                answer.cancel()

    def _room(self) -> int:
        nodes = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        return sum(int(has.get(self.kind, 0) // self.share) for has in nodes)

    def _start(self) -> None:
        actor = self.remote.remote(*self.given)
        self.starting[actor.ready.remote()] = actor

    def _run(self) -> None:
        try:
            while not self.closed.is_set():
                self._take()
                self._give()
                self._collect()
        except Exception as error:  # of Ray itself, such as a cluster that has gone
            self.closed.set()
            self._fail(self._failure(error))

    def _take(self) -> None:
        """Take what was asked since; wait for it a little where nothing else can happen."""
        with suppress(queue.Empty):
            if not (self.waiting or self.running or self.starting):
                self.waiting.append(self.asked.get(timeout=TICK))
            while True:
                self.waiting.append(self.asked.get_nowait())

    def _give(self) -> None:
        """Give work to those who have none."""
        while self.waiting and self.idle:
            piece = self.waiting.popleft()
            if piece.begun or piece.answer.set_running_or_notify_cancel():
                piece.begun = True
                actor = self.idle.pop()
                self.running[actor.work.remote(piece.given)] = actor, piece

    def _collect(self) -> None:
        """Take in what has been done, and who has come."""
        pending = [*self.running, *self.starting]
        if not pending:
            return
        done, _ = self.ray.wait(pending, num_returns=1, timeout=TICK if self.idle else 10 * TICK)
        for one in done:
            if one in self.starting:
                self._came(one)
            else:
                self._answered(one)
        if self.running or self.idle:
            self.since = time.monotonic()
        elif time.monotonic() - self.since > ROOM and not self._room():
            raise CldiError(f"no machine of the Ray cluster has room for an actor any more; {_AGAIN}")

    def _came(self, one: Any) -> None:
        actor = self.starting.pop(one)
        try:
            self.ray.get(one)
        except self.ray.exceptions.RayError:
            self.fallen += 1
            if self.fallen > TRIES * self.size:  # none can be made here
                raise
            self._start()
        else:
            self.fallen = 0
            self.idle.append(actor)

    def _answered(self, one: Any) -> None:
        actor, piece = self.running.pop(one)
        try:
            found = self.ray.get(one)
        except self.ray.exceptions.RayTaskError as error:  # the work itself raised it: it would again
            self.idle.append(actor)
            piece.answer.set_exception(self._failure(error))
        except self.ray.exceptions.RayError as error:  # the actor, its machine, or the way from there is gone
            piece.tries += 1
            with suppress(self.ray.exceptions.RayError):
                self.ray.kill(actor)
            self._start()
            if piece.tries < TRIES:
                self.waiting.appendleft(piece)
            else:
                piece.answer.set_exception(self._failure(error))
        else:
            self.idle.append(actor)
            piece.answer.set_result(found)

    def _fail(self, error: CldiError) -> None:
        """End what is not done yet."""
        with suppress(queue.Empty):
            while True:
                self.waiting.append(self.asked.get_nowait())
        for piece in [*self.waiting, *(piece for _, piece in self.running.values())]:
            if not piece.answer.done():
                piece.answer.set_exception(error)
        self.waiting.clear()

    def _failure(self, error: Exception) -> CldiError:
        """What is told of an error: the explorer's own as it is, Ray's in one line."""
        cause = getattr(error, "cause", None) or error
        if isinstance(cause, CldiError):
            own: type[CldiError] = next(kind for kind in type(cause).__mro__ if kind.__module__ == CldiError.__module__)
            return own(str(cause).partition("\n")[0])  # Ray adds lines of its own
        return CldiError(f"{self.what} on the Ray cluster failed ({in_one_line(cause)}); {_AGAIN}")


_AGAIN = "what was finished is kept: run this again"


class _Piece:
    """A piece of work, who waits for it, and how many actors it has taken down."""

    def __init__(self, given: Any) -> None:
        self.given, self.answer, self.tries, self.begun = given, Future[Any](), 0, False
