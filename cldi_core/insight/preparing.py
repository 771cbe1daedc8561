"""What pages show and cannot compute while somebody waits, made ahead: ``prepare``.

A page reads the features of the words that it shows; the Word page also goes through those of its candidates, for
what-ifs.  What takes all features, or minutes, is stored under its own key: dispersions, maps, and evidence, hubs and
ceilings of what has been scored.  Everything that stands is kept, so that this can end at any moment and go on when it
is called again.

What is small is computed when it is asked for: below ``prepared.AT_ONCE`` bytes of features nothing need be made ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from cldi_core import rankers
from cldi_core.data import storage, under_way
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import stored_scores
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.evaluation.ranker import Ranker
from cldi_core.evaluation.rankings import stored_rankings
from cldi_core.features import shards
from cldi_core.insight import ceiling, dispersions, evidence, hubs, map_terms, maps, prepared

Report = Callable[[int, int], None]  # is told what is done of all there is
Stages = Callable[[str, str], AbstractContextManager[Report]]  # of what is done, and of what there is a number


def untold(what: str, unit: str) -> AbstractContextManager[Report]:
    """Stages of which nobody is told."""
    return nullcontext(lambda done, total: None)


@dataclass(frozen=True)
class Prepared:
    """What was made for one backbone; all else was there.

    Attributes:
        dispersions: words whose dispersion was measured.
        explained: pair → methods whose evidence or hubs were made.
        ceilings: pairs whose ceilings were made.
        maps: kind → how (``maps.project``).
        unscored: pairs of the word lists that nothing ranks yet: of these there is nothing to explain.
    """

    dispersions: int
    explained: dict[str, list[str]]
    ceilings: list[str]
    maps: dict[str, str]
    unscored: list[str]


def prepare(dataset: Dataset, backbone: str, *, force: bool = False, stages: Stages = untold) -> Prepared:
    """Make and store what lacks for the pages under one backbone.

    Args:
        force: dispersions and maps are made again that are there already.
        stages: told of each step and how far it is.

    Raises:
        UnknownNameError: the backbone has no features; DatasetError: something cannot be read or written.
    """
    dataset = under_way.of_one_moment(dataset)
    loaded = shards.open_features(dataset, backbone)
    loaded.fetch_all()
    pairs = [open_pair(dataset, backbone, name, loaded) for name in _shown(dataset, backbone)]
    with stages("measuring dispersions", "words") as report:
        measured = dispersions.keep_dispersions(dataset, backbone, pairs, force=force, progress=report)
    explained: dict[str, list[str]] = {}
    ceilings, unscored = [], []
    for pair in pairs:
        ranked = _ranked(pair)
        if not ranked:
            unscored.append(pair.name)
            continue
        if made := _explain(pair, ranked, stages):
            explained[pair.name] = made
        if ceiling.stored_ceilings(pair) is None:
            with stages(f"measuring the ceilings of {pair.name}", "words"):
                ceiling.keep_ceilings(pair, must_keep=True)
            ceilings.append(pair.name)
    made_maps = maps.project(dataset, backbone, loaded=loaded, force=force, stages=stages)
    map_terms.keep(dataset, backbone, loaded=loaded, stages=stages)
    try:
        prepared.note(dataset, backbone)
    except OSError as error:
        raise storage.cannot_write(dataset.path, error) from error
    return Prepared(measured, explained, ceilings, made_maps, unscored)


def _shown(dataset: Dataset, backbone: str) -> Iterable[str]:
    """The pairs that pages have something to show of: those of the word lists, and what was scored the other way."""
    scored = dataset.path / "rankings" / backbone
    return [name for name in dataset.directions if name in dataset.pairs or (scored / name).is_dir()]


def _ranked(pair: Pair) -> list[Ranker]:
    """What has ranked a pair, but for controls, which look at no picture."""
    ways = rankers.available(pair.dataset, pair.backbone, pair.name, rankers.IMAGES, rankers.TRAINED)
    there = stored_rankings(pair, ways)
    return [way for way in ways if way.name in there]


def _explain(pair: Pair, ranked: list[Ranker], stages: Stages) -> list[str]:
    """Keep the evidence and the hubs of what has ranked a pair, where they lack; the names of those of which they did.

    Scores are computed where they are not stored.
    """
    there = evidence.stored_evidence(pair, ranked).keys() & hubs.stored_hubs(pair, ranked).keys()
    missing = [way for way in ranked if way.name not in there]
    if missing:
        with stages(f"explaining {pair.name}", "pictures") as report:
            scored = stored_scores.scored(pair, missing, progress=report, must_keep=True)
            evidence.keep_evidence(pair, missing, scored, must_keep=True)
            hubs.keep_hubs(pair, missing, scored, must_keep=True)
    return [way.name for way in missing]
