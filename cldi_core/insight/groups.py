"""Temporary: the record of the contract."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """Pictures of a word that show the same."""

    label: str
    pictures: tuple[str, ...]
    would_choose: str = ""
    rank: float = float("nan")
