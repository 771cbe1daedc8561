"""Whether what pages show of a large data set has been made ahead; ``preparing`` makes it.

Only sizes and times of files are looked at, so that a start of the dashboard can ask.
"""

from __future__ import annotations

from pathlib import Path

from cldi_core.data import storage
from cldi_core.data.dataset import Dataset
from cldi_core.features import shards

AT_ONCE = 64_000_000  # bytes of features that are read while somebody waits: 25,000 pictures of 1280 numbers
FOLDER = "dispersions"  # where the note is
NOTE = ".prepared"  # what the files were when everything had been made of them
VERSION = 2  # raised where more is made ahead than was
# What is made, and what it is made of; ``{}`` stands for the backbone.
FILES = (
    *("dataset.toml", "words.parquet", "left_out.tsv", "lexicon/*", "features/{}/*.safetensors", "rankings/{}/*/*"),
    *("dispersions/{}/*", "evidence/{}/*/*", "hubs/{}/*/*", "projections/{}/*"),
)


def lacking(dataset: Dataset) -> tuple[str, ...]:
    """The backbones that have not been prepared since a file changed.

    None of a data set that is small, or that nothing can be written to.
    """
    if not storage.is_writable(dataset.path):
        return ()
    return tuple(
        backbone
        for backbone in dataset.backbones
        if _size(dataset, backbone) > AT_ONCE and _noted(dataset, backbone) != _stamp(dataset, backbone)
    )


def note(dataset: Dataset, backbone: str) -> None:
    """Write down that everything has been made of the files as they are now; OSError where that cannot be written."""
    storage.write_text(_path(dataset, backbone), _stamp(dataset, backbone))


def _path(dataset: Dataset, backbone: str) -> Path:
    return dataset.path / FOLDER / backbone / NOTE


def _size(dataset: Dataset, backbone: str) -> int:
    """The bytes of all feature files of a backbone."""
    return sum(path.stat().st_size for path in shards.folder_of(dataset, backbone).glob("*.safetensors"))


def _noted(dataset: Dataset, backbone: str) -> str:
    try:
        return storage.read_text(_path(dataset, backbone))
    except (OSError, UnicodeDecodeError):
        return ""


def _stamp(dataset: Dataset, backbone: str) -> str:
    return f"{dataset.stamp([pattern.format(backbone) for pattern in FILES])} {VERSION}"
