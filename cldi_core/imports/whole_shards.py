"""Picture and feature shards for an export: all of them, those of some words, and pictures without their files.

A picture without its file keeps its row (id, size, where it comes from, what it depicts; its bytes are empty), so that
features, scores and everything made of them stand as they are.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import IO, Any

from cldi_core.data import csv_safe, picture_shards, storage
from cldi_core.data.dataset import Dataset
from cldi_core.data.pictures import SPOOL
from cldi_core.data.plain import plain
from cldi_core.errors import unknown_name
from cldi_core.features import shards

Fill = Callable[[IO[bytes]], object]  # writes what a file holds
ALL, LICENSED, NONE = "all", "licensed", "none"
WHICH = (ALL, LICENSED, NONE)
# Licences under which nobody said that a picture may be passed on; compared without case.
UNKNOWN = frozenset({"", "unknown", "none", "n/a", "?", "-", "all rights reserved"})
ORIGIN = ("licence", "author", "title", "provider", "page", "source_url")
CHUNK = 1 << 20


@dataclass(frozen=True)
class Chosen:
    """What goes along of the pictures.

    Attributes:
        ids: the pictures, ``None`` for all; bare: those of them whose files stay behind.
        licences: of the bare ones, how many pictures have each.
    """

    ids: frozenset[str] | None
    bare: frozenset[str]
    licences: Counter[str]

    def has(self, key: str) -> bool:
        """Whether a picture goes along, with its file or without."""
        return self.ids is None or key in self.ids

    @cached_property
    def _digest(self) -> str:
        return storage.digest(sorted(self.ids or ()))

    def name(self, path: str) -> str:
        """The path of a shard: features go by the name of their pictures' shard, and other pictures by another name."""
        if self.ids is None:
            return path
        folder, _, name = path.rpartition("/")
        stem, _, suffix = name.rpartition(".")
        return f"{folder}/part-{storage.digest(stem, self._digest)[:16]}.{suffix}"


def chosen(dataset: Dataset, which: str, languages: tuple[str, ...]) -> Chosen:
    """What goes along: of some languages or of all, the files of all pictures, of the licensed ones, or of none.

    Raises:
        UnknownNameError: ``which`` is none of ``WHICH``.
    """
    if which not in WHICH:
        raise unknown_name("choice of pictures", which, WHICH)
    ids = None
    if languages:
        ids = frozenset(key for one in languages for keys in dataset.stored_members(one).values() for key in keys)
    bare: set[str] = set()
    licences: Counter[str] = Counter()
    for frame in dataset.pictures.each(["licence"]):
        asked = frame if ids is None else frame[frame.index.isin(ids)]
        licence = asked["licence"].fillna("").astype(str).str.strip()
        away = licence if which == NONE else licence[licence.str.casefold().isin(UNKNOWN) & (which == LICENSED)]
        bare.update(away.index)
        licences.update(away.tolist())
    return Chosen(ids, frozenset(bare), licences)


def of_pictures(dataset: Dataset, files: dict[str, Path], choice: Chosen) -> Iterator[tuple[str, Fill]]:
    """The picture shards that go along; one that loses nothing is copied."""
    index = dataset.pictures.index
    numbers = {shard.name: number for number, shard in enumerate(index.shards)}
    for path, file in files.items():
        ids = index.ids[index.span(numbers[file.name])] if file.name in numbers else []
        if choice.ids is None and choice.bare.isdisjoint(ids):
            yield path, partial(copy, file)
        elif any(map(choice.has, ids)):
            yield choice.name(path), partial(_thin_pictures, file, choice)


def of_features(files: dict[str, Path], choice: Chosen) -> Iterator[tuple[str, Fill]]:
    """The feature shards that go along, named as their picture shards are."""
    for path, file in files.items():
        if choice.ids is None:
            yield path, partial(copy, file)
            continue
        ids, _, meta = shards.read_shard(file)
        failed = [row["id"] for row in json.loads(meta.get("failed") or "[]")]
        if any(map(choice.has, [*ids, *failed])):
            yield choice.name(path), partial(_thin_features, file, choice)


def copy(file: Path, out: IO[bytes]) -> None:
    """Write what a regular file holds."""
    with storage.open_regular(file) as source:
        while chunk := source.read(CHUNK):
            out.write(chunk)


def attribution(dataset: Dataset, choice: Chosen) -> str:
    """Whose the pictures are: a TSV with a line for each licence, author and origin, and how many pictures have them.

    ``files`` is the number of those whose files are there.  Texts are anybody's, so no cell is a formula.
    """
    groups: dict[tuple[str, ...], list[int]] = {}
    for frame in dataset.pictures.each(ORIGIN):
        texts = (frame[name].fillna("").astype(str).str.strip().tolist() for name in ORIGIN)
        for key, known in zip(frame.index, zip(*texts, strict=True), strict=True):
            if choice.has(key):
                counts = groups.setdefault(known, [0, 0])
                counts[0] += 1
                counts[1] += key not in choice.bare
    lines = ["\t".join((*ORIGIN, "pictures", "files"))]
    for known, (pictures, files) in sorted(groups.items()):
        lines.append("\t".join([*(csv_safe.safe(plain(text)) for text in known), str(pictures), str(files)]))
    return "\n".join([*lines, ""])


def _thin_pictures(file: Path, choice: Chosen, out: IO[bytes]) -> None:
    """A shard without the rows that stay behind; some rows at a time are in memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = picture_shards.schema(file)
    compression = {name: "NONE" if name == "image" else "ZSTD" for name in schema.names}
    with pq.ParquetWriter(out, schema, compression=compression) as writer:
        waiting: list[Any] = []  # at least a row group of pictures, and less than two, are written together
        for table in picture_shards.tables(file):
            waiting.append(_thin_rows(table, choice))
            many = sum(table.num_rows for table in waiting) >= picture_shards.ROW_GROUP
            if many or sum(table.nbytes for table in waiting) > SPOOL:
                writer.write_table(pa.concat_tables(waiting), row_group_size=2 * picture_shards.ROW_GROUP)
                waiting.clear()
        if any(table.num_rows for table in waiting):
            writer.write_table(pa.concat_tables(waiting), row_group_size=2 * picture_shards.ROW_GROUP)


def _thin_rows(table: Any, choice: Chosen) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    table = table.filter(pa.array([choice.has(key) for key in table.column("id").to_pylist()], pa.bool_()))
    bare = pa.array([key in choice.bare for key in table.column("id").to_pylist()], pa.bool_())
    place, field = table.schema.get_field_index("image"), table.schema.field("image")
    image = table.column(place).combine_chunks()
    empty = pa.scalar(b"", field.type.field("bytes").type)
    parts = [
        pc.if_else(bare, empty, image.field(one.name)) if one.name == "bytes" else image.field(one.name)
        for one in field.type
    ]
    return table.set_column(place, field, pa.StructArray.from_arrays(parts, fields=list(field.type)))


def _thin_features(file: Path, choice: Chosen, out: IO[bytes]) -> None:
    ids, matrix, meta = shards.read_shard(file)
    rows = [row for row, key in enumerate(ids) if choice.has(key)]
    failed = [row for row in json.loads(meta.get("failed") or "[]") if choice.has(row["id"])]
    known = {**meta, "failed": json.dumps(failed) if failed else ""}
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "features.safetensors"
        shards.write_shard(made, [ids[row] for row in rows], matrix[rows], known)
        with made.open("rb") as source:
            # The library writes the metadata in any order, and equal exports are to be of equal bytes.
            header = json.loads(source.read(int.from_bytes(source.read(8), "little")))
            text = json.dumps(header, sort_keys=True).encode()
            text += b" " * (-len(text) % 8)
            out.write(len(text).to_bytes(8, "little") + text)
            while chunk := source.read(CHUNK):
                out.write(chunk)
