"""Files that are no exports, or were made to do harm: one line, and nothing outside or left behind."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cldi_core.data import dataset as datasets
from cldi_core.errors import DatasetError
from cldi_core.imports import whole
from cldi_core.imports.whole import import_whole

TOML = b'title = "Mine"\n'
Files = dict[str, bytes]


def manifest(files: Files, /, **other: Any) -> dict[str, Any]:
    """What an export of some files says."""
    held = {name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()}
    about = {"format": whole.FORMAT, "version": whole.VERSION, "left_behind": {}, "counts": {"without_files": {}}}
    return {**about, "files": held, **other}


def written(path: Path, files: Files, said: Any = None, how: int = zipfile.ZIP_STORED, mode: int = 0) -> Path:
    """A zip of some files and a manifest: that of the files, or another, or any text."""
    said = manifest(files) if said is None else said
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type, entry.external_attr = how, mode << 16
            archive.writestr(entry, data)
        archive.writestr(whole.MANIFEST, said if isinstance(said, str | bytes) else json.dumps(said))
    return path


def changed(**fields: Any) -> Callable[[Path], Path]:
    """An export whose manifest says something else of itself."""
    return lambda path: written(path, {"dataset.toml": TOML}, manifest({"dataset.toml": TOML}, **fields))


def of(name: str, data: bytes = b"x", **how: Any) -> Callable[[Path], Path]:
    """An export with one more file, of which its manifest knows."""
    return lambda path: written(path, {"dataset.toml": TOML, name: data}, **how)


def said(**about: Any) -> Callable[[Path], Path]:
    """An export whose manifest says something else of its one file."""
    known = {"bytes": len(TOML), "sha256": hashlib.sha256(TOML).hexdigest(), **about}
    return changed(files={"dataset.toml": known})


def twice(path: Path) -> Path:
    """A file stands in the zip twice, the second time with other contents."""
    written(path, {"dataset.toml": TOML})
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("dataset.toml", b'title = "Other"\n')
    return path


def edited(change: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    """The bytes of a good export, changed."""

    def make(path: Path) -> Path:
        path.write_bytes(change(written(path, {"dataset.toml": TOML}).read_bytes()))
        return path

    return make


def directory_of(size: int) -> Callable[[bytes], bytes]:
    """The end of a zip that says its directory is so large."""

    def change(data: bytes) -> bytes:
        place = data.rindex(b"PK\x05\x06") + 12
        return data[:place] + struct.pack("<L", size) + data[place + 4 :]

    return change


def encrypted(data: bytes) -> bytes:
    """The flag of encryption in the directory's first entry."""
    place = data.index(b"PK\x01\x02") + 8
    return data[:place] + b"\x01" + data[place + 1 :]


HOSTILE: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a path upwards": (of("../evil.tsv"), "no file of a data set"),
    "a path upwards inside": (of("images/../../evil.parquet"), "no file of a data set"),
    "a whole path": (of("/tmp/evil.tsv"), "no file of a data set"),
    "a path of Windows": (of("..\\evil.tsv"), "no file of a data set"),
    "a drive": (of("C:/evil.tsv"), "no file of a data set"),
    "code": (of("pages/data.py"), "no file of a data set"),
    "a hidden file": (of("images/.lock"), "no file of a data set"),
    "4,000 characters": (of(f"images/{'x' * 4000}.parquet"), "no file of a data set"),
    "right to left": (of("images/\u202efdp.parquet"), "no file of a data set"),
    "a tab": (of("images/a\tb.parquet"), "no file of a data set"),
    "a report of its own": (of("imports/20260101-lists.json"), "no file of a data set"),
    "a folder for a file": (of("dataset.toml/words.parquet"), "no file of a data set"),
    "a link": (of("senses.tsv", b"/etc/passwd", mode=stat.S_IFLNK | 0o777), "link or a device"),
    "a device": (of("senses.tsv", b"", mode=stat.S_IFCHR | 0o666), "link or a device"),
    "a pipe": (of("senses.tsv", b"", mode=stat.S_IFIFO | 0o666), "link or a device"),
    "the same twice": (twice, "in it twice"),
    "the same but for case": (of("Dataset.toml"), "in it twice"),
    "a bomb": (of("senses.tsv", bytes(30_000_000), how=zipfile.ZIP_DEFLATED), "are said to be in a zip of"),
    "a bomb that says it is small": (
        lambda path: written(path, {"dataset.toml": TOML, "senses.tsv": bytes(5_000_000)},
                             manifest({"dataset.toml": TOML, "senses.tsv": b"0"}), zipfile.ZIP_DEFLATED),
        "not what was exported",
    ),
    "sizes beyond the disk": (said(bytes=10**18), "are said to be in a zip of"),
    "a size below 0": (said(bytes=-1), "not what `export` writes"),
    "a size in words": (said(bytes="many"), "not what `export` writes"),
    "a size that is true": (said(bytes=True), "not what `export` writes"),
    "a file shorter than said": (said(bytes=99), "not what was exported"),
    "a wrong hash": (said(sha256="0" * 64), "not what was exported"),
    "no hash": (said(sha256=None), "not what was exported"),
    "files that are a list": (changed(files=[1, 2]), "not what `export` writes"),
    "a file that is missing": (
        changed(files=manifest({"dataset.toml": TOML, "words.parquet": b""})["files"]), "'words.parquet' is missing"
    ),
    "a file too many": (
        lambda path: written(path, {"dataset.toml": TOML, "senses.tsv": b""}, manifest({"dataset.toml": TOML})),
        "not in its manifest",
    ),
    "no dataset.toml": (lambda path: written(path, {"senses.tsv": b""}), "no dataset.toml"),
    "a newer version": (changed(version=2), "expected a 'cldi data set' of version 1"),
    "another format": (changed(format="x" * 5000), "expected a 'cldi data set' of version 1"),
    "a manifest that nests": (lambda path: written(path, {}, "[" * 100_000), "not what `export` writes"),
    "a manifest that is a number": (lambda path: written(path, {}, "1" * 5000), "not what `export` writes"),
    "a manifest in Latin-1": (lambda path: written(path, {}, b'{"a": "\xe4"}'), "not what `export` writes"),
    "a manifest without an end": (
        lambda path: written(path, {}, b" " * 2_000_000, zipfile.ZIP_DEFLATED), "not what `export`"
    ),
    "no manifest": (of(whole.MANIFEST + "x"), "no file of a data set"),
    "another data set's pictures": (
        lambda path: written(path, {"dataset.toml": b'pictures = "../small"\n'}), "pictures of another data set"
    ),
    "a dataset.toml that is none": (lambda path: written(path, {"dataset.toml": b"\xff"}), "cannot be read"),
    "cut off": (edited(lambda data: data[: len(data) // 2]), "cannot be read"),
    "cut off in front": (edited(lambda data: data[40:]), "cannot be"),
    "flipped in the middle": (edited(lambda data: data.replace(b"Mine", b"Nine")), "cannot be imported"),
    "encrypted": (edited(encrypted), "cannot be imported"),
    "a directory of 2 GB": (edited(directory_of(2_000_000_000)), "cannot be read"),
    "an empty file": (edited(lambda data: b""), "cannot be read"),
    "no zip": (edited(lambda data: b"<html>" * 1000), "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_one_line_and_nothing_is_left(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    monkeypatch.setattr(whole, "MAX_MANIFEST", 1_000_000)
    make, expected = HOSTILE[case]
    file = make(tmp_path / "evil.zip")
    with pytest.raises(DatasetError) as raised:
        import_whole(data / "new", file)
    line = str(raised.value)
    assert expected in line and "\n" not in line and len(line) < 500
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "evil.zip"]
    assert list(data.iterdir()) == [] and datasets.available() == {}
    assert not Path("/tmp/evil.tsv").exists()


def test_a_good_one_beside_them_is_imported(data: Path, tmp_path: Path) -> None:
    import_whole(data / "new", written(tmp_path / "good.zip", {"dataset.toml": TOML}))
    assert datasets.Dataset(data / "new").title == "Mine"


def test_a_directory_of_too_many_files_is_refused(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "MAX_FILES", 3)
    files = {"dataset.toml": TOML, **{f"licences/{number}.txt": b"" for number in range(4)}}
    with pytest.raises(DatasetError, match="6 files; accepted: 3"):
        import_whole(data / "new", written(tmp_path / "many.zip", files))
    assert list(data.iterdir()) == []


def test_what_is_no_regular_file_is_never_read(data: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for file, why in (
        (tmp_path / "pipe", "not a regular file"),
        (tmp_path, "cannot be read"),
        (tmp_path / "no", "no file"),
    ):
        with pytest.raises(DatasetError, match=why):
            import_whole(data / "new", file)
    assert list(data.iterdir()) == []


def test_a_disk_without_room_is_said_before_anything_is_written(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 3})())
    with pytest.raises(DatasetError, match="it needs 15 bytes, and 3 are free"):
        import_whole(data / "new", written(tmp_path / "good.zip", {"dataset.toml": TOML}))
    assert list(data.iterdir()) == []
