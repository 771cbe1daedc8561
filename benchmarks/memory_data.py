"""What ``memory`` runs beside commands: the data of one size, extraction without a network, pages without a browser."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import paper_size
from benchmarks.memory import ROOT, Place
from cldi_core.data import wordlists

if TYPE_CHECKING:
    from cldi_core.features.backbones import Backbone
    from cldi_core.features.networks import Loaded

OF_THE_PAPER = 143_142  # pictures
LISTED = 100  # words of the shorter list
FAKED, SIDE, DIM = "faked", 8, 1280  # the backbone without a network, pixels of what it is fed, numbers that it gives


def make(folder: Path, count: int) -> None:
    """A data set of about so many pictures with made-up features, one with a shorter list, and pictures in folders."""
    place = Place(folder)
    made = paper_size.build(place.built, scale=count / OF_THE_PAPER)
    for language in made.languages:
        for word, ids in made.members(language).items():
            own = place.files / language / word
            own.mkdir(parents=True)
            for number, data in enumerate(made.pictures.read(ids).values()):
                (own / f"{number}.jpg").write_bytes(data)
    short(place)


def short(place: Place) -> None:
    """A data set of the same pictures with the first words of the list."""
    place.listed.mkdir()
    (place.listed / "dataset.toml").write_text('title = "Short"\npictures = "../built"\n', "utf-8")
    shutil.copy(place.built / "words.parquet", place.listed)
    name = f"{paper_size.PAIR}.tsv"
    _, rows = wordlists.read_list(place.built / "lexicon" / name, paper_size.PAIR)
    wordlists.write_list(place.listed / "lexicon" / name, rows[:LISTED])


def extract(dataset: Path) -> None:
    """Extract as the command does, with a backbone that hands on the pixels; and a word list for ``check``.

    It is one with a language that has no pictures, so that no features of two languages are compared.
    """
    from cldi_core.features import backbones, extraction, networks

    how = backbones.Preprocessing(SIDE, SIDE)
    backbones.BACKBONES[FAKED] = backbones.Backbone(
        FAKED, "No network", FAKED, FAKED, "pixels", DIM, how, "", "CC0-1.0", "nobody"
    )
    networks.NETWORKS[FAKED] = _faked
    done = extraction.extract(extraction.Dataset(dataset), FAKED)
    if not done.extracted or done.failed:
        raise SystemExit(f"{done.extracted} pictures were extracted, {len(done.failed)} were not")
    wordlists.write_list(dataset / "lexicon" / "en-fr.tsv", [wordlists.Row(paper_size.name("en", 0), "mot", "N")])


def _faked(backbone: Backbone, file: Path | None) -> Loaded:
    import torch

    from cldi_core.features.networks import Loaded

    class Pixels(torch.nn.Module):
        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            flat = batch.flatten(1)
            return flat.repeat(1, -(-DIM // flat.shape[1]))[:, :DIM]

    how: Any = backbone.preprocessing
    return Loaded(Pixels(), DIM, how, "none")


def pages(dataset: Path) -> None:
    """Open the first page, a word and what is told of the data, one after the other as a server does."""
    from streamlit.testing.v1 import AppTest

    os.environ["CLDI_DATA"] = str(dataset.parent)
    for page in ("overview", "word", "data"):
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=3600)
        at.switch_page(f"pages/{page}.py")
        at.query_params["dataset"] = dataset.name
        at.run()
        if at.exception or at.error:
            raise SystemExit(f"the page {page} failed: {[*at.exception, *at.error][0].value}")


if __name__ == "__main__":
    what, at = sys.argv[1], Path(sys.argv[2])
    if what == "make":
        make(at, int(sys.argv[3]))
    else:
        {"extract": extract, "pages": pages}[what](at)
