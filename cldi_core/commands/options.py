"""The options that several commands share."""

from __future__ import annotations

from enum import StrEnum
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
