"""The parts of the report of what explains failure: numbers as texts, intervals as places on a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def parts(failure: Any, labels: Mapping[str, str]) -> dict[str, Any]:
    """What the template draws."""
    return {}


def seeds(failure: Any) -> str:
    """What the numbers were drawn with."""
    return f"draws of words {failure.seed}"
