"""The options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_BACKBONE = "efficientnet-lite0"

DatasetOption = Annotated[
    str,
    typer.Option(
        "--dataset",
        help="A data set: the name of a folder under data/ ($CLDI_DATA), a path with a / or from . or ~, or an "
        "address such as s3://bucket/name.",
    ),
]
BackboneOption = Annotated[str, typer.Option("--backbone", help="The network whose features are used.")]
PairOption = Annotated[
    str, typer.Option("--pair", help="A language pair, such as en-de; de-en asks its word list the other way.")
]


class Direction(StrEnum):
    """Which of the pairs of a data set are meant: those of its word lists, those asked the other way, or all."""

    FORWARD = "forward"
    BACK = "back"
    BOTH = "both"


class Candidates(StrEnum):
    """Among which words an answer is sought (``data.candidates``)."""

    LISTED = "listed"
    ALL = "all"


DirectionOption = Annotated[
    Direction,
    typer.Option(
        "--direction",
        help="forward: the word lists as they are (en-de); back: asked the other way (de-en); or both. "
        "Also of the pairs that are named.",
    ),
]
DeviceOption = Annotated[str, typer.Option("--device", help="cpu or cuda")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class Engine(StrEnum):
    """Where work is done: in this process, or on a cluster of machines (SCALING.md)."""

    LOCAL = "local"
    RAY = "ray"


EngineOption = Annotated[
    Engine, typer.Option("--engine", help="local, or ray: the same on a cluster of machines.", show_choices=False)
]
AddressOption = Annotated[
    str | None, typer.Option("--address", help="Of a Ray cluster; without it one on this machine.")
]
ActorsOption = Annotated[
    int | None,
    typer.Option("--actors", min=1, help="How many of Ray's workers at once; without it as many as there is room for."),
]


def place_of(name: str, folder: Path) -> str:
    """What a data set is found by on every machine: its URL, or the path of its folder on a disk that they share."""
    return name if "://" in name else str(folder.resolve())
