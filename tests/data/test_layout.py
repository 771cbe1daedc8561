"""Which paths a data set has, and which it never has."""

from __future__ import annotations

from pathlib import Path

import pytest

from cldi_core.data import layout
from cldi_core.data.dataset import Dataset

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["demo", "demo-hard"])
def test_every_file_of_a_shipped_data_set_is_known(name: str) -> None:
    folder = ROOT / "data" / name
    known = {path for part in layout.PARTS for path in layout.files(folder, part)}
    made = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    passed = {path for path in made if Path(path).name.startswith(".") or Path(path).suffix == ".json"}
    assert known == made - passed and len(known) > 500


@pytest.mark.parametrize(
    "path",
    [
        "../dataset.toml", "/dataset.toml", "./dataset.toml", "dataset.toml/", "dataset.toml\n", "DATASET.TOML", "",
        "lexicon/en.tsv", "lexicon/en-de.tsv.exe", "lexicon/../en-de.tsv", "lexicon\\en-de.tsv", "lexicon/EN-DE.tsv",
        "images/.part.parquet", "images/x/part.parquet", "images/..parquet", "images/pärt.parquet",
        f"images/{'x' * 4000}.parquet", "scores/a/en-de/../x.safetensors", "scores/../en-de/x.safetensors",
        "features/.lock", "features/efficientnet-lite0/extraction.json", "imports/20260101-folder.json",
        "judgements/x.tsv", "people/../answers.jsonl", "pages/data.py", "C:/dataset.toml", "images/a\x00.parquet",
        "rankings/a/en-de/\u202ex.parquet",
    ],
)  # fmt: skip
def test_what_no_data_set_has(path: str) -> None:
    assert layout.part_of(path) == ""


def test_files_with_other_names_and_folders_are_none(small: Dataset) -> None:
    images = small.path / "images"
    (images / "part-00000000.parquet").mkdir()
    (images / "ünbekannt.parquet").write_bytes(b"x")
    found = layout.files(small.path, "pictures")
    assert list(found) == [f"images/{path.name}" for path in small.pictures.shards if path.is_file()][:1]
    assert all(file.is_file() for file in found.values())
