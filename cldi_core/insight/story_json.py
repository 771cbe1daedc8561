"""The story of a word as plain values, for ``explain --json``."""

from __future__ import annotations

import math
from typing import Any

from cldi_core.insight import explanation
from cldi_core.insight.causes import Cause
from cldi_core.insight.changes import Change
from cldi_core.insight.groups import Group
from cldi_core.insight.story import Attributed, Story


def as_json(story: Story, top: int) -> dict[str, Any]:
    """The story as plain values; nan becomes ``None``, as JSON has none.

    Besides the keys of ``explanation.as_json``:

    - ``reason``: the name of the strongest cause, ``""`` where none holds; ``typical``: the median of ``best_cosine``
      over the found words of its part of speech, where evidence is stored.
    - ``verdict``: what the causes come to, in a sentence or two.
    - ``ceiling``: {"mrr", "rank", "splits", "candidates"} of half of the word's pictures looking for the other half
      (``ceiling.Ceiling``), or ``None``.
    - ``places``: figure → {"value", "percentile", "n"} among the words of its part of speech.
    - ``pictures_lacking``, ``duplicates`` (pairs of ids), ``placeholders`` (ids): what is wrong with its pictures.
    - ``groups``: {"source": […], "gold": […]}, each {"label", "pictures" (ids), "would_choose", "rank"}.
    - ``attribution``: {"winner": …, "gold": …, "rival": …}, each {"word", "score", "pictures": [{"id", "match",
      "cosine", "share"}], "correction", "parts"} with Σ share + correction = score, or ``None`` where no picture
      makes the score.  The winner of a found word is the right answer; its rival is the best wrong candidate.
    - ``relations``: of the rival to the right answer, [{"kind", "text"}]; ``hub``: {"top10", "top10_csls", "wins",
      "n"} of the rival, or ``None``.
    - ``causes``: [{"cause", "text", "strength", "missed_share", "found_share", "missed", "missed_of", "found",
      "found_of", "among"}], strongest first; ``missed`` words are those whose right answer is not first.
    - ``what_if``: [{"change", "kind", "side", "pictures", "rank", "winner", "exact"}], best first.
    """
    found, right, rival = story.found, _attributed(story.right), _attributed(story.rival)
    won = found.winner is not None and found.winner.gold
    return {
        **explanation.as_json(found, top),
        "reason": story.causes[0].cause if story.causes and found.outcome != "found" else "",
        "typical": _clean(story.typical),
        "verdict": story.verdict,
        "ceiling": story.ceiling
        and {
            "mrr": _clean(story.ceiling.mrr),
            "rank": _clean(story.ceiling.rank),
            "splits": story.ceiling.splits,
            "candidates": story.ceiling.candidates,
        },
        "places": {
            name: {"value": _clean(place.value), "percentile": _clean(place.percentile), "n": place.n}
            for name, place in story.places.items()
        },
        "pictures_lacking": story.lacking,
        "duplicates": [list(both) for both in story.duplicates],
        "placeholders": list(story.placeholders),
        "groups": {
            "source": [_group(one) for one in story.groups],
            "gold": [_group(one) for one in story.right_groups],
        },
        "attribution": {"winner": right if won else rival, "gold": right, "rival": rival},
        "relations": [{"kind": one.kind, "text": one.text} for one in story.relations],
        "hub": story.hub and vars(story.hub).copy(),
        "causes": [_cause(one) for one in story.causes],
        "what_if": [_change(one) for one in story.changes],
    }


def _clean(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)


def _group(group: Group) -> dict[str, Any]:
    return {
        "label": group.label,
        "from_titles": group.from_titles,
        "pictures": list(group.pictures),
        "would_choose": group.would_choose,
        "rank": _clean(group.rank),
    }


def _attributed(one: Attributed | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "word": one.word,
        "score": _clean(one.score),
        "pictures": [
            {"id": own.id, "match": own.match, "cosine": _clean(own.cosine), "share": own.share} for own in one.pictures
        ],
        "correction": one.correction,
        "parts": dict(one.parts),
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "cause": cause.cause,
        "text": cause.text,
        "strength": _clean(cause.strength),
        "missed_share": _clean(cause.missed_share),
        "found_share": _clean(cause.found_share),
        "missed": cause.missed,
        "missed_of": cause.missed_of,
        "found": cause.found,
        "found_of": cause.found_of,
        "among": cause.among,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "change": change.change,
        "kind": change.kind,
        "side": change.side,
        "pictures": list(change.pictures),
        "rank": _clean(change.rank),
        "winner": change.winner,
        "exact": change.exact,
    }
