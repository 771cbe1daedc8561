"""What ranks the candidates of a pair, whatever it is: an image method, a control or a trained model.

All of them are the same kind of record; what is done with scores and ranks from here on asks for nothing else.
``cldi_core.rankers`` lists them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cldi_core.data import storage
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import VERSION, Pair
from cldi_core.scoring import Progress, Scores
from cldi_core.scoring.ties import TIE

IMAGES, CONTROL, TRAINED = "images", "control", "trained"  # kinds: which list of names one stands in


@dataclass(frozen=True)
class Scored:
    """The scores of one ranker and how they came about.

    Attributes:
        matrix: float32 (n_source, n_target), higher is better, nan for words without pictures.
        key: of everything they depend on (``Ranker.full_key``); recipe: of the ranker alone (``Ranker.recipe``).
        device: what they were computed on.
        seconds: how long the computation took that they were part of; 0 where they were stored already.
        computed: how many of the scores it computed; the others were found.
        source_keys, target_keys: uint8 (n, 16), the keys of the words.
        error: the largest error that a method which iterates has left, in its own or a base's scores (see
            ``transport.settle``); where a part was computed again, at most so large.
        found: they were stored already.
    """

    matrix: Scores
    key: str
    recipe: str
    device: str
    seconds: float
    computed: int
    source_keys: NDArray[np.uint8]
    target_keys: NDArray[np.uint8]
    error: float = 0.0
    found: bool = False

    @classmethod
    def of(
        cls, ranker: Ranker, pair: Pair, matrix: Scores, device: str, seconds: float, *, computed: int | None = None,
        error: float = 0.0,
    ) -> Scored:  # fmt: skip
        """Scores that were just made."""
        fresh = matrix.size if computed is None else computed
        return cls(matrix, ranker.full_key(pair), ranker.recipe, device, seconds, fresh, *pair.keys, error)


@dataclass(frozen=True)
class Work:
    """What several rankers are asked to score together.

    Attributes:
        stale: what is stored of them and does not hold any more, for those who can use a part of it.
        bases: the scores of the rankers that they are made from.
        progress: told the pictures done and their number.
        elsewhere: what scores pictures in place of ``scoring.scores.score_all``, with its arguments and its results.
    """

    pair: Pair
    rankers: Sequence[Ranker]
    stale: Mapping[str, Scored] = field(default_factory=dict)
    bases: Mapping[str, Scored] = field(default_factory=dict)
    device: str = "cpu"
    progress: Progress | None = None
    elsewhere: Callable[..., dict[str, Scores]] | None = None


@dataclass(frozen=True)
class Ranker:
    """One way to rank the candidates of a pair.

    Attributes:
        name: in URLs, file names and on the command line; label, about, formula and source: for people.
        kind: ``IMAGES``, ``CONTROL`` or ``TRAINED``: which list it is offered in; nothing else depends on it.
        key: of a pair, a digest of everything in the data that its scores and ranks depend on.  A ranker that cannot
            rank the pair says so with a ``CldiError``.
        parameters: everything else that its scores depend on: the numbers it is given.
        scores: of a pair, float32 (n_source, n_target), higher is better, nan for words without pictures.
        together: the same for several rankers, for those that share work or make use of stored scores.
        row: of a pair and a source word, that word's row of ``scores``, float32 (n_target,), for those that need no
            other row to make it; ``None`` for those that need all of them.
        available: whether it can rank a pair: of a data set, a backbone and the name of the pair.
        bases: the rankers whose scores it is made from.
        bounds: what a score can be.
        by_row: a word's scores do not depend on other source words.
        ranks_all: False: it names one answer, its ranking below that is a by-product.
        dear: scoring with it takes so long that it has to be asked for by name.
        stands_for: the name of the dear one whose place it takes until that one is scored.
    """

    name: str
    label: str
    about: str
    formula: str
    source: str
    kind: str
    key: Callable[[Pair], str]
    scores: Callable[[Pair], Scores]
    together: Callable[[Work], dict[str, Scored]] | None = None
    row: Callable[[Pair, str], NDArray[np.float32]] | None = None
    available: Callable[[Dataset, str, str], bool] = lambda dataset, backbone, pair: True
    bases: tuple[Ranker, ...] = ()
    parameters: Mapping[str, object] = field(default_factory=dict)
    bounds: tuple[float, float] = (-1.0, 1.0)
    by_row: bool = True
    ranks_all: bool = True
    dear: bool = False
    stands_for: str = ""

    @cached_property
    def recipe(self) -> str:
        """A digest of what the ranker does, whatever it ranks: two recipes never share scores, not even those of words
        whose pictures are the same."""
        bases = [base.recipe for base in self.bases]
        return storage.digest(VERSION, TIE, self.name, dict(self.parameters), list(self.bounds), bases)

    def full_key(self, pair: Pair) -> str:
        """The key under which scores and ranks of a pair are kept: of the recipe and of the data.

        Raises:
            CldiError: it cannot rank the pair.
        """
        return storage.digest(self.recipe, self.key(pair))

    @property
    def depth(self) -> int:
        """0, or one more than that of the deepest of its bases, which must be scored before it."""
        return 1 + max((base.depth for base in self.bases), default=-1)


def with_bases(rankers: Iterable[Ranker]) -> list[Ranker]:
    """Some rankers and those that they are made from, bases first, each once."""
    ordered: dict[str, Ranker] = {}
    for ranker in rankers:
        for one in (*with_bases(ranker.bases), ranker):
            ordered.setdefault(one.name, one)
    return list(ordered.values())


def one_by_one(work: Work) -> dict[str, Scored]:
    """The scores of rankers that share nothing."""
    made = {}
    for ranker in work.rankers:
        start = time.perf_counter()
        matrix = ranker.scores(work.pair)
        seconds = time.perf_counter() - start
        made[ranker.name] = Scored.of(ranker, work.pair, matrix, "cpu", seconds)
    return made
