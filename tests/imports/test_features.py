"""Features from elsewhere: every format gives the rows that a slow reading gives, with and without pictures."""

from __future__ import annotations

import json
import pickle
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from cldi_core import rankers
from cldi_core.data import dataset as datasets
from cldi_core.data import wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.errors import CldiError, DatasetError, FeatureError
from cldi_core.evaluation import rankings
from cldi_core.evaluation.pairs import open_pair
from cldi_core.features import provenance, shards
from cldi_core.imports import feature_store, features
from cldi_core.imports.report import Report
from tests.conftest import BACKBONE

NAME = "alexnet-mmid"
WORDS = {"en": ("cow", "run", "big idea"), "de": ("Kuh", "laufen", "groß")}
SIZES = (3, 2, 4)


def made(seed: int = 0, dim: int = 6) -> dict[str, dict[str, np.ndarray]]:
    """language → word → float32 (n, dim)"""
    draw = np.random.default_rng(seed)
    return {
        language: {
            word: draw.normal(size=(size, dim)).astype(np.float32) for word, size in zip(words, SIZES, strict=True)
        }
        for language, words in WORDS.items()
    }


def named(given: dict[str, dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {f"{language}/{word}": rows for language, words in given.items() for word, rows in words.items()}


def flat(given: dict[str, dict[str, np.ndarray]]) -> tuple[np.ndarray, list[tuple[str, str, int]]]:
    rows = [row for words in given.values() for matrix in words.values() for row in matrix]
    places = [
        (language, word, position)
        for language, words in given.items()
        for word, matrix in words.items()
        for position in range(len(matrix))
    ]
    return np.array(rows), places


def write_tsv(path: Path, table: list[tuple[Any, ...]], *headings: str) -> Path:
    lines = ["\t".join(headings)] if headings else []
    path.write_text("\n".join([*lines, *("\t".join(map(str, row)) for row in table)]) + "\n", "utf-8")
    return path


def bring(folder: Path, *files: Path, **options: Any) -> tuple[Report, Dataset]:
    report = features.import_features(folder / "set", files, options.pop("backbone", NAME), **options)
    return report, Dataset(folder / "set")


def stored(dataset: Dataset, backbone: str = NAME) -> dict[str, dict[str, np.ndarray]]:
    """What the data set has: language → word → float16 (n, dim)."""
    loaded = shards.open_features(dataset, backbone)
    return {
        language: {
            word: np.array([loaded.matrix[loaded.ids.find([key])[0]] for key in ids if key in loaded.ids])
            for word, ids in dataset.members(language).items()
        }
        for language in dataset.languages
    }


def check(found: dict[str, dict[str, np.ndarray]], expected: dict[str, dict[str, np.ndarray]]) -> None:
    assert {language: set(words) for language, words in found.items()} == {
        language: set(words) for language, words in expected.items()
    }
    for language, words in expected.items():
        for word, matrix in words.items():
            np.testing.assert_array_equal(found[language][word], matrix.astype(np.float16))


def npy(folder: Path, kind: str) -> list[Path]:
    matrix, places = flat(made())
    order = {"F": np.asfortranarray, ">": lambda rows: rows.astype(">f4"), "8": lambda rows: rows.astype("f8")}
    np.save(folder / "rows.npy", order.get(kind, np.array)(matrix))
    if kind == "json":
        named = [{"language": language, "word": word, "rank": position} for language, word, position in places]
        (folder / "rows.json").write_text(json.dumps(named), "utf-8")
    elif kind == "lists":
        (folder / "rows.json").write_text(json.dumps(places), "utf-8")
    elif kind == "two columns":
        write_tsv(folder / "rows.tsv", [place[:2] for place in places])
    else:
        write_tsv(folder / "rows.tsv", places, *(("LANG", "Word", "position") if kind != "bare" else ()))
    return [folder / "rows.npy"]


def npz(folder: Path, kind: str) -> list[Path]:
    given = made()
    if kind == "words":
        np.savez(folder / "rows.npz", **named(given))
    else:
        matrix, places = flat(given)
        languages, words, positions = (list(column) for column in zip(*places, strict=True))
        np.savez_compressed(folder / "rows.npz", features=matrix, languages=languages, words=words, positions=positions)
    return [folder / "rows.npz"]


def tensors(folder: Path, kind: str) -> list[Path]:
    given = made()
    if kind == "words":
        save_file(named(given), folder / "t.safetensors")
    else:
        matrix, places = flat(given)
        save_file({"embeddings": matrix, "logits": matrix[:, :2].copy()}, folder / "t.safetensors")
        write_tsv(folder / "t.tsv", places, "language", "word", "position")
    return [folder / "t.safetensors"]


def pickled(folder: Path, kind: str) -> list[Path]:
    given = made()
    if kind == "words":
        (folder / "rows.pkl").write_bytes(pickle.dumps(named(given), 4))
        return [folder / "rows.pkl"]
    matrix, places = flat(given)
    if kind == "list":
        (folder / "rows.pickle").write_bytes(pickle.dumps(list(matrix), 2))
        write_tsv(folder / "rows.tsv", places)
        return [folder / "rows.pickle"]
    index = []
    for number, (language, word) in enumerate((one, word) for one, words in given.items() for word in words):
        (folder / f"{number}.pkl").write_bytes(pickle.dumps(given[language][word], 2))
        index.append((f"{number}.pkl", language, word))
    write_tsv(folder / "index.tsv", index, "file", "language", "word")
    return sorted(folder.glob("*.pkl"))


@pytest.mark.parametrize(
    ("make", "kind"),
    [(npy, kind) for kind in ("C", "F", ">", "8", "json", "lists", "two columns", "bare")]
    + [(npz, "words"), (npz, "beside"), (tensors, "words"), (tensors, "index")]
    + [(pickled, "words"), (pickled, "list"), (pickled, "files")],
)
def test_every_format(tmp_path: Path, make: Any, kind: str) -> None:
    files = make(tmp_path, kind)
    index = tmp_path / "index.tsv"
    report, dataset = bring(tmp_path, *files, index=index if index.exists() else None)
    check(stored(dataset), made())
    assert report.is_complete and report.counts["languages"] == {"de": 3, "en": 3}
    assert (report.counts["rows"], report.counts["stored"], report.counts["words only"]) == (18, 18, 18)
    assert report.counts["dimensions"] == 6 and report.format


@pytest.mark.parametrize("kind", ["npz", "safetensors", "pkl"])
def test_words_of_the_language_that_is_given(tmp_path: Path, kind: str) -> None:
    words = made()["de"]
    path = tmp_path / f"rows.{kind}"
    if kind == "npz":
        np.savez(path, **words)
    elif kind == "pkl":
        path.write_bytes(pickle.dumps(words, 2))
    else:
        save_file(words, path)
    _, dataset = bring(tmp_path, path, language="german")
    check(stored(dataset), {"de": words})


def test_one_matrix_is_of_the_word_that_the_file_is_called_by(tmp_path: Path) -> None:
    (tmp_path / "Kuh.pkl").write_bytes(pickle.dumps(made()["de"]["Kuh"], 2))
    _, dataset = bring(tmp_path, tmp_path / "Kuh.pkl", language="de")
    check(stored(dataset), {"de": {"Kuh": made()["de"]["Kuh"]}})


def test_words_without_pictures_score_like_others(tmp_path: Path) -> None:
    given = made()
    given["de"]["Kuh"] = given["en"]["cow"][:2]
    given["de"]["laufen"] = given["en"]["run"]
    np.savez(tmp_path / "all.npz", **named(given))
    _, dataset = bring(tmp_path, tmp_path / "all.npz")
    rows = [
        wordlists.Row("cow", "Kuh", "N"),
        wordlists.Row("run", "laufen", "V"),
        wordlists.Row("big idea", "groß", "A"),
    ]
    wordlists.write_list(dataset.path / "lexicon" / "en-de.tsv", rows)
    pair = open_pair(Dataset(dataset.path), NAME, "en-de")
    frame = rankings.rankings(pair, [rankers.RANKERS["avgmax"]])["avgmax"]
    assert frame.set_index("query").loc[["cow.N", "run.V"], "rank"].tolist() == [1, 1]
    known = provenance.provenance_of(Dataset(dataset.path), NAME)
    assert (known.pictures, known.dim, known.layer) == (13, 6, "features of elsewhere") and "all.npz" in known.source


def test_again_is_as_once_and_other_rows_take_their_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_store, "SHARD_BYTES", 60)  # five rows
    for seed in (0, 0, 1):
        np.savez(tmp_path / "all.npz", **named(made(seed)))
        _, dataset = bring(tmp_path, tmp_path / "all.npz")
        check(stored(dataset), made(seed))
        loaded = shards.open_features(dataset, NAME)
        assert len(loaded.ids) == len(set(loaded.ids)) == 18 and len(loaded.shards) == 4
    np.savez(tmp_path / "one.npz", **{"de/Kuh": made(2)["de"]["Kuh"]})
    _, dataset = bring(tmp_path, tmp_path / "one.npz")
    expected = made(1)
    expected["de"]["Kuh"] = made(2)["de"]["Kuh"]
    check(stored(dataset), expected)
    assert len(shards.open_features(dataset, NAME).ids) == 18


def test_a_second_backbone_is_of_the_same_pictures_that_are_not_there(tmp_path: Path) -> None:
    for seed, name in ((0, NAME), (1, "resnet-mmid")):
        np.savez(tmp_path / "all.npz", **named(made(seed)))
        _, dataset = bring(tmp_path, tmp_path / "all.npz", backbone=name)
    assert len(dataset.words) == 18
    check(stored(dataset), made(0))
    check(stored(dataset, "resnet-mmid"), made(1))


def test_pictures_that_are_there(tmp_path: Path, small: Dataset) -> None:
    ids = sorted(small.pictures.table.index)
    files = small.pictures.about(["path"])["path"]
    matrix = np.arange(len(ids) * 4, dtype=np.float32).reshape(-1, 4) + 1
    np.save(tmp_path / "f.npy", matrix)
    names = [key if row % 2 else files[key] for row, key in enumerate(ids)]
    write_tsv(tmp_path / "f.tsv", [*((name,) for name in names[:-1]), ("nobody.png",)], "picture")
    report = features.import_features(small.path, [tmp_path / "f.npy"], NAME)
    loaded = shards.open_features(Dataset(small.path), NAME)
    for row, key in enumerate(ids[:-1]):
        np.testing.assert_array_equal(loaded.matrix[loaded.ids.find([key])[0]], matrix[row].astype(np.float16))
    assert [note.text for note in report.missing.kept] == ["nobody.png"] and ids[-1] not in loaded.ids
    assert report.counts["pictures"] == len(ids) - 1 and report.counts["words only"] == 0
    assert len(Dataset(small.path).words) == len(small.words)


def test_words_that_have_pictures_take_their_rows(tmp_path: Path, small: Dataset) -> None:
    ids = small.members("de")["Hund"]
    rows = np.eye(4, dtype=np.float32)[: len(ids)]
    np.savez(tmp_path / "f.npz", **{"Hund": rows, "Hut": np.eye(4)[:3], "Neu": np.eye(4)[3:]})
    report = features.import_features(small.path, [tmp_path / "f.npz"], NAME, language="de")
    assert [note.text for note in report.missing.kept] == [
        "Hut: 3 rows for 2 pictures; name the pictures in an index"
    ]  # fmt: skip
    again = Dataset(small.path)
    assert again.members("de")["Hund"] == ids and len(again.members("de")["Neu"]) == 1
    np.testing.assert_array_equal(stored(again)["de"]["Hund"], rows.astype(np.float16))


def test_rows_that_cannot_be_used_are_told_one_by_one(tmp_path: Path) -> None:
    rows = np.ones((7, 3), np.float32) * np.arange(1, 8)[:, None]
    rows[0, 1], rows[1, 0], rows[2], rows[3], rows[4] = np.nan, np.inf, 7e4, 1e-6, 0
    np.savez(tmp_path / "f.npz", **{"Kuh": rows})
    report, dataset = bring(tmp_path, tmp_path / "f.npz", language="de")
    assert sorted(report.missing.counts.values()) == [1, 1, 2] and report.passed.counts.total() == 1
    np.testing.assert_array_equal(stored(dataset)["de"]["Kuh"], rows[5:].astype(np.float16))


def test_names_that_are_no_words(tmp_path: Path) -> None:
    rows = np.eye(3, dtype=np.float32)
    np.savez(tmp_path / "f.npz", **{"de/See\u200bweg": rows, "de/\u200b": rows[:1], "de!/Kuh": rows, "Hund": rows})
    report, dataset = bring(tmp_path, tmp_path / "f.npz")
    assert set(dataset.members("de")) == {"Seeweg"} and report.changed.counts.total() == 1
    assert report.missing.counts == {"no word": 2, "word without a language": 1}


Broken = dict[str, tuple[list[Path], dict[str, Any], str]]  # name → files, options, and a part of what is said
ROWS = np.eye(3, dtype=np.float32)
ENDLESS = b"{'descr': '<f4', 'fortran_order': False, 'shape': (100000000000000, 9), }".ljust(117) + b"\n"
HEAD = b"\x93NUMPY\x01\x00\x76\x00" + ENDLESS


def broken_files(folder: Path) -> Broken:
    np.save(folder / "rows.npy", ROWS)
    files: dict[str, tuple[bytes | np.ndarray, str]] = {
        "objects.npy": (np.array([{}], dtype=object), "holds objects"),
        "texts.npy": (np.array(["a"]), "expected numbers"),
        "records.npy": (np.zeros(2, [("a", "f4")]), "expected numbers"),
        "no dim.npy": (np.zeros((4, 0)), "expected rows of features"),
        "cube.npy": (np.zeros((2, 2, 2)), "expected rows of features"),
        "number.npy": (np.array(3.0), "expected rows of features"),
        "short.npy": ((folder / "rows.npy").read_bytes()[:-4], "shorter than"),
        "endless.npy": (HEAD, "shorter than"),
        "header.npy": (b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 66000, "cannot be read"),
        "empty.npy": (b"", "cannot be read"),
        "text.npz": (b"hello", "cannot be read"),
        "rows.csv": (b"1,2", "no file of features that is known by its ending"),
        "none.pkl": (b"cos\nsystem\n(S'true'\ntR.", "not looked up"),
        "keys.pkl": (pickle.dumps({3: ROWS}), "which is no word"),
        "number.pkl": (pickle.dumps(3), "int where an array is expected"),
        "ragged.pkl": (pickle.dumps([ROWS[0], ROWS[0][:2]]), "different lengths"),
        "header.safetensors": (b"\xff" * 64, "cannot be read"),
    }
    for name, (data, _) in files.items():
        if isinstance(data, np.ndarray):
            np.save(folder / name, data)
        else:
            (folder / name).write_bytes(data)
    found: Broken = {name: ([folder / name], {"language": "de"}, said) for name, (_, said) in files.items()}
    return found | {"none": ([folder / "nothing.npy"], {"language": "de"}, "cannot be read")}


def broken_archives(folder: Path) -> Broken:
    with zipfile.ZipFile(folder / "inside.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Kuh.npy", HEAD + bytes(1000))
    for name, arrays in {
        "note.npz": {"Kuh": ROWS},
        "objects.npz": {"Kuh": np.array([{}], dtype=object)},
        "dims.npz": {"Kuh": ROWS, "Hund": np.eye(4)},
        "two.npz": {"features": ROWS, "words": np.array(["Kuh", "Hund"])},
        "uneven.npz": {"features": ROWS, "words": np.array(["Kuh"] * 3), "positions": np.array([1])},
    }.items():  # fmt: skip
        np.savez(folder / name, **arrays)
    with zipfile.ZipFile(folder / "note.npz", "a") as archive:
        archive.writestr("../../note.txt", "x")
    said = {"inside": "cannot be read", "note": "which is no array", "objects": "holds objects", "dims": "4 dimensions",
            "two": "rows, and its index 2 lines", "uneven": "do not name the rows"}  # fmt: skip
    return {name: ([folder / f"{name}.npz"], {"language": "de"}, text) for name, text in said.items()}


def broken_words(folder: Path) -> Broken:
    np.save(folder / "rows.npy", ROWS)
    indexes = {
        "1.tsv": ("language\tword\nde\tKuh\n", "3 rows, and its index 1 line"),
        "2.tsv": ("", "is empty"),
        "3.tsv": ("a\tb\tc\td\n" * 3, "4 columns"),
        "4.tsv": ("de\tKuh\tx\n" * 3, "no whole number"),
        "5.tsv": ("language\tword\nde\t\n", "names neither"),
        "6.json": ("{}", "it is no list"),
        "7.json": ("[" * 100_000, "cannot be read"),
        "8.tsv": ("file\tlanguage\tword\nother.npy\tde\tKuh\n", "0 times"),
        "9.tsv": ("\udcff\n", "cannot be read"),
    }
    found: Broken = {"no index": ([folder / "rows.npy"], {}, "say what its rows are of")}
    for name, (text, said) in indexes.items():
        (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))
        found[f"index {name}"] = ([folder / "rows.npy"], {"index": folder / name}, said)
    for name in ("vgg19", "../up", "", "x" * 61, "timm:resnet18", ".hidden"):
        found[f"named {name}"] = (
            [folder / "rows.npy"],
            {"language": "de", "backbone": name},
            "is no name|of their own",
        )
    return found | {"language": ([folder / "rows.npy"], {"language": "not one"}, "is not a language")}


@pytest.mark.parametrize("make", [broken_files, broken_archives, broken_words])
def test_what_cannot_be_read_is_one_line(tmp_path: Path, make: Any) -> None:
    for name, (files, options, said) in make(tmp_path).items():
        with pytest.raises(CldiError) as raised:
            bring(tmp_path, *files, **options)
        line = str(raised.value)
        assert re.search(said, line), (name, line)
        assert len(line.splitlines()) == 1 and len(line) < 600
        assert not list((tmp_path / "set").rglob("*.safetensors")), name


def test_rows_that_a_killed_import_left_of_an_earlier_one_go_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had written which rows the words have now, and not yet taken away those that they had."""
    for name, matrix in (("one.npz", np.eye(3)), ("other.npz", 2 - np.eye(3))):
        np.savez(tmp_path / name, Kuh=matrix)
    bring(tmp_path, tmp_path / "one.npz", language="de")
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(feature_store.Store, "_make_room", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
        bring(tmp_path, tmp_path / "other.npz", language="de")
    assert len(list((tmp_path / "set").rglob("*.safetensors"))) == 2
    bring(tmp_path, tmp_path / "other.npz", language="de")
    (left,) = (tmp_path / "set").rglob("*.safetensors")
    assert sorted(shards.read_shard(left)[0]) == sorted(Dataset(tmp_path / "set").words["id"])


def test_other_dimensions_need_another_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "f.npz", Kuh=np.eye(3))
    bring(tmp_path, tmp_path / "f.npz", language="de")
    np.savez(tmp_path / "f.npz", Kuh=np.eye(4))
    with pytest.raises(FeatureError, match="has 4 dimensions, and the features of alexnet-mmid 3; give them another"):
        bring(tmp_path, tmp_path / "f.npz", language="de")


def test_a_sibling_of_pictures_is_not_written_to(tmp_path: Path, small: Dataset) -> None:
    np.savez(tmp_path / "f.npz", Kuh=np.eye(3))
    other = datasets.create(small.path.parent / "other", pictures="../small")
    with pytest.raises(DatasetError, match="uses the pictures of 'small'; import there"):
        features.import_features(other.path, [tmp_path / "f.npz"], NAME, language="de")
    assert Dataset(small.path).backbones == (BACKBONE,)
