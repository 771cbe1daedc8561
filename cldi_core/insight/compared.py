"""The words of a pair under one method set against each other: what all of them tell of one, counted once for all."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import unknown_name
from cldi_core.insight import causes
from cldi_core.insight.cause_texts import Row
from cldi_core.insight.causes import Cause
from cldi_core.insight.ceiling import Ceiling, by_word

if TYPE_CHECKING:
    import pandas as pd


class Compared:
    """The evidence of all words, to be asked of one after the other.

    Args:
        frame: ``evidence`` of a pair and a method, with a column ``ceiling`` where that is known
            (``causes.with_ceilings``); not to be changed.
        ceilings: of all source words (``ceiling.ceilings``); ``None`` where they are not known.
    """

    def __init__(self, frame: pd.DataFrame, ceilings: pd.DataFrame | None = None) -> None:
        self._frame, self._ceilings = frame, ceilings
        self._groups: dict[str, causes.Group] = {}
        self._values: dict[tuple[str, str], NDArray[np.float64]] = {}

    def row(self, query: str) -> Row:
        """The evidence of a query.

        Raises:
            UnknownNameError: no such query.
        """
        place = self._place(query)
        return {name: column[place] for name, column in self._columns.items()}

    def causes(self, query: str) -> tuple[Cause, ...]:
        """As ``causes.causes``."""
        row = self.row(query)
        if np.isnan(row["rank"]):
            return causes.uncovered(self._frame, row)
        if row["pos"] not in self._groups:
            self._groups[row["pos"]] = causes.Group(self._frame, row["pos"])
        return self._groups[row["pos"]].causes(self._frame.index[self._place(query)])

    def values(self, column: str, pos: str) -> NDArray[np.float64]:
        """A column of evidence, of the words of a part of speech: ascending, without those it is not known of.

        Args:
            column: its name; ``"ceiling"`` is the MRR with which half of a word's pictures find the other half.
        """
        if (column, pos) not in self._values:
            own = [row for row, kind in enumerate(self._columns["pos"]) if kind == pos]
            if column == "ceiling":
                found = [self._mrr(self._columns["word"][row]) for row in own]
            else:
                found = [self._columns[column][row] for row in own]
            known = np.array(found, np.float64)
            self._values[column, pos] = np.sort(known[~np.isnan(known)])
        return self._values[column, pos]

    def typical(self, pos: str) -> float:
        """The median best cosine of a kind's found words with their right answers; nan where none was found."""
        columns = (self._columns[name] for name in ("pos", "rank", "best_right"))
        found = [best for kind, rank, best in zip(*columns, strict=True) if kind == pos and rank <= 1]
        return float(np.nanmedian(found)) if found else float("nan")

    def ceiling(self, word: str) -> Ceiling | None:
        """The stored ceiling of a source word; ``None`` where it has fewer than two pictures, or none is stored."""
        return self._known_ceilings.get(word)

    def _mrr(self, word: str) -> float:
        known = self.ceiling(word)
        return float("nan") if known is None else known.mrr

    def _place(self, query: str) -> int:
        if query not in self._places:
            raise unknown_name("word", query, self._columns["query"])
        return self._places[query]

    @cached_property
    def _columns(self) -> dict[str, list[Any]]:
        return {str(name): column.tolist() for name, column in self._frame.items()}

    @cached_property
    def _places(self) -> dict[str, int]:
        queries = self._columns["query"]
        return dict(zip(reversed(queries), range(len(queries) - 1, -1, -1), strict=True))

    @cached_property
    def _known_ceilings(self) -> dict[str, Ceiling]:
        return {} if self._ceilings is None else by_word(self._ceilings)
