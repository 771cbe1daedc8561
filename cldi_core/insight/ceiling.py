"""Temporary: the record of the contract."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ceiling:
    """How well a word finds itself."""

    mrr: float
    rank: float
    splits: int
    candidates: int
