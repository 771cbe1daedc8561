"""Reports: one word, or what explains failure, as one HTML file that opens offline and prints on two A4 pages.

A report holds everything that it shows: pictures as data URLs, styles, and no script.  What does not fit on two pages
is counted.  The same state gives the same file.
"""

from __future__ import annotations

import math
import platform
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any

from cldi_core.data.counting import counted
from cldi_core.data.dataset import POS
from cldi_core.data.plain import plain
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import Ranker
from cldi_core.features import backbones
from cldi_core.insight import ceiling, contrast, depicted, report_failure, story_words
from cldi_core.insight.explanation import Candidate, Explanation, shown_rank
from cldi_core.insight.failure import Failure
from cldi_core.insight.groups import Group
from cldi_core.insight.story import Attributed, Share, Story
from cldi_core.scoring.methods import Options

if TYPE_CHECKING:
    from jinja2 import Environment

Urls = Callable[[Sequence[str]], Mapping[str, str]]  # ids → data URLs of small pictures; missing ones are left out
PACKAGES = ("numpy", "scipy", "scikit-learn", "pandas", "torch", "safetensors", "statsmodels")  # that make numbers
PICTURES = 10  # of the word on the board
GROUPS, OF_GROUP = (4, 2), 6  # groups shown of the word and of the right answer; pictures of each
CAUSES, CANDIDATES, ANSWERS, STEPS, RELATIONS, CHANGES, CREDITS = 4, 8, 3, 8, 4, 5, 6
NOBODY = ("no wrong candidate", "–", "")
LONG, TEXT, WORD = 700, 320, 60  # characters of a sentence and of a word


@dataclass(frozen=True)
class Tried:
    """A word as a visitor looks at it, in the place of what its story has.

    Attributes:
        found: the word as it is ranked now; rival, answer: the candidates on the board; parts: their scores, taken
            apart.
        source, target: ids of the pictures that are left out of the word and of the answer.
        groups: of the word's pictures and of the answer's.
    """

    found: Explanation
    rival: Candidate | None
    answer: Candidate
    parts: tuple[Attributed | None, Attributed | None]
    source: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    groups: tuple[tuple[Group, ...], tuple[Group, ...]] = ((), ())


def word_report(
    story: Story, pair: Pair, ranker: Ranker, urls: Urls, *, tried: Tried | None = None, said: str = "", link: str = ""
) -> str:
    """The report of one word under one method, as HTML.

    Args:
        story: as it is stored; tried: what is shown in its place, where a visitor tries something.
        pair: with all pictures; said: what became of the word, where no evidence makes a verdict.
        link: the address that opens the same view.
    """
    found = story.found
    tried = tried or Tried(found, found.rival, found.gold[0], (story.rival, story.right))
    groups = tuple(own or other for own, other in zip(tried.groups, (story.groups, story.right_groups), strict=True))
    query = f"{found.word}.{found.pos}"
    ids = _shown_ids(pair, tried, groups)
    pictures = _Pictures(pair, urls, ids)
    return _render(
        "word.html",
        story=story,
        found=tried.found,
        tried=tried,
        title=f"{_short(found.word)} → {_short(tried.answer.word)}",
        way=_way(pair, ranker, pair.name, POS[found.pos]),
        badge=story_words.badge(found),
        said=story.verdict or said or story_words.badge(found),
        places=_places(story),
        ceiling=story_words.ceiling(story.ceiling, found.pictures),
        lacks=story_words.lacks(story),
        board=_board(pair, tried, pictures),
        changed=_changed(story, tried, pictures),
        groups=[_groups(word, own, limit, pictures) for word, own, limit in
                zip((found.word, tried.answer.word), groups, GROUPS, strict=True) if own],
        candidates=_candidates(tried),
        steps=_steps(tried, pictures),
        causes=[(one.text, story_words.cause(one)) for one in story.causes[:CAUSES]],
        relations=[one.text for one in story.relations[:RELATIONS]],
        hub=story_words.hub(story.hub, found.rival.word) if story.hub and found.rival else "",
        changes=[(story_words.named(one), story_words.change(one)) for one in story.changes[:CHANGES]],
        credits=_credits(pair, pictures.urls),
        about=_about(pair, ranker, link, pair.dataset.command(
            "explain", "--pair", pair.name, "--word", query, "--method", ranker.name, "--backbone", pair.backbone,
            "--report", "word.html")),
    )  # fmt: skip


def failure_report(
    failure: Failure, pairs: Sequence[Pair], ranker: Ranker, *, beaten: Sequence[str] = (), link: str = ""
) -> str:
    """The report of what explains failure, as HTML, with its intervals as pictures.

    Args:
        beaten: who beats whom, a sentence each (``winners.sentence``).
        pairs: whose words these are, of one data set and backbone; at least one.
        link: the address that opens the same view.
    """
    return _render(
        "failure.html",
        title="What explains failure?",
        way=_way(pairs[0], ranker, ", ".join(pair.name for pair in pairs)),
        about=_about(pairs[0], ranker, link, "", pairs) | {"seeds": report_failure.seeds(failure)},
        beaten=beaten,
        **report_failure.parts(failure),
    )


class _Pictures:
    """The pictures of a report: names, and the data URLs of those that are there."""

    def __init__(self, pair: Pair, urls: Urls, ids: Iterable[str]) -> None:
        self.ids = list(dict.fromkeys(ids))
        self.urls = {key: url for key, url in urls(self.ids).items() if url.startswith("data:image/")}
        self.names = depicted.names(pair.dataset, self.ids)

    def one(self, key: str, **more: object) -> dict[str, object]:
        """What a template draws of a picture; an empty URL where it is missing."""
        return {"url": self.urls.get(key, ""), "name": self.names.get(key) or "a picture", **more}


def _shown_ids(pair: Pair, tried: Tried, groups: Sequence[Sequence[Group]]) -> list[str]:
    """The ids of all pictures that the report shows."""
    own = [one.id for one in _order(pair, tried)[:PICTURES]]
    matched = [share.match for part in tried.parts if part for share in part.pictures if share.id in own]
    if not any(tried.parts):  # nothing was compared: the candidates' own pictures stand beneath
        words = [one.word for one in (tried.rival, tried.answer) if one is not None]
        matched = [key for word in words for key in pair.target.word_ids(word)[:PICTURES]]
    grouped = [key for own_groups, limit in zip(groups, GROUPS, strict=True)
               for group in own_groups[:limit] for key in group.pictures[:OF_GROUP]]  # fmt: skip
    return [*own, *matched, *grouped, *tried.source[:PICTURES], *tried.target[:PICTURES]]


def _order(pair: Pair, tried: Tried) -> tuple[contrast.Contrast, ...]:
    return contrast.contrasts(*tried.parts, tuple(pair.source.word_ids(tried.found.word)))


def _board(pair: Pair, tried: Tried, pictures: _Pictures) -> dict[str, Any]:
    """The word's pictures, and beneath each those of the rival and the right answer that it was set beside."""
    compared = _order(pair, tried)
    columns, rival, answer = [], tried.rival, tried.answer
    others = [tuple(pair.target.word_ids(one.word)) if one else () for one in (rival, answer)]
    for place, one in enumerate(compared[:PICTURES]):
        if any(tried.parts):
            beneath = [_match(share, one.nearer == side, pictures)
                       for share, side in ((one.rival, contrast.RIVAL), (one.right, contrast.RIGHT))]  # fmt: skip
        else:
            beneath = [pictures.one(own[place], cosine="") if place < len(own) else None for own in others]
        columns.append(pictures.one(one.id, out=one.id in tried.source, beneath=beneath))
    heads = [
        ("source word", tried.found.word, counted(tried.found.pictures, "picture")),
        (story_words.role(tried.found, rival.word), rival.word, _facts(rival)) if rival else NOBODY,
        ("right answer", answer.word, _facts(answer)),
    ]  # fmt: skip
    return {"columns": columns, "heads": heads, "of": len(compared),
            "rows": range(2), "compared": any(tried.parts)}  # fmt: skip


def _match(share: Share | None, nearer: bool, pictures: _Pictures) -> dict[str, object] | None:
    if share is None:
        return None
    return pictures.one(share.match, cosine=story_words.number(share.cosine, 2), nearer=nearer)


def _facts(one: Candidate) -> str:
    rank = f"#{shown_rank(one.rank)}" if not math.isnan(one.rank) else "no rank"
    return f"{rank} · {counted(one.pictures, 'picture')}"


def _places(story: Story) -> list[tuple[str, str, str, str]]:
    return [
        (title, story_words.place(name, story.places[name]), meaning,
         story_words.percentile(story.places[name], story.found.pos))
        for name, (title, meaning) in story_words.PLACES.items() if name in story.places
    ]  # fmt: skip


def _changed(story: Story, tried: Tried, pictures: _Pictures) -> dict[str, Any] | None:
    """What a visitor left out, and what that did."""
    if tried.found is story.found and not tried.source and not tried.target:
        return None
    left = [*tried.source, *tried.target]
    return {
        "said": story_words.changed(story.found, tried.found),
        "pictures": [pictures.one(key) for key in (*tried.source[:PICTURES], *tried.target[:PICTURES])],
        "more": max(len(tried.source) - PICTURES, 0) + max(len(tried.target) - PICTURES, 0),
        "count": len(left),
        "of": f"{len(tried.source)} of {_short(tried.found.word)}, {len(tried.target)} of {_short(tried.answer.word)}",
    }


def _groups(word: str, own: Sequence[Group], limit: int, pictures: _Pictures) -> dict[str, Any]:
    made = [
        {
            "label": story_words.label(one) or f"group {number + 1}",
            "count": len(one.pictures),
            "pictures": [pictures.one(key) for key in one.pictures[:OF_GROUP]],
            "more": max(len(one.pictures) - OF_GROUP, 0),
            "said": story_words.group(one),
        }
        for number, one in enumerate(own[:limit])
    ]
    return {"word": word, "groups": made, "count": len(own), "more": max(len(own) - limit, 0)}


def _candidates(tried: Tried) -> dict[str, Any]:
    """The best candidates, and the right answers among or beneath them."""
    found = tried.found
    shown = list(dict.fromkeys([*found.candidates[:CANDIDATES], *found.gold[:ANSWERS]]))
    gaps = contrast.behind(found, shown)
    digits = story_words.digits(one.score for one in shown)
    rows = [
        (shown_rank(one.rank) if not math.isnan(one.rank) else "–", "✓" if one.gold else "", one.word,
         ", ".join(POS[letter] for letter in one.pos if letter in POS), one.pictures,
         story_words.number(one.score, digits), story_words.number(gap, digits))
        for one, gap in zip(shown, gaps, strict=True)
    ]  # fmt: skip
    return {"rows": rows, "of": found.ranked, "answers": len(set(found.gold) - set(shown))}


def _steps(tried: Tried, pictures: _Pictures) -> dict[str, Any] | None:
    """From the right answer's score to the rival's; bars in percent of the largest step."""
    rival, right = tried.parts
    if rival is None or right is None:
        return None
    made = contrast.steps(rival, right, most=STEPS)
    whole = contrast.difference(rival, right)
    largest = max((abs(step.value) for step in made), default=0.0) or 1.0
    digits = story_words.digits([*(step.value for step in made), whole])
    named = [pictures.names.get(step.name) or "a picture" if step.picture else step.name for step in made]
    rows = [
        (name, story_words.signed(step.value, digits), round(100 * abs(step.value) / largest, 1), step.value >= 0)
        for name, step in zip(named, made, strict=True)
    ]
    return {
        "rows": rows,
        "whole": story_words.signed(whole, digits),
        "rival": rival.word,
        "right": right.word,
        "scores": [story_words.number(one.score, digits) for one in (rival, right)],
    }


def _credits(pair: Pair, ids: Iterable[str]) -> dict[str, Any]:
    """Licences and origins of some pictures, the most frequent first."""
    texts = ("licence", "provider", "author")
    rows = pair.dataset.pictures.known(ids).values()
    counts = Counter(tuple(str(row[name]) for name in texts) for row in rows)
    listed = [(dict(zip(texts, key, strict=True)), count) for key, count in counts.most_common(CREDITS)]
    rest = sum(counts.values()) - sum(count for _, count in listed)
    return {"listed": listed, "more": rest, "count": len(rows)}


def _way(pair: Pair, ranker: Ranker, *what: str) -> list[str]:
    return [pair.dataset.title, *what, ranker.label, backbones.label(pair.backbone)]


def _about(pair: Pair, ranker: Ranker, link: str, command: str, pairs: Sequence[Pair] = ()) -> dict[str, Any]:
    """What made the numbers: the data, the versions, the seeds, and how to see them again."""
    return {
        "data": f"{pair.dataset.title} ({pair.dataset.name})",
        "fingerprints": [(one.name, one.key) for one in pairs or (pair,)],
        "backbone": f"{backbones.label(pair.backbone)} ({pair.backbone})",
        "method": f"{ranker.label} ({ranker.name})",
        "versions": versions(),
        "seeds": f"k-means (KNN-C) {Options().seed}, splits of ceilings {ceiling.SEED}",
        "link": link,
        "command": command,
    }


@cache
def versions() -> str:
    """Of the explorer, of Python, and of the packages that make the numbers."""
    from cldi_core import __version__  # not above: it imports what imports this

    found = [f"CLDI Explorer {__version__}", f"Python {platform.python_version()}"]
    for name in PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return ", ".join(found)


def _short(text: str, most: int = WORD) -> str:
    shown = plain(text)
    return shown if len(shown) <= most else f"{shown[:most]}…"


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("cldi_core.insight"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["word"] = _short
    made.filters["long"] = lambda text: _short(text, LONG)
    made.filters["text"] = lambda text: _short(text, TEXT)
    return made


def _render(template: str, **shown: object) -> str:
    return _templates().get_template(template).render(**shown)
