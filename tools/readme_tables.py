"""``python -m tools.readme_tables``: the README's tables of results on the demo, made of the stored rankings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from cldi_core import rankers
from cldi_core.data.dataset import POS, SETTINGS, open_dataset
from cldi_core.evaluation import paper, tables
from cldi_core.evaluation.metrics import Interval
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.evaluation.rankings import stored_rankings
from cldi_core.features.shards import open_features

BACKBONE = "efficientnet-lite0"
KINDS = ("NN", "VB", "ADJ")
WAYS = [one for one in rankers.RANKERS.values() if one.kind != rankers.TRAINED]
Frames = dict[str, dict[str, pd.DataFrame]]


def opened(name: str) -> tuple[dict[str, Pair], Frames]:
    """A data set's pairs and their rankings: pair → method or control → frame."""
    dataset = open_dataset(name)
    features = open_features(dataset, BACKBONE)
    pairs = {pair: open_pair(dataset, BACKBONE, pair, features) for pair in dataset.pairs}
    return pairs, {name: stored_rankings(pair, WAYS) for name, pair in pairs.items()}


def short(value: float, sign: str = "") -> str:
    """``".60"``, ``"+.09"``, ``"−.01"``, and ``".00"`` for what is rounded to nothing."""
    text = f"{value:{sign}.2f}".replace("0.", ".", 1)
    return ".00" if text.strip("+-") == ".00" else text.replace("-", "−")


def shown(found: Interval, sign: str = "") -> str:
    """A figure with its interval; a difference whose interval excludes 0 is bold."""
    text = f"{short(found.value, sign)} [{short(found.low, sign)}, {short(found.high, sign)}]"
    return f"**{text}**" if sign and (found.low > 0 or found.high < 0) else text


def row(*cells: str) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def beside_the_paper(easy: Frames, hard: Frames) -> Iterator[str]:
    """AVGMAX and the controls by part of speech, averaged over the pairs."""
    by_set = {}
    for name, frames in (("demo", easy), ("demo-hard", hard)):
        records = tables.table(frames, group=tables.AVERAGE)
        by_set[name] = {(one["method"], one["setting"]): tables.interval_of(one, "mrr") for one in records}
    yield row("", "nouns", "verbs", "adjectives")
    for name, found in by_set.items():
        yield row(f"AVGMAX, **{name}**", *(shown(found["avgmax", kind]) for kind in KINDS))
    yield row("AVGMAX, paper", *(short(paper.TABLE_2["avgmax"][kind][0] or 0) for kind in KINDS))
    for control in ("spelling", "identity"):
        cells = (" / ".join(short(found[control, kind].value) for found in by_set.values()) for kind in KINDS)
        yield row(f"control: {control}, demo / demo-hard", *cells)


def by_pair(pairs: dict[str, Pair], frames: Frames) -> Iterator[str]:
    """AVGMAX on each pair."""
    yield row("", "queries N/V/A", "candidates", "nouns", "verbs", "adjectives", "nouns above verbs")
    for name, pair in pairs.items():
        found = {one["setting"]: one for one in tables.table({name: {"avgmax": frames[name]["avgmax"]}})}
        asked = "/".join(str(sum(query.pos == letter for query in pair.queries)) for letter in POS)
        gap = tables.noun_gap({name: frames[name]["avgmax"]}, "V")
        figures = (short(found[kind]["mrr"]) for kind in KINDS)
        yield row(name, asked, str(int((pair.target.sizes > 0).sum())), *figures, shown(gap))


def all_methods(frames: Frames) -> Iterator[str]:
    """MRR, P@1 and P@10 of the paper's methods, all parts of speech."""
    for one in tables.table(frames, group=tables.AVERAGE):
        if one["setting"] == "ALL" and one["method"] in paper.TABLE_2:
            label = rankers.label(one["method"])
            figures = ("mrr", "p@1", "p@10") if rankers.ranker(one["method"]).ranks_all else ("p@1",)
            yield f"{label} {' / '.join(f'{figure} {short(one[figure])}' for figure in figures)}"


def beyond(easy: Frames, hard: Frames) -> Iterator[str]:
    """Each method's MRR less AVGMAX's, on the same words."""
    yield row("", "all", "nouns", "verbs", "adjectives", "all, demo-hard")
    columns: list[tuple[Frames, str]] = [*((easy, kind) for kind in SETTINGS), (hard, "ALL")]
    found = {id(frames): {(r["method"], r["setting"]): r for r in tables.against(frames)} for frames in (easy, hard)}
    for one in WAYS:
        if one.kind == rankers.IMAGES and one.ranks_all and one.name != "avgmax":
            records = [found[id(frames)][one.name, kind] for frames, kind in columns]
            yield row(one.label, *(shown(tables.interval_of(record, "mrr"), "+") for record in records))


def main() -> None:
    """Print them."""
    (pairs, easy), (others, hard) = opened("demo"), opened("demo-hard")
    for name, own in (("demo", pairs), ("demo-hard", others)):
        print(f"chance on {name}: {', '.join(f'{tables.chance(pair):.3f}' for pair in own.values())}")
    parts: Sequence[Iterator[str]] = (
        beside_the_paper(easy, hard),
        by_pair(pairs, easy),
        all_methods(easy),
        beyond(easy, hard),
    )
    for part in parts:
        print()
        for line in part:
            print(line)


if __name__ == "__main__":
    main()
