"""A whole data set as one file, with or without its pictures: ``export_whole``; ``whole.import_whole`` reads it.

The same data set makes the same bytes.  Nothing is held in memory but a part of a shard.  What is written is what the
data set was at one moment, at which no run was changing it; of what is computed and what people say each file is whole.
"""

from __future__ import annotations

import hashlib
import io
import json
import stat
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import tomli_w

from cldi_core.data import disk, layout, storage, under_way, word_table
from cldi_core.data.counting import counted
from cldi_core.data.dataset import Dataset
from cldi_core.errors import CldiError, DatasetError, unknown_name
from cldi_core.imports import whole_shards
from cldi_core.imports.report import Report
from cldi_core.imports.whole import FORMAT, MANIFEST, VERSION, Progress
from cldi_core.imports.whole_shards import LICENSED, NONE, Chosen, Fill

ATTRIBUTION = "ATTRIBUTION.tsv"
TOGETHER = ("words", "pictures", "features")  # parts whose files are of one another: all of one moment
EPOCH = (1980, 1, 1, 0, 0, 0)  # the time of every file, so that equal data sets make equal bytes


@dataclass(frozen=True)
class _File:
    """A file, its size and when it was written last, both 0 where it is gone."""

    path: Path
    seen: tuple[int, int]


@dataclass(frozen=True)
class _Listed:
    """The files of a data set as they were at one moment: part → path within it → file."""

    name: str
    parts: Mapping[str, Mapping[str, _File]]

    def files(self, part: str) -> dict[str, Path]:
        return {path: file.path for path, file in self.parts[part].items()}

    def check(self, *parts: str) -> None:
        """DatasetError: a file of some parts is not what it was."""
        for part in parts:
            for path, file in self.parts[part].items():
                if _seen(file.path) != file.seen:
                    raise DatasetError(
                        f"{self.name!r} was written to while it was exported ({path}); wait for who writes, and run "
                        "this again"
                    )


def _listed(dataset: Dataset) -> _Listed:
    parts = {part: _files(dataset, part) for part in layout.PARTS}
    return _Listed(
        dataset.name,
        {part: {path: _File(file, _seen(file)) for path, file in files.items()} for part, files in parts.items()},
    )


def _seen(file: Path) -> tuple[int, int]:
    try:
        about = file.stat()
    except OSError:
        return 0, 0
    return about.st_size, about.st_mtime_ns


def export_whole(
    dataset: Dataset,
    file: Path,
    *,
    pictures: str = LICENSED,
    languages: Sequence[str] = (),
    without: Sequence[str] = (),
    with_people: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Write a data set, or some languages of it, into one file; what was there is replaced at once or not at all.

    A sibling's pictures and features go along, so that what comes out stands alone.  A shard is read at a time.

    Args:
        pictures: whose files go along: ``"all"``, ``"licensed"`` (those whose licence is known), ``"none"``.  The
            others keep their row, features and results.
        languages: words and pictures of these alone, the lists and results of pairs of two of them.
        without: parts that are left behind, names in ``layout.PARTS`` but for ``layout.ESSENTIAL``.
        with_people: answers and judgements, which people gave under a name, go along.

    Returns:
        A report; ``counts``: files, bytes, pictures, without_files (licence → pictures), parts (part → files).

    Raises:
        UnknownNameError: a language, part or choice of pictures; DatasetError: something cannot be read or written, or
            others are changing the data set and did not come to an end while they were waited for.
    """
    languages = tuple(dict.fromkeys(languages))
    listed = under_way.settled(dict.fromkeys((dataset.path, dataset.home)), lambda: _listed(dataset))
    dataset = Dataset(dataset.path)  # anew: what was read of it before may be of another moment
    _check(dataset, languages, without)
    try:
        choice = whole_shards.chosen(dataset, pictures, languages)
        report = Report("export", dataset.name, "zip of a whole data set")
        left = _left_behind(dataset, listed, languages, without, with_people)
        members = partial(_members, dataset, listed, choice, languages, left, report)
        about = {"name": dataset.name, "title": dataset.title, "pictures": pictures, "languages": languages}
        kept = choice.ids or dataset.pictures.ids
        report.counts = {"pictures": len(kept), "without_files": dict(sorted(choice.licences.items()))}
        report.remarks = list(_remarks(choice, left, pictures))
        for path in layout.others(dataset.path):
            report.passed.add("no file of a data set", path)
        storage.write(file, partial(_write, members, about | {"left_behind": left}, report, progress))
    except (OSError, CldiError) as error:
        listed.check(*TOGETHER)  # a shard that is gone, say, is told as that
        if isinstance(error, OSError):
            raise disk.cannot_write_file(file, error) from error
        raise
    report.counts["bytes"] = file.stat().st_size
    return report


def _check(dataset: Dataset, languages: Sequence[str], without: Sequence[str]) -> None:
    for language in languages:
        if language not in dataset.languages:
            raise unknown_name("language", language, dataset.languages)
    parts = [part for part in layout.PARTS if part not in layout.ESSENTIAL + layout.PRIVATE]
    for part in without:
        if part not in parts:
            raise unknown_name("part", part, parts)


def _left_behind(
    dataset: Dataset, listed: _Listed, languages: Sequence[str], without: Sequence[str], with_people: bool
) -> dict[str, str]:
    """Part → why it is left behind."""
    left = dict.fromkeys(without, "as was asked")
    if not with_people:
        left["people"] = "what people said or chose is theirs; --with-people takes it along"
    if languages:
        left |= dict.fromkeys(("projections", "pivot", "descriptions", "fingerprints"), "made of all languages")
    elif dataset.home != dataset.path and (dataset.home / "descriptions.tsv").is_file():
        left["pivot"] = f"trained models are measured on the descriptions that {dataset.home.name} has"
    return {part: why for part, why in left.items() if part in without or listed.parts[part]}


def _files(dataset: Dataset, part: str) -> dict[str, Path]:
    """The files of one part; those about the pictures are the sibling's that holds them, where it has none itself."""
    if part in ("pictures", "features"):
        return layout.files(dataset.home, part)
    theirs = layout.files(dataset.home, part) if part in layout.OF_HOME else {}
    return theirs | layout.files(dataset.path, part)


def _remarks(choice: Chosen, left: Mapping[str, str], pictures: str) -> Iterator[str]:
    if choice.licences:
        named = ", ".join(f"{name or 'empty'!r} {count}" for name, count in sorted(choice.licences.items()))
        why = "as was asked" if pictures == NONE else "as their licence is not known; --pictures all takes them along"
        yield f"{counted(len(choice.bare), 'picture')} without the file, {why} (licences: {named})"
    yield from (f"left behind: {part}: {why}" for part, why in left.items())


def _members(
    dataset: Dataset,
    listed: _Listed,
    choice: Chosen,
    languages: tuple[str, ...],
    left: Mapping[str, str],
    report: Report,
) -> Iterator[tuple[str, Fill]]:
    """The files of an export: their paths, and what writes them."""
    parts: Counter[str] = Counter()
    for part in layout.PARTS:
        files = {} if part in left else listed.files(part)
        files.pop(ATTRIBUTION, None)
        if languages and part in ("lists", *layout.OF_PAIR):
            files = {
                path: file for path, file in files.items() if set(layout.pair_of(path).split("-")) <= {*languages, ""}
            }
        for path, fill in _filled(dataset, part, files, choice, languages):
            parts[part] += 1
            yield path, fill
        if part in TOGETHER:
            listed.check(part)
    if "licences" not in left and len(dataset.pictures.ids):
        yield ATTRIBUTION, _text(whole_shards.attribution(dataset, choice))
    report.counts["parts"] = dict(parts)


def _filled(
    dataset: Dataset, part: str, files: dict[str, Path], choice: Chosen, languages: tuple[str, ...]
) -> Iterator[tuple[str, Fill]]:
    if part == "pictures":
        yield from whole_shards.of_pictures(dataset, files, choice)
    elif part == "features":
        yield from whole_shards.of_features(files, choice)
    elif part == "about":
        info = {name: value for name, value in dataset.info.items() if name != "pictures"}
        if languages:
            info["title"] = f"{dataset.title} ({', '.join(languages)})"
        yield "dataset.toml", _text(tomli_w.dumps(info))
    elif part == "words" and languages:
        words = dataset.word_table
        kept = words.without({word for word in words.words if word[0] not in languages})
        yield "words.parquet", lambda out: word_table.write_to(out, kept)
    elif part != "senses" or not languages or {"en", "eng"} & set(languages):
        yield from ((path, partial(whole_shards.copy, file)) for path, file in files.items())


def _text(text: str) -> Fill:
    return lambda out: out.write(text.encode())


class _Counted(io.RawIOBase):
    """What is written through it is counted and hashed."""

    def __init__(self, out: IO[bytes], tell: Callable[[int], object]) -> None:
        self.bytes, self.sha, self._out, self._tell = 0, hashlib.sha256(), out, tell

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self._out.write(view)
        self.sha.update(view)
        self.bytes += len(view)
        self._tell(len(view))
        return len(view)


def _write(
    members: Callable[[], Iterator[tuple[str, Fill]]],
    about: Mapping[str, Any],
    report: Report,
    progress: Progress | None,
    file: Path,
) -> None:
    """Write the zip, a file at a time, and the manifest at its end."""
    files: dict[str, dict[str, Any]] = {}
    done = 0

    def tell(count: int) -> None:
        nonlocal done
        done += count
        if progress:
            progress(done // 1_000_000, 0)

    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for path, fill in members():
            with archive.open(_entry(path), "w", force_zip64=True) as out:
                counted = _Counted(out, tell)
                fill(counted)  # type: ignore[arg-type]  # it writes and nothing else
            files[path] = {"bytes": counted.bytes, "sha256": counted.sha.hexdigest()}
        report.counts["files"] = len(files)
        made = {"format": FORMAT, "version": VERSION, **about, "counts": report.counts, "files": files}
        archive.writestr(_entry(MANIFEST), json.dumps(made, ensure_ascii=False, indent=1))


def _entry(path: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, EPOCH)
    entry.create_system, entry.external_attr = 3, (stat.S_IFREG | 0o644) << 16
    return entry
