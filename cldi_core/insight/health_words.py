"""What is missing or broken in word lists, and in what people put beside a data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cldi_core.data import concreteness, judgements, wordlists
from cldi_core.data.counting import counted
from cldi_core.data.dataset import Dataset
from cldi_core.errors import CldiError
from cldi_core.insight.finding import Finding, some


def word_lists(dataset: Dataset) -> list[Finding]:
    """Lists that are not there, cannot be read, or say something twice."""
    command = dataset.command("import-lists FILE")
    if not dataset.pairs:
        return [Finding("error", "word lists", "there is no word list", command)]
    findings = []
    for pair in dataset.pairs:
        try:
            rows = dataset.lexicon(pair)
        except CldiError as error:
            findings.append(Finding("error", "word lists", str(error), command))
            continue
        counts = Counter(query.pos for query in dataset.queries(pair))
        numbers = ", ".join(f"{counts[pos]} {pos}" for pos in dataset.kinds)
        findings.append(Finding("info", "word lists", f"{pair}: {counted(len(rows), 'line')}, queries: {numbers}"))
        doubled = [f"{row.source}/{row.target}" for row, count in Counter(rows).items() if count > 1]
        if doubled:
            stand = "a line stands" if len(doubled) == 1 else "lines stand"
            findings.append(Finding("warning", "word lists", f"{pair}: {stand} twice: {some(doubled)}"))
    return findings


def coverage(dataset: Dataset) -> list[Finding]:
    """Words of lists that have no pictures, and the folders that may be meant."""
    findings = []
    for pair in dataset.pairs:
        try:
            asked = dataset.queries(pair)
        except CldiError:
            continue  # reported with the word lists
        languages = wordlists.pair_languages(pair)
        source, target = (dataset.members(language) for language in languages)
        without = sorted({query.word for query in asked if query.word not in source})
        lost = sorted({answer for query in asked for answer in query.right if answer not in target})
        for language, side, missing in zip(languages, ("source word", "translation"), (without, lost), strict=True):
            if missing:
                have = "has" if len(missing) == 1 else "have"
                text = f"{pair}: {counted(len(missing), side)} {have} no pictures: {some(missing)}"
                words = tuple((language, word) for word in missing)
                findings.append(Finding("warning", "coverage", text, pair=pair, words=words))
    return [*findings, *_suggestions(dataset)]


def _suggestions(dataset: Dataset) -> Iterator[Finding]:
    for language in dataset.languages:
        for found in dataset.spellings(language).suggestions:
            yield Finding("info", "coverage", f"{language}: {found}", words=((language, found.word),))


def added(dataset: Dataset) -> list[Finding]:
    """What people put beside a data set and cannot be read: ratings of concreteness, judgements."""
    findings = [Finding("error", judgements.FOLDER, text) for text in judgements.broken(dataset)]
    try:
        concreteness.ratings(dataset)
    except CldiError as error:
        findings.append(Finding("error", "concreteness", str(error), f"repair or delete {concreteness.FILE}"))
    return findings
