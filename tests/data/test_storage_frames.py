"""Stored frames, and checksums that tell what is damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cldi_core.data import parquet_pages, storage


def framed(**attrs: str) -> pd.DataFrame:
    """A frame of every kind of column, whose index says nothing."""
    frame = pd.DataFrame(
        {
            "word": ["Kuh", None, "ß"],
            "rank": np.array([1.5, np.nan, 3], np.float32),
            "n": np.array([1, -2, 3], np.int32),
            "seen": [True, False, True],
        },
        index=[5, 3, 9],
    )
    frame.attrs = attrs
    return frame


def test_a_frame_comes_back_with_what_is_known_of_it_and_without_its_index(tmp_path: Path) -> None:
    path = tmp_path / "new" / "f.parquet"
    storage.write_frame(path, framed(key="k", about="x"))
    found = storage.frame_of(path, "k")
    assert found is not None and found.attrs["about"] == "x" and found.index.tolist() == [0, 1, 2]
    pd.testing.assert_frame_equal(found, framed().reset_index(drop=True), check_flags=False)
    assert found["word"].isna().tolist() == [False, True, False] and [each.name for each in path.parent.iterdir()] == [
        "f.parquet"
    ]
    assert storage.frame_of(path, "other") is None and storage.frame_of(tmp_path / "none", "k") is None
    framed().to_parquet(path)
    assert storage.frame_of(path, "k") is None, "one without a key is another's"


DAMAGES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "a number": lambda frame: frame.assign(rank=frame["rank"].fillna(2)),
    "its type": lambda frame: frame.assign(n=frame["n"].to_numpy().view(np.uint32)),
    "a text": lambda frame: frame.assign(word=["Kuh", None, "s"]),
    "a missing text": lambda frame: frame.assign(word=["Kuh", "", "ß"]),
    "a name": lambda frame: frame.rename(columns={"rank": "place"}),
    "the name of texts": lambda frame: frame.rename(columns={"word": "text"}),
    "the order": lambda frame: frame.iloc[::-1],
    "a row": lambda frame: frame.iloc[:2],
    "a column": lambda frame: frame.drop(columns="seen"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))
def test_a_frame_that_is_not_as_it_was_written_is_none(
    tmp_path: Path, damage: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    path = tmp_path / "f.parquet"
    storage.write_frame(path, framed(key="k", about="x"))
    whole = storage.read_frame(path)
    changed = damage(whole)
    changed.attrs = dict(whole.attrs)
    changed.to_parquet(path, index=False)
    assert storage.is_whole(whole) and storage.frame_of(path, "k") is None
    changed.attrs.pop("checksum")
    changed.to_parquet(path, index=False)
    assert storage.frame_of(path, "k") is not None, "older versions wrote no checksum"
    whole.attrs["about"] = "y"
    assert not storage.is_whole(whole)


def test_the_checksum_of_tensors_stands_for_all_that_is_known_of_them() -> None:
    matrix = np.arange(6, dtype=np.int32).reshape(2, 3)
    given: list[tuple[dict[str, np.ndarray], dict[str, str]]] = [
        ({"x": matrix}, {}),
        ({"x": matrix}, {"key": "k"}),
        ({"x": matrix}, {"key": "other"}),
        ({"y": matrix}, {}),
        ({"x": matrix.view(np.float32)}, {}),
        ({"x": matrix.reshape(3, 2)}, {}),
        ({"x": matrix.reshape(6)}, {}),
        ({"x": matrix + np.eye(2, 3, dtype=np.int32)}, {}),
        ({"x": matrix, "y": matrix[:0]}, {}),
        ({}, {}),
    ]
    found = [storage.checksum(tensors, about) for tensors, about in given]
    assert len(set(found)) == len(found) and all(len(one) == 32 and int(one, 16) >= 0 for one in found)
    turned = np.asfortranarray(matrix)
    one, other = ({"x": turned, "a": matrix[0]}, {"a": matrix[0].copy(), "x": matrix})
    assert storage.checksum(one, {"a": "1", "b": "2"}) == storage.checksum(other, {"b": "2", "a": "1"})
    assert storage.checksum({"x": np.array(2.5)}, {}) != storage.checksum({"x": np.array(2.0)}, {})


@pytest.mark.parametrize("nothing", [np.nan, -np.nan, None], ids=["nan", "negative nan", "none"])
def test_a_frame_with_gaps_is_whole_when_it_is_read_again(tmp_path: Path, nothing: float | None) -> None:
    """Whatever bits a nan has: a processor makes negative ones, and files keep none of them."""
    frame = pd.DataFrame({"word": ["a", None], "rank": np.array([1.5, nothing], np.float64), "n": [1, 2]})
    frame["score"] = frame["rank"].astype(np.float32)
    frame.attrs = {"key": "k"}
    storage.write_frame(tmp_path / "x.parquet", frame)
    found = storage.frame_of(tmp_path / "x.parquet", "k")
    assert found is not None and storage.is_whole(found)
    found.loc[1, "rank"] = 2.0
    assert not storage.is_whole(found), "a gap is no number"


@pytest.mark.parametrize("attrs", [b"{", b"[1", b"\xff"])
def test_what_pandas_wrote_beside_a_frame_may_be_broken(tmp_path: Path, attrs: bytes) -> None:
    table = pa.table({"a": [1]}).replace_schema_metadata({b"PANDAS_ATTRS": attrs})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(OSError, match="Error"):
        storage.read_frame(tmp_path / "a.parquet")
    pq.write_table(table.replace_schema_metadata({b"pandas": attrs}), tmp_path / "a.parquet")
    with pytest.raises(OSError, match="Error"):
        storage.read_frame(tmp_path / "a.parquet")


@pytest.mark.parametrize(("name", "most"), [("MAX_PAGE", "a page of it unpacks to"), ("MAX_TEXT", "it has a text of")])
@pytest.mark.parametrize("dictionary", [True, False])
def test_a_table_of_large_pages_or_long_texts_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, most: str, dictionary: bool
) -> None:
    pq.write_table(pa.table({"word": ["Kuh", "x" * 5000]}), tmp_path / "a.parquet", use_dictionary=dictionary)
    assert len(storage.read_frame(tmp_path / "a.parquet")) == 2
    monkeypatch.setattr(parquet_pages, name, 4999)
    with pytest.raises(OSError, match=rf"^{most} 5,0\d\d bytes, more than the 4,999 that are accepted$"):
        storage.read_frame(tmp_path / "a.parquet")
