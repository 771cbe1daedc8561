"""Clean words: queries of which ``hygiene`` finds nothing that makes results wrong without an error.

Figures of them beside those of all words say how much such findings matter.  They are of fewer and of other words, so
a difference may also be theirs: neither is the truth about the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cldi_core.data.wordlists import pair_languages
from cldi_core.evaluation.pairs import Pair
from cldi_core.insight import hygiene, likeness

SMALL, PASSED = "small", ("cut",)  # a picture that lacks its last bytes is used and listed, and is no reason
# Finding → what its queries have, on either side.
LABELS = {
    "placeholder": "a picture that many unrelated words have",
    "both languages": "a picture that both languages have",
    SMALL: f"no picture of {hygiene.SMALL} pixels or more",
    "few": f"fewer than {hygiene.FEW} pictures",
    "same-spelled": "a right answer that is spelled alike",
    "spelling": "pictures of a folder that is spelled otherwise",
}


def label(finding: str) -> str:
    """What the queries of a finding have."""
    return LABELS.get(finding, finding)


def suspected(pair: Pair) -> dict[str, frozenset[str]]:
    """Finding → ids of the queries that it concerns: of their word, or of one of their right answers.

    The findings are those of ``hygiene.suspects``, by what ``check`` has kept of the pictures; but a word with small
    pictures is concerned only if it has no other.  A query may be concerned by several.

    Raises:
        CldiError: the list or the pictures cannot be read.
    """
    words = {name: own for name, own in hygiene.suspects(pair.dataset, pair.name).items() if name not in PASSED}
    words[SMALL] = frozenset(_small(pair))
    source, target = pair_languages(pair.name)
    return {
        name: frozenset(
            query.id
            for query in pair.queries
            if (source, query.word) in own or any((target, word) in own for word in query.right)
        )
        for name, own in words.items()
    }


def kept(pair: Pair, found: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """The ids of the queries that no finding concerns.

    Args:
        found: of ``suspected``.
    """
    return frozenset(query.id for query in pair.queries).difference(*found.values())


@dataclass(frozen=True)
class Suspected:
    """What is not clean of a pair.

    Attributes:
        queries: how many are asked; taken: of these how many are not clean; kept: the ids of the others.
        findings: finding → how many queries it concerns; a query may be concerned by several.
        complete: whether all pictures have been compared; if not, ``check`` has to do so, and may find more.
    """

    queries: int
    taken: int
    findings: Mapping[str, int]
    complete: bool
    kept: frozenset[str]


def of_pair(pair: Pair) -> Suspected:
    """What is not clean of a pair; CldiError as ``suspected``."""
    found = suspected(pair)
    rest, asked = kept(pair, found), len(pair.queries)
    findings = {name: len(own) for name, own in found.items()}
    return Suspected(asked, asked - len(rest), findings, likeness.read(pair.dataset).complete, rest)


def _small(pair: Pair) -> Iterable[tuple[str, str]]:
    """The words, with their language, all of whose pictures are small."""
    small: set[str] = set()
    for frame in pair.dataset.pictures.each(["width", "height"]):
        longer = frame.max(axis=1)
        small.update(frame.index[(longer > 0) & (longer < hygiene.SMALL)])
    for language in pair.languages if small else ():
        for word, ids in pair.dataset.members(language).items():
            if small.issuperset(ids):
                yield language, word
