"""The sentences that people read about words, data sets and features: plain text, made from the core's facts.

Text about image pivoting is in ``pivot_words``, that about why a word failed in ``story_words``.  Nothing here is
Markdown; ``draw.safe`` makes it safe to draw.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cldi_core.data.counting import counted
from cldi_core.data.dataset import CLASSES, POS
from cldi_core.features.background import ExtractionJob, Made
from cldi_core.features.provenance import Provenance
from cldi_core.insight.explanation import Explanation, shown_rank
from cldi_core.insight.overview import Counts
from cldi_core.scoring.transport_plans import TOLERANCE

OUTCOMES = {"found": "found", "nearly": "nearly", "missed": "missed", "uncovered": "no pictures"}
NOT_BEGUN = "it was ended before it began"  # work that had told nothing


def kinds(letters: str, join: str = ", ") -> str:
    """``"NV"`` → ``"noun, verb"``."""
    return join.join(POS[letter] for letter in letters)


def place(rank: float) -> str:
    """The rank of a right answer: ``"#3½"``, or ``"no pictures"``."""
    return "no pictures" if np.isnan(rank) else f"#{shown_rank(rank)}"


def outcome(found: Explanation, method: str) -> str:
    """A sentence: what became of a word.

    Args:
        method: its label.
    """
    gold = found.gold[0]
    if found.pictures == 0:
        return f"There are no pictures of “{found.word}”, so nothing can be compared."
    if np.isnan(found.rank) or found.winner is None:
        return f"There are no pictures of the right answer “{gold.word}”, so it cannot be found."
    texts = " It compares the words as texts: no picture of theirs is looked at." if found.learned else ""
    if found.outcome == "found":
        of = counted(found.ranked, "candidate")
        return f"Found: {method} ranks the right answer “{gold.word}” first of {of}.{texts}"
    rank, rival = f"{shown_rank(found.rank)} of {found.ranked}", found.rival.word if found.rival else ""
    where = f"shares rank {rank} with “{rival}”" if found.shared else f"is at rank {rank}; the winner is “{rival}”"
    return f"{found.outcome.capitalize()}: the right answer “{gold.word}” {where}.{texts}"


def settled(errors: Mapping[str, float]) -> str:
    """How far methods that iterate have come: label → the largest error that was left (``transport.settle``)."""
    return " · ".join(
        f"{label}: {'settled' if error < TOLERANCE else 'not settled'}, marginal errors up to {error:.0e}"
        for label, error in errors.items()
    )


def facts(counts: Counts) -> dict[str, str]:
    """What a data set holds in a few lines: label → text."""
    words = ", ".join(f"{count} {language}" for language, count in counts.words.items())
    licences = ", ".join(f"{licence or 'unknown'} ({count:,})" for licence, count in counts.licences.items())
    queries = {
        f"Queries {pair}": ", ".join(
            counted(count[letter], name, name if letter == "X" else "")
            for letter, name in POS.items()
            if letter in CLASSES or count[letter]
        )
        for pair, count in counts.queries.items()
    }
    return {
        "Words with pictures": words or "none",
        "Pictures": f"{counts.pictures:,}",
        "Licences": licences or "none",
        **queries,
    }


def group(colouring: str, value: str, members: NDArray[np.bool_]) -> str:
    """What a group on the map is called: ``"nouns, n = 12"``."""
    names = {"pos": {letter: f"{name}s" for letter, name in POS.items()}, "outcome": OUTCOMES}
    return f"{names.get(colouring, {}).get(value, value)}, n = {int(members.sum())}"


def provenance(known: Provenance, made: Made | None) -> list[str]:
    """What made a backbone's features, and when."""
    how = f"Computed on {known.device or 'an unknown device'} in {known.arithmetic}; "
    how += made.finished if made else "when is not recorded"
    if made:
        how += f"; {counted(made.extracted, 'picture', form=',')} took {duration(made.seconds)}"
    weights = f"Weights {known.weights[:12] or 'unknown'}, licence: {known.licence or 'unknown'}"
    return [
        f"{counted(known.pictures, 'picture', form=',')}, {counted(known.dim, 'number')} each: "
        f"{known.layer or 'layer not recorded'}",
        f"{weights}; {known.source}" if known.source else weights,
        f"Fed with {known.preprocessing or 'pictures; how is not recorded'}",
        how + (f"; {counted(len(known.failed), 'picture')} failed" if known.failed else ""),
    ]


def progress(job: ExtractionJob) -> str:
    """How far an extraction is."""
    if job.state == "interrupted" and not job.total:
        return NOT_BEGUN
    parts = [f"{job.done:,} of {counted(job.total, 'picture', form=',')}"]
    if job.is_active and job.left is not None:
        parts += [f"{job.rate:.1f} a second", f"{duration(job.left)} left"]
    parts += [f"{job.failed} failed"] if job.failed else []
    return ", ".join(parts) + ("" if job.is_active else "; it was interrupted")


def duration(seconds: float) -> str:
    """A time as people say it: ``"40 s"``, ``"12 min"``, ``"3.5 h"``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
