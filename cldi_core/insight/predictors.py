"""What may tell whether a word is found: a row for each covered query, a column for each predictor.

``PREDICTORS`` is the one list of them.  A predictor is a number that is known of a word before it is asked for: of its
pictures, of its right answer, or of its best wrong candidate.  All come from the stored evidence of the method
(``evidence``), but for the ceiling, the senses and the ratings of concreteness.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from cldi_core import rankers
from cldi_core.data import concreteness as concreteness_files
from cldi_core.data import wordlists
from cldi_core.data.counting import counted
from cldi_core.data.dataset import CLASSES, POS, Dataset
from cldi_core.errors import DatasetError
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.insight.ceiling import stored_ceilings
from cldi_core.insight.evidence import stored_evidence

if TYPE_CHECKING:
    import pandas as pd

Column = NDArray[np.float64]
ENGLISH = "en"  # senses and concreteness are known of English words alone
KNOWN = 0.5  # the share of rows of which a predictor has to be known; with fewer, it would cost most of the words
VARYING = (
    5  # words that have to differ from all others in a predictor: what few words say is lost in many draws of words
)
SAME = 1e-8  # what a predictor has to have of its own, as a share of its variance, beside the others
FRAME = ("pair", "query", "word", "pos", "answer", "rank", "found", "log_rank")
REFERENCE = "N"  # the part of speech that the others are set against


@dataclass(frozen=True)
class Predictor:
    """One of the things that may tell whether a word is found.

    Attributes:
        label: for people; about: one sentence that says what the number is.
        compute: of the covered rows of ``evidence`` of a pair, float64, nan where unknown.
        scale: how it enters: ``""`` as it is, ``"log"`` (natural; of counts from 1 on), ``"log1p"`` (of counts).
        yes_no: it is 0 or 1.
    """

    label: str
    about: str
    compute: Callable[[pd.DataFrame, Pair], Column]
    scale: str = ""
    yes_no: bool = False

    def values(self, evidence: pd.DataFrame, pair: Pair) -> Column:
        """The predictor as it enters a model: float64, a number a row, nan where it is not known."""
        raw = np.asarray(self.compute(evidence, pair), np.float64)
        if self.scale == "log":
            return cast(Column, np.log(np.where(raw >= 1, raw, np.nan)))  # a word without a sense is not in WordNet
        return cast(Column, np.log1p(raw)) if self.scale == "log1p" else raw


def frame(evidence: pd.DataFrame, pair: Pair) -> pd.DataFrame:
    """A row for each covered noun, verb and adjective of a pair, in the order of the evidence.

    Columns: pair, query, word, pos, answer (the first right one in the list), rank; found (1.0 where the rank is at
    most 1, else 0.0); log_rank (of base 10); and one for each of ``PREDICTORS``, float64, nan where it is not known.
    """
    import pandas as pd

    own = evidence[evidence["rank"].notna() & evidence["pos"].isin(CLASSES)].reset_index(drop=True)
    rank = own["rank"].to_numpy(np.float64)
    columns: dict[str, Any] = {name: own[name].to_numpy() for name in ("query", "word", "pos")}
    columns |= {
        "answer": answers(own, pair),
        "rank": rank,
        "found": (rank <= 1).astype(np.float64),
        "log_rank": np.log10(rank),
    }
    columns |= {name: one.values(own, pair) for name, one in PREDICTORS.items()}
    return pd.DataFrame({"pair": [pair.name] * len(own), **columns})


def answers(rows: pd.DataFrame, pair: Pair) -> list[str]:
    """The first right answer in the list of each row's query."""
    return [pair.queries[pair.index[query]].right[0] for query in rows["query"]]


def of_pairs(dataset: Dataset, backbone: str, pairs: Iterable[str], method: str) -> pd.DataFrame:
    """The frames of some pairs under one method, one below the other; only what is stored, nothing is computed.

    Raises:
        DatasetError: a pair has no evidence; it says what makes it.  And what opening a pair raises.
    """
    import pandas as pd

    made = []
    for name in pairs:
        pair, ranker = open_pair(dataset, backbone, name), rankers.ranker(method)
        found = stored_evidence(pair, [ranker]).get(method)
        if found is None:
            command = dataset.command("score", "--pair", name, "--backbone", backbone, "--method", method)
            raise DatasetError(f"there is no evidence of {name} under {method} yet; run: {command}")
        made.append(frame(found, pair))
    return pd.concat(made, ignore_index=True) if made else pd.DataFrame(columns=[*FRAME, *PREDICTORS])


@dataclass(frozen=True)
class Used:
    """What a model is made of.

    Attributes:
        names: the predictors that it has, of ``PREDICTORS``.
        left_out: the others, name → why.
        rows: of the frame, those of which all of ``names`` are known; lacking: how many others there were.
    """

    names: tuple[str, ...]
    left_out: dict[str, str]
    rows: pd.DataFrame
    lacking: int


def used(frame: pd.DataFrame, among: Collection[str] | None = None) -> Used:
    """Which predictors can be used of a frame, and of which rows.

    Left out is what is known of no row or of under half (``KNOWN``), what is the same for all words but a few
    (``VARYING``), and what others say already
    (pair, part of speech and the predictors before it, but for ``SAME`` of its variance).

    Args:
        among: of these alone; the others are not there for it.
    """
    left_out, names = {}, []
    for name in PREDICTORS:
        if among is not None and name not in among:
            continue
        known = frame[name].notna().to_numpy() if name in frame else np.zeros(len(frame), bool)
        if not known.any():
            left_out[name] = "not known of any word"
        elif known.mean() < KNOWN:
            left_out[name] = f"known of {known.sum()} of {counted(len(frame), 'query')}"
        else:
            names.append(name)
    rows = frame.dropna(subset=names).reset_index(drop=True)
    lacking = len(frame) - len(rows)
    kept: list[str] = []
    words = clusters(rows)[0] if len(rows) else np.zeros(0, np.int64)
    basis = np.linalg.qr(groups(rows)[1])[0] if len(rows) else np.zeros((0, 1))
    for name in names:
        values = rows[name].to_numpy(np.float64)
        others = _others(values, words)
        if others < VARYING:
            left_out[name] = f"the same for all but {counted(others, 'word')}" if others else "the same for all words"
            continue
        centred = values - values.mean()
        alone = centred - basis @ (basis.T @ centred)
        if (alone**2).sum() <= SAME * (centred**2).sum():
            left_out[name] = "told by the others already"
            continue
        basis = np.column_stack([basis, alone / np.linalg.norm(alone)])
        kept.append(name)
    return Used(tuple(kept), {name: left_out[name] for name in PREDICTORS if name in left_out}, rows, lacking)


def groups(rows: pd.DataFrame) -> tuple[tuple[str, ...], Column]:
    """The columns that say of which group a row is, all 0 or 1: the constant, each pair but the first, and each part of
    speech that is there but ``REFERENCE``: their names (``""``, ``"pair:en-fr"``, ``"pos:V"``) and float64 (n, k)."""
    pairs, pos = sorted(set(rows["pair"])), set(rows["pos"])
    kinds = [letter for letter in POS if letter in pos and letter != REFERENCE]
    if REFERENCE not in pos:
        kinds = kinds[1:]
    columns: dict[str, Column] = {"": np.ones(len(rows))}
    columns |= {f"pair:{name}": _is(rows, "pair", name) for name in pairs[1:]}
    columns |= {f"pos:{letter}": _is(rows, "pos", letter) for letter in kinds}
    return tuple(columns), np.column_stack(list(columns.values()))


def _is(rows: pd.DataFrame, column: str, value: str) -> Column:
    return (rows[column] == value).to_numpy().astype(np.float64)


def clusters(rows: pd.DataFrame) -> tuple[NDArray[np.int64], int]:
    """Which word each row is of, int64 (n,), and how many words there are: *plant*, noun and verb, in three language
    pairs, is one word; of another source language it is another.

    Where several languages are asked for words of one, it is the first right answer that makes the word: one English
    word's pictures stand behind the ranks of its translations in all languages (as ``tables.by_english``).
    """
    import pandas as pd

    languages = [wordlists.pair_languages(str(name)) for name in rows["pair"]]
    sources, targets = ({one[side] for one in languages} for side in (0, 1))
    if "answer" in rows and len(sources) > 1 == len(targets):
        codes, found = pd.factorize(rows["answer"].astype(str))
    else:
        codes, found = pd.factorize(
            pd.Series([one[0] for one in languages], rows.index, dtype=str) + "\n" + rows["word"].astype(str)
        )
    return codes.astype(np.int64), len(found)


def _others(values: Column, words: NDArray[np.int64]) -> int:
    """Of how many words a value is not the most common one."""
    if not len(values):
        return 0
    known, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return len(np.unique(words[place != int(counts.argmax())])) if len(known) > 1 else 0


def _evidence(column: str) -> Callable[[pd.DataFrame, Pair], Column]:
    return lambda evidence, pair: evidence[column].to_numpy(np.float64)


def _ceiling(evidence: pd.DataFrame, pair: Pair) -> Column:
    stored = stored_ceilings(pair)
    known = {} if stored is None else dict(zip(stored["word"], stored["mrr"], strict=True))
    return np.array([known.get(word, np.nan) for word in evidence["word"]], np.float64)


def _english(known: Callable[[Dataset, str], float | None]) -> Callable[[pd.DataFrame, Pair], Column]:
    """What is known of English words: nan of all words of a pair that asks in another language."""

    def compute(evidence: pd.DataFrame, pair: Pair) -> Column:
        words: Sequence[str] = evidence["word"].tolist()
        if pair.languages[0] != ENGLISH:
            return np.full(len(words), np.nan)
        found = {word: known(pair.dataset, word) for word in dict.fromkeys(words)}
        return np.array([np.nan if found[word] is None else found[word] for word in words], np.float64)

    return compute


def _hub(evidence: pd.DataFrame, pair: Pair) -> Column:
    # Of a method with CSLS the first ten are its own, not those of the method that it corrects.
    own = evidence["rival_top10"].where(~evidence["corrected"], evidence["rival_top10_csls"])
    return own.where(evidence["rival"] != "").to_numpy(np.float64)


def _same_spelled(evidence: pd.DataFrame, pair: Pair) -> Column:
    return np.array([pair.queries[pair.index[query]].same_spelled for query in evidence["query"]], np.float64)


PREDICTORS: dict[str, Predictor] = {
    "dispersion": Predictor(
        "dispersion", "mean of 1 − cosine over all pairs of the word's pictures", _evidence("dispersion")
    ),
    "right_dispersion": Predictor(
        "dispersion of the right answer", "the same of the best right answer's pictures", _evidence("right_dispersion")
    ),
    "ceiling": Predictor(
        "ceiling", "mean of 1/rank with which half of the word's own pictures find the other half", _ceiling
    ),
    "senses": Predictor(
        "senses", "WordNet senses of the English word, as a logarithm", _english(Dataset.senses), "log"
    ),
    "pictures": Predictor("pictures", "how many pictures the word has, as a logarithm", _evidence("pictures"), "log"),
    "right_pictures": Predictor(
        "pictures of the right answer",
        "how many the best right answer has, as a logarithm",
        _evidence("right_pictures"),
        "log",
    ),
    "hub": Predictor(
        "hub", "in how many other words' first ten the best wrong candidate stands, as log(1 + n)", _hub, "log1p"
    ),
    "right_top10": Predictor(
        "right answer's neighbourhoods",
        "in how many other words' first ten the best right answer stands, as log(1 + n)",
        _evidence("right_top10"),
        "log1p",
    ),
    "same_spelled": Predictor(
        "same spelling", "a right answer is spelled as the word itself", _same_spelled, yes_no=True
    ),
    "concreteness": Predictor(
        "concreteness",
        "how concrete people rated the English word",
        _english(concreteness_files.concreteness),
    ),
}
