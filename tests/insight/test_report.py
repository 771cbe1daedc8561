"""Reports: what stands in them is what was found, they need nothing from elsewhere, and nobody's text acts in them."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cldi_core import rankers
from cldi_core.data import dataset, pictures, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.data.plain import plain
from cldi_core.data.thumbnails import Shelf, data_url
from cldi_core.evaluation.metrics import NOTHING, Interval
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.insight import report, report_failure, story
from cldi_core.insight.causes import Cause
from cldi_core.insight.changes import Change
from cldi_core.insight.explanation import shown_rank
from cldi_core.insight.relations import Relation
from cldi_core.insight.story import Story
from tests.conftest import BACKBONE, CONCEPTS, draw, write_features
from tests.insight.test_story import asking
from tests.pages.hostile import CORPUS, FOLDER, NAMES, build_hostile

LONG = "w" * 200
MANY, ANSWERS = 50, 12  # pictures of each word, and right answers, of the largest word
NEEDY = {"script", "link", "iframe", "object", "embed", "base", "form", "input", "video", "audio", "a"}


class Page(HTMLParser):
    """A page as a browser reads it: its tags, their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        if self._inside != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        """Everything that is read, spaces as one."""
        return " ".join("".join(self.texts).split())


def harmless(text: str) -> Page:
    """The page, once it is seen that it asks for nothing and that nothing in it acts."""
    page = Page(text)
    assert not {tag for tag, _ in page.tags} & NEEDY
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name in ("href", "srcset", "background")]
        assert not attributes.get("src", "data:image/").partition("data:image/")[0], (tag, attributes["src"][:80])
        assert "url(" not in attributes.get("style", "")
    assert "@import" not in text and "url(" not in text
    return page


def urls_of(pair: Pair) -> report.Urls:
    shelf = Shelf(pair.dataset.pictures)
    return lambda ids: {key: data_url(data) for key, data in shelf.get(ids).items()}


def made(pair: Pair, word: str, method: str = "avgmax", **more: Any) -> tuple[Story, str]:
    told = story.tell(asking(pair, word, method))
    return told, report.word_report(told, pair, rankers.ranker(method), urls_of(pair), **more)


@pytest.mark.parametrize("method", ["avgmax", "maxmax+csls", "spelling"])
@pytest.mark.parametrize("word", ["run", "ghost"])
def test_what_was_found_stands_in_it(small: Dataset, word: str, method: str) -> None:
    pair = open_pair(small, BACKBONE, "en-de")
    told, text = made(pair, word, method)
    page, found = harmless(text), told.found
    assert page.tags.count(("html", {"lang": "en"})) == 1
    best = [f"{shown_rank(one.rank)}" for one in found.candidates[:3] if not math.isnan(one.rank)]
    table = re.findall(r'<tr><td class="number">(.+?)</td>', text)
    assert table[: len(best)] == best
    for cause in told.causes:
        assert cause.text in page.text
    for share in (told.right.pictures if told.right else ())[: report.PICTURES]:
        assert f"{share.cosine:.2f}".replace("-", "−") in page.text
    assert pair.key in page.text and small.title in page.text and "numpy" in page.text and "k-means" in page.text
    assert f"cldi_core explain --dataset small --pair en-de --word {word}" in page.text


def test_pictures_are_those_of_the_word_and_what_they_were_set_beside(small: Dataset) -> None:
    """Each picture stands above its matches; licences and origins are those of all that are shown."""
    pair = open_pair(small, BACKBONE, "en-de")
    told, text = made(pair, "run")
    urls, (board,) = urls_of(pair), re.findall(r'<table class="board">(.*?)</table>', text, re.DOTALL)
    rows = [re.findall(r'src="([^"]+)"', row) for row in board.split("<tr>")[1:]]
    shares = {share.id: share.match for share in told.right.pictures} if told.right else {}
    own = list(pair.source.word_ids("run"))
    by_url = {url: key for key, url in urls([*own, *shares.values()]).items()}
    top = [by_url[url] for url in rows[0]]
    assert Counter(top) == Counter(own) and [by_url[url] for url in rows[2]] == [shares[key] for key in top]
    shown = set(re.findall(r'src="([^"]+)"', text))
    assert (
        f"The {len(shown)} pictures shown here" in text and f"CC0-1.0, tests, tests ({len(shown)})" in Page(text).text
    )


def test_what_is_tried_is_told(small: Dataset) -> None:
    pair = open_pair(small, BACKBONE, "en-de")
    told = story.tell(asking(pair, "run"))
    gone = pair.source.word_ids("run")[0]
    edited = pair.without({"run": [gone]}, {})
    now = story.tell(asking(edited, "run"))
    tried = report.Tried(now.found, now.rival and now.found.rival, now.found.gold[0], (now.rival, now.right), (gone,))
    text = report.word_report(
        told, pair, rankers.ranker("avgmax"), urls_of(pair), tried=tried, link="http://x/?without=1"
    )
    page = harmless(text)
    ranks = f"rank {shown_rank(told.found.rank)} → {shown_rank(now.found.rank)}"
    assert ranks in page.text and "1 of run, 0 of" in page.text and page.text.count("left out") >= 2
    assert "http://x/?without=1" in page.text
    plain_one = report.word_report(told, pair, rankers.ranker("avgmax"), urls_of(pair))
    assert "What was tried" not in plain_one
    assert plain_one == report.word_report(told, pair, rankers.ranker("avgmax"), urls_of(pair)), "no time, no chance"


def test_nothing_of_a_hostile_data_set_acts(tmp_path: Path) -> None:
    pair = open_pair(build_hostile(tmp_path / "hostile"), FOLDER, "en-de")
    for word in ("dog", "run", "hat"):
        told, text = made(pair, NAMES[word], link="http://x/?<script>alert(1)</script>")
        assert plain(told.found.word) in harmless(text).text
    tags = Counter(tag for tag, _ in harmless(text).tags)
    ranker, most = rankers.ranker("avgmax"), (1, report.CAUSES, report.RELATIONS, report.CHANGES)
    for start in range(0, len(CORPUS), sum(most)):
        part = iter(CORPUS[start : start + sum(most)])
        said, causes, related, changed = (list(islice(part, count)) for count in most)
        worse = replace(
            told,
            verdict=said[0],
            causes=tuple(Cause("hub", mark, 0.9, 1, 2, 0, 3, mark) for mark in causes),
            relations=tuple(Relation("right", mark) for mark in related),
            changes=tuple(Change(mark, "only", "source", (), 3.0, mark, False) for mark in changed),
        )
        page = harmless(report.word_report(worse, pair, ranker, urls_of(pair)))
        assert set(Counter(tag for tag, _ in page.tags)) <= {*tags, "section", "ul", "li", "p", "span", "div"}
        assert all(" ".join(plain(mark).split()) in page.text for mark in CORPUS[start : start + sum(most)])


def test_missing_pictures_are_said_and_addresses_are_no_pictures(small: Dataset) -> None:
    pair = open_pair(small, BACKBONE, "en-de")
    told = story.tell(asking(pair, "dog"))
    for urls in (lambda ids: {}, lambda ids: dict.fromkeys(ids, "http://evil.example/x.png")):
        text = report.word_report(told, pair, rankers.ranker("avgmax"), urls)
        assert "<img" not in text and ">no picture<" in text and "evil" not in text


def build_large(folder: Path) -> Dataset:
    """A word of 200 letters with 50 pictures of long names and many authors, and twelve right answers."""
    dataset.create(folder, "A title " * 30)
    words = {"en": [LONG, "x"], "de": [f"{'ä' * 150}{number}" for number in range(ANSWERS + 9)]}
    drawn, rows = [], []
    for language, own in words.items():
        for word in own:
            for place in range(MANY if word in (LONG, *words["de"][:2]) else 2):
                concept = list(CONCEPTS)[place % len(CONCEPTS)]
                data = draw(concept, language, place % 4) + len(rows).to_bytes(4, "big")
                about = {"provider": "p" * 90, "licence": "CC BY " * 30, "author": f"author {place} " * 9}
                about["concept"] = f"{concept} {'long name ' * 9}{place}"
                drawn.append(pictures.Picture(data, f"{place}.png", 96, 96, **about))
                rows.append((language, word, place, drawn[-1].id))
    pictures.write_shards(folder / "images", drawn)
    dataset.write_words(folder, rows)
    listed = [wordlists.Row(LONG, word, "N") for word in words["de"][:ANSWERS]]
    listed += [wordlists.Row("x", word, "V") for word in words["de"]]
    wordlists.write_list(folder / "lexicon" / "en-de.tsv", listed)
    write_features(folder)
    return dataset.Dataset(folder)


def largest(folder: Path) -> str:
    """The report of that word, with as much to say of it as there is room for."""
    pair = open_pair(build_large(folder), BACKBONE, "en-de")
    told = story.tell(asking(pair, LONG))
    text = "a long sentence with numbers and words in it, 3 of 4 " * 20
    told = replace(
        told,
        verdict=text,
        causes=(Cause("hub", text, 0.9, 1, 2, 0, 3, "nouns of en-de"),) * 9,
        relations=(Relation("right", text),) * 9,
        changes=(Change(text, "only", "source", (), 3.0, LONG, False),) * 9,
        lacking=3,
        placeholders=("a",),
    )
    left = tuple(pair.source.word_ids(LONG))[:20]
    tried = report.Tried(replace(told.found), told.found.rival, told.found.gold[0], (told.rival, told.right), left)
    return report.word_report(
        told, pair, rankers.ranker("avgmax"), urls_of(pair), tried=tried, link="http://x/?" + "a=b&" * 99
    )


INTERVALS = (
    Interval(-0.3, -0.4, -0.2, 190), Interval(0.1, -0.1, 0.3, 9), Interval(0.2, math.nan, math.nan, 5), NOTHING,
    Interval(0.9, 0.8, 1.0, 1000),
)  # fmt: skip


def test_whiskers_stand_where_their_numbers_are() -> None:
    rows = report_failure.whiskers([(str(number), one) for number, one in enumerate(INTERVALS)], lambda one: str(one.n))
    for row, one in zip(rows, INTERVALS, strict=True):
        for name, value in (("dot", one.value), ("low", one.low), ("high", one.high), ("zero", 0.0)):
            # The axis goes from the lowest number to the highest, -.4 to 1.
            wanted = 4 + (value + 0.4) / 1.4 * 192
            assert row[name] is None if math.isnan(value) else abs(row[name] - wanted) < 0.06
    assert [row["told"] for row in rows] == [True, False, False, False, True]
    assert [row["told"] for row in report_failure.whiskers([("auc", INTERVALS[4])], str, zero=0.5)] == [True]
    assert report_failure.whiskers([("nothing", NOTHING)], str)[0]["zero"] is not None


def failure_of(text: str) -> SimpleNamespace:
    """What the page of all words shows, with one text in the place of all of its texts."""
    rows = tuple(SimpleNamespace(name=text, label=text, interval=one, why="") for one in INTERVALS)

    def gap(pos: str, outcome: str) -> SimpleNamespace:
        return SimpleNamespace(pos=pos, outcome=outcome, before=INTERVALS[0], after=INTERVALS[1],
                               explained=INTERVALS[4], parts=rows * 2)  # fmt: skip

    def model(outcome: str) -> SimpleNamespace:
        return SimpleNamespace(outcome=outcome, coefficients=rows * 4, rows=99, words=50, why="", effects={})

    matched = SimpleNamespace(on=(text, text), found=INTERVALS[1], log_rank=INTERVALS[2], why="", matched=3,
                              unmatched=1, balance=(SimpleNamespace(label=text, before=0.4, after=math.nan),),
                              )  # fmt: skip
    return SimpleNamespace(
        sentences=tuple(SimpleNamespace(pos=pos, text=text) for pos in "VA"),
        counts=tuple(SimpleNamespace(pos=pos, queries=30, words=20, found=7) for pos in "NVA"),
        lacking=2, words=60, draws=2000, seed=7, found=model("found"), rank=model("log_rank"), aucs=rows[:3],
        adds=INTERVALS[1], gaps={(pos, how): gap(pos, how) for pos in "VA" for how in ("found", "log_rank")},
        matched=dict.fromkeys("VA", matched), left_out={text: text},
    )  # fmt: skip


@pytest.mark.parametrize(
    "text", ["dispersion", "<script>alert(1)</script>", "<img src=http://evil.example/p.png>", "a'b\"c"]
)
def test_the_report_of_failure_has_all_numbers(small: Dataset, text: str) -> None:
    pair = open_pair(small, BACKBONE, "en-de")
    made = report.failure_report(failure_of(text), [pair], rankers.ranker("avgmax"), link="http://x/failure")
    page = harmless(made)
    assert text in page.text and pair.key in page.text
    assert "−30.0 [−40.0, −20.0]" in page.text and "0.10 [−0.10, 0.30]" in page.text and "(n too small)" in page.text
    assert "2,000 draws of words and the folds of cross-validation 7" in page.text
    assert f"{10**-0.3:.2f} [{10**-0.4:.2f}, {10**-0.2:.2f}]" in page.text, "depths of ranks are factors"
    dots = sum(tag == "circle" for tag, _ in page.tags)
    rows = sum(tag == "svg" for tag, _ in page.tags)
    assert rows > dots > 0.7 * rows, "what was not measured has no dot"
