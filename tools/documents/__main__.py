"""``make tables``: every table of the documents, single figures and outputs of commands, made of what is shipped.

Results come from the stored rankings, speeds from kept measurements, formulas from the records of the methods; nothing
is scored, trained or timed.  The documents are the README, RELIABILITY.md, SCALING.md and ``docs/*.md``.
"""

from __future__ import annotations

import functools
import sys
from pathlib import Path

from cldi_core.errors import CldiError
from tools.documents import (
    causes,
    coverage,
    example,
    failure,
    memory,
    pivot,
    projections,
    records,
    reliability,
    results,
    scaling,
    speed,
)
from tools.documents.form import Made, fill

ROOT = Path(__file__).resolve().parents[2]


@functools.cache
def sets() -> tuple[results.Set, results.Set]:
    """The demo and its hard mode."""
    return results.Set("demo"), results.Set("demo-hard")


def made() -> Made:
    """Everything that has a place in a document."""
    easy, hard = sets()
    tables = {
        "paper": results.beside_the_paper(easy, hard),
        "pairs": results.by_pair(easy, hard),
        "methods": results.methods(easy),
        "beyond": results.beyond(easy, hard),
        "dispersion": results.dispersion(easy),
        "named-causes": causes.named(easy, hard),
        "causes": causes.by_cause(easy),
        "failure": failure.verbs(easy, hard),
        "coverage": coverage.coverage(easy),
        "formulas": records.formulas(),
        "backbones": records.backbones(),
        "providers": records.providers(),
        "short-list": speed.short_list(),
        "scoring": speed.scoring(),
        "extraction": speed.extraction(),
        "pages": speed.pages(),
        "paper-pages": speed.paper(),
        "beside": speed.beside(),
        "extraction-rates": scaling.rates(),
        "extraction-machines": scaling.machines(),
        "extraction-storage": scaling.storage(),
        "cluster-workers": scaling.workers(),
        "queue-plans": scaling.plans(),
        "queue": scaling.queue(),
        "memory": memory.memory(),
        "projections": projections.projections(),
        "soak": reliability.reliability(),
        "crowds": reliability.crowds(),
        **pivot.tables(),
    }
    figures = {
        **dict(results.figures(easy, hard)),
        **dict(failure.figures(easy, hard)),
        **dict(speed.figures()),
        **dict(scaling.figures()),
        **dict(memory.figures()),
        **dict(projections.figures()),
        **dict(reliability.figures()),
    }
    return Made(tables, figures, {"import": example.transcript()})


def documents(root: Path = ROOT) -> dict[str, Path]:
    """The documents by their names."""
    heads = [root / name for name in ("README.md", "RELIABILITY.md", "SCALING.md") if (root / name).is_file()]
    return {path.relative_to(root).as_posix(): path for path in (*heads, *sorted(root.glob("docs/*.md")))}


def main() -> None:
    """Write them into the documents; all are left alone where comments or tables are not as they should be."""
    paths = documents()
    texts = {name: path.read_text("utf-8") for name, path in paths.items()}
    try:
        filled = fill(texts, made())
    except CldiError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    for name, path in paths.items():
        if filled[name] != texts[name]:
            path.write_text(filled[name], "utf-8")


if __name__ == "__main__":
    main()
