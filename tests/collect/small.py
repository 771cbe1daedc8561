"""A data set with a list and nothing else, and a Wikimedia Commons that has pictures for its words."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image

from cldi_core.collect import run
from cldi_core.data import dataset, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.imports.report import Report
from tests.collect.answers import commons
from tests.collect.site import CONTACT, Asked, Site
from tests.conftest import encoded

WORDS = {"en": ("cow", "run"), "de": ("Kuh", "laufen", "rennen")}
LIST = (
    wordlists.Row("cow", "Kuh", "N"),
    wordlists.Row("run", "laufen", "V"),
    wordlists.Row("run", "rennen", "V"),
)


def listed(folder: Path, rows: Iterable[wordlists.Row] = LIST) -> Dataset:
    """A new data set with a word list."""
    made = dataset.create(folder)
    wordlists.write_list(folder / "lexicon" / "en-de.tsv", rows)
    return Dataset(made.path)


def drawn(number: int) -> bytes:
    """A small PNG for each number."""
    return encoded(Image.new("RGB", (40, 30), (number % 256, number // 256 % 256, 99)))


def stock(site: Site, pictures: int = 4) -> None:
    """Let a site be Commons: for each word so many pictures, ``pictures.example/<word>/<number>.png``."""

    def search(asked: Asked) -> None:
        word = asked.parameters["gsrsearch"].removesuffix(" filetype:bitmap")
        start, size = int(asked.parameters["gsroffset"]), int(asked.parameters["gsrlimit"])
        places = range(start, min(start + size, pictures))
        asked.json(commons([f"https://pictures.example/{word}/{place}.png" for place in places]))

    def picture(asked: Asked) -> None:
        _, word, name = asked.path.split("/")
        asked.send(drawn(sum(map(ord, word)) * 50 + int(name.removesuffix(".png"))), kind="image/png")

    site.routes["commons.wikimedia.org"] = search
    site.routes["pictures.example"] = picture


def collect(site: Site, path: Path, provider: str = "commons", per_word: int = 3, **how: Any) -> Report:
    """One run, in this process."""
    planned = run.plan(Dataset(path), "en-de", provider, per_word, **how.pop("planned", {}))
    return run.collect(planned, CONTACT, client=site.client, workers=0, **how)


def content(path: Path) -> dict[tuple[str, str], list[tuple[int, str, str, str]]]:
    """What a data set has: word → place, id, URL and title of its pictures."""
    opened = Dataset(path)
    table, found = opened.pictures.table, {}
    rows = zip(*(opened.words[name].tolist() for name in ("language", "word", "position", "id")), strict=True)
    for language, word, position, key in rows:
        about = table.loc[key]
        found.setdefault((language, word), []).append((position, key, about["source_url"], about["title"]))
    return found


def searches(site: Site) -> list[str]:
    """What Commons was asked."""
    return [asked.target for asked in site.log if asked.host == "commons.wikimedia.org"]


def fetched(site: Site) -> list[str]:
    """Which pictures were asked for."""
    return [asked.path for asked in site.log if asked.host == "pictures.example"]
