"""Zip and tar files, read entry by entry as they stream past; nothing is unpacked to disk.

Python's readers of both trust what an archive says of itself, so every length is checked before memory is taken for it.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, cast

from cldi_core.data import storage
from cldi_core.errors import DatasetError, in_one_line
from cldi_core.imports.paths import MAX_FILE, Entry, Meter, Refuse, junk_name, parts_of, shown

MAX_DIRECTORY = 200_000_000  # bytes of a zip file's list of entries
MAX_HEADER = 1_000_000  # bytes of what a tar file says of one entry, and of one piece that is read
TAR = 512  # bytes of a block
PACKED: dict[bytes, Callable[[IO[bytes]], IO[bytes]]] = {  # how a file begins → what unpacks it
    b"\x1f\x8b": lambda file: cast(IO[bytes], gzip.GzipFile(fileobj=file)),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
# What the readers raise for damaged archives: zlib and lzma have errors of their own kind, names and numbers any.
DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError,
           NotImplementedError, RuntimeError, MemoryError, OverflowError, IndexError, KeyError)  # fmt: skip


def kind_of(source: Path) -> str:
    """``"zip file"`` or ``"tar file"``; OSError: it is neither, or no regular file."""
    with storage.open_regular(source) as file:
        if zipfile.is_zipfile(file):
            return "zip file"
        file.seek(0)
        try:
            with _tar(file, Meter(source)):
                return "tar file"
        except DAMAGED as error:
            raise OSError("it begins as none of them") from error


def of_zip(source: Path, junk: Counter[str], refuse: Refuse) -> Iterator[Entry]:
    """The files of a zip file, in the order of its list."""
    meter = Meter(source)
    with storage.open_regular(source) as file:
        _check_directory(file, meter)
        try:
            archive = zipfile.ZipFile(file)
        except DAMAGED as error:
            raise DatasetError(f"{source.name!r} is a damaged zip file ({in_one_line(error)})") from error
        with archive:
            for info in archive.infolist():
                name = _name_of(info)
                try:
                    path = _accepted(name, junk, meter, is_folder=info.is_dir())
                    if path:
                        _check_zipped(info, meter)
                except OSError as error:
                    refuse(shown(name), in_one_line(error))
                else:
                    if path:
                        yield Entry(path, partial(_unzipped, archive, info))


def _accepted(name: str, junk: Counter[str], meter: Meter, *, is_folder: bool) -> tuple[str, ...]:
    """The path of an entry that is to be read; empty for folders and junk.  OSError: it is refused."""
    meter.entry()
    path = parts_of(name)
    for length, part in enumerate(path, 1):
        if kind := junk_name(part):
            junk[kind] += meter.is_new(path[:length])  # a folder counts once, whatever is in it
            return ()
    if is_folder or not path:
        return ()
    meter.met(path)
    return path


def _check_directory(file: IO[bytes], meter: Meter) -> None:
    """DatasetError: the list of a zip file's entries, which is read whole, is too long."""
    file.seek(max(0, meter.size - 70_000))
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    size = int.from_bytes(tail[end + 12 : end + 16], "little")
    long = tail.rfind(b"PK\x06\x06")
    if long >= 0:
        size = max(size % 0xFFFFFFFF, int.from_bytes(tail[long + 40 : long + 48], "little"))
    if size > MAX_DIRECTORY:
        raise DatasetError(f"{meter.name!r} lists more entries than the {MAX_DIRECTORY:,} bytes that are accepted")


def _name_of(info: zipfile.ZipInfo) -> str:
    """Its name; what was packed without saying that it is UTF-8 is taken for it, as most of it is."""
    name = info.orig_filename
    if info.flag_bits & 0x800:
        return name
    try:
        return name.encode("cp437").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return name


def _check_zipped(info: zipfile.ZipInfo, meter: Meter) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise OSError("it is a link" if kind == stat.S_IFLNK else "it is not a regular file")
    if info.flag_bits & 0x1:
        raise OSError("it is encrypted; pack it without a password")
    if info.file_size > MAX_FILE:
        raise OSError(f"it is larger than the {MAX_FILE:,} bytes that are accepted")
    meter.read(info.file_size)  # no more of it is ever read, so a bomb is known before that


def _unzipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(info) as file:
            return file.read(MAX_FILE)
    except DAMAGED as error:
        raise OSError(f"it cannot be unpacked: {in_one_line(error)}") from error


def of_tar(source: Path, junk: Counter[str], refuse: Refuse) -> Iterator[Entry]:
    """The files of a tar file, in their order; its end is told of where it is damaged."""
    with storage.open_regular(source) as file:
        yield from of_open_tar(file, Meter(source), junk, refuse, MAX_FILE)


def of_open_tar(file: IO[bytes], meter: Meter, junk: Counter[str], refuse: Refuse, most: int) -> Iterator[Entry]:
    """As ``of_tar``, of a tar file that is open, or within another one; with files of at most so many bytes."""
    try:
        archive = _tar(file, meter)
        while info := archive.next():
            vars(archive)["members"].clear()  # which would hold what was seen of each
            name = info.name
            try:
                path = _accepted(name, junk, meter, is_folder=info.isdir())
                if path:
                    _check_tarred(info, most)
            except OSError as error:
                refuse(shown(name), in_one_line(error))
            else:
                if path:
                    yield Entry(path, partial(_untarred, archive, info))
    except DatasetError:  # a bomb, which is a ValueError too
        raise
    except DAMAGED as error:
        refuse(shown(meter.name), f"the archive is damaged after {meter.entries} entries ({in_one_line(error)})")


def _tar(file: IO[bytes], meter: Meter) -> tarfile.TarFile:
    stream = cast(IO[bytes], _Stream(_unpacked(file), meter))
    return tarfile.open(fileobj=stream, mode="r:", errorlevel=1)


def _check_tarred(info: tarfile.TarInfo, most: int) -> None:
    if info.issym() or info.islnk():
        raise OSError("it is a link; pack what it leads to (tar --dereference --hard-dereference)")
    if not info.isreg() or info.issparse():
        raise OSError("it is not a regular file")
    if info.size > most:
        raise OSError(f"it is larger than the {most:,} bytes that are accepted")


def _untarred(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(info)
    if file is None:
        raise OSError("it is not a regular file")
    pieces = []
    try:
        while piece := file.read(MAX_HEADER):
            pieces.append(piece)
    except DAMAGED as error:
        raise OSError(f"it cannot be unpacked: {in_one_line(error)}") from error
    return b"".join(pieces)


def _unpacked(file: IO[bytes]) -> IO[bytes]:
    begins = file.read(8)
    file.seek(0)
    unpack = next((unpack for magic, unpack in PACKED.items() if begins.startswith(magic)), None)
    return unpack(file) if unpack else file


class _Stream:
    """What ``tarfile`` reads: forward only, counted, and in small pieces, so that no header takes all memory.

    It goes one byte back to see that an entry was whole, so the last one is kept.
    """

    def __init__(self, file: IO[bytes], meter: Meter) -> None:
        self._file, self._meter = file, meter
        self._at, self._last, self._again = 0, b"", False

    def tell(self) -> int:
        return self._at - self._again

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MAX_HEADER + TAR:
            raise OSError(f"{size:,} bytes in one piece are not accepted")
        if self._again and size:
            self._again = False
            return self._last + self.read(size - 1)
        data = self._file.read(size)
        self._meter.read(len(data))
        self._at += len(data)
        self._last = data[-1:] or self._last
        return data

    def seek(self, place: int, whence: int = 0) -> int:
        if whence or place < self.tell() - 1 or (self._again and place < self.tell()):
            raise OSError("its entries overlap")
        if place < self.tell():
            self._again = True
        while self.tell() < place:
            if not self.read(min(place - self.tell(), MAX_HEADER)):
                raise EOFError("unexpected end of data")
        return place

    def close(self) -> None:
        """As a file has it; nothing is held here."""
