"""What is missing, broken, duplicated or unlicensed in a data set."""

from __future__ import annotations

from collections.abc import Callable

from cldi_core.data.dataset import Dataset
from cldi_core.errors import CldiError
from cldi_core.insight import health_files, health_pictures, health_results, health_words
from cldi_core.insight.finding import Finding
from cldi_core.insight.likeness import Alike

__all__ = ["Finding", "findings"]


def findings(
    dataset: Dataset,
    *,
    deep: bool = False,
    alike: Alike | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> list[Finding]:
    """Look through a data set.  An empty part is a finding, not a failure.

    Args:
        deep: also decode every picture, look at the checksum of every file and at every digest, and compute a sample of
            scores and ranks.
        alike: what is known of the pictures (``likeness.make``); without it what ``check`` has kept.
        progress: told how many pictures were decoded, and how many there are.
    """
    found = [*health_words.word_lists(dataset)]
    try:
        found += [*health_pictures.pictures(dataset), *health_pictures.suspects(dataset, alike)]
        found += [*health_words.coverage(dataset), *health_results.features(dataset)]
        found += [*health_results.pivoting(dataset), *health_words.added(dataset)]
        if deep:
            found += [*health_pictures.decode(dataset.pictures, progress), *health_results.feature_rows(dataset)]
            found += [*health_results.results(dataset), *health_results.explained(dataset)]
            found += health_results.pivot_ranks(dataset)
    except CldiError as error:
        found.append(Finding("error", "data", str(error)))
    if deep:
        found += health_files.files(dataset, found)
    return found
