"""Evidence: what is known of every word, its best right answer and its best wrong one under a method, as numbers.

A row is a query, its *right* answer the best one, its *rival* the best wrong candidate, of found words as well, so that
missed and found words can be set against each other (see ``causes``).  Only the pictures of these three words are
compared, so a whole pair takes about a second.

Columns (counts are int32, cosines, scores and ranks float32; 0 or nan where a side has no pictures):

- query, word, pos; texts, and corrected: whether ``base`` is given; rank (of the best right answer, nan where not
  covered).
- right, rival ("" where there is none); rival_pos (as ``Pair.target_pos``); right_score, rival_score; tied (the
  rival's score is within ``TIE`` of the right answer's).
- pictures, right_pictures, rival_pictures: how many each has; dispersion, right_dispersion.
- known: all three have pictures, and of each it is known what it depicts.  Only then: things, the distinct ones
  that the word's pictures depict; right_things, rival_things, how many of these the other's pictures depict;
  shown_right, shown_rival, how many of the word's *pictures* depict one of those; astray, how many of shown_right
  have in the rival a picture of another thing that is nearer than any of the right answer's.
- nearer_right, nearer_rival: pictures of the word whose best match in one is nearer, by more than ``TIE``, than in
  the other; best_right, best_rival: the highest cosines.
- copies_right, copies_rival: pictures of the word with a near-copy there (a cosine above ``NEAR_COPY``).
- common: pictures that right answer and rival share; same_pictures: they have exactly the same ones.
- rival_top10, right_top10: in how many *other* source words' first ten the candidate is; rival_top10_csls: the same
  after CSLS (where ``base`` is given, the first two are those of ``base`` and this one is the method's own);
  rival_place: the rival's place among all candidates by that number, 1 for the one that is in most.
- rival_wins: how many other words the rival wins wrongly; n_words, n_candidates: how many other source words, and
  candidates, have scores.
- margin: by how much the best score is above the second best, whatever they are; nan where fewer than two have one.

``evidence/<backbone>/<pair>/<ranker>.parquet`` holds a frame with the key of everything it depends on and a checksum;
what does not fit them is as if it were not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import storage
from cldi_core.evaluation import ranking, rankings, stored_scores
from cldi_core.evaluation.kept_frames import Kind
from cldi_core.evaluation.pairs import Pair
from cldi_core.evaluation.ranker import TRAINED, Ranker, Scored
from cldi_core.scoring import Scores
from cldi_core.scoring.dispersion import dispersion
from cldi_core.scoring.hubness import csls
from cldi_core.scoring.imagesets import ImageSets, unit_rows
from cldi_core.scoring.ties import TIE, ranks

if TYPE_CHECKING:
    import pandas as pd

VERSION = 2  # raise it when what a column means or how it is computed changes: stored frames are then made again
FOLDER = "evidence"
NEAR_COPY = 0.98  # a cosine above it is of two pictures that hardly differ
TOP = 10  # the candidates that count as a word's neighbours
CSLS = "+csls"  # how the names of methods end that are corrected for hubs already
READY = 256  # words whose pictures are kept in memory
ASKED = {"query": "id", "word": "word", "pos": "pos"}  # columns → fields of a query
NO_PICTURES: NDArray[np.float32] = np.zeros(0, np.float32)


@dataclass(frozen=True)
class Side:
    """The pictures of one word: their rows, float32 unit rows (n, dim), and what each depicts, "" where unknown."""

    pictures: NDArray[np.int64]
    rows: NDArray[np.float32]
    things: tuple[str, ...]

    @property
    def known(self) -> bool:
        """Whether it has pictures, and of each it is known what it depicts."""
        return bool(self.things) and all(self.things)


@dataclass(frozen=True)
class Things:
    """What pictures of a word depict: ``all`` of it, and those that pictures of the right answer, or of the rival,
    depict as well; each in the order of the word's pictures, as the data set names them (``concept``)."""

    all: tuple[str, ...]
    right: tuple[str, ...]
    rival: tuple[str, ...]


def evidence(
    pair: Pair,
    matrix: Scores,
    frame: pd.DataFrame,
    base: Scores | None = None,
    *,
    texts: bool = False,
    sides: Sides | None = None,
) -> pd.DataFrame:
    """The evidence of every query of a pair under one method: a row each, in their order, with the columns above.

    Args:
        matrix: the method's scores, float32 (n_source, n_target), nan for words without pictures.
        frame: its rankings (``rankings.ranked``).
        base: where the method is CSLS of another, that one's scores.
        texts: the method compares the words as texts, so that no picture is a cause.
        sides: of the pair, where several methods are looked at one after another.
    """
    import pandas as pd
    from threadpoolctl import threadpool_limits

    sides = sides or Sides(pair)
    chosen = [_chosen(matrix[row], gold) for row, gold in zip(pair.rows, pair.gold, strict=True)]
    right, rival = np.array(chosen, np.int64).reshape(-1, 2).T
    # One thread: products of a few pictures take less time than it takes threads to meet (a sixth, measured).
    with threadpool_limits(1, user_api="blas"):
        records = [
            _compared(sides.source(query.word), *(sides.target(column) for column in own))
            for query, own in zip(pair.queries, chosen, strict=True)
        ]
    words = np.array([*pair.target.words, ""], object)  # the rival's column is -1 where there is none
    pos = np.array([*map(pair.target_pos.__getitem__, pair.target.words), ""], object)
    asked = pair.rows, right, rival
    found = pd.DataFrame(
        {
            "query": frame["query"].to_numpy(),
            "word": frame["word"].to_numpy(),
            "pos": frame["pos"].to_numpy(),
            "texts": texts,
            "corrected": base is not None,
            "rank": frame["rank"].to_numpy(np.float32),
            "right": words[right],
            "rival": words[rival],
            "rival_pos": pos[rival],
            **_scores(matrix, *asked),
            "dispersion": sides.dispersion[0][pair.rows].astype(np.float32),
            "right_dispersion": sides.dispersion[1][right].astype(np.float32),
            **{name: _column([record[name] for record in records]) for name in records[0]},
            **_neighbours(matrix, base, *asked),
            "rival_wins": _wins(frame, words[rival]),
            "margin": margins(matrix[pair.rows]),
        }
    )
    found.attrs = {"pair": pair.name}
    return found


def things(pair: Pair, row: Mapping[str, Any]) -> Things:
    """What the pictures of a row of ``evidence`` depict; nothing where that is not known of all (``known``)."""
    if not row["known"]:
        return Things((), (), ())
    sides = Sides(pair)
    word = tuple(dict.fromkeys(sides.source(row["word"]).things))
    right, rival = (sides.target(pair.target.row(row[name])).things for name in ("right", "rival"))
    return Things(word, tuple(one for one in word if one in right), tuple(one for one in word if one in rival))


def keep_evidence(
    pair: Pair, rankers: Iterable[Ranker], scored: Mapping[str, Scored], *, must_keep: bool = False
) -> dict[str, pd.DataFrame]:
    """The evidence under some rankers, by name: computed and kept where what is stored does not stand any more.

    Args:
        scored: their scores, and of those they are made from as far as these are at hand.
        must_keep: as ``stored_scores.scored``.
    """
    rankers = list(rankers)
    there = stored_evidence(pair, rankers)
    missing = [ranker for ranker in rankers if ranker.name not in there]
    frames = rankings.rankings(pair, missing, scored)
    sides = Sides(pair)
    for ranker in missing:
        base = _base(pair, ranker, scored)
        there[ranker.name] = evidence(
            pair, scored[ranker.name].matrix, frames[ranker.name], base, texts=ranker.kind == TRAINED, sides=sides
        )
    EVIDENCE.keep(pair, [(ranker, there[ranker.name]) for ranker in missing], must_keep)
    return there


def stored_evidence(pair: Pair, rankers: Iterable[Ranker]) -> dict[str, pd.DataFrame]:
    """The evidence under some rankers, by name: only what is there and still stands; nothing is computed."""
    return EVIDENCE.stored(pair, rankers)


def path_of(pair: Pair, name: str) -> Path:
    """Where the evidence under a ranker is kept."""
    return EVIDENCE.path_of(pair, name)


def key_of(pair: Pair, ranker: Ranker) -> str:
    """A digest of all that the evidence depends on: scores and ranks, parts of speech, pictures and what they depict.

    Raises:
        CldiError: the ranker cannot rank the pair.
    """
    depicted = [[sorted(known) for known in side] for side in pair.concepts]
    # A trained model's own key need not know of the pictures, nor of what is asked.
    keys = [each.tobytes() for each in pair.keys]
    asked = [[query.id, query.word, query.pos, query.right] for query in pair.queries]
    return storage.digest(VERSION, ranker.full_key(pair), asked, depicted, *keys)


def _packed(pair: Pair, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame without what the pair itself tells, so that a file has half the size."""
    answer = [query.right.index(word) for query, word in zip(pair.queries, frame["right"], strict=True)]
    return frame.drop(columns=["query", "word", "pos", "right"]).assign(answer=np.array(answer, np.int32))


def _unpacked(pair: Pair, packed: pd.DataFrame) -> pd.DataFrame:
    """The frame that was packed; its key says that the pair is the same."""
    frame = packed.drop(columns="answer")
    right = [query.right[place] for query, place in zip(pair.queries, packed["answer"], strict=True)]
    columns = {name: [getattr(query, own) for query in pair.queries] for name, own in ASKED.items()}
    for place, (name, values) in enumerate(columns.items()):
        frame.insert(place, name, values)
    frame.insert(list(frame).index("rival"), "right", right)
    frame.attrs = dict(packed.attrs)
    return frame


EVIDENCE = Kind(FOLDER, "rows of evidence", key_of, _packed, _unpacked)


def _base(pair: Pair, ranker: Ranker, scored: Mapping[str, Scored]) -> Scores | None:
    """The scores that a method with CSLS corrects; ``None`` for other methods."""
    if not ranker.name.endswith(CSLS):
        return None
    base = ranker.bases[0]
    return (scored[base.name] if base.name in scored else stored_scores.scored(pair, [base])[base.name]).matrix


class Sides:
    """The pictures of words, made ready when first asked for: many words are right answers or rivals of several.

    The last ``READY`` words' are kept: at 50 pictures of 4096 numbers each has 0.8 MB.
    """

    def __init__(self, pair: Pair) -> None:
        self._pair, self._concepts = pair, pair.dataset.pictures.concepts
        self._ready = lru_cache(READY)(self._side)

    @cached_property
    def dispersion(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of every source word and of every candidate: float64 (n_source,) and (n_target,)."""
        return dispersion(self._pair.source), dispersion(self._pair.target)

    def source(self, word: str) -> Side:
        """Of a source word."""
        return self._ready(True, word)

    def target(self, column: int) -> Side:
        """Of a candidate; of no word where the column is -1."""
        if column < 0:
            return Side(np.zeros(0, np.int64), np.zeros((0, self._pair.target.dim), np.float32), ())
        return self._ready(False, self._pair.target.words[column])

    def _side(self, of_source: bool, word: str) -> Side:
        sets: ImageSets = self._pair.source if of_source else self._pair.target
        depicted = tuple(self._concepts.get(key, "") for key in sets.word_ids(word))
        return Side(sets.rows(word), unit_rows(sets[word]), depicted)


def _chosen(row: NDArray[np.floating], gold: Sequence[int]) -> tuple[int, int]:
    """The columns of the best right answer and of the best wrong one, the first of ties; -1 where none has a score."""
    order = ranking.order(row)
    right = set(gold)
    wrong = next((column for column in order if column not in right and not np.isnan(row[column])), -1)
    return int(next(column for column in order if column in right)), int(wrong)


def _compared(word: Side, right: Side, rival: Side) -> dict[str, Any]:
    """The columns of ``evidence`` that are counted in the pictures of three words."""
    to_right, to_rival = (np.clip(word.rows @ other.rows.T, -1, 1) for other in (right, rival))  # (n, m)
    best_right, best_rival = (cosines.max(axis=1) if cosines.size else NO_PICTURES for cosines in (to_right, to_rival))
    both = bool(len(best_right) and len(best_rival))
    ahead = best_right - best_rival if both else NO_PICTURES
    common = len(np.intersect1d(right.pictures, rival.pictures))
    return {
        "pictures": len(word.pictures),
        "right_pictures": len(right.pictures),
        "rival_pictures": len(rival.pictures),
        **_depicted(word, right, rival, to_rival, ahead),
        "nearer_right": int((ahead > TIE).sum()),
        "nearer_rival": int((ahead < -TIE).sum()),
        "best_right": float(best_right.max(initial=-np.inf)) if len(best_right) else np.nan,
        "best_rival": float(best_rival.max(initial=-np.inf)) if len(best_rival) else np.nan,
        "copies_right": int((best_right > NEAR_COPY).sum()),
        "copies_rival": int((best_rival > NEAR_COPY).sum()),
        "common": common,
        "same_pictures": common > 0 and set(right.pictures) == set(rival.pictures),
    }


def _depicted(
    word: Side, right: Side, rival: Side, to_rival: NDArray[np.float32], ahead: NDArray[np.float32]
) -> dict[str, Any]:
    """The columns about what is depicted: zeros where that is not known of every picture of all three.

    Args:
        to_rival: cosines (n, m) of the word's pictures with the rival's; ahead: by how much each picture's best match
            in the right answer is nearer than in the rival, (n,).
    """
    known = word.known and right.known and rival.known
    names = ("things", "right_things", "rival_things", "shown_right", "shown_rival", "astray")
    if not known:
        return {"known": False, **dict.fromkeys(names, 0)}
    own, rights, rivals = set(word.things), set(right.things), set(rival.things)
    nearest = [rival.things[column] for column in to_rival.argmax(axis=1)]
    shown = [thing in rights for thing in word.things]
    astray = [
        is_shown and lead < -TIE and match != thing
        for is_shown, lead, match, thing in zip(shown, ahead, nearest, word.things, strict=True)
    ]
    counts = (
        len(own), len(own & rights), len(own & rivals), sum(shown), sum(thing in rivals for thing in word.things),
        sum(astray),
    )  # fmt: skip
    return {"known": True, **dict(zip(names, counts, strict=True))}


def _column(values: Sequence[Any]) -> NDArray[Any]:
    column = np.array(values)
    return column if column.dtype == bool else column.astype(np.float32 if column.dtype.kind == "f" else np.int32)


def _scores(
    matrix: Scores, rows: NDArray[np.int64], right: NDArray[np.int64], rival: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    right_score = matrix[rows, right]
    rival_score = np.where(rival < 0, np.nan, matrix[rows, rival])
    return {
        "right_score": right_score.astype(np.float32),
        "rival_score": rival_score.astype(np.float32),
        "tied": np.abs(right_score.astype(np.float64) - rival_score) <= TIE,
    }


def _neighbours(
    matrix: Scores, base: Scores | None, rows: NDArray[np.int64], right: NDArray[np.int64], rival: NDArray[np.int64]
) -> dict[str, NDArray[np.int32]]:
    """The columns about how many other words a candidate is a neighbour of."""
    before = ranks(matrix if base is None else base) <= TOP  # nan, of what has no score, is not
    after = ranks(csls(matrix) if base is None else matrix) <= TOP
    often = before.sum(axis=0)
    place = 1 + (often[None, :] > often[:, None]).sum(axis=1)
    known = ~np.isnan(matrix)

    def others(near: NDArray[np.bool_], columns: NDArray[np.int64]) -> NDArray[np.int32]:
        count = near.sum(axis=0)[columns] - near[rows, columns]
        return np.where(columns < 0, 0, count).astype(np.int32)

    return {
        "rival_top10": others(before, rival),
        "right_top10": others(before, right),
        "rival_top10_csls": others(after, rival),
        "rival_place": np.where(rival < 0, 0, place[rival]).astype(np.int32),
        "n_words": np.maximum(int(known.any(axis=1).sum()) - known[rows].any(axis=1), 0).astype(np.int32),
        "n_candidates": np.full(len(rows), known.any(axis=0).sum(), np.int32),
    }


def margins(scores: Scores) -> NDArray[np.float32]:
    """By how much the best score of each row is above the second best: float (n, n_target) → float32 (n,).

    0 where two share the first place to the last bit; nan where fewer than two candidates have a score.
    """
    values = np.where(np.isnan(scores), -np.inf, np.asarray(scores, np.float64))
    if values.shape[1] < 2:
        return np.full(len(values), np.nan, np.float32)
    second, first = np.partition(values, values.shape[1] - 2, axis=1)[:, -2:].T
    known = np.isfinite(second)
    return np.where(known, first - np.where(known, second, 0), np.nan).astype(np.float32)


def _wins(frame: pd.DataFrame, rival: NDArray[Any]) -> NDArray[np.int32]:
    """How many other words each query's rival wins wrongly."""
    wrong = frame[(frame["rank"] > 1) & (frame["winner"] != frame["right"])]
    won = {winner: set(words) for winner, words in wrong.groupby("winner")["word"]}
    pairs = zip(frame["word"], rival, strict=True)
    return np.array([len(won.get(candidate, set()) - {word}) for word, candidate in pairs], np.int32)
