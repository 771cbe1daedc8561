"""Small whole files of every format that the explorer reads, from which hostile ones are made: kind of file → bytes."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import pickle
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cldi_core.data import judgements, left_out, pictures, storage, word_table
from cldi_core.features import shards
from cldi_core.imports import whole

WIDTH, HEIGHT = 40, 30
WORDS = ("sun", "cow", "tree")
TOML = b'title = "Small"\nabout = "Three words"\n'


def drawn(kind: str, mode: str = "RGB", seed: int = 0, **how: Any) -> bytes:
    """A picture of some pixels in a format of Pillow's."""
    from PIL import Image

    rows = np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    rows[:15] = 40 * seed
    image = Image.fromarray(rows).convert("RGB" if mode in ("I;16", "F") else mode)
    if mode in ("I;16", "F"):
        image = Image.fromarray(rows[..., 0].astype(np.uint16 if mode == "I;16" else np.float32) * 3)
    buffer = io.BytesIO()
    image.save(buffer, kind, **how)
    return buffer.getvalue()


def _moving(kind: str) -> bytes:
    from PIL import Image

    rest = [Image.new("RGB", (WIDTH, HEIGHT), colour) for colour in ("red", "blue")]
    return drawn(kind, save_all=True, append_images=rest, duration=50)


def _turned(kind: str) -> bytes:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "turned"
    return drawn(kind, exif=exif.tobytes())


PICTURES: dict[str, Callable[[], bytes]] = {
    "jpg": lambda: drawn("JPEG", quality=80),
    "progressive.jpg": lambda: drawn("JPEG", progressive=True),
    "cmyk.jpg": lambda: drawn("JPEG", "CMYK"),
    "turned.jpg": lambda: _turned("JPEG"),
    "mpo": lambda: _moving("MPO"),
    "png": lambda: drawn("PNG"),
    "palette.png": lambda: drawn("PNG", "P"),
    "deep.png": lambda: drawn("PNG", "I;16"),
    "turned.png": lambda: _turned("PNG"),
    "webp": lambda: drawn("WEBP"),
    "lossless.webp": lambda: drawn("WEBP", lossless=True),
    "moving.webp": lambda: _moving("WEBP"),
    "turned.webp": lambda: _turned("WEBP"),
    "gif": lambda: _moving("GIF"),
    "bmp": lambda: drawn("BMP"),
    "tiff": lambda: drawn("TIFF"),
    "lzw.tiff": lambda: drawn("TIFF", compression="tiff_lzw"),
    "jpeg.tiff": lambda: drawn("TIFF", compression="jpeg"),
    "float.tiff": lambda: drawn("TIFF", "F"),
}


def _stored(write: Callable[[Path], object]) -> bytes:
    """What a function writes to a path."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        write(path)
        return path.read_bytes()


def _some() -> list[pictures.Picture]:
    files = [drawn("PNG", seed=number) for number in range(3)]
    return [pictures.Picture(data, f"{word}.png", WIDTH, HEIGHT, licence="CC0-1.0", title=word)
            for word, data in zip(WORDS, files, strict=True)]  # fmt: skip


def shard() -> bytes:
    """A picture shard."""
    with tempfile.TemporaryDirectory() as folder:
        (path,) = pictures.write_shards(Path(folder) / "images", _some())
        return path.read_bytes()


def ids() -> list[str]:
    """The pictures of ``shard``."""
    return [picture.id for picture in _some()]


def features() -> bytes:
    """The features of ``shard``, and their names."""
    matrix = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32)
    about = {"backbone": "x", "layer": "x", "weights": "x", "preprocessing": "x", "failed": ""}
    return _stored(lambda path: shards.write_shard(path, ids(), matrix, about))


def _words() -> bytes:
    rows = [("en", word, 0, key) for word, key in zip(WORDS, ids(), strict=True)]
    return _stored(lambda path: word_table.write(path, word_table.WordTable.of(rows)))


def _frame() -> bytes:
    import pandas as pd

    frame = pd.DataFrame({"word": [*WORDS] * 5, "rank": range(15), "score": np.linspace(0, 1, 15)})
    frame.attrs = {"key": "k", "about": "x"}
    return _stored(lambda path: storage.write_frame(path, frame))


def _labelled() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"image": [{"bytes": drawn("JPEG"), "path": f"{word}.jpg"} for word in WORDS], "label": [*WORDS]})
    return _stored(lambda path: pq.write_table(table, path, row_group_size=2))


def _array() -> Any:
    return np.random.default_rng(1).normal(size=(3, 8)).astype(np.float32)


def _npz() -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{f"en/{word}": _array() for word in WORDS})
    return buffer.getvalue()


def _npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, _array())
    return buffer.getvalue()


def _tensors() -> bytes:
    from safetensors.numpy import save

    return bytes(save({f"en/{word}": _array() for word in WORDS}))


TREE = {f"en/{word}/{number}.png": drawn("PNG", seed=number) for word in WORDS for number in range(2)}


def zipped(files: Mapping[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip file of some files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, how)
    return buffer.getvalue()


def tarred(files: Mapping[str, bytes]) -> bytes:
    """A tar file of some files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def exported(files: Mapping[str, bytes]) -> bytes:
    """What ``export`` writes of a data set of these files."""
    held = {name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()}
    said = {"format": whole.FORMAT, "version": whole.VERSION, "files": held, "left_behind": {},
            "counts": {"without_files": {}}}  # fmt: skip
    return zipped({**files, whole.MANIFEST: json.dumps(said).encode()}, zipfile.ZIP_STORED)


def _package() -> bytes:
    inside = {"word.txt": b"sun", "01.jpg": drawn("JPEG"), "metadata.json": json.dumps({"01.jpg": {}}).encode()}
    return tarred({f"{number}.tar.gz": gzip.compress(tarred(inside), mtime=0) for number in range(2)})


def _rows(separator: str, rows: list[tuple[Any, ...]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=separator, lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode()


_PAIRS: list[tuple[Any, ...]] = [("sun", "Sonne", "N"), ("run", "laufen", "V"), ("big", "groß", "A")]


def _texts() -> bytes:
    return f"picture\tlanguage\ttext\n{ids()[0]}\ten\ta bright disc\n".encode()


_ANSWER = {"player": "Ann", "time": "2026-11-25T18:51:13Z", "seed": 1, "number": 1, "pair": "en-de", "backbone": "x",
           "query": "sun.N", "options": ["Sonne", "Tag"], "chosen": "Tag", "right": "Sonne", "milliseconds": 900,
           "pictures": "x"}  # fmt: skip
JSON_LINES = "".join(json.dumps({"file_name": f"{word}.png", "label": word}) + "\n" for word in WORDS).encode()

# Kind of file, which the readers go by → what makes one.
SEEDS: dict[str, Callable[[], bytes]] = {
    **{f"picture.{name}": make for name, make in PICTURES.items()},
    "shard.parquet": shard,
    "words.parquet": _words,
    "frame.parquet": _frame,
    "labelled.parquet": _labelled,
    "features.safetensors": features,
    "arrays.safetensors": _tensors,
    "arrays.npz": _npz,
    "rows.npy": _npy,
    "arrays.pkl": lambda: pickle.dumps({f"en/{word}": _array() for word in WORDS}, 2),
    "new.pkl": lambda: pickle.dumps({f"en/{word}": _array() for word in WORDS}, 4),
    "index.tsv": lambda: _rows("\t", [("language", "word", "position"), *(("en", word, 0) for word in WORDS)]),
    "index.json": lambda: json.dumps([{"lang": "en", "word": word, "rank": 0} for word in WORDS]).encode(),
    "tree.zip": lambda: zipped(TREE),
    "tree.tar": lambda: tarred(TREE),
    "tree.tgz": lambda: gzip.compress(tarred(TREE), mtime=0),
    "whole.zip": lambda: exported({"dataset.toml": TOML, "images/part-0.parquet": shard(), "words.parquet": _words()}),
    "german-package.tar": _package,
    "en-de.tsv": lambda: _rows("\t", _PAIRS),
    "en-de.csv": lambda: _rows(",", [("English", "German", "POS"), *_PAIRS]),
    "en-de.txt": "sun Sonne\nrun laufen\nbig groß\n".encode,
    "concreteness.tsv": lambda: _rows("\t", [("Word", "Conc.M"), ("sun", 4.9), ("idea", 1.6)]),
    "folders.tsv": lambda: _rows("\t", [("en/sun", "sun"), ("en/cow", "cow")]),
    "metadata.csv": lambda: _rows(",", [("file_name", "label"), *((f"{word}.png", word) for word in WORDS)]),
    "metadata.jsonl": lambda: JSON_LINES,
    "dataset.toml": lambda: TOML + b'pictures = "../other"\n[more]\nnumbers = [1, 2.5]\n',
    "stored-list.tsv": lambda: _rows("\t", _PAIRS),
    "descriptions.tsv": lambda: b"concept\tlanguage\tname\tkeywords\nsun\ten\tsun\tbright|disc\n",
    "texts.tsv": _texts,
    "senses.tsv": lambda: b"sun\t4\nrun\t30\n",
    "left-out.tsv": lambda: _rows("\t", [left_out.COLUMNS, ("word", "en", "cow", "", "why", "2026-11-25T18:51:13Z")]),
    "answers.jsonl": lambda: json.dumps(_ANSWER).encode() + b"\n",
    "judgements.tsv": lambda: _rows("\t", [judgements.COLUMNS, ("en-de", "sun", "N", "Tag", "wrong", "", "")]),
    "report.json": lambda: b'{"kind": "folder", "source": "x", "format": "folder", "counts": {"pictures": 3}}',
}
