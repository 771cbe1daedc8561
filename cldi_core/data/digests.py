"""Digests that stand for what they are made of: of anything JSON can hold, and of the frames that are stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

PART = 100_000  # values of a column that are looked at together
SHORT = 10_000_000  # bytes of texts that are: in JSON they take up to twelve times as many


def digest(*parts: object) -> str:
    """32 hex digits that stand for the parts: bytes, or anything JSON can hold."""
    sha = hashlib.sha256()
    for part in parts:
        _add(sha, part)
    return sha.hexdigest()[:32]


def of_frame(frame: pd.DataFrame) -> str:
    """As ``digest``, of a frame's values, the names of its columns and its ``attrs`` other than ``checksum``.

    Beside the frame a part of a column is in memory.
    """
    sha = hashlib.sha256()
    _add(sha, {name: value for name, value in frame.attrs.items() if name != "checksum"})
    for name, column in frame.items():
        _add(sha, str(name))
        if column.dtype.kind in "biuf":
            _add(sha, str(column.dtype))
            _add_numbers(sha, column)
        elif column.nbytes <= SHORT:
            _add(sha, _texts(column))
        else:  # twice over them, as how long all are stands before them
            sha.update(_length(sum(map(len, _listed(column)))))
            for piece in _listed(column):
                sha.update(piece)
    return sha.hexdigest()[:32]


def _add(sha: hashlib._Hash, part: object) -> None:
    data = part if isinstance(part, bytes) else _json(part)
    sha.update(_length(len(data)))
    sha.update(data)


def _length(size: int) -> bytes:
    return size.to_bytes(8, "little")


def _json(part: object) -> bytes:
    return json.dumps(part, ensure_ascii=True, sort_keys=True).encode()


def _add_numbers(sha: hashlib._Hash, column: pd.Series) -> None:
    sha.update(_length(len(column) * np.dtype(str(column.dtype)).itemsize))
    for part in _parts(column):
        values = part.to_numpy()
        if column.dtype.kind == "f":
            values = np.where(np.isnan(values), np.nan, values)  # the sign of a nan is not in the file
        sha.update(values.tobytes())


def _parts(column: pd.Series) -> Iterator[pd.Series]:
    return (column.iloc[start : start + PART] for start in range(0, len(column), PART))


def _texts(column: pd.Series) -> list[Any]:
    """Those that are missing come back from a file as None or as nan."""
    missing = column.isna().tolist()  # a list is a third of the work of ``Series.where``
    return [None if gone else one for one, gone in zip(column.tolist(), missing, strict=True)]


def _listed(column: pd.Series) -> Iterator[bytes]:
    """The list of all texts in JSON, in pieces."""
    before = b"["
    for part in _parts(column):
        texts = _texts(part)
        pieces = [texts] if part.nbytes <= SHORT else ([text] for text in texts)
        for piece in pieces:
            yield before + _json(piece)[1:-1]
            before = b", "
    yield b"]"
