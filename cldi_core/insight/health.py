"""What is missing, broken, duplicated or unlicensed in a data set."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from cldi_core import rankers
from cldi_core.data import concreteness, descriptions, judgements, storage, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.data.pictures import Pictures, picture_id, probe
from cldi_core.errors import CldiError
from cldi_core.evaluation import audit
from cldi_core.evaluation.pairs import open_pair
from cldi_core.features import provenance, shards
from cldi_core.insight import evidence, hubs, learning
from cldi_core.pivot import about, models, translation

SHOWN = 8


@dataclass(frozen=True)
class Finding:
    """One thing that ``check`` noticed.  Only an ``"error"`` makes the data set unusable."""

    level: str  # "error", "warning" or "info"
    area: str
    text: str
    next_step: str = ""


def findings(dataset: Dataset, *, deep: bool = False) -> list[Finding]:
    """Look through a data set.  An empty part is a finding, not a failure.

    ``deep``: also decode every picture, look at every checksum and digest, and compute a sample of scores and ranks.
    """
    findings = [*_word_lists(dataset)]
    try:
        findings += [*_pictures(dataset), *_coverage(dataset), *_features(dataset), *_pivoting(dataset)]
        findings += _added(dataset)
        if deep:
            findings += [*_decode(dataset.pictures), *_feature_rows(dataset), *_results(dataset)]
            findings += _explained(dataset)
            findings += _pivot_ranks(dataset)
    except CldiError as error:
        findings.append(Finding("error", "data", str(error)))
    return findings


def _pivoting(dataset: Dataset) -> list[Finding]:
    """Descriptions and trained models, where there are any."""
    findings = []
    path = dataset.path / descriptions.FILE
    if path.is_file():
        try:
            counts = Counter(row.language for row in descriptions.read_concepts(path))
        except CldiError as error:
            return [Finding("error", "descriptions", str(error))]
        known = ", ".join(f"{count} in {language}" for language, count in counts.items())
        findings.append(Finding("info", "descriptions", f"concepts described: {known}"))
    for file in sorted(translation.models_folder(dataset).rglob("seed-*/*.safetensors")):
        if file.name.endswith(models.STATE):
            continue
        try:
            about.stored(file)
        except CldiError as error:
            findings.append(Finding("error", "trained models", str(error), "python -m cldi_core pivot train"))
    return findings


def _pivot_ranks(dataset: Dataset) -> list[Finding]:
    """Ranks of image pivoting that were measured on something else than what is there now, or are damaged."""
    from cldi_core.pivot import experiment, sources

    findings, folder = [], translation.models_folder(dataset)
    for path in sorted(folder.glob("*/*/*/*.parquet")):
        backbone, pair, holdout = path.relative_to(folder).parts[:3]
        where = f"{path.name!r} of {backbone}, {pair}, {holdout} held out"
        again = dataset.command("pivot train", "--pair", pair, "--backbone", backbone, "--holdout", holdout)
        try:
            corpus = sources.of_dataset(dataset, backbone, pair)
            one = experiment.Experiment(corpus, pair, holdout, (), (), models.PRESETS["demo"], folder, dataset=dataset)
            damaged, stale = storage.whole_frame(path) is None, one.kept(path.name).stale
        except CldiError as error:
            findings.append(Finding("warning", "image pivoting", f"{where}: {error}", again))
            continue
        if damaged:
            findings.append(Finding("error", "image pivoting", f"{where} is not what was written", again))
        if stale:
            named = ", ".join(f"{model} (seed {', '.join(map(str, seeds))})" for model, seeds in stale.items())
            text = f"{where}: measured on another corpus, split or training than what is there now: {named}"
            findings.append(Finding("warning", "image pivoting", text, again))
    return findings


def _some(items: list[str]) -> str:
    return ", ".join(items[:SHOWN]) + (f", … ({len(items)} in all)" if len(items) > SHOWN else "")


def _word_lists(dataset: Dataset) -> list[Finding]:
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
        findings.append(Finding("info", "word lists", f"{pair}: {len(rows)} lines, queries: {numbers}"))
        doubled = [f"{row.source}/{row.target}" for row, count in Counter(rows).items() if count > 1]
        if doubled:
            findings.append(Finding("warning", "word lists", f"{pair}: lines stand twice: {_some(doubled)}"))
    return findings


def _pictures(dataset: Dataset) -> list[Finding]:
    table = dataset.pictures.table
    command = dataset.command("import-folder DIR")
    if not len(table):
        return [Finding("error", "pictures", "there are no pictures", command)]
    findings = [Finding("info", "pictures", f"{len(table)} pictures in {len(dataset.pictures.shards)} shards")]
    lost = sorted(set(dataset.words["id"]) - set(table.index))
    if lost:
        findings.append(Finding("error", "pictures", f"words use {len(lost)} pictures that are missing", command))
    unlicensed = int(table["licence"].isin(["", "unknown"]).sum())
    if unlicensed:
        findings.append(
            Finding(
                "warning",
                "licences",
                f"{unlicensed} pictures have no known licence: look at them, but don't pass them on",
                "import their folder into a new data set with --licence",
            )
        )
    shared = int((dataset.words.groupby("id")["word"].nunique() > 1).sum())
    findings.append(Finding("info", "pictures", f"{shared} pictures belong to several words"))
    findings += _across_languages(dataset)
    return findings


def _across_languages(dataset: Dataset) -> list[Finding]:
    """Pictures that both sides of a pair share make a translation trivial."""
    findings = []
    owned = {
        language: {key for keys in dataset.members(language).values() for key in keys} for language in dataset.languages
    }
    for pair in dataset.pairs:
        try:
            source, target = wordlists.pair_languages(pair)
        except CldiError:
            continue  # reported with the word lists
        both = owned[source] & owned[target]
        if both:
            text = f"{pair}: {len(both)} pictures belong to words of both languages; they make translation too easy"
            findings.append(Finding("warning", "duplicates", text))
    return findings


def _coverage(dataset: Dataset) -> list[Finding]:
    findings = []
    for pair in dataset.pairs:
        try:
            asked = dataset.queries(pair)
        except CldiError:
            continue  # reported with the word lists
        source, target = (dataset.members(language) for language in wordlists.pair_languages(pair))
        without = sorted({query.word for query in asked if query.word not in source})
        lost = sorted({answer for query in asked for answer in query.right if answer not in target})
        for side, missing in (("source words", without), ("translations", lost)):
            if missing:
                text = f"{pair}: {len(missing)} {side} have no pictures: {_some(missing)}"
                findings.append(Finding("warning", "coverage", text))
    return findings


def _features(dataset: Dataset) -> list[Finding]:
    if not dataset.backbones:
        command = dataset.command("extract", "--backbone", "efficientnet-lite0")
        return [Finding("error", "features", "no features have been extracted", command)]
    findings = []
    used = set(dataset.words["id"])
    for backbone in dataset.backbones:
        again = dataset.command("extract", "--backbone", backbone)
        try:
            loaded = shards.open_features(dataset, backbone)
        except CldiError as error:
            findings.append(Finding("error", "features", f"{backbone}: {error}", f"{again} --force"))
            continue
        if differ := provenance.mixed(loaded):
            text = f"{backbone}: some pictures have features of other {' and '.join(differ)} than the rest"
            findings.append(Finding("error", "features", f"{text}, which cannot be compared", again))
        failed = provenance.failed_pictures(loaded)
        if failed:
            named = _some([f"{row['file']} ({row['reason']})" for row in failed])
            text = f"{backbone}: {len(failed)} pictures could not be used: {named}"
            findings.append(Finding("warning", "features", text, "replace these files and import them again"))
        missing = used - set(loaded.ids) - {row["id"] for row in failed}
        text = f"{backbone}: features of {len(loaded.ids)} pictures, {loaded.matrix.shape[1]} dimensions"
        findings.append(Finding("info", "features", text))
        if missing:
            text = f"{backbone}: {len(missing)} pictures that words use have no features"
            findings.append(Finding("warning", "features", text, again))
    return findings


def _feature_rows(dataset: Dataset) -> list[Finding]:
    """Features that are not those their digests were made of: every key of a score rests on the digests."""
    findings = []
    for backbone in dataset.backbones:
        again = dataset.command("extract", "--backbone", backbone, "--force")
        for path in sorted(shards.folder_of(dataset, backbone).glob("*.safetensors")):
            try:
                text = shards.damage(path)
            except CldiError:
                continue  # reported with the features
            if text:
                findings.append(Finding("error", "features", f"{backbone}: {path.name!r}: {text}", again))
    return findings


def _results(dataset: Dataset) -> list[Finding]:
    """Stored scores and rankings that are damaged, or do not follow from the features."""
    findings = []
    for backbone in dataset.backbones:
        try:
            loaded = shards.open_features(dataset, backbone)
        except CldiError:
            continue  # reported with the features
        for name in dataset.directions:  # what was not scored is no finding
            try:
                found = list(audit.differences(open_pair(dataset, backbone, name, loaded), rankers.ranker))
            except CldiError:
                continue  # reported with the word lists
            again = dataset.command("score", "--pair", name, "--backbone", backbone)
            for one in found:
                place = one.path.relative_to(dataset.path)
                step = f"delete {str(one.path)!r}, then: {again} --method {one.ranker}"
                findings.append(Finding("error", place.parts[0], f"'{place}': {one.text}", step))
    return findings


def _explained(dataset: Dataset) -> list[Finding]:
    """Stored evidence, hubs and learning curves that are damaged, of whatever method; they are as if not there."""
    findings = []
    made_by = {evidence.FOLDER: "score", hubs.FOLDER: "score", learning.FOLDER: "learning-curve"}
    for folder, command in made_by.items():
        for path in sorted(dataset.path.glob(f"{folder}/*/*/*.parquet")):
            if storage.whole_frame(path) is None:
                place = path.relative_to(dataset.path)
                _, backbone, pair, _ = place.parts
                again = dataset.command(command, "--pair", pair, "--backbone", backbone)
                text = f"'{place}': it cannot be read, or is not what was written"
                findings.append(Finding("error", folder, text, f"delete {str(path)!r}, then: {again}"))
    return findings


def _added(dataset: Dataset) -> list[Finding]:
    """What people put beside a data set and cannot be read: ratings of concreteness, judgements."""
    findings = [Finding("error", judgements.FOLDER, text) for text in judgements.broken(dataset)]
    try:
        concreteness.ratings(dataset)
    except CldiError as error:
        findings.append(Finding("error", "concreteness", str(error), f"repair or delete {concreteness.FILE}"))
    return findings


def _decode(pictures: Pictures) -> list[Finding]:
    findings = []
    ids = list(pictures.table.index)
    for start in range(0, len(ids), 256):
        files = pictures.read(ids[start : start + 256])
        for key, data in files.items():
            try:
                probe(data)
                if picture_id(data) != key:
                    raise CldiError("its bytes are not those that were imported")
            except CldiError as error:
                text = f"picture {key} ({pictures.path_of(key)}): {error}"
                findings.append(Finding("error", "pictures", text, "import it again"))
    return findings
