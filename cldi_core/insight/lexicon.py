"""The dictionary that a method induces: the best candidates of every source word, and how far they can be trusted.

An answer is trusted by its *margin*, by how much its score is above the next one's (``confidence``).  What share of
answers of a margin or more are right is told by the words of the list: the *expected precision* of a threshold is one
less the risk of the risk–coverage curve there.  A threshold that was chosen on the words it is judged on looks better
than it is, so a second figure judges each word by a threshold that the other words have chosen (``crossed``).

Candidates within ``TIE`` of each other share their places; all that share a place are listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import candidates
from cldi_core.data.wordlists import is_control
from cldi_core.errors import LexiconError
from cldi_core.evaluation import metrics, ranking, stored_scores
from cldi_core.evaluation.metrics import Interval
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import Ranker
from cldi_core.features import shards
from cldi_core.insight import confidence
from cldi_core.insight.evidence import margins
from cldi_core.scoring import Scores
from cldi_core.scoring.ties import TIE

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("source", "target", "rank", "score", "margin", "mutual", "gold", "precision")
FOLDS, SEED = 5, 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of an induced dictionary.

    Attributes:
        rank: of the candidate among all, the mean of the places that it shares.
        margin: by how much its score is above the next candidate's; 0 where it shares its place, nan for the last.
        mutual: each is the nearest of the other, among all words of both languages.
        gold: whether the word list has it; ``None`` where the list does not have the source word.
        precision: the expected precision of all answers of this margin or more; nan below the first place.
    """

    source: str
    target: str
    rank: float
    score: float
    margin: float
    mutual: bool
    gold: bool | None
    precision: float


@dataclass(frozen=True)
class Threshold:
    """What is known of the answers of a margin or more, from the words of the list.

    Attributes:
        margin: -inf for all answers.
        precision: the share of them that is right; its n is words.
        answers, judged: the queries answered, and those that could be.
        crossed: the precision where each word is judged by the margin that the others choose; ``None`` where the margin
            was given and not chosen.
    """

    margin: float
    precision: Interval
    answers: int
    judged: int
    crossed: Interval | None = None


def stored_matrix(pair: Pair, ranker: Ranker) -> Scores:
    """The stored scores of all words, float32 (n_source, n_target).

    Raises:
        LexiconError: there are none that hold, with the command that makes them; CldiError: it cannot rank the pair.
    """
    matrix = stored_scores.whole_of(pair, ranker)
    if matrix is None:
        options = ("--pair", pair.name, "--backbone", pair.backbone, "--method", ranker.name)
        raise LexiconError(
            f"the scores of {ranker.label} for {pair.name} are not there; make them first: "
            f"{pair.dataset.command('score', *options)}"
        )
    return matrix


def unlisted(pair: Pair) -> list[str]:
    """The source words that have pictures with features and are in no list, where all are candidates; sorted."""
    dataset, language = pair.dataset, pair.languages[0]
    if candidates.choice(dataset) != candidates.ALL:
        return []
    loaded, members = shards.open_features(dataset, pair.backbone), dataset.members(language)
    further = sorted(members.keys() - {*pair.source.words})
    return shards.seen(loaded, members, further)


def with_unlisted(pair: Pair, ranker: Ranker, matrix: Scores) -> tuple[Pair, Scores]:
    """The pair and its scores with the source words that have pictures and are in no list, where all are candidates.

    Nothing is asked of these, so they come behind the others and have no right answers.  Their scores are computed, as
    only those of listed words are stored; a ranker that needs all words at once (``Ranker.row``) cannot do that, and
    the pair is as it was.
    """
    words = [] if ranker.row is None else unlisted(pair)
    if not words:
        return pair, matrix
    dataset, language = pair.dataset, pair.languages[0]
    loaded = shards.open_features(dataset, pair.backbone)
    alone = shards.image_sets(dataset, loaded, language, words)
    further = ranker.scores(replace(pair, source=alone, queries=(), rows=np.zeros(0, np.int64), gold=()))
    both = shards.image_sets(dataset, loaded, language, [*pair.source.words, *words])
    return replace(pair, source=both), np.concatenate([matrix, further])


def mutual_nearest(matrix: Scores) -> NDArray[np.bool_]:
    """Whether each candidate shares a word's first place and the word the candidate's: bool (n_source, n_target)."""
    values = np.where(np.isnan(matrix), -np.inf, matrix)
    known = np.isfinite(values)
    first = [values >= values.max(axis=axis, keepdims=True, initial=-np.inf) - TIE for axis in (0, 1)]
    both: NDArray[np.bool_] = first[0] & first[1] & known
    return both


def answers(pair: Pair, matrix: Scores, *, mutual: bool = False) -> pd.DataFrame:
    """The answered queries of the list, as ``confidence.answers`` has them: right, margin, …

    Args:
        mutual: only those whose winner is a mutual nearest neighbour.
    """
    import pandas as pd

    asked = matrix[pair.rows]
    frame = pd.DataFrame(
        {
            "query": [query.id for query in pair.queries],
            "word": [query.word for query in pair.queries],
            "pos": [query.pos for query in pair.queries],
            "rank": ranking.gold_ranks(asked, pair.gold),
            "margin": margins(asked),
            "dispersion": np.nan,
            "pictures": 0,
        }
    )
    kept = mutual_nearest(matrix)[pair.rows].any(axis=1) | (not mutual)
    found = confidence.answers(frame[pd.Series(kept)])
    return found[pd.Series(found["margin"].notna())].reset_index(drop=True)


def at_margin(frame: pd.DataFrame, margin: float) -> Threshold:
    """What is known of the answers of a margin or more: of a frame of ``answers``."""
    kept = frame[frame["margin"] >= margin - TIE / 2]
    return Threshold(margin, _precision(kept), len(kept), len(frame))


def for_precision(frame: pd.DataFrame, precision: float) -> Threshold:
    """The lowest margin from which on the answers have this precision, and what is known of them.

    Raises:
        LexiconError: no margin that ``metrics.ENOUGH`` or more answers have reaches it.
    """
    margin = _lowest(frame, precision)
    if margin is None:
        sizes, shares = _precisions(frame)
        enough = sizes >= metrics.ENOUGH
        best = f"the best is {shares[enough].max():.2f}" if enough.any() else f"{len(frame)} are there"
        raise LexiconError(
            f"no margin gives {metrics.ENOUGH} or more answers of the list a precision of {precision:g}: {best}; "
            "ask for less, or give a margin yourself (--min-margin)"
        )
    found = at_margin(frame, margin)
    return Threshold(margin, found.precision, found.answers, found.judged, crossed(frame, precision))


def crossed(frame: pd.DataFrame, precision: float) -> Interval:
    """The precision of the answers that are kept where each fifth of the words has the margin of the others."""
    words, place = np.unique(frame["word"].to_numpy(object).astype(str), return_inverse=True)
    fold = np.random.default_rng(SEED).permutation(len(words))[place] % FOLDS
    kept = np.zeros(len(frame), bool)
    for number in range(FOLDS):
        margin = _lowest(frame[fold != number], precision)
        if margin is not None:
            kept |= (fold == number) & (frame["margin"] >= margin - TIE / 2).to_numpy()
    return _precision(frame[kept])


def entries(
    pair: Pair, matrix: Scores, frame: pd.DataFrame, *, top: int = 1, mutual: bool = False, margin: float = -np.inf
) -> Iterator[Entry]:
    """The dictionary, source words in their order, the best candidate first.

    Args:
        frame: of ``answers``, with the same ``mutual``.
        top: places; more candidates where several share the last.
        mutual: mutual nearest neighbours only; margin: only words whose best candidate has this margin or more.
    """
    both, expected = mutual_nearest(matrix), _expected(frame)
    gold: dict[int, set[int]] = {}
    for row, right in zip(pair.rows.tolist(), pair.gold, strict=True):
        gold.setdefault(row, set()).update(right)
    for row, word in enumerate(pair.source.words):
        columns, ranks, scores, gaps = _best(matrix[row], top)
        if not len(columns) or (np.isfinite(margin) and not gaps[0] >= margin - TIE / 2):
            continue
        for place, column in enumerate(columns.tolist()):
            if both[row, column] or not mutual:
                yield Entry(
                    word,
                    pair.target.words[column],
                    float(ranks[place]),
                    float(scores[place]),
                    float(gaps[place]),
                    bool(both[row, column]),
                    column in gold[row] if row in gold else None,
                    expected(gaps[0]) if scores[place] >= scores[0] - TIE else np.nan,
                )


def as_tsv(found: Iterable[Entry]) -> str:
    """A table with tabs and a header; words stand as they are, so a spreadsheet must be told that they are texts."""
    lines = ["\t".join(COLUMNS)]
    for one in found:
        numbers = [f"{one.rank:g}", *(_number(value) for value in (one.score, one.margin))]
        gold = "" if one.gold is None else str(int(one.gold))
        precision = "" if np.isnan(one.precision) else f"{one.precision:.3f}"
        lines.append("\t".join([one.source, one.target, *numbers, str(int(one.mutual)), gold, precision]))
    return "\n".join([*lines, ""])


def as_muse(found: Iterable[Entry]) -> str:
    """A dictionary as MUSE reads it: ``source target`` a line, no header; spaces within words are underscores."""
    return "".join(f"{_joined(one.source)} {_joined(one.target)}\n" for one in found)


def is_joined(one: Entry) -> bool:
    """Whether ``as_muse`` has to change a word of it."""
    return _joined(one.source) != one.source or _joined(one.target) != one.target


def is_writable(one: Entry) -> bool:
    """Whether a line of text can hold its words."""
    return not any(map(is_control, one.source + one.target))


FORMATS: dict[str, Callable[[Iterable[Entry]], str]] = {"tsv": as_tsv, "muse": as_muse}


def _joined(word: str) -> str:
    return "_".join(word.split())


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.7g}"


def _best(row: NDArray[np.floating], top: int) -> tuple[NDArray[Any], ...]:
    """The first candidates of a word, best first: columns, ranks, scores, and the gap to the next one's score.

    Those are listed that have fewer than ``top`` candidates above them.
    """
    known = np.flatnonzero(~np.isnan(row))
    values = row[known].astype(np.float64)
    order = np.argsort(-values, kind="stable")
    values = values[order]
    rising = values[::-1]
    above = len(values) - np.searchsorted(rising, values + TIE, side="right")
    below = np.searchsorted(rising, values - TIE, side="left")
    count = int((above < top).sum())
    gaps = -np.diff(values, append=np.nan)
    gaps[(len(values) - above - below > 1) | (gaps <= TIE)] = 0.0
    ranks = (above + len(values) - below + 1) / 2
    return known[order][:count], ranks[:count], values[:count], gaps[:count]


def _precision(kept: pd.DataFrame) -> Interval:
    return metrics.interval(kept["right"].to_numpy(np.float64), kept["word"].to_numpy())


def _precisions(frame: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """How many answers have each of the margins that occur or more, surest first, and what share of them is right."""
    sure = confidence.sure(frame, "margin")
    _, risk = confidence.curve(sure, frame["right"].to_numpy(np.float64))
    _, counts = np.unique(-sure, return_counts=True)
    sizes = np.cumsum(counts)
    return sizes, 1 - risk[sizes - 1]


def _lowest(frame: pd.DataFrame, precision: float) -> float | None:
    sizes, shares = _precisions(frame)
    reached = np.flatnonzero((shares >= precision - 1e-9) & (sizes >= metrics.ENOUGH))
    if not len(reached):
        return None
    return float(np.sort(frame["margin"].to_numpy())[::-1][sizes[reached[-1]] - 1])


def _expected(frame: pd.DataFrame) -> Callable[[float], float]:
    """The expected precision of answers of a margin or more; nan of a margin that no answer of the list has."""
    sizes, shares = _precisions(frame)
    ends = np.sort(frame["margin"].to_numpy())[::-1][sizes - 1]

    def expected(margin: float) -> float:
        place = int((ends >= margin - TIE / 2).sum())
        return float(shares[place - 1]) if place else float("nan")

    return expected
