"""Temporary: the record of the contract."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """A cause of a word's failure."""

    cause: str
    text: str
    strength: float
    missed: int
    missed_of: int
    found: int
    found_of: int
    among: str
