"""Digests of frames: those of old, whatever part of a column is looked at together."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cldi_core.data import digests, storage


def at_once(frame: pd.DataFrame) -> str:
    """What ``of_frame`` gives, made of whole columns."""
    parts: list[object] = [{name: value for name, value in frame.attrs.items() if name != "checksum"}]
    for name, column in frame.items():
        if column.dtype.kind in "biuf":
            values = column.to_numpy()
            if column.dtype.kind == "f":
                values = np.where(np.isnan(values), np.nan, values)
            parts += [str(name), str(column.dtype), values.tobytes()]
        else:
            parts += [str(name), column.astype(object).where(column.notna(), None).tolist()]
    sha = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else json.dumps(part, ensure_ascii=True, sort_keys=True).encode()
        sha.update(len(data).to_bytes(8, "little") + data)
    return sha.hexdigest()[:32]


@pytest.mark.parametrize(("part", "short"), [(100_000, 10_000_000), (7, 10_000_000), (7, 0), (7, 40), (1, 1), (50, 0)])
def test_a_frame_has_one_digest_in_whatever_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int, short: int
) -> None:
    monkeypatch.setattr(digests, "PART", part)
    monkeypatch.setattr(digests, "SHORT", short)
    frame = pd.DataFrame(
        {
            "word": ["Kuh", None, "", 'a "b", c', "ü", "\U0001f600", "[", "x" * 60] * 6,
            "rank": np.arange(48),
            "score": [0.5, np.nan, -np.nan, -0.0, np.inf, 1e-9] * 8,
            "hit": [True, False] * 24,
        }
    )
    frame.attrs = {"key": "k", "checksum": "of before"}
    assert digests.of_frame(frame) == at_once(frame)
    assert digests.of_frame(frame.iloc[:0]) == at_once(frame.iloc[:0])
    storage.write_frame(tmp_path / "a.parquet", frame)
    stored = storage.read_frame(tmp_path / "a.parquet")
    assert storage.is_whole(stored) and digests.of_frame(stored) == at_once(stored)
    stored.loc[40, "word"] = "another"
    assert not storage.is_whole(stored)
