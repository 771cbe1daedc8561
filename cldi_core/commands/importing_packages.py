"""``import-mmid``, ``import-features``, ``import-hf``, ``import-concreteness``: what others have packed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cldi_core.commands.options import DatasetOption, JsonOption
from cldi_core.commands.reports import tell
from cldi_core.commands.terminal import progress
from cldi_core.data.dataset import locate
from cldi_core.imports.report import Report, keep

LanguageOption = Annotated[str, typer.Option("--lang", help="The words' language, such as de.")]


def import_features(
    files: Annotated[list[Path], typer.Argument(help="Features: .npy, .npz, .safetensors or .pkl.")],
    dataset: DatasetOption,
    backbone: Annotated[str, typer.Option("--backbone", help="A name for them, such as alexnet-mmid.")],
    language: LanguageOption = "",
    index: Annotated[Path | None, typer.Option("--index", help="What each row is of: a TSV or JSON file.")] = None,
    about: Annotated[str, typer.Option("--about", help="What made them: network, layer, who.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Import features that were extracted elsewhere, with or without the pictures."""
    from cldi_core.imports import features

    folder = locate(dataset)
    with progress("reading", " rows") as told:
        report = features.import_features(
            folder, files, backbone, language=language, index=index, about=about, progress=told
        )
    _end(folder, report, f"{report.counts['rows']} rows of {report.counts['dimensions']} numbers", as_json=as_json)


def _end(folder: Path, report: Report, what: str, *, as_json: bool) -> None:
    """Keep the report and tell it: ``what`` was read, and the words of each language that got something."""
    keep(folder, report)
    words = ", ".join(f"{count} words in {language}" for language, count in report.counts["languages"].items())
    tell([report], [f"{report.format}: {what}" + (f" for {words}" if words else "")], as_json=as_json)
