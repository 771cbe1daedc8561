"""The words of the field in a sentence each, with an example in numbers of the data that are looked at.

Nothing is computed here over all words: an example is made of what is stored, and where that is not there it is left
out.  All of it is plain text that holds words of the data set as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cldi_core.data.counting import counted
from cldi_core.evaluation import tables
from cldi_core.evaluation.pairs import Pair
from cldi_core.insight import hubs
from cldi_core.insight.cause_texts import quoted
from cldi_core.insight.evidence import TOP
from cldi_core.insight.explanation import shown_rank

if TYPE_CHECKING:
    import pandas as pd

TELLING = 10  # the rank at which an example tells most: neither found nor hopeless
ANSWERS = 3  # right answers of a word, named
MINUS = "−"


@dataclass(frozen=True)
class Facts:
    """What examples are made of.

    Attributes:
        pair: with the features of the backbone whose label is ``backbone``.
        method, uncorrected: labels of the method, and of it without CSLS.
        ranks_all: whether the method ranks all candidates, and so has an MRR.
        query: the id of the word that is looked at; ``""`` for none.
        rankings: of the method; figures: its record of all words (``tables.table``).
        evidence: with ceilings, where they are known (``causes.with_ceilings``).
        hubs, corrected: those of the method without CSLS, and with it (``hubs.hubs``).
            Each is ``None`` where it is not stored.
    """

    pair: Pair
    backbone: str
    method: str
    uncorrected: str
    ranks_all: bool = True
    query: str = ""
    rankings: pd.DataFrame | None = None
    figures: Mapping[str, Any] | None = None
    evidence: pd.DataFrame | None = None
    hubs: pd.DataFrame | None = None
    corrected: pd.DataFrame | None = None

    @cached_property
    def row(self) -> Mapping[str, Any] | None:
        """Of the rankings that of the word that is looked at, else of the one whose whole rank is nearest to ten."""
        if self.rankings is None or not len(self.rankings):
            return None
        chosen = self.rankings[self.rankings["query"] == self.query]
        if not len(chosen):
            ranked = self.rankings.dropna(subset=["rank"])
            far = (ranked["rank"] - TELLING).abs() + 0.5 * (ranked["rank"] % 1 > 0)
            chosen = ranked.assign(far=far).sort_values(["far", "query"]).head(1)
        found: list[Any] = chosen.to_dict("records")
        return found[0] if found else None

    @cached_property
    def known(self) -> Mapping[str, Any] | None:
        """The evidence of the same word."""
        if self.evidence is None or self.row is None:
            return None
        found: list[Any] = self.evidence[self.evidence["query"] == self.row["query"]].to_dict("records")
        return found[0] if found else None

    @cached_property
    def hub(self) -> Mapping[str, Any] | None:
        """The greatest hub, with its numbers after CSLS where they are known."""
        if self.hubs is None or not len(self.hubs):
            return None
        found: list[Any] = hubs.greatest(self.hubs, self.corrected, 1).to_dict("records")
        first: Mapping[str, Any] = found[0]
        return first


def _mrr(facts: Facts) -> str:
    row = facts.row
    if row is None or not facts.ranks_all:
        return ""
    right, word = quoted(row["right"]), quoted(row["word"])
    if math.isnan(row["rank"]):
        return f"{word} has no rank, as there are no pictures of it or of {right}: it is left out."
    return f"{right}, the right answer of {word}, is at rank {shown_rank(row['rank'])}: it counts {_share(row)}."


def _share(row: Mapping[str, Any]) -> str:
    """``"1/12 = 0.08"``; a place that is shared by an odd mean is written as a decimal number."""
    rank = float(row["rank"])
    return "1" if rank == 1 else f"1/{rank:.4g} = {1 / rank:.2f}" if 1 / rank >= 0.005 else f"1/{rank:.4g}, next to 0"


def _first(facts: Facts) -> str:
    row = facts.row
    if row is None or not facts.ranks_all or math.isnan(row["rank"]):
        return ""
    counts = "for both" if row["rank"] <= 1 else "for P@10 alone" if row["rank"] <= TOP else "for neither"
    return f"The right answer of {quoted(row['word'])} is at rank {shown_rank(row['rank'])}: it counts {counts}."


def _coverage(facts: Facts) -> str:
    known = facts.figures
    if known is None:
        return ""
    asked = counted(known["asked"], "query")
    return f"In {facts.pair.name} {facts.method} ranks {known['n']} of {asked}: {known['coverage']:.2f}."


def _interval(facts: Facts) -> str:
    if facts.figures is None or not facts.ranks_all:
        return ""
    found = tables.interval_of(facts.figures, "mrr")
    told = found.text(lambda value, digits: f"{value:.{digits}f}")
    return f"In {facts.pair.name} {facts.method} has MRR {told}, n = {counted(found.n, 'word')}."


def _dispersion(facts: Facts) -> str:
    row = facts.known
    if row is None:
        return ""
    many = counted(row["pictures"], "picture")
    if math.isnan(row["dispersion"]):
        return f"{quoted(row['word'])} has {many}, and so none."
    return f"That of {quoted(row['word'])} is {row['dispersion']:.2f} ({many})."


def _ceiling(facts: Facts) -> str:
    row = facts.known
    if row is None or math.isnan(row["ceiling"]):
        return ""
    return f"Half of the pictures of {quoted(row['word'])} have the other half at rank {shown_rank(row['ceiling'])}."


def _margin(facts: Facts) -> str:
    row = facts.known
    if row is None or not row["rival"]:
        return ""
    margin = row["right_score"] - row["rival_score"]
    if math.isnan(margin):
        return ""
    said = f"{margin:.3f}".replace("-", MINUS)
    return f"{quoted(row['word'])}: {said} between {quoted(row['right'])} and {quoted(row['rival'])}."


def _hub(facts: Facts) -> str:
    hub = facts.hub
    if hub is None or facts.hubs is None:
        return ""
    words, wins = facts.hubs.attrs.get("words", 0), counted(hub["wins"], "query")
    return (
        f"The greatest in {facts.pair.name} under {facts.uncorrected} is {quoted(hub['word'])}: among the first ten of "
        f"{hub['n10']} of {counted(words, 'word')}; it wins {wins} wrongly."
    )


def _csls(facts: Facts) -> str:
    hub = facts.hub
    if hub is None or math.isnan(hub["n10_after"]):
        return ""
    after = counted(round(hub["n10_after"]), "word")
    return f"{quoted(hub['word'])} is then among the first ten of {after} instead of {hub['n10']}."


def _candidate(facts: Facts) -> str:
    number = counted(int((facts.pair.target.sizes > 0).sum()), "candidate")
    return f"{facts.pair.name} has {number} with pictures."


def _gold(facts: Facts) -> str:
    row = facts.row
    query = next((one for one in facts.pair.queries if row is not None and one.id == row["query"]), None)
    if query is None:
        return ""
    more = f" and {len(query.right) - ANSWERS} more" if len(query.right) > ANSWERS else ""
    return f"Of {quoted(query.word)}: {', '.join(map(quoted, query.right[:ANSWERS]))}{more}."


def _backbone(facts: Facts) -> str:
    return f"{facts.backbone} makes {counted(facts.pair.source.dim, 'number', form=',')} of a picture."


@dataclass(frozen=True)
class Term:
    """A word of the field.

    Attributes:
        label: as it stands on pages; text: a sentence that says what it means.
        example: a sentence with numbers of the data; ``""`` where these are not stored.
        of_word: whether the example is of the word that is looked at.
    """

    label: str
    text: str
    example: Callable[[Facts], str]
    of_word: bool = False


TERMS = {
    "mrr": Term("MRR", "Mean of 1/rank of the right answers: 1 if every right answer comes first.", _mrr, of_word=True),
    "p": Term(
        "P@1, P@10", "Share of the words whose right answer comes first, or among the first ten.",
        _first, of_word=True,
    ),
    "coverage": Term("Coverage", "Share of the queries that are ranked: there are pictures on both sides.", _coverage),
    "interval": Term(
        "95 % interval",
        "Had other words of the kind been asked, the figure would be another: in 95 of 100 such samples the interval "
        "holds that of all words.",
        _interval,
    ),
    "dispersion": Term(
        "Dispersion",
        "How much the pictures of a word differ: the mean of 1 − cosine over each two of them, 0 to 2.",
        _dispersion, of_word=True,
    ),
    "ceiling": Term(
        "Ceiling", "The rank at which half of a word's pictures find the other half, among all candidates.",
        _ceiling, of_word=True,
    ),
    "margin": Term(
        "Margin", "The right answer's score less that of the best wrong candidate; below 0 it has lost.",
        _margin, of_word=True,
    ),
    "hub": Term(
        "Hub", "A candidate that is near to many words and takes the first place of those.", _hub
    ),
    "csls": Term("CSLS", "Takes from each score how near both words are to all others, so that hubs win less.", _csls),
    "candidate": Term(
        "Candidate", "A word of the other language that is ranked as a possible answer, whatever its part of speech.",
        _candidate,
    ),
    "gold": Term(
        "Right answer (gold)", "A translation in the word list; where there are several, the best placed counts.",
        _gold, of_word=True,
    ),
    "backbone": Term(
        "Backbone", "The network that turns a picture into numbers (features), which are compared.", _backbone
    ),
}  # fmt: skip


def texts(facts: Facts | None, names: Iterable[str] = TERMS) -> dict[str, str]:
    """The sentences of terms, and behind each its example where there is one.

    Args:
        facts: without them there are no examples; names: of ``TERMS``.
    """
    examples = {name: TERMS[name].example(facts) if facts else "" for name in names}
    return {name: f"{TERMS[name].text} {example}".rstrip() for name, example in examples.items()}
