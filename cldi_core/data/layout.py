"""Which files a data set has: their paths within its folder, by what they are for (see ARCHITECTURE.md).

What another machine hands over may be written where one of these patterns says so, and nowhere else.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

# Whatever stands for one part of a path: ASCII, as every name is that the explorer gives, and never a hidden file.
_NAME = r"[A-Za-z0-9][A-Za-z0-9._,:+=@-]{0,199}"
_PLACES = {
    "name": _NAME,
    "pair": r"[a-z]{2,3}-[a-z]{2,3}",
    "digest": r"[0-9a-f]{32}",
}
ESSENTIAL = ("about", "lists", "words")  # without these it is not that data set any more
PRIVATE = ("people",)  # what somebody said or chose, under a name
# What a sibling that holds the pictures (``Dataset.home``) also holds for those who use them.
OF_HOME = ("pictures", "features", "fingerprints", "licences", "descriptions", "concreteness")
# What is computed for one language pair, and stands as long as its words do.
OF_PAIR = ("scores", "rankings", "evidence", "hubs", "curves")
PARTS: dict[str, tuple[str, ...]] = {
    "about": ("dataset.toml",),
    "lists": ("lexicon/{pair}.tsv", "left_out.tsv"),
    "words": ("words.parquet",),
    "pictures": ("images/{name}.parquet",),
    "licences": ("LICENSES.md", "MANIFEST.tsv", "ATTRIBUTION.tsv", "licences/{name}.txt"),
    "senses": ("senses.tsv",),
    "concreteness": ("concreteness.tsv",),
    "descriptions": ("descriptions.tsv", "texts.tsv"),
    "features": ("features/{name}/{name}.safetensors",),
    "fingerprints": ("fingerprints/{name}.parquet", "alike.parquet"),
    "scores": ("scores/{name}/{pair}/{name}.safetensors",),
    "rankings": ("rankings/{name}/{pair}/{name}.parquet",),
    "evidence": ("evidence/{name}/{pair}/{name}.parquet",),
    "hubs": ("hubs/{name}/{pair}/{name}.parquet",),
    "curves": ("curves/{name}/{pair}/{name}.parquet",),
    "dispersions": ("dispersions/{name}/words.parquet",),
    "projections": tuple(
        f"projections/{{name}}/{kind}{what}.parquet" for kind in ("words", "pictures") for what in ("", "-terms")
    ),
    "pivot": (
        "pivot/{name}/{pair}/{name}/{name}.parquet",
        "pivot/{name}/{pair}/{name}/{name}/{name}/{name}.safetensors",
    ),
    "people": ("people/answers.jsonl", "judgements/{digest}.tsv"),
}


def part_of(path: str) -> str:
    """What a path within a data set is for, a name in ``PARTS``; ``""`` for what is no file of a data set.

    >>> part_of("scores/vgg19/en-de/rrf=avgmax,knn.safetensors"), part_of("../dataset.toml"), part_of("images/x.py")
    ('scores', '', '')
    """
    return next((part for part in PARTS if _pattern(part).fullmatch(path)), "")


def pair_of(path: str) -> str:
    """The language pair that a path is about: ``"en-de"``; ``""`` where it is of none.

    >>> pair_of("lexicon/en-de.tsv"), pair_of("hubs/alexnet/de-en/knn.parquet"), pair_of("words.parquet")
    ('en-de', 'de-en', '')
    """
    found = re.fullmatch(rf"(?:lexicon/|[a-z]+/{_NAME}/)({_PLACES['pair']})(?:\.tsv|/.*)", path)
    return found[1] if found else ""


def files(folder: Path, part: str) -> dict[str, Path]:
    """The files of one part that are in a folder, by their paths in it, sorted; what is no regular file is not."""
    there = (file for pattern in PARTS[part] for file in folder.glob(re.sub(r"\{\w+\}", "*", pattern)))
    paths = {file.relative_to(folder).as_posix(): file for file in there if file.is_file()}
    return {path: paths[path] for path in sorted(paths) if part_of(path) == part}


def others(folder: Path) -> list[str]:
    """The paths of what else is in a folder, sorted; without hidden files and the notes of imports and extractions."""
    found = (file.relative_to(folder) for file in folder.rglob("*") if file.is_file())
    return sorted(
        path.as_posix()
        for path in found
        if not (part_of(path.as_posix()) or path.suffix == ".json" or any(one.startswith(".") for one in path.parts))
    )


@cache
def _pattern(part: str) -> re.Pattern[str]:
    places = (re.split(r"\{(\w+)\}", pattern) for pattern in PARTS[part])
    return re.compile("|".join("".join(map(_piece, range(len(split)), split)) for split in places))


def _piece(number: int, text: str) -> str:
    """Every second piece of a pattern is the name of a place."""
    return _PLACES[text] if number % 2 else re.escape(text)
