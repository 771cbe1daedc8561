"""``import-mmid``, ``import-features``, ``import-hf``, ``import-concreteness``: what others have packed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cldi_core.commands.options import DatasetOption, JsonOption
from cldi_core.commands.reports import tell
from cldi_core.commands.terminal import progress
from cldi_core.data.counting import counted
from cldi_core.data.dataset import locate
from cldi_core.data.plain import plain
from cldi_core.imports.report import Report

LanguageOption = Annotated[str, typer.Option("--lang", help="The words' language, such as de.")]
LicenceOption = Annotated[str, typer.Option("--licence", help="The licence of the pictures.")]


def import_mmid(
    package: Annotated[Path, typer.Argument(help="<language>-package.tar, or a folder of its <n>.tar.gz.")],
    dataset: DatasetOption,
    language: LanguageOption = "",
    licence: LicenceOption = "unknown",
    as_json: JsonOption = False,
) -> None:
    """Import a package of MMID: words, pictures and where these come from."""
    from cldi_core.imports import mmid

    with progress("reading") as told:
        report = mmid.import_mmid(locate(dataset), package, language=language, licence=licence, progress=told)
    _tell(report, f"{_pictures(report)}; {report.counts['errors']} that MMID could not fetch", as_json=as_json)


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

    with progress("reading", "rows") as told:
        report = features.import_features(
            locate(dataset), files, backbone, language=language, index=index, about=about, progress=told
        )
    rows = f"{counted(report.counts['rows'], 'row')} of {counted(report.counts['dimensions'], 'number')}"
    shown = f"of pictures: {report.counts['pictures']}, of words without pictures: {report.counts['words only']}"
    _tell(report, f"{rows}: {shown}", as_json=as_json)


def import_hugging_face(
    source: Annotated[Path, typer.Argument(metavar="PATH", help="An image folder, or Parquet files.")],
    dataset: DatasetOption,
    language: Annotated[str, typer.Option("--lang", help="The words' language, such as de.")],
    word: Annotated[str, typer.Option("--word", help="The column that holds the words.")] = "",
    image: Annotated[str, typer.Option("--image", help="The column that holds the pictures.")] = "",
    licence: LicenceOption = "unknown",
    as_json: JsonOption = False,
) -> None:
    """Import local files of a Hugging Face data set."""
    from cldi_core.imports import hugging_face

    with progress("reading") as told:
        report = hugging_face.import_hugging_face(
            locate(dataset), source, language, word=word, image=image, licence=licence, progress=told
        )
    _tell(report, _pictures(report), as_json=as_json)


def import_concreteness(
    file: Annotated[Path, typer.Argument(help="A word, a tab and a number on each line, or the published table.")],
    dataset: DatasetOption,
    as_json: JsonOption = False,
) -> None:
    """Import ratings of how concrete English words are."""
    from cldi_core.imports import concreteness

    report = concreteness.import_concreteness(locate(dataset), file)
    counts = report.counts
    covered = f"{counts['covered']} of the {counts['english']} English words of the data set have one"
    tell([report], [f"{counts['words']} ratings; {covered}"], as_json=as_json)


def _pictures(report: Report) -> str:
    counts = {"pictures": 0, "new": 0} | report.counts
    return f"{counted(counts['pictures'], 'picture')} ({counts['new']} new)"


def _tell(report: Report, what: str, *, as_json: bool) -> None:
    """What was read, and how many words of each language got something."""
    languages = report.counts.get("languages", {})
    words = ", ".join(f"{counted(count, 'word')} in {language}" for language, count in languages.items())
    tell([report], [f"{plain(report.format)}: {what}" + (f"; {words}" if words else "")], as_json=as_json)
