"""A data set made of the one file that ``whole_export`` wrote: ``import_whole``.

The file is a zip with the files of a data set under the paths that ``data.layout`` knows, stored as they are, and a
``manifest.json`` that says how large each is, its SHA-256, and what was left behind.  Reading trusts nothing: paths
that no data set has, links, sizes and hashes that do not fit end the import.  All is unpacked beside its place and
moved there at the end.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cldi_core.data import layout, parsing, sealing, storage
from cldi_core.data.counting import counted
from cldi_core.data.dataset import Dataset, write_info
from cldi_core.data.starting import clear_beside, place_beside
from cldi_core.errors import DatasetError, in_one_line
from cldi_core.imports import report as reports
from cldi_core.imports.report import Report

MANIFEST = "manifest.json"
FORMAT, VERSION = "cldi data set", 1
CHUNK = 1 << 20
MAX_FILES = 50_000
MAX_MANIFEST = 20_000_000  # bytes; also of the directory at the end of a zip
RATIO = 20  # how many times as large as the zip its files may be together, and 20 MB more
Progress = Callable[[int, int], object]  # megabytes done, and all of them
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
SHOWN = 100  # characters of a name
EXPECTED = "expected a zip that `export` has written"


def import_whole(path: Path, file: Path, *, title: str = "", progress: Progress | None = None) -> Report:
    """Make a data set of a file that ``export_whole`` wrote.

    Args:
        path: the folder of the new data set; it may be there if it is empty.
        title: what people see, in place of the title that it had.

    Returns:
        A report, which is kept in the data set; ``counts``: files, bytes, and parts (part → files).

    Raises:
        DatasetError: there is something already, or the file is no export, is damaged, or holds what no data set has;
            nothing is left of it then.
    """
    _check_free(path)
    with _opened(file) as archive:
        try:
            manifest = _manifest(archive, file.stat().st_size)
            with place_beside(path) as beside:
                report = _unpacked(archive, manifest, beside, file, progress)
                made = Dataset(beside)
                if "pictures" in made.info:
                    raise DatasetError("its dataset.toml asks for the pictures of another data set")
                if title:
                    write_info(beside, {**made.info, "title": title})
                reports.keep(beside, report)
                sealing.seal(beside)
                _check_free(path)
                beside.rename(path)
        except DatasetError as error:
            raise DatasetError(f"{file.name[:SHOWN]!r} cannot be imported: {error}") from error
        except BROKEN as error:
            raise DatasetError(
                f"{file.name[:SHOWN]!r} cannot be imported ({in_one_line(error)}); copy it again"
            ) from error
    return report


def _check_free(path: Path) -> None:
    try:
        taken = path.is_symlink() or (path.exists() and (not path.is_dir() or any(path.iterdir())))
    except OSError as error:
        raise storage.cannot_write(path, error) from error
    if taken:
        clear_beside(path)
        raise DatasetError(f"{str(path)!r} is there already; give --dataset a name that is not taken")


class _Careful(io.BufferedReader):
    """A file of which no more than a manifest is read at once: zipfile takes a directory as large as it says it is."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_MANIFEST:
            raise zipfile.BadZipFile(f"a directory of {size:,} bytes; accepted: {MAX_MANIFEST:,}")
        return super().read(size)


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with _Careful(storage.open_regular(file).detach()) as careful:  # type: ignore[attr-defined]
            archive = zipfile.ZipFile(careful)
            if len(archive.filelist) > MAX_FILES + 1:
                raise DatasetError(
                    f"{file.name[:SHOWN]!r} has {len(archive.filelist):,} files; accepted: {MAX_FILES:,}"
                )
            yield archive
    except FileNotFoundError as error:
        raise DatasetError(f"there is no file {str(file)[:300]!r}; {EXPECTED}") from error
    except BROKEN as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(f"{file.name[:SHOWN]!r} cannot be read ({in_one_line(error)}); {EXPECTED}") from error


@dataclass(frozen=True)
class Manifest:
    """What an export says of itself.

    Attributes:
        files: path → bytes and SHA-256.
        left_behind: part → why it is not there; without_files: licence → pictures that are there without their files.
    """

    files: Mapping[str, tuple[int, str]]
    left_behind: Mapping[str, str]
    without_files: Mapping[str, int]

    @property
    def bytes(self) -> int:
        """All files together."""
        return sum(size for size, _ in self.files.values())


def _manifest(archive: zipfile.ZipFile, size: int) -> Manifest:
    """The manifest of a zip of so many bytes, if it fits the zip's directory and what a data set may hold."""
    entries = [entry for entry in archive.filelist if not (entry.is_dir() and not entry.file_size)]
    names = Counter(entry.filename.casefold() for entry in entries)
    if twice := [name for name, count in names.items() if count > 1]:
        raise DatasetError(f"{twice[0][:SHOWN]!r} is in it twice")
    found = next((entry for entry in entries if entry.filename == MANIFEST), None)
    if found is None:
        raise DatasetError(f"it has no {MANIFEST}; {EXPECTED}")
    for entry in entries:
        name, mode = entry.filename, stat.S_IFMT(entry.external_attr >> 16)
        if name != MANIFEST and not layout.part_of(name):
            raise DatasetError(f"{name[:SHOWN]!r} is no file of a data set")
        if mode not in (0, stat.S_IFREG):
            raise DatasetError(f"{name[:SHOWN]!r} is a link or a device")
    with archive.open(found) as opened:
        manifest = _parsed(opened.read(MAX_MANIFEST + 1))
    held = {entry.filename for entry in entries} - {MANIFEST}
    if different := sorted(held ^ manifest.files.keys()):
        where = f"in the zip and not in its {MANIFEST}" if different[0] in held else "missing"
        raise DatasetError(f"{different[0][:SHOWN]!r} is {where}")
    if "dataset.toml" not in held:
        raise DatasetError("it has no dataset.toml")
    if manifest.bytes > RATIO * (size + 1_000_000):
        raise DatasetError(f"{manifest.bytes:,} bytes are said to be in a zip of {size:,}")
    return manifest


def _parsed(data: bytes) -> Manifest:
    try:
        if len(data) > MAX_MANIFEST:
            raise ValueError("too large")
        said = parsing.parsed_json(data)
        kind, version = str(said["format"])[:SHOWN], int(said["version"])
        files = {str(name): (_count(about["bytes"]), str(about["sha256"])) for name, about in said["files"].items()}
        left = {str(part)[:SHOWN]: str(why)[:SHOWN] for part, why in said["left_behind"].items()}
        bare = {str(one)[:SHOWN]: _count(count) for one, count in said["counts"]["without_files"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DatasetError(f"its {MANIFEST} is not what `export` writes") from error
    if (kind, version) != (FORMAT, VERSION):
        raise DatasetError(f"it is a {kind!r} of version {version}; expected a {FORMAT!r} of version {VERSION}")
    return Manifest(files, left, bare)


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("no count")
    return value


def _unpacked(
    archive: zipfile.ZipFile, manifest: Manifest, folder: Path, file: Path, progress: Progress | None
) -> Report:
    """Write all files into a folder, each as large as the manifest says and of its hash."""
    done, free = 0, shutil.disk_usage(folder).free
    if manifest.bytes > free:
        raise DatasetError(
            f"it needs {manifest.bytes:,} bytes, and {free:,} are free in {str(folder.parents[1])!r}; free some space "
            "there, or choose another place, and run this again"
        )
    for name, (size, digest) in manifest.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        _unpack(archive, name, folder / name, size, digest)
        done += size
        if progress:
            progress(done // 1_000_000, manifest.bytes // 1_000_000)
    report = Report("whole", str(file), f"{FORMAT}, version {VERSION}")
    report.counts = {
        "files": len(manifest.files),
        "bytes": manifest.bytes,
        "parts": dict(Counter(map(layout.part_of, manifest.files))),
        "without_files": dict(manifest.without_files),
    }
    if manifest.without_files:
        count = sum(manifest.without_files.values())
        report.remarks.append(
            f"{counted(count, 'picture')} without the file, which was left behind when it was exported"
        )
    report.remarks += [f"not in the export: {part}: {why}" for part, why in list(manifest.left_behind.items())[:50]]
    return report


def _unpack(archive: zipfile.ZipFile, name: str, path: Path, size: int, digest: str) -> None:
    sha, left = hashlib.sha256(), size
    with archive.open(name) as source, path.open("xb") as out:
        while chunk := source.read(CHUNK):
            left -= len(chunk)
            if left < 0:
                break
            sha.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    if left or sha.hexdigest() != digest:
        raise DatasetError(f"{name[:SHOWN]!r} is not what was exported: its size or hash does not fit; copy it again")
