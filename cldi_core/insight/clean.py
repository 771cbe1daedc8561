"""Clean words: queries of which ``hygiene`` finds nothing that makes results wrong without an error.

Figures of them beside those of all words say how much such findings matter.  They are of fewer and of other words, so
a difference may also be theirs: neither is the truth about the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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


def is_complete(pair: Pair) -> bool:
    """Whether all pictures have been compared; if not, ``check`` has to do so, and may find more."""
    return likeness.read(pair.dataset).complete


def _small(pair: Pair) -> Iterable[tuple[str, str]]:
    """The words, with their language, all of whose pictures are small."""
    table = pair.dataset.pictures.table
    small = set(table.index[table[["width", "height"]].max(axis=1) < hygiene.SMALL])
    for language in pair.languages if small else ():
        for word, ids in pair.dataset.members(language).items():
            if small.issuperset(ids):
                yield language, word
