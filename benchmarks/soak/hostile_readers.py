"""What reads a hostile file, as a person or a page would have it read: kind of file → what is done with it.

Each gets a folder of data sets, in which alone it may write, and the file.  It ends, or raises a ``CldiError``; what
else it raises is a fault.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.soak import hostile_seeds as seeds
from cldi_core.data import (
    answers,
    concreteness,
    descriptions,
    fingerprints,
    judgement_tables,
    left_out,
    pictures,
    storage,
)
from cldi_core.data.dataset import Dataset, create
from cldi_core.data.listing import listing
from cldi_core.errors import CldiError, DatasetError, PictureError, in_one_line
from cldi_core.features import decoding, shards
from cldi_core.features.backbones import Preprocessing
from cldi_core.imports import feature_index, features, folder, hugging_face, lists, mmid, report, whole
from cldi_core.insight import health

Reader = Callable[[Path, Path], object]  # the folder of data sets, and the file
WHOLE: dict[str, Callable[[], bytes]] = {
    "dataset.toml": lambda: seeds.TOML,
    "images/part-0.parquet": seeds.SEEDS["shard.parquet"],
    "words.parquet": seeds.SEEDS["words.parquet"],
    "lexicon/en-de.tsv": seeds.SEEDS["en-de.tsv"],
    "features/x/part-0.safetensors": seeds.SEEDS["features.safetensors"],
}
HOW = Preprocessing(resized=32, size=32)


def picture(sets: Path, file: Path) -> None:
    """Everything that decodes."""
    data = file.read_bytes()
    for work in (pictures.examine_all, pictures.thumbnail_all, fingerprints.of_pictures):
        list(work([data]))
    decoding.prepare(data, HOW)


def decoded(sets: Path, file: Path) -> None:
    """One who decodes, of a file that takes its time."""
    (found,) = pictures.thumbnail_all([file.read_bytes()])
    if isinstance(found, str):
        raise PictureError(found)


def _beside(sets: Path, within: str, file: Path) -> Dataset:
    """A data set of three words in which one file is hostile."""
    made = sets / "made"
    for name, make in WHOLE.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        if name != within:
            (made / name).write_bytes(kept(name, make))
    (made / within).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, made / within)
    return Dataset(made)


def get_ready() -> None:
    """Make what the readers put beside a hostile file, which takes folders elsewhere."""
    tempfile.gettempdir()
    for name, make in WHOLE.items():
        kept(name, make)
    kept("rows.npy", seeds.SEEDS["rows.npy"])


_made: dict[str, bytes] = {}


def kept(name: str, make: Callable[[], bytes]) -> bytes:
    """What is made once."""
    if name not in _made:
        _made[name] = make()
    return _made[name]


def shard(sets: Path, file: Path) -> None:
    """A shard of pictures among the others of a data set."""
    opened = _beside(sets, "images/part-0.parquet", file)
    found = opened.pictures
    errors: list[Exception] = []
    for read in (lambda: found.table, lambda: found.about(pictures.ABOUT), lambda: found.concepts,
                 lambda: [[*pictures.thumbnail_all([data])] for _, data in found.files(found.ids)]):  # fmt: skip
        try:
            read()
        except Exception as error:
            errors.append(error)
    health.findings(opened)
    if errors:
        raise errors[0]


def words(sets: Path, file: Path) -> None:
    """Which picture belongs to which word."""
    opened = _beside(sets, "words.parquet", file)
    health.findings(opened)
    opened.members("en")


def frame(sets: Path, file: Path) -> None:
    """A table that was computed: what cannot be read is as good as none to a page."""
    import pyarrow as pa

    try:
        storage.read_frame(file)
    except MemoryError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(in_one_line(error)) from error
    finally:
        storage.whole_frame(file)


def stored_features(sets: Path, file: Path) -> None:
    """Features of a data set."""
    opened = _beside(sets, "features/x/part-0.safetensors", file)
    health.findings(opened)
    found = shards.open_features(opened, "x")
    shards.image_sets(opened, found, "en", list(seeds.WORDS))


def imported_features(sets: Path, file: Path) -> None:
    """Features of elsewhere."""
    features.import_features(sets / "made", [file], "elsewhere", language="en" if file.suffix == ".npy" else "")


def index(sets: Path, file: Path) -> None:
    """What the rows of features are of."""
    feature_index.read(file)
    matrix = file.with_name("rows.npy")
    matrix.write_bytes(kept("rows.npy", seeds.SEEDS["rows.npy"]))
    try:
        features.import_features(sets / "made", [matrix], "elsewhere", index=file)
    finally:
        matrix.unlink()


def tree(sets: Path, file: Path) -> None:
    """A folder that was packed."""
    folder.store(sets / "made", folder.look(file), workers=0)


def labelled(sets: Path, file: Path) -> None:
    """Parquet of Hugging Face's."""
    hugging_face.import_hugging_face(sets / "made", file, "en", workers=0)


def package(sets: Path, file: Path) -> None:
    """A package of MMID's."""
    mmid.import_mmid(sets / "made", file, language="de", workers=0)


def exported(sets: Path, file: Path) -> None:
    """A whole data set; what it became is looked through."""
    whole.import_whole(sets / "made", file)
    health.findings(Dataset(sets / "made"))


def word_list(sets: Path, file: Path) -> None:
    """A word list, imported and as one that a data set has."""
    lists.import_lists(sets / "made", [file], "en-de")
    Dataset(sets / "made").queries("en-de")


def stored_list(sets: Path, file: Path) -> None:
    """A word list that a data set has."""
    opened = _beside(sets, "lexicon/en-de.tsv", file)
    health.findings(opened)
    opened.lexicon("en-de")


def table_of_folders(sets: Path, file: Path) -> None:
    """What an import says of folders."""
    folder.read_words(file)


def ratings(sets: Path, file: Path) -> None:
    """Ratings of concreteness."""
    concreteness.read(file)


def metadata(sets: Path, file: Path) -> None:
    """An image folder with this metadata."""
    kind = file.suffix.lstrip(".")
    images = file.parent / "images"
    images.mkdir()
    try:
        for number, word in enumerate(seeds.WORDS):
            (images / f"{word}.png").write_bytes(seeds.TREE[f"en/{word}/{number % 2}.png"])
        shutil.copyfile(file, images / f"metadata.{kind}")
        hugging_face.import_hugging_face(sets / "made", images, "en", workers=0)
    finally:
        shutil.rmtree(images)


def settings(sets: Path, file: Path) -> None:
    """A data set's own file: what it says is nothing to the data sets beside it."""
    create(sets / "good", "Good")
    (sets / "made").mkdir()
    shutil.copyfile(file, sets / "made" / "dataset.toml")
    found = listing({path.name: path for path in sorted(sets.iterdir())})
    if "good" not in found.opened:
        raise AssertionError("one broken data set takes another with it")
    health.findings(Dataset(sets / "made"))


TABLES: dict[str, tuple[str, Callable[[Dataset], object]]] = {
    "descriptions.tsv": (
        "descriptions.tsv",
        lambda opened: descriptions.read_concepts(opened.path / descriptions.FILE),
    ),
    "texts.tsv": ("texts.tsv", lambda opened: descriptions.read_table(opened.path / descriptions.TABLE)),
    "senses.tsv": ("senses.tsv", lambda opened: opened.senses("sun")),
    "left-out.tsv": ("left_out.tsv", left_out.left_out),
    "answers.jsonl": ("people/answers.jsonl", lambda opened: answers.read(opened.path)),
    "report.json": ("imports/x.json", report.reports),
}


def table(sets: Path, file: Path) -> None:
    """One of the small tables that a data set may have."""
    within, read = TABLES[file.name]
    opened = _beside(sets, within, file)
    read(opened)
    health.findings(opened)


def judgements(sets: Path, file: Path) -> None:
    """A table of judgements that somebody gives a page."""
    judgement_tables.from_tsv(file.read_bytes(), _beside(sets, "imports/none", file))


def is_told(error: BaseException) -> bool:
    """Whether an error is one of those that people are told in a line."""
    return isinstance(error, CldiError)


# The end of a file's name → what reads it; the longest that fits counts.
READERS: dict[str, Reader] = {
    **{f"picture.{kind}": picture for kind in seeds.PICTURES},
    **{f"decoded.{kind}": decoded for kind in seeds.PICTURES},
    "shard.parquet": shard,
    "words.parquet": words,
    "frame.parquet": frame,
    "labelled.parquet": labelled,
    "features.safetensors": stored_features,
    **dict.fromkeys(("arrays.safetensors", "arrays.npz", "rows.npy", "arrays.pkl", "new.pkl"), imported_features),
    **dict.fromkeys(("index.tsv", "index.json"), index),
    **dict.fromkeys(("tree.zip", "tree.tar", "tree.tgz"), tree),
    "whole.zip": exported,
    "german-package.tar": package,
    **dict.fromkeys(("en-de.tsv", "en-de.csv", "en-de.txt"), word_list),
    "concreteness.tsv": ratings,
    "folders.tsv": table_of_folders,
    **dict.fromkeys(("metadata.csv", "metadata.jsonl"), metadata),
    "dataset.toml": settings,
    "stored-list.tsv": stored_list,
    "judgements.tsv": judgements,
    **dict.fromkeys(TABLES, table),
}
