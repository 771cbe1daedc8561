"""JSON and TOML that somebody else wrote: what would take all memory or all time to parse is refused before that."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Sequence
from typing import Any

MAX_VALUES = 10_000_000  # about 100 bytes of memory each: an empty list takes 64 for its three bytes in a text


MAX_DOTS = 30_000_000  # squares of the dots of keys: for each dot of a key tomllib looks at all parts before it
_KEY = re.compile("[=\n]")  # what ends one


def parsed_json(text: str | bytes, pairs: Callable[[Sequence[tuple[str, Any]]], Any] | None = None) -> Any:
    """What a text in JSON says.

    Args:
        pairs: makes an object of its names and values, in place of ``dict``.

    Raises:
        ValueError: it is no JSON, or has more than ``MAX_VALUES`` values; RecursionError: it nests too deeply.
    """
    marks: Sequence[Any] = ("[", "{", ",") if isinstance(text, str) else (b"[", b"{", b",")
    if sum(map(text.count, marks)) > MAX_VALUES:
        raise ValueError(f"it has more than the {MAX_VALUES:,} values that are accepted")
    return json.loads(text, object_pairs_hook=pairs)


def parsed_toml(text: str) -> dict[str, Any]:
    """What a text in TOML says.

    Raises:
        ValueError: it is no TOML, or has keys of thousands of parts; RecursionError: it nests too deeply.
    """
    if sum(part.count(".") ** 2 for part in _KEY.split(text)) > MAX_DOTS:
        raise ValueError("it has more dots than are accepted")
    return tomllib.loads(text)


def without_repeats(found: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object of which each name stands there once; ValueError where one does not."""
    made = dict(found)
    if len(made) < len(found):
        raise ValueError("a name stands there twice")
    return made
