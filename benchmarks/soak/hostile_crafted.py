"""Files that were made to do harm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Crafted:
    """One of them.

    Attributes:
        kind: what reads it, a name of ``hostile_readers.READERS``.
        make: gives the file.
    """

    kind: str
    make: Callable[[], bytes]


CRAFTED: dict[str, Crafted] = {}
