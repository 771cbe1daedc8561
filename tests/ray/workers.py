"""What actors do in tests: their work, of which they leave a note; some are killed at it, or held up."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HELD = 60.0  # seconds after which one that is held up gives up


class Noted:
    """Does what ``make(place, backbone)`` does, and leaves a file for each piece of work with who was at it.

    Args:
        kill: the first to begin anything kills its own process, once.
        free: so many pieces are done; whoever begins another one waits until it is killed.
    """

    def __init__(
        self, notes: str, make: Callable[[str, str], Callable[[Any], Any]], kill: bool, free: int | None,
        place: str, backbone: str,
    ) -> None:  # fmt: skip
        self.notes, self.kill, self.free = Path(notes), kill, free
        self.does = make(place, backbone)

    def __call__(self, piece: Any) -> Any:
        """Do it."""
        import ray

        if self.kill and self._first("killed", str(os.getpid())):
            os.kill(os.getpid(), signal.SIGKILL)
        if self.free is not None and not any(self._first(f"free-{number}", "") for number in range(self.free)):
            time.sleep(HELD)
        name = hashlib.sha256(repr(piece).encode()).hexdigest()
        with (self.notes / f"{name}.done").open("a") as file:
            file.write(f"{ray.get_runtime_context().get_node_id()} {os.getpid()}\n")
        return self.does(piece)

    def _first(self, name: str, text: str) -> bool:
        try:
            with (self.notes / name).open("x") as file:
                file.write(text)
        except FileExistsError:
            return False
        return True


def done(notes: Path) -> list[list[str]]:
    """Node and process of each time that a piece of work was done."""
    return [line.split() for path in sorted(notes.glob("*.done")) for line in path.read_text("utf-8").splitlines()]
