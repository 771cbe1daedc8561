"""``score``: features become scores and ranks."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Annotated

import typer

from cldi_core.commands.options import (
    DEFAULT_BACKBONE,
    ActorsOption,
    AddressOption,
    BackboneOption,
    Candidates,
    DatasetOption,
    DeviceOption,
    Direction,
    DirectionOption,
    Engine,
    EngineOption,
    JsonOption,
    place_of,
)
from cldi_core.commands.terminal import print_json, progress
from cldi_core.data.counting import about, counted
from cldi_core.data.dataset import Dataset, open_dataset
from cldi_core.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cldi_core.evaluation.pairs import Pair
    from cldi_core.evaluation.ranker import Ranker, Scored, Work
    from cldi_core.evaluation.stored_scores import Scoring


LONG = 10  # seconds of computing that are announced


WHICH = "A method, also a composed one (maxmax+csls, rrf=avgmax,cnn-mean); may be repeated; without it"
MethodsOption = Annotated[
    list[str] | None, typer.Option("--method", help=f"{WHICH} all, of dear ones (sinkhorn) those that are scored.")
]
ScoredOption = Annotated[
    list[str] | None,
    typer.Option("--method", help=f"{WHICH} all but dear ones (sinkhorn; sinkhorn-short is scored in its place)."),
]


def score(
    dataset: DatasetOption,
    pair: Annotated[
        list[str] | None,
        typer.Option(
            "--pair", help="A language pair, also asked the other way (de-en); may be repeated; all without it."
        ),
    ] = None,
    direction: DirectionOption = Direction.FORWARD,
    backbone: BackboneOption = DEFAULT_BACKBONE,
    method: ScoredOption = None,
    precision: Annotated[
        str | None, typer.Option(help="Does nothing any more: scores are exact. It goes with the next release.")
    ] = None,
    device: DeviceOption = "cpu",
    candidates: Annotated[
        Candidates | None,
        typer.Option(
            help="Among which words an answer is sought, here and from now on: those of the list, or all of that "
            "language that have pictures; as before without it, and listed at first."
        ),
    ] = None,
    engine: EngineOption = Engine.LOCAL,
    address: AddressOption = None,
    actors: ActorsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score all word pairs and keep scores, ranks and evidence of what decided them, so that pages open at once.

    What is stored and still true is not computed again; where something cannot be kept, it ends with 1.
    """
    from cldi_core import rankers
    from cldi_core.data.candidates import choose
    from cldi_core.evaluation.pairs import open_pair
    from cldi_core.evaluation.ray_scoring import scoring_on
    from cldi_core.evaluation.stored_scores import scored as scores_here
    from cldi_core.features import shards
    from cldi_core.scoring.hardware import check_device

    if precision is not None:
        print("--precision does nothing any more: scores are exact; leave it out", file=sys.stderr)
    asked = [rankers.ranker(name) for name in dict.fromkeys(method or ())]
    if engine == Engine.LOCAL:
        check_device(device)
    opened = open_dataset(dataset)
    if candidates:
        opened = choose(opened, candidates.value)
    loaded = shards.open_features(opened, backbone).fetch_all()
    names = pairs_of(opened, pair, direction)
    pair_of = lru_cache(2)(partial(open_pair, opened, backbone, loaded=loaded))
    scoring: AbstractContextManager[Scoring] = nullcontext(partial(scores_here, announce=_announce))
    if engine == Engine.RAY:
        where = place_of(dataset, opened.path)
        scoring = scoring_on(where, backbone, names, pair_of, device=device, address=address, actors=actors)
    found = _score_all(opened, backbone, map(pair_of, names), len(names), asked, device, scoring, told=not as_json)
    if as_json:
        print_json({"dataset": opened.name, "backbone": backbone, **found})


def _score_all(
    dataset: Dataset,
    backbone: str,
    pairs: Iterable[Pair],
    count: int,
    asked: Sequence[Ranker],
    device: str,
    scoring: AbstractContextManager[Scoring],
    *,
    told: bool,
) -> dict[str, object]:
    """Score so many pairs one after the other, written down as a job; what ``--json`` has of them.

    Args:
        asked: as ``_score``; scoring: what scores, joined once nobody else is at it; told: lines of each are printed.
    """
    from cldi_core.evaluation import scoring_job

    records: list[dict[str, object]] = []
    among: dict[str, dict[str, object]] = {}
    with scoring_job.recorded(dataset, backbone, device) as job, scoring as scores_of:
        for number, pair in enumerate(pairs):
            tell = partial(job.tell, count, number, pair=pair.name)
            tell(pictures=0, of=0)
            scored = _score(pair, asked, device, tell, scores_of)
            records += [_scored_record(pair.name, way, one) for way, one in scored.items()]
            among[pair.name] = _candidates(pair)
            if told:
                _print_scored(pair.name, (len(pair.source), len(pair.target)), scored)
                _print_candidates(pair, among[pair.name])
        job.finish(total=count, done=count, pictures=0, of=0)
    return {"candidates": among, "scored": records}


def _score(
    pair: Pair, asked: Sequence[Ranker], device: str, tell: Callable[..., object], scores_of: Scoring
) -> dict[str, Scored]:
    """The scores of a pair; with its ranks, evidence, hubs and ceilings they are kept.

    Args:
        asked: without any, all methods that are not dear and trained models, and of controls their ranks alone.
        tell: told ``pictures`` that are through ``of`` all, by these names.
        scores_of: ``stored_scores.scored``, or what does the same elsewhere.
    """
    from cldi_core import rankers
    from cldi_core.evaluation.rankings import rankings
    from cldi_core.insight.ceiling import keep_ceilings
    from cldi_core.insight.evidence import keep_evidence
    from cldi_core.insight.hubs import keep_hubs
    from cldi_core.scoring.blas import one_thread

    where = pair.dataset, pair.backbone, pair.name
    wanted = asked or rankers.usual(*where)
    beside = [] if asked else rankers.available(*where, rankers.CONTROL)
    # Small products that are divided among threads wait for the slowest of them, on busy cores for most of their time.
    with one_thread():
        with progress(f"scoring {pair.name}") as report:

            def told(done: int, total: int) -> None:
                report(done, total)
                tell(pictures=done, of=total)

            scored = scores_of(pair, wanted, device, told, must_keep=True)
        rankings(pair, [*wanted, *beside], scored, must_keep=True)
        explained = [ranker for ranker in wanted if ranker.kind != rankers.CONTROL]
        keep_evidence(pair, explained, scored, must_keep=True)
        keep_hubs(pair, explained, scored, must_keep=True)
        keep_ceilings(pair, must_keep=True)
    return scored


def _announce(work: Work) -> None:
    """One line on standard error, before it begins, of what takes long."""
    from tqdm import tqdm

    from cldi_core.evaluation.forecast import forecast

    parts = forecast(work)
    if sum(parts.values()) < LONG:
        return
    told = ", ".join(f"{label} {about(seconds)}" for label, seconds in parts.items())
    dear = " ".join(f"{one.name!r}" for one in work.rankers if one.dear and parts.get(one.label, 0) > LONG)
    hint = f"; most of it is left out without --method {dear}" if dear else ""
    # Above the bar, where there is one.
    tqdm.write(f"{work.pair.name}: about {about(sum(parts.values()))} ({told}){hint}", file=sys.stderr)


def _scored_record(pair: str, method: str, scored: Scored) -> dict[str, object]:
    how = {name: getattr(scored, name) for name in ("device", "seconds", "computed", "error", "found")}
    return {"pair": pair, "method": method, "shape": list(scored.matrix.shape), "precision": "exact", **how}


def _print_scored(pair: str, words: tuple[int, int], scored: dict[str, Scored]) -> None:
    """One line: what was computed, how, and what was there already."""
    fresh = {name: one for name, one in scored.items() if not one.found}
    how = " and ".join(sorted({one.device for one in fresh.values()}))
    done = f"computed {', '.join(fresh)} on {how}" if fresh else "nothing to compute"
    print(
        f"{pair}: {words[0]} × {counted(words[1], 'word')}, {done}; "
        f"there already: {len(scored) - len(fresh)} of {counted(len(scored), 'method')}"
    )


def _candidates(pair: Pair) -> dict[str, object]:
    """Among what the answers of a pair are sought: ``choice``; ``listed``, the words of its list with pictures;
    ``further``, candidates that are not in it; ``unlisted``, words of their language with pictures in no list at all.
    """
    from cldi_core.data import candidates

    pictured = [word for word, size in zip(pair.target.words, pair.target.sizes, strict=True) if size]
    language = pair.languages[1]
    members = pair.dataset.members(language)
    return {
        "choice": candidates.choice(pair.dataset),
        "listed": sum(word in pair.listed for word in pictured),
        "further": sum(word not in pair.listed for word in pictured),
        "unlisted": sum(word in members for word in pair.dataset.spellings(language).unlisted),
    }


def _print_candidates(pair: Pair, among: Mapping[str, object]) -> None:
    """One line, where words have pictures that are in no list."""
    if among["further"]:
        print(f"{pair.name}: candidates in its list: {among['listed']}, others: {among['further']}")
    elif among["unlisted"]:
        language = pair.languages[1]
        print(
            f"{pair.name}: of {language!r} in no list and no candidates: {among['unlisted']} with pictures; "
            f"to have them among the wrong answers: {pair.dataset.command('score', '--candidates', 'all')}"
        )


def pairs_of(dataset: Dataset, pairs: list[str] | None, direction: Direction) -> list[str]:
    """The pairs that are named, or all word lists, in the direction that is meant."""
    if not pairs and not dataset.pairs:
        raise UnknownNameError(
            f"the data set {dataset.name!r} has no word list; add one: {dataset.command('import-lists FILE')}"
        )
    forward = list(dict.fromkeys(pairs or dataset.pairs))
    for pair in forward:
        dataset.lexicon(pair)
    back = [turned for turned in map(dataset.back, forward) if turned]
    meant = {Direction.FORWARD: forward, Direction.BACK: back, Direction.BOTH: [*forward, *back]}
    return list(dict.fromkeys(meant[direction]))
