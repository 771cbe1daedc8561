"""``make readme-tables``: every table of the README, and single figures, made of what is shipped.

Results come from the stored rankings, speeds from kept measurements; nothing is scored, trained or timed.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable
from pathlib import Path

from cldi_core.errors import CldiError
from tools.readme import causes, coverage, failure, pivot, results, speed
from tools.readme.form import fill

README = Path(__file__).resolve().parent.parent / "README.md"


@functools.cache
def sets() -> tuple[results.Set, results.Set]:
    """The demo and its hard mode."""
    return results.Set("demo"), results.Set("demo-hard")


def tables() -> dict[str, Iterable[str]]:
    """All tables by their names in the README: the lines of each."""
    easy, hard = sets()
    return {
        "paper": results.beside_the_paper(easy, hard),
        "pairs": results.by_pair(easy, hard),
        "methods": results.methods(easy),
        "beyond": results.beyond(easy, hard),
        "dispersion": results.dispersion(easy),
        "named-causes": causes.named(easy, hard),
        "causes": causes.by_cause(easy),
        "failure": failure.verbs(easy, hard),
        "coverage": coverage.coverage(easy),
        "scoring": speed.scoring(),
        "extraction": speed.extraction(),
        "pages": speed.pages(),
        **pivot.tables(),
    }


def figures() -> dict[str, str]:
    """Single figures by their names in the README."""
    return {**dict(results.figures(*sets())), **dict(failure.figures(*sets())), **dict(speed.figures())}


def main() -> None:
    """Write them into the README; it is left alone where its comments or tables are not as they should be."""
    text = README.read_text("utf-8")
    try:
        filled = fill(text, tables(), figures())
    except CldiError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    if filled != text:
        README.write_text(filled, "utf-8")


if __name__ == "__main__":
    main()
