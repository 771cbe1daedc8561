"""The board: source word, winner and right answer side by side, a row for each picture of the source word.

A component of our own, because a click on a picture has to leave it out.  It is given data and draws them as text; what
it sends back is looked up like anything that comes from outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from cldi_core.data.counting import counted
from cldi_core.evaluation.pairs import Pair
from cldi_core.insight import story_words
from cldi_core.insight.contrast import RIGHT, RIVAL, contrasts
from cldi_core.insight.explanation import Candidate, Explanation, shown_rank
from cldi_core.insight.story import Attributed, Share

from . import draw, load, told, what_if, words
from .component import component
from .foreign import plain, safe

KEY = "board"
SIZE, ROWS = 52, 4  # pixels of a picture, rows of a page
LARGE, LARGE_ROWS = 120, 3  # the same for an audience
PICTURES = 150  # of one side, at most
_mount = component("board", '<div class="board"></div>')


@dataclass(frozen=True)
class Sides:
    """What stands on the board.

    Attributes:
        dataset: its name; pair: with all pictures, also those left out.
        found: the word as it is ranked now; trial: what is left out.
        rival: the candidate in the middle, ``None``: there is none; answer: the right one on the right.
        parts: the scores of both, taken apart.
        order: the word's pictures in the order of the rows, so that none moves when one is left out; those that it
            lacks come after them, by what they do for the rival.
    """

    dataset: str
    pair: Pair
    found: Explanation
    trial: what_if.Trial
    rival: Candidate | None
    answer: Candidate
    parts: tuple[Attributed | None, Attributed | None]
    order: tuple[str, ...] = ()

    @property
    def source(self) -> tuple[str, ...]:
        """The ids of the word's pictures."""
        return tuple(self.pair.source.word_ids(self.found.word))[:PICTURES]

    @property
    def target(self) -> tuple[str, ...]:
        """The ids of the right answer's pictures."""
        return tuple(self.pair.target.word_ids(self.answer.word))[:PICTURES]


def show(sides: Sides, *, large: bool = False) -> None:
    """Draw the board; a click on × or ✓ changes the URL."""

    def toggled() -> None:
        sent = st.session_state[KEY].get("toggle")
        if isinstance(sent, dict):
            what_if.toggle(sides.trial, str(sent.get("side")), str(sent.get("id")))

    drawn = data(sides, large=large)
    _mount(key=KEY, data=drawn, on_toggle_change=toggled)
    lost = sum(not one["url"] for one in drawn["pictures"].values())
    if lost:
        st.caption(safe(draw.absent(sides.dataset, lost, len(drawn["pictures"]))))


def data(sides: Sides, *, large: bool = False) -> dict[str, Any]:
    """What the component draws: plain texts and pictures, nothing else."""
    found, rival = sides.found, sides.rival
    shown = _rows(sides)
    ids = [*sides.source, *sides.target]
    ids += [match["id"] for row in shown for match in (row[RIVAL], row[RIGHT]) if match]
    compared = any(one is not None for one in sides.parts)
    return {
        "key": "|".join((found.word, rival.word if rival else "", sides.answer.word)),
        "title": plain(f"{found.word}: its pictures and those that they were compared with"),
        "size": LARGE if large else SIZE,
        "per_page": LARGE_ROWS if large else ROWS,
        "columns": _columns(sides),
        "rows": shown,
        "footer": _footer(sides, shown) if compared else [],
        "pictures": _pictures(sides, list(dict.fromkeys(ids)), shown),
        "strip": [_own(sides, key) for key in sides.target],
        "strip_label": plain(f"All pictures of {sides.answer.word}: {len(sides.target)}") if sides.target else "",
        "nothing": "There are no pictures." if not shown else "",
        "note": _note(sides, compared),
        "bar_help": "What this picture has done for the middle candidate more than for the right answer",
    }


def _note(sides: Sides, compared: bool) -> str:
    if not compared:
        return "This method compares no pictures: they are set side by side as they are stored."
    if sides.rival is None:
        return ""
    if sides.trial.source or sides.trial.target or sides.trial.first:
        return "in the order that they had with all pictures"
    return plain(f"sorted by what each does for {sides.rival.word} more than for {sides.answer.word}")


def _columns(sides: Sides) -> list[dict[str, str]]:
    found, rival, answer = sides.found, sides.rival, sides.answer
    languages = sides.pair.languages
    spread = f" · dispersion {story_words.number(found.dispersion, 2)}"
    return [
        _column(f"source word · {languages[0]}", found.word, f"{counted(found.pictures, 'picture')}{spread}"),
        _column("no wrong candidate", "–", "")
        if rival is None
        else _column(f"{story_words.role(found, rival.word)} · {languages[1]}", rival.word, _facts(rival)),
        _column(f"right answer ✓ · {languages[1]}", answer.word, _facts(answer)),
    ]


def _column(role: str, word: str, facts: str) -> dict[str, str]:
    return {"role": plain(role), "word": plain(word), "facts": plain(facts)}


def _facts(one: Candidate) -> str:
    place = f"#{shown_rank(one.rank)}" if one.rank == one.rank else "no rank"
    return f"{place} · {words.kinds(one.pos)} · {counted(one.pictures, 'picture')}"


def _rows(sides: Sides) -> list[dict[str, Any]]:
    if all(one is None for one in sides.parts):
        return _beside(sides)
    left = set(sides.trial.source)
    beyond = set(sides.source[sides.trial.first :]) if sides.trial.first else set()
    kept = [key for key in sides.source if key not in left | beyond]
    rows, place = [], {key: number for number, key in enumerate(sides.order)}
    compared = sorted(contrasts(*sides.parts, sides.source), key=lambda one: place.get(one.id, len(place)))
    places = story_words.digits(one.difference for one in compared)
    shares = story_words.digits(share.share for one in compared for share in (one.rival, one.right) if share)
    for one in compared:
        why = f"not among the first {sides.trial.first}" if one.id in beyond else "left out"
        locked = "The last picture stays in." if kept == [one.id] else ""
        rows.append(
            {
                "id": one.id,
                "out": one.id in left | beyond,
                "why": why,
                "locked": why if one.id in beyond else locked,
                "bar": one.bar,
                "difference": "" if one.difference != one.difference else story_words.signed(one.difference, places),
                RIVAL: _match(one.rival, one.nearer == RIVAL, shares),
                RIGHT: _match(one.right, one.nearer == RIGHT, shares),
            }
        )
    return rows


def _match(share: Share | None, nearer: bool, digits: int) -> dict[str, Any] | None:
    if share is None:
        return None
    cosine = story_words.number(share.cosine, 2)
    told_share = f"share {story_words.number(share.share, digits)}"
    return {"id": share.match, "cosine": cosine, "share": told_share, "nearer": nearer, "value": float(share.cosine)}


def _beside(sides: Sides) -> list[dict[str, Any]]:
    """The three sets side by side, where no picture was compared with another."""
    middle = tuple(sides.pair.target.word_ids(sides.rival.word))[:PICTURES] if sides.rival else ()
    empty: dict[str, Any] = {"bar": 0.0, "difference": "", "out": False, "why": ""}

    def alone(ids: Sequence[str], place: int) -> dict[str, Any] | None:
        return {"id": ids[place], "cosine": "", "share": "", "nearer": False} if place < len(ids) else None

    return [
        {"id": key, **empty, "locked": "No picture of it was compared.", RIVAL: alone(middle, place),
         RIGHT: alone(sides.target, place)}
        for place, key in enumerate(sides.source)
    ]  # fmt: skip


def _footer(sides: Sides, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    compared = sum(not row["out"] for row in rows)
    places = story_words.digits(one.score for one in sides.parts if one)
    scores = [story_words.number(one.score, places) if one else "–" for one in sides.parts]
    nearer = [
        f"{sum(bool(row[side] and row[side]['nearer']) for row in rows)} of {counted(compared, 'picture')}"
        for side in (RIVAL, RIGHT)
    ]
    return [
        {"label": "score", "help": "What the candidates are ranked by", "values": scores},
        {"label": "votes: pictures nearer to it", "help": "Ties count for neither", "values": nearer},
        {
            "label": "correction",
            "help": "What is no picture's: score = sum of the shares + correction",
            "values": [plain(story_words.corrections(one)) for one in sides.parts],
        },
    ]


def _own(sides: Sides, key: str) -> dict[str, Any]:
    kept = len(sides.target) - len(sides.trial.target)
    out = key in sides.trial.target
    locked = "The last picture stays in." if kept == 1 and not out else ""
    if sides.found.learned:
        locked = "No picture of it was compared."
    return {"id": key, "out": out, "locked": locked}


def _pictures(sides: Sides, ids: Sequence[str], rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What is shown of each picture, also when it is opened large."""
    urls, known = load.thumbnails(sides.dataset, ids), told.known(sides.dataset, ids)
    matches = _matches(sides, rows)
    found = {}
    for key in ids:
        one = known[key]
        more = f", and {one.more} more" if one.more else ""
        facts = {
            "Licence": one.licence or "unknown",
            "From": ", ".join(part for part in (one.origin, one.author) if part) or "unknown",
            "Page": one.page,
            "Words that have it": f"{', '.join(one.owners)}{more}",
        }
        found[key] = {
            "url": urls.get(key, ""),
            "name": plain(one.name),
            "facts": [[term, plain(value)] for term, value in facts.items() if value],
            "matches": matches.get(key, []),
        }
    return found


def _matches(sides: Sides, rows: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, str]]]:
    """Picture → those that it was set beside, the nearest first: those of a source picture, and the other way."""
    found: dict[str, list[tuple[float, dict[str, str]]]] = {}
    names = {RIVAL: sides.rival.word if sides.rival else "", RIGHT: sides.answer.word}
    for row in rows:
        for side, name in names.items():
            match = row[side]
            if match and match["cosine"]:
                line = {"id": match["id"], "text": plain(f"{name}, cosine {match['cosine']}")}
                found.setdefault(row["id"], []).append((match["value"], line))
                back = {"id": row["id"], "text": plain(f"{sides.found.word}, cosine {match['cosine']}")}
                found.setdefault(match["id"], []).append((match["value"], back))
    return {
        key: [line for _, line in sorted(lines, key=lambda one: one[0], reverse=True)[:4]]
        for key, lines in found.items()
    }
