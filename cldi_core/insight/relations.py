"""Temporary: the record of the contract."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Relation:
    """What two words have to do with each other."""

    kind: str
    text: str
