"""Packages of MMID: words, pictures and where they come from, in any order, packed or not, hostile or not."""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from benchmarks.importing_mmid import write_package
from cldi_core.data import dataset as datasets
from cldi_core.data.dataset import Dataset
from cldi_core.errors import CldiError
from cldi_core.imports import mmid, paths
from cldi_core.imports.mmid import import_mmid
from cldi_core.imports.report import Report, reports
from tests.conftest import draw

CONCEPTS = ("sun", "house", "tree", "ring")


def word(text: str, *names: str, **more: bytes) -> dict[str, bytes]:
    """The files of one word; each picture is another one."""
    files = {"word.txt": text.encode(), "errors.json": b"{}"}
    about = {}
    for place, name in enumerate(names):
        files[name] = draw(CONCEPTS[place % 4], variant=len(text) % 7 + place // 4)
        stem = name.partition(".")[0]
        about[stem] = {"google": {"ru": f"https://p.example/{stem}"}, "image_url": f"https://i.example/{stem}.png"}
    return (
        files
        | {"metadata.json": json.dumps(about).encode()}
        | {name.replace("_", "."): data for name, data in more.items()}
    )


def tar(files: dict[str, bytes | tarfile.TarInfo], kind: str = "w:gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=kind) as archive:
        for name, data in files.items():
            info = data if isinstance(data, tarfile.TarInfo) else tarfile.TarInfo(name)
            if isinstance(data, bytes):
                info.size = len(data)
            archive.addfile(info, io.BytesIO(data) if isinstance(data, bytes) else None)
    return buffer.getvalue()


def write(path: Path, words: dict[str, bytes]) -> Path:
    path.write_bytes(tar(words, "w:"))
    return path


def bring(folder: Path, package: Path, **options: Any) -> tuple[Report, Dataset]:
    report = import_mmid(folder / "set", package, workers=0, **options)
    return report, Dataset(folder / "set")


GIVEN = {"1": word("Kuh\n", "02.png", "01.png", "10.jpg"), "2": word("laufen", "01.png")}


def test_a_package(tmp_path: Path) -> None:
    backwards = {f"{name}.tar.gz": tar(dict(reversed(files.items()))) for name, files in GIVEN.items()}
    report, dataset = bring(tmp_path, write(tmp_path / "german-package.tar", backwards))
    assert report.is_complete and report.counts["languages"] == {"de": 2}
    assert (report.counts["words"], report.counts["memberships"], report.counts["errors"]) == (2, 4, 0)
    table = dataset.pictures.table
    kuh = [table.loc[key] for key in dataset.members("de")["Kuh"]]
    assert [row["source_url"] for row in kuh] == [f"https://i.example/{stem}.png" for stem in ("01", "02", "10")]
    assert [row["page"] for row in kuh] == [f"https://p.example/{stem}" for stem in ("01", "02", "10")]
    assert {row["provider"] for row in kuh} == {"mmid"} and {row["licence"] for row in kuh} == {"unknown"}
    assert dataset.pictures.path_of(dataset.members("de")["Kuh"][0]) == "1.tar.gz/01.png"
    assert [kept.kind for kept in reports(dataset)] == ["mmid"]


@pytest.mark.parametrize("how", ["archives in a folder", "unpacked", "in folders of their own", "plain tars", "packed"])
def test_other_forms_of_the_same(tmp_path: Path, how: str) -> None:
    package = tmp_path / "german-package"
    package.mkdir()
    (package / ".DS_Store").write_bytes(b"x")
    for name, files in GIVEN.items():
        if how == "unpacked":
            (package / name).mkdir()
            for file, data in files.items():
                (package / name / file).write_bytes(data)
        elif how == "in folders of their own":
            (package / f"{name}.tar.gz").write_bytes(tar({f"{name}/{file}": data for file, data in files.items()}))
        else:
            (package / f"{name}.tar").write_bytes(tar(files, "w:"))
    if how in ("archives in a folder", "packed"):
        (package / ".DS_Store").unlink()
        packed = {f"./german/{name}.tar.gz": tar(files) for name, files in GIVEN.items()}
        package = tmp_path / "scale-german-package.tgz"
        package.write_bytes(tar(packed, "w:gz"))
    report, dataset = bring(tmp_path, package)
    _, expected = bring(
        tmp_path / "other", write(tmp_path / "x.tar", {f"{n}.tgz": tar(f) for n, f in GIVEN.items()}), language="de"
    )
    assert report.is_complete and dataset.words.equals(expected.words)


def test_one_word_that_is_unpacked(tmp_path: Path) -> None:
    for file, data in GIVEN["1"].items():
        (tmp_path / file).write_bytes(data)
    _, dataset = bring(tmp_path / "out", tmp_path, language="de")
    assert list(dataset.members("de")) == ["Kuh"] and len(dataset.members("de")["Kuh"]) == 3


def test_a_second_run_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "german-package.tar"
    write_package(package, 3, 4)
    first, dataset = bring(tmp_path, package)
    assert (first.counts["new"], first.counts["errors"]) == (12, 1)
    monkeypatch.setattr("cldi_core.imports.pictures.examine_all", lambda files: [pytest.fail("decoded") for _ in files])
    again, _ = bring(tmp_path, package)
    assert (again.counts["new"], again.counts["pictures"]) == (0, 12)
    assert Dataset(dataset.path).words.equals(dataset.words)


def test_what_is_amiss_is_told_and_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "SMALL", 1_000_000)
    monkeypatch.setattr(mmid, "AT_ONCE", 100_000)
    link, device, long = (tarfile.TarInfo(name) for name in ("01.png", "02.png", "x" * 4000 + ".png"))
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    device.type = tarfile.CHRTYPE
    words = {
        "1": word("Kuh", "01.png"),
        "2": word("\u200b", "01.png"),
        "3": {"01.png": draw("sun")},
        "4": word("Hund", "01.png", metadata_json=b"[" * 100_000, errors_json=b'["a", "b"]'),
        "5": word("Katze", "01.png", note_pdf=b"%PDF", errors_json=b"\xff"),
        "6": word("Pferd") | {"01.png": b"<html>", "02.png": draw("cross")},
        "7": {
            "word.txt": b"Maus",
            "a": link,
            "b": device,
            "c": long,
            "../../out.png": draw("sun"),
            "03.png": draw("ring"),
        },
        "8": word("See\u00adweg", "01.png") | {"metadata.json": b'{"01": 5, "02": {"google": [], "image_url": {}}}'},
    }
    packed: dict[str, bytes] = {f"{name}.tar.gz": tar(files) for name, files in words.items()}
    packed |= {"9.tar.gz": tar(GIVEN["1"])[:400], "10.tar.gz": b"no archive", "README.txt": b"hello"}
    packed["11.tar.gz"] = tar(word("Bombe", "01.png") | {f"{number}.bin": bytes(1_000_000) for number in range(2)})
    report, dataset = bring(tmp_path, write(tmp_path / "german-package.tar", packed))
    assert set(dataset.members("de")) == {"Kuh", "Hund", "Katze", "Pferd", "Maus", "Seeweg"}
    assert report.counts["errors"] == 2 and report.changed.counts.total() == 1
    assert {note.place for note in report.missing.of(mmid.NO_WORD)} >= {"2.tar.gz", "3.tar.gz", "10.tar.gz"}
    unread = [f"{note.place}: {note.text}" for note in report.missing.of(mmid.NOT_READ)]
    for said in (
        "7.tar.gz: 01.png: it is a link",
        "7.tar.gz: 02.png: it is not a regular",
        "leads out of the archive",
        "5.tar.gz: errors.json",
        "9.tar.gz",
        "'11.tar.gz' holds more than",
    ):
        assert any(said in line for line in unread), (said, unread)
    assert {note.place for note in report.passed.of(mmid.BESIDE)} >= {"README.txt", "5.tar.gz/note.pdf"}
    assert report.missing.counts["picture that cannot be used"] == 1
    assert {path.name for path in tmp_path.iterdir()} == {"set", "german-package.tar"}


@pytest.mark.parametrize(
    ("name", "data", "options", "said"),
    [
        ("german-package.tar", b"hello" * 1000, {}, "has no pictures of words"),
        ("german-package.tar", b"", {}, "has no pictures of words"),
        ("german-package.tar", tar({"a.txt": b"x"}), {}, "has no pictures of words"),
        ("Klingon-x-package.tar", b"", {}, "is not a language"),
        ("1.tar", b"", {}, "--lang"),
        ("german-package.tar", b"", {"language": "not one"}, "is not a language"),
        ("none", None, {"language": "de"}, "cannot be read"),
    ],
    ids=["text", "empty", "no words", "no language", "no name", "an odd language", "not there"],
)  # fmt: skip
def test_what_is_no_package_makes_no_data_set(
    tmp_path: Path, name: str, data: bytes | None, options: dict[str, Any], said: str
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(CldiError, match=said) as raised:
        bring(tmp_path, tmp_path / name, **options)
    assert len(str(raised.value).splitlines()) == 1 and not (tmp_path / "set").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "german-package.tar")
    with pytest.raises(CldiError, match="not a regular file"):
        bring(tmp_path, tmp_path / "german-package.tar")


def test_a_sibling_of_pictures_is_not_written_to(tmp_path: Path, small: Dataset) -> None:
    other = datasets.create(small.path.parent / "other", pictures="../small")
    package = write(tmp_path / "german-package.tar", {"1.tar.gz": tar(GIVEN["1"])})
    with pytest.raises(CldiError, match="import there"):
        import_mmid(other.path, package, workers=0)
