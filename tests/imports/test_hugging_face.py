"""Local files of Hugging Face data sets: image folders and Parquet files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cldi_core.data import parquet_pages
from cldi_core.data.dataset import Dataset
from cldi_core.errors import CldiError, DatasetError
from cldi_core.imports import hugging_face_folder, hugging_face_parquet, labelled
from cldi_core.imports.hugging_face import NO_WORD, import_hugging_face
from cldi_core.imports.report import Report, reports
from tests.conftest import draw

FILES = [draw(concept, variant=variant) for variant in (0, 1) for concept in ("sun", "house", "tree")]
LABELS = ["dog", "polar bear", "dog", "hat", "polar bear", "dog"]
EXPECTED = {"dog": 3, "polar bear": 2, "hat": 1}


def bring(folder: Path, source: Path, **options: Any) -> tuple[Report, Dataset]:
    report = import_hugging_face(folder / "set", source, options.pop("language", "EN"), workers=0, **options)
    return report, Dataset(folder / "set")


def counts(dataset: Dataset) -> dict[str, int]:
    return {word: len(ids) for word, ids in dataset.members("en").items()}


def put(path: Path, data: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())


def parquet(path: Path, kind: str = "struct", **columns: Any) -> Path:
    """A file as the ``datasets`` library writes it."""
    structs = [{"bytes": data, "path": f"{row}.png"} for row, data in enumerate(FILES)]
    names, info = sorted(set(LABELS)), {}
    words: Any = LABELS
    if kind == "classes":
        stored = [name.replace(" ", "_") for name in names]
        info = {"info": {"features": {"label": {"names": stored, "_type": "ClassLabel"}}}}
        words = [names.index(label) for label in LABELS]
    images = FILES if kind == "bytes" else structs
    label = pa.array(words).dictionary_encode() if kind == "dictionary" else pa.array(words)
    table = pa.table({"image": pa.array(images), "label": label, **columns})
    metadata = {"huggingface": json.dumps(info)} if info else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata(metadata), path, row_group_size=2)
    return path


@pytest.mark.parametrize("kind", ["struct", "bytes", "classes", "dictionary"])
def test_parquet(tmp_path: Path, kind: str) -> None:
    report, dataset = bring(tmp_path, parquet(tmp_path / "train.parquet", kind), licence="CC0-1.0")
    assert report.is_complete and counts(dataset) == EXPECTED and report.format == "a Parquet file"
    table = dataset.pictures.table
    assert set(table["provider"]) == {"hugging face"} and set(table["licence"]) == {"CC0-1.0"}
    assert dataset.pictures.read(dataset.members("en")["dog"]) == {
        key: FILES[row] for key, row in zip(dataset.members("en")["dog"], (0, 2, 5), strict=True)
    }
    assert [kept.kind for kept in reports(dataset)] == ["hugging face"]


def test_a_folder_of_parquet_files_and_columns_that_are_named(tmp_path: Path) -> None:
    more = {
        "caption": pa.array(["x"] * 6),
        "scan": pa.array([{"bytes": b"", "path": "x"}] * 6),
        "n": pa.array(range(6)),
    }
    for name in ("data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"):
        parquet(tmp_path / "hub" / name, **more)
    put(tmp_path / "hub/README.md", "hello")
    report, dataset = bring(tmp_path, tmp_path / "hub", word="label", image="image")
    assert report.format == "2 Parquet files" and counts(dataset) == {
        word: 2 * count for word, count in EXPECTED.items()
    }


def test_rows_that_lack_something_are_told(tmp_path: Path) -> None:
    images: list[Any] = [{"bytes": data, "path": ""} for data in (*FILES[:5], b"<html>")]
    images[1], images[2] = {"bytes": None, "path": "/etc/passwd"}, None
    table = pa.table({"image": pa.array(images), "label": pa.array(["dog", "dog", "dog", None, "\u200b", "dog"])})
    pq.write_table(table, tmp_path / "f.parquet")
    report, dataset = bring(tmp_path, tmp_path / "f.parquet")
    assert counts(dataset) == {"dog": 1}
    assert report.missing.counts == {
        hugging_face_parquet.NO_PICTURE: 2, labelled.NO_LABEL: 1, NO_WORD: 1, "picture that cannot be used": 1,
    }  # fmt: skip


def test_what_a_parquet_file_may_not_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = pa.table({"label": pa.array(LABELS)})
    pq.write_table(plain, tmp_path / "none.parquet")
    parquet(tmp_path / "good.parquet")
    pq.write_table(
        pa.table({"a": pa.array(FILES), "b": pa.array(FILES), "label": pa.array(LABELS)}), tmp_path / "two.parquet"
    )
    pq.write_table(
        pa.table({"a": pa.array(FILES), "x": pa.array(LABELS), "y": pa.array(LABELS)}), tmp_path / "words.parquet"
    )
    put(tmp_path / "text.parquet", "PAR1 hello PAR1")
    os.mkfifo(tmp_path / "pipe.parquet")
    cases: list[tuple[str, dict[str, str], str]] = [
        ("none", {}, "which column of none.parquet holds the pictures"),
        ("two", {}, "which column of two.parquet holds the pictures"),
        ("two", {"image": "label"}, "no column 'label' of pictures"),
        ("words", {}, "which column of words.parquet holds the words"),
        ("good", {"word": "nothing"}, "no column 'nothing' of words"),
        ("text", {}, "cannot be read"),
        ("pipe", {}, "not a regular file"),
        ("missing", {}, "cannot be read"),
    ]
    for name, options, said in cases:
        with pytest.raises(CldiError, match=said):
            bring(tmp_path, tmp_path / f"{name}.parquet", **options)
    for limit, said in (("MAX_ROWS", "6 rows; at most 5"), ("MAX_GROUP", "bytes in one row group; at most 5")):
        with monkeypatch.context() as less, pytest.raises(CldiError, match=said):
            less.setattr(hugging_face_parquet, limit, 5)
            bring(tmp_path, tmp_path / "good.parquet")
    assert not (tmp_path / "set").exists()


def test_many_rows_of_little_are_known_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 300_000  # of one picture: a small file
    image = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int8()), pa.array([FILES[0]]))
    table = pa.table({"image": image.cast(pa.binary()), "label": pa.array(["dog"] * count)})
    pq.write_table(table, tmp_path / "f.parquet")
    monkeypatch.setattr(hugging_face_parquet, "MAX_ROWS", count - 1)
    with pytest.raises(CldiError, match="split it"):
        bring(tmp_path, tmp_path / "f.parquet")
    opened = hugging_face_parquet.Opened
    monkeypatch.setattr(hugging_face_parquet, "MAX_ROWS", count)
    before = pa.total_allocated_bytes()
    rows = opened(tmp_path / "f.parquet").pictures(Report("", ""))
    assert next(rows).label == "dog" and pa.total_allocated_bytes() - before < 30_000_000


def test_an_image_folder_whose_folders_are_words(tmp_path: Path) -> None:
    for row, (label, data) in enumerate(zip(LABELS, FILES, strict=True)):
        split = "train" if row < 4 else "test"
        put(tmp_path / "f" / split / label.replace(" ", "_") / f"{row}.png", data)
    put(tmp_path / "f/train/README.md", "x")
    put(tmp_path / "f/train/dog/Thumbs.db", "x")
    report, dataset = bring(tmp_path, tmp_path / "f")
    assert report.is_complete and counts(dataset) == EXPECTED and report.junk == {"Thumbs.db": 1}
    assert report.passed.counts == {hugging_face_folder.BESIDE: 1}


def test_words_called_as_splits_are_words_beside_others(tmp_path: Path) -> None:
    for name in ("dog/1.png", "test/1.png", "train/1.png"):
        put(tmp_path / "f" / name, draw("sun", variant=len(name)))
    put(tmp_path / "f/loose.png", FILES[0])
    report, dataset = bring(tmp_path, tmp_path / "f")
    assert counts(dataset) == {"dog": 1, "test": 1, "train": 1}
    assert [note.place for note in report.missing.kept] == ["loose.png"]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_an_image_folder_with_metadata(tmp_path: Path, kind: str) -> None:
    rows = [{"file_name": f"sub/{row}.png", "additional": row, "label": label} for row, label in enumerate(LABELS)]
    for row, data in enumerate(FILES):
        put(tmp_path / f"f/train/sub/{row}.png", data)
    put(tmp_path / "f/train/sub/unnamed.png", draw("ring"))
    rows.append({"file_name": "../../out.png", "additional": 0, "label": "cat"})
    if kind == "csv":
        lines = [
            "file_name,additional,label",
            *(f"{row['file_name']},{row['additional']},{row['label']}" for row in rows),
        ]
        put(tmp_path / "f/train/metadata.csv", "\r\n".join([*lines, "only one"]))
    else:
        put(tmp_path / "f/train/metadata.jsonl", "\n".join([*map(json.dumps, rows), "[1", ""]))
    report, dataset = bring(tmp_path, tmp_path / "f")
    assert counts(dataset) == EXPECTED and report.format == "an image folder with metadata and splits"
    assert report.missing.counts == {
        hugging_face_folder.NO_LINE: 1, labelled.NO_LABEL: 1, hugging_face_folder.LOST: 1,
    }  # fmt: skip
    with pytest.raises(CldiError, match="no column 'nothing' of words; choose from: 'additional', 'label'"):
        bring(tmp_path, tmp_path / "f", word="nothing")


def test_folders_that_hold_nothing_of_use(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    put(tmp_path / "bytes/metadata.csv", b"file_name,label\n\xff,x")
    (tmp_path / "bytes/dog").symlink_to("/etc")
    for name, said in (("empty", "has no pictures with words"), ("bytes", "cannot be read"), ("no", "not a folder")):
        with pytest.raises(CldiError, match=said):
            bring(tmp_path, tmp_path / name)
    with pytest.raises(CldiError, match="is not a language"):
        bring(tmp_path, tmp_path / "empty", language="x y z")
    assert not (tmp_path / "set").exists()


def test_labels_that_are_no_words_and_bombs_of_labels_take_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = pa.array([{"bytes": draw("sun"), "path": "x.png"}] * 3)
    labels = pa.array(["sun", "x" * (hugging_face_parquet.MAX_LABEL + 1), "sun"]).dictionary_encode()
    pq.write_table(pa.table({"image": image, "label": labels}), tmp_path / "a.parquet")
    report = import_hugging_face(tmp_path / "made", tmp_path / "a.parquet", "en", workers=0)
    assert report.counts["memberships"] == 2 and report.missing.counts == {labelled.NO_LABEL: 1}
    for where, name, limit in ((parquet_pages, "MAX_PAGE", 1000), (hugging_face_parquet, "MAX_GROUP", 4000)):
        with monkeypatch.context() as patched:
            patched.setattr(where, name, limit)
            patched.setattr(hugging_face_parquet, "MAX_RATIO", 0)
            with pytest.raises(DatasetError):
                import_hugging_face(tmp_path / "other", tmp_path / "a.parquet", "en", workers=0)
