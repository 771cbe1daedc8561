"""The options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

DEFAULT_BACKBONE = "efficientnet-lite0"

DatasetOption = Annotated[
    str,
    typer.Option(
        "--dataset",
        help="A data set: the name of a folder under data/ ($CLDI_DATA), or a path with a / or from . or ~.",
    ),
]
BackboneOption = Annotated[str, typer.Option("--backbone", help="The network whose features are used.")]
PairOption = Annotated[str, typer.Option("--pair", help="A language pair, such as en-de.")]
DeviceOption = Annotated[str, typer.Option("--device", help="cpu or cuda")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
