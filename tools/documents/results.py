"""Tables of results on the demo, made of the stored rankings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from cldi_core import rankers
from cldi_core.data.dataset import CLASSES, POS, SETTINGS, open_dataset
from cldi_core.errors import CldiError
from cldi_core.evaluation import metrics, paper, tables
from cldi_core.evaluation.metrics import Interval
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.evaluation.rankings import stored_rankings
from cldi_core.features.shards import open_features
from cldi_core.insight import dispersions, overview
from cldi_core.scoring.ties import TIE

from .form import short, shown, table

BACKBONE = "efficientnet-lite0"
KINDS = ("NN", "VB", "ADJ")
COLOURS = ("black", "blue", "brown", "green", "orange", "purple", "red", "white", "yellow")  # of the word list
# All methods and controls; of the two ways to optimal transport the one that looks at all candidates.
WAYS = [one for one in rankers.RANKERS.values() if one.kind != rankers.TRAINED and not one.stands_for]


@dataclass(frozen=True)
class Set:
    """A data set as it is shipped: its pairs, and their rankings under all methods and controls."""

    name: str
    backbone: str = BACKBONE

    @cached_property
    def pairs(self) -> dict[str, Pair]:
        """Its language pairs."""
        dataset = open_dataset(self.name)
        features = open_features(dataset, self.backbone)
        return {pair: open_pair(dataset, self.backbone, pair, features) for pair in dataset.pairs}

    @cached_property
    def frames(self) -> dict[str, dict[str, pd.DataFrame]]:
        """Pair → method or control → frame; nothing is computed."""
        frames = {name: stored_rankings(pair, WAYS) for name, pair in self.pairs.items()}
        missing = [way.name for way in WAYS if not all(way.name in own for own in frames.values())]
        if missing:
            command = f"python -m cldi_core score --dataset {self.name} --backbone {self.backbone}"
            raise CldiError(f"{self.name} has no fitting rankings for: {', '.join(missing)}; run: {command}")
        return frames

    @cached_property
    def average(self) -> dict[tuple[str, str], dict[str, object]]:
        """The records of the average over all pairs, by method and setting."""
        records = tables.table(self.frames, group=tables.AVERAGE)
        return {(one["method"], one["setting"]): one for one in records}

    def interval(self, method: str, setting: str, figure: str = "mrr") -> Interval:
        """A figure of the average over all pairs."""
        return tables.interval_of(self.average[method, setting], figure)

    @cached_property
    def gains(self) -> dict[tuple[str, str], Interval]:
        """MRR above AVGMAX's, averaged over all pairs, by method and setting."""
        records = tables.against(self.frames)
        return {(one["method"], one["setting"]): tables.interval_of(one, "mrr") for one in records}

    def gap(self, pair: str, letter: str = "V", method: str = "avgmax") -> Interval:
        """How far nouns are above another part of speech in one pair."""
        return tables.noun_gap({pair: self.frames[pair][method]}, letter)

    @cached_property
    def dispersions(self) -> pd.DataFrame:
        """Of all English words of all pairs, as ``dispersions.dispersions`` has it."""
        frames = [dispersions.dispersions(pair) for pair in self.pairs.values()]
        every = pd.concat([frame[frame["language"] == "en"] for frame in frames])
        return every.drop_duplicates(["word", "pos"])


def beside_the_paper(easy: Set, hard: Set) -> Iterable[str]:
    """AVGMAX and the controls by part of speech, averaged over the pairs."""
    both = (easy, hard)
    rows = [["", "nouns", "verbs", "adjectives"]]
    rows += [[f"AVGMAX, **{one.name}**", *(shown(one.interval("avgmax", kind)) for kind in KINDS)] for one in both]
    rows.append(["AVGMAX, paper (VGG19, web images)", *(short(_paper("avgmax", kind)) for kind in KINDS)])
    for control, label in (("spelling", "spelling only"), ("identity", "emoji identity")):
        cells = (" / ".join(short(one.interval(control, kind).value) for one in both) for kind in KINDS)
        rows.append([f"control: {label}, demo / demo-hard", *cells])
    cells = (" / ".join(str(one.interval("avgmax", kind).n) for one in both) for kind in KINDS)
    rows.append(["English words, demo / demo-hard", *cells])
    return table(*rows)


def _paper(method: str, setting: str) -> float:
    figure = paper.TABLE_2[method][setting][0]
    return float("nan") if figure is None else figure


def by_pair(easy: Set, hard: Set) -> Iterable[str]:
    """AVGMAX on each pair, and how far nouns are above verbs."""
    rows = [
        ["", "queries N/V/A", "candidates", "nouns", "verbs", "adjectives", "nouns above verbs", "… on demo-hard"],
    ]
    for name, pair in easy.pairs.items():
        found = {one["setting"]: one for one in tables.table({name: {"avgmax": easy.frames[name]["avgmax"]}})}
        asked = "/".join(str(sum(query.pos == letter for query in pair.queries)) for letter in CLASSES)
        figures = (short(found[kind]["mrr"]) for kind in KINDS)
        gaps = (shown(one.gap(name)) for one in (easy, hard))
        rows.append([name, asked, str(int((pair.target.sizes > 0).sum())), *figures, *gaps])
    return table(*rows)


def methods(easy: Set) -> Iterable[str]:
    """MRR, P@1 and P@10 of the paper's methods beside those it has, all parts of speech, averaged over the pairs."""
    rows = [["", "MRR", "paper", "P@1", "paper", "P@10", "paper"]]
    for name, published in paper.TABLE_2.items():
        way, cells = rankers.ranker(name), []
        for figure, theirs in zip(("mrr", "p@1", "p@10"), published["ALL"], strict=True):
            ours = shown(easy.interval(name, "ALL", figure)) if way.ranks_all or figure == "p@1" else ""
            cells += [ours, "" if theirs is None else short(theirs)]
        rows.append([way.label, *cells])
    return table(*rows)


def beyond(easy: Set, hard: Set) -> Iterable[str]:
    """Each method's MRR less AVGMAX's, on the same words."""
    rows = [["", "all", "nouns", "verbs", "adjectives", "all, demo-hard"]]
    for one in WAYS:
        if one.kind == rankers.IMAGES and one.ranks_all and one.name != "avgmax":
            found = [*(easy.gains[one.name, kind] for kind in SETTINGS), hard.gains[one.name, "ALL"]]
            rows.append([one.label, *(shown(gain, "+") for gain in found)])
    return table(*rows)


def dispersion(easy: Set) -> Iterable[str]:
    """Mean dispersion of the English words, beside the paper's."""
    found = dict(overview.means_by_pos(easy.dispersions))
    return table(
        ["", *(f"{name}s" for name in map(POS.get, CLASSES))],
        ["demo", *(shown(found[letter]) for letter in CLASSES)],
        ["paper", *(short(paper.DISPERSION[letter]) for letter in CLASSES)],
    )


def figures(easy: Set, hard: Set) -> Iterator[tuple[str, str]]:
    """Single figures of the text: name → how it is written."""
    for letter, name in ((letter, POS[letter]) for letter in CLASSES):
        yield f"{name}s", str(easy.interval("avgmax", _setting(letter)).n)
    yield "chance", _range(easy, 3)
    yield "chance-hard", _range(hard, 2)
    gaps = [(name, hard.gap(name)) for name in hard.pairs]
    yield "hard-gaps", f"{sum(gap.side() > 0 for _, gap in gaps)} of {len(gaps)}"
    few = [f"{name} has {gap.n} verbs" for name, gap in gaps if gap.why == metrics.FEW]
    yield "hard-few", "; ".join(few) or "each has at least 20 verbs"
    sizes = [int(size) for pair in easy.pairs.values() for size in pair.target.sizes if size]
    yield "sizes", f"{min(sizes)} to {max(sizes)}"
    yield "size", f"{np.mean(sizes):.0f}"
    for one, name in ((easy, "size-wrong"), (hard, "size-wrong-hard")):
        yield name, f"{_size_of_wrong_winners(one):.0f}"
    for method in ("avgmax", "maxmax"):
        yield f"{method}-tied", f"{100 * _tied_with_winner(easy, method):.0f} %"
    for name, found in zip(("colours", "others"), _colours(easy), strict=True):
        yield name, short(found.value)
        yield f"{name}-n", str(found.n)


def _size_of_wrong_winners(one: Set) -> float:
    """How many pictures AVGMAX's winner has on average where it is no right answer."""
    found = []
    for name, pair in one.pairs.items():
        size = dict(zip(pair.target.words, pair.target.sizes.tolist(), strict=True))
        frame = one.frames[name]["avgmax"]
        found += [size[winner] for winner in frame.loc[frame["rank"] > 1, "winner"]]
    return float(np.mean(found))


def _tied_with_winner(one: Set, method: str) -> float:
    """Of the queries whose right answer is not first alone, the share where its score equals the winner's."""
    late = [frame[frame["rank"] > 1] for frame in (own[method] for own in one.frames.values())]
    tied = [(frame["winner_score"] - frame["right_score"]).to_numpy() <= TIE for frame in late]
    return float(np.concatenate(tied).mean())


def _colours(one: Set) -> tuple[Interval, Interval]:
    """AVGMAX's MRR of the adjectives that name a colour, and of the others."""
    frames = {name: {"": own["avgmax"][own["avgmax"]["pos"] == "A"]} for name, own in one.frames.items()}
    words, ranks = tables.rank_tables(frames, [""])
    colour = np.isin(words, COLOURS)
    first, second = (metrics.interval(1 / ranks[""][part], words[part]) for part in (colour, ~colour))
    return first, second


def _setting(letter: str) -> str:
    return next(name for name, letters in SETTINGS.items() if tuple(letters) == (letter,))


def _range(one: Set, digits: int) -> str:
    """Chance, from the lowest pair to the highest: ``".009 to .013"``."""
    found = [tables.chance(pair) for pair in one.pairs.values()]
    return " to ".join(f"{value:.{digits}f}".lstrip("0") for value in (min(found), max(found)))
