"""Archives as folders: of every kind, damaged, hostile; nothing is written outside the data set, and all is told."""

from __future__ import annotations

import io
import os
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cldi_core.data.dataset import Dataset
from cldi_core.data.pictures import picture_id, probe
from cldi_core.errors import CldiError, DatasetError
from cldi_core.imports import archives, folder, paths
from cldi_core.imports.report import Report
from cldi_core.imports.trees import open_tree
from tests.conftest import draw

SUN, RING = draw("sun"), draw("ring")
GOOD = {"en/dog/2.png": RING, "en/dog/1.png": SUN, "de/Hündin/1.png": SUN}
Pack = Callable[[Path, dict[str, bytes]], Path]


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, files: dict[str, bytes], how: str = "w") -> Path:
    with tarfile.open(path, how) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            member(archive, name, data)
    return path


def member(archive: tarfile.TarFile, name: str, data: bytes = b"", **about: object) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for attribute, value in about.items():
        setattr(info, attribute, value)
    archive.addfile(info, io.BytesIO(data))


PACKS: dict[str, Pack] = {
    "zip": zipped,
    "tar": tarred,
    **{kind: lambda path, files, kind=kind: tarred(path, files, f"w:{kind}") for kind in ("gz", "bz2", "xz")},  # type: ignore[misc]
}


def store(target: Path, source: Path) -> Report:
    return folder.import_folder(target, source, workers=0)


def told(report: Report) -> dict[str, str]:
    return {note.place: note.text for note in report.missing.kept}


@pytest.mark.parametrize("kind", PACKS)
def test_archives_are_read_as_folders_and_not_unpacked(tmp_path: Path, kind: str) -> None:
    junk = {"__MACOSX/en/._1.png": b"x", "__MACOSX/b": b"x", "en/.DS_Store": b"x", "en/dog/": b""}
    source = PACKS[kind](tmp_path / "drawn", {f"./mine/{name}": data for name, data in (GOOD | junk).items()})
    report = store(tmp_path / "set", source)
    assert report.is_complete and report.format == ("zip file" if kind == "zip" else "tar file")
    assert report.counts["languages"] == {"de": 1, "en": 1} and report.junk == {"__MACOSX": 1, ".DS_Store": 1}
    assert Dataset(tmp_path / "set").members("en")["dog"] == [picture_id(SUN), picture_id(RING)]
    assert {path.name for path in tmp_path.iterdir()} == {"drawn", "set"}


@pytest.mark.parametrize("kind", PACKS)
def test_an_archive_gives_what_its_folder_would(tmp_path: Path, kind: str) -> None:
    for name, data in GOOD.items():
        (tmp_path / "drawn" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "drawn" / name).write_bytes(data)
    store(tmp_path / "one", tmp_path / "drawn")
    store(tmp_path / "other", PACKS[kind](tmp_path / "packed", GOOD))
    one, other = (Dataset(tmp_path / name).words.to_dict("list") for name in ("one", "other"))
    assert one == other


def test_names_that_were_packed_without_saying_how_are_taken_for_utf8(tmp_path: Path) -> None:
    data = zipped(tmp_path / "a.zip", GOOD).read_bytes()
    flag = (0x800).to_bytes(2, "little")
    assert data.count(flag) >= 2, "Python says that they are"
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        info = archive.getinfo("de/Hündin/1.png")
        info.orig_filename, info.flag_bits = "de/Hündin/1.png".encode().decode("cp437"), 0
        assert archives._name_of(info) == "de/Hündin/1.png"
        info.orig_filename = "de/H\xfcndin".encode("latin-1").decode("cp437")
        assert archives._name_of(info) == "de/H\udcfcndin", "which is no word"


PATHS = ["/etc/passwd", "../en/dog/x.png", "en/../../x.png", "en\\dog\\x.png", "C:/en/dog/x.png", "c:x.png",
         "en/dog/" + "x" * 4000, "x/" * 600 + "y", f"en/dog/{'y' * 256}.png", "en/" + "a/" * 40 + "x.png"]  # fmt: skip


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_paths_that_lead_elsewhere_or_that_no_file_has_are_refused_one_by_one(tmp_path: Path, kind: str) -> None:
    twice = {"en//dog/./1.png": RING, "./en/dog/2.png": SUN}
    source = PACKS[kind](tmp_path / "drawn", GOOD | dict.fromkeys(PATHS, SUN) | twice)
    report = store(tmp_path / "set", source)
    assert report.missing.counts == {folder.NOT_READ: len(PATHS) + 2}
    assert all(len(note.place) < 330 and note.text.isprintable() for note in report.missing.kept)
    assert all("another of that path" in told(report)[name] for name in twice)
    assert Dataset(tmp_path / "set").members("en")["dog"] == [picture_id(SUN), picture_id(RING)]
    assert {path.name for path in tmp_path.iterdir()} == {"drawn", "set"}


def test_links_devices_and_what_else_is_no_file_are_refused(tmp_path: Path) -> None:
    kinds = {"link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "pipe": tarfile.FIFOTYPE, "disk": tarfile.BLKTYPE,
             "zero": tarfile.CHRTYPE, "sparse": tarfile.GNUTYPE_SPARSE}  # fmt: skip
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name, kind in kinds.items():
            member(archive, f"en/dog/{name}.png", type=kind, linkname="/etc/passwd")
        member(archive, "en/dog/1.png", SUN)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        for name, mode in {"link": 0o120777, "pipe": 0o010666, "disk": 0o060666, "zero": 0o020666}.items():
            packed.writestr(f"en/dog/{name}.png", b"/etc/passwd")
            packed.getinfo(f"en/dog/{name}.png").external_attr = mode << 16
        packed.writestr("en/dog/secret.png", SUN)
        packed.writestr("en/dog/1.png", SUN)
    locked = (tmp_path / "a.zip").read_bytes()
    place = locked.rindex(b"en/dog/secret.png") - 46
    (tmp_path / "a.zip").write_bytes(locked[: place + 8] + b"\x01" + locked[place + 9 :])
    for name, refused in (("a.tar", set(kinds)), ("a.zip", {"link", "pipe", "disk", "zero", "secret"})):
        report = store(tmp_path / f"set of {name}", tmp_path / name)
        assert set(told(report)) == {f"en/dog/{kind}.png" for kind in refused}
        assert report.counts["memberships"] == 1
    assert "encrypted" in told(report)["en/dog/secret.png"]


def test_an_archive_in_an_archive_is_no_picture(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", GOOD).read_bytes()
    report = store(
        tmp_path / "set", zipped(tmp_path / "a.zip", GOOD | {"en/dog/more.zip": inner, "en/dog/more.png": inner})
    )
    assert set(told(report)) == {"en/dog/more.zip", "en/dog/more.png"}
    assert all("not a picture" in why for why in told(report).values())


@pytest.mark.parametrize("kind", PACKS)
def test_a_bomb_is_refused_before_anything_is_written(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "SMALL", 1_000_000)
    monkeypatch.setattr(paths, "MAX_RATIO", 20)
    nothing = bytes(900_000)
    source = PACKS[kind](tmp_path / "bomb", GOOD | {f"en/dog/{number}.bmp": nothing for number in range(9, 39)})
    if kind == "tar":  # which holds all it says
        assert store(tmp_path / "set", source).missing.counts == {"picture that cannot be used": 30}
        return
    with pytest.raises(DatasetError, match="holds more than 20 times its own"):
        store(tmp_path / "set", source)
    assert {path.name for path in tmp_path.iterdir()} == {"bomb"}


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_large_entries_many_entries_and_long_lists_are_refused(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = PACKS[kind](tmp_path / "a", GOOD | {"en/dog/9.png": SUN + bytes(50_000)})
    monkeypatch.setattr(archives, "MAX_FILE", 40_000)
    assert "larger than the 40,000 bytes" in told(store(tmp_path / "set", source))["en/dog/9.png"]
    monkeypatch.setattr(paths, "MAX_ENTRIES", 3)
    with pytest.raises(DatasetError, match="more than the 3 entries that are accepted; split it"):
        store(tmp_path / "other", source)
    if kind == "zip":
        monkeypatch.setattr(archives, "MAX_DIRECTORY", 100)
        with pytest.raises(DatasetError, match="lists more entries than"):
            store(tmp_path / "other", source)
    assert not (tmp_path / "other").exists()


def test_headers_of_a_tar_that_take_all_memory_or_lead_back_end_the_reading(tmp_path: Path) -> None:
    for number, headers in enumerate(({"comment": "x" * 3_000_000}, {"size": "-5000"}, {"size": str(10**18)})):
        with tarfile.open(tmp_path / f"{number}.tar", "w", format=tarfile.PAX_FORMAT) as archive:
            member(archive, "en/dog/1.png", SUN)
            member(archive, "en/dog/2.png", RING, pax_headers=headers)
        report = store(tmp_path / f"set {number}", tmp_path / f"{number}.tar")
        assert not report.is_complete and Dataset(tmp_path / f"set {number}").members("en")["dog"][0] == picture_id(SUN)


def test_what_is_neither_a_folder_nor_an_archive_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name, data in {
        "empty": b"",
        "text": b"no archive",
        "zeros": bytes(10_000),
        "gz": b"\x1f\x8b" + bytes(99),
    }.items():
        (tmp_path / name).write_bytes(data)
    for name in ("fifo", "empty", "text", "gz", "none"):
        with pytest.raises(DatasetError, match="is not a folder, a zip file or a tar file"):
            open_tree(tmp_path / name)
    with pytest.raises(DatasetError, match=r"no pictures under|is not a folder"):
        folder.look(tmp_path / "zeros")


def hostile(path: Path, drawn: random.Random) -> Path:
    """An archive with good pictures and bad entries, then perhaps damaged."""
    names = [
        *PATHS,
        "en/dog/\u202egnp.exe",
        "en/a\0b/1.png",
        "en/" + "\u0301" * 90,
        "en/dog",
        "en/dog/1.png/x",
        "/",
        "de-/x/1.png",
        "EN/x/1.png",
        "en/word.txt",
        "en/q/word.txt",
        "",
        ".",
        "en/\udcff/1.png",
        "en/\t/1.png",
    ]
    contents = [SUN, b"", b"GIF89a", SUN[:200], bytes(100_000), b"\xff\xd8\xff" + bytes(50), b"PK\x03\x04"]
    files = GOOD | {drawn.choice(names): drawn.choice(contents) for _ in range(drawn.randint(1, 6))}
    kind = drawn.choice(list(PACKS))
    if kind == "zip":
        files = {name.encode("utf-8", "replace").decode().replace("\0", "\x01"): data for name, data in files.items()}
    PACKS[kind](path, {name: data for name, data in files.items() if kind != "zip" or name})
    data = bytearray(path.read_bytes())
    for _ in range(drawn.choice((0, 0, 1, 5))):
        data[drawn.randrange(len(data))] = drawn.randrange(256)
    path.write_bytes(data[: drawn.choice((len(data), len(data), drawn.randrange(len(data))))])
    return path


def test_two_hundred_hostile_archives_write_nothing_outside_and_are_told_of(tmp_path: Path) -> None:
    drawn = random.Random(15)
    sources = [hostile(tmp_path / f"{number}", drawn) for number in range(200)]
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    imported = 0
    for source in sources:
        try:
            report = store(tmp_path / "sets" / source.name, source)
        except CldiError as error:
            assert str(error).isprintable() and len(str(error)) < 1000
            assert not (tmp_path / "sets" / source.name).exists()
            continue
        imported += 1
        assert all(line.isprintable() for line in report.lines())
        stored = Dataset(tmp_path / "sets" / source.name).pictures
        assert all(picture_id(data) == key and probe(data) for key, data in stored.read(stored.table.index).items())
    assert 80 < imported < 200
    (tmp_path / "sets").rename(tmp_path.parent / f"{tmp_path.name} sets")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
