"""What ``memory`` runs beside the commands: the data of one size, and the dashboard's pages without a browser."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from benchmarks import paper_size
from benchmarks.memory import ROOT, Place

OF_THE_PAPER = 143_142  # pictures


def make(folder: Path, count: int) -> None:
    """A data set of about so many pictures with made-up features, and its pictures in folders of words."""
    place = Place(folder)
    made = paper_size.build(place.built, scale=count / OF_THE_PAPER)
    for language in made.languages:
        for word, ids in made.members(language).items():
            own = place.files / language / word
            own.mkdir(parents=True)
            for number, data in enumerate(made.pictures.read(ids).values()):
                (own / f"{number}.jpg").write_bytes(data)


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
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        pages(Path(sys.argv[2]))
