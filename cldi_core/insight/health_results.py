"""What is missing, damaged or stale among features, scores, what explains them, and trained models."""

from __future__ import annotations

from collections import Counter

from cldi_core import rankers
from cldi_core.data import descriptions, storage
from cldi_core.data.counting import counted
from cldi_core.data.dataset import Dataset
from cldi_core.data.ids import PictureIds, texts
from cldi_core.errors import CldiError
from cldi_core.evaluation import audit
from cldi_core.evaluation.pairs import open_pair
from cldi_core.features import provenance, shards
from cldi_core.features.backbones import is_extracted
from cldi_core.insight import evidence, hubs, learning, prepared
from cldi_core.insight.finding import NAMED, Finding, some
from cldi_core.pivot import about, models, translation


def features(dataset: Dataset) -> list[Finding]:
    """What was extracted, what could not be, and what cannot be compared."""
    if not dataset.backbones:
        command = dataset.command("extract", "--backbone", "efficientnet-lite0")
        return [Finding("error", "features", "no features have been extracted", command)]
    findings = []
    used = dataset.used
    for backbone in dataset.backbones:
        made_by = "extract" if is_extracted(backbone) else "import-features FILE"
        again = dataset.command(made_by, "--backbone", backbone)
        try:
            loaded = shards.open_features(dataset, backbone)
        except CldiError as error:
            step = again + " --force" * is_extracted(backbone)
            findings.append(Finding("error", "features", f"{backbone}: {error}", step))
            continue
        if differ := provenance.mixed(loaded):
            text = f"{backbone}: some pictures have features of other {' and '.join(differ)} than the rest"
            findings.append(Finding("error", "features", f"{text}, which cannot be compared", again))
        failed = provenance.failed_pictures(loaded)
        if failed:
            named = some([f"{row['file']} ({row['reason']})" for row in failed])
            text = f"{backbone}: {counted(len(failed), 'picture')} could not be used: {named}"
            step, keys = "replace these files and import them again", tuple(row["id"] for row in failed)
            findings.append(Finding("warning", "features", text, step, pictures=keys))
        lost = PictureIds.of(row["id"] for row in failed)
        missing = texts(used[~(loaded.ids.has_rows(used) | lost.has_rows(used))])
        size = counted(loaded.matrix.shape[1], "dimension")
        text = f"{backbone}: features of {counted(len(loaded.ids), 'picture')}, {size}"
        findings.append(Finding("info", "features", text))
        if missing:
            have = "picture that words use has" if len(missing) == 1 else "pictures that words use have"
            text = f"{backbone}: {len(missing)} {have} no features"
            findings.append(Finding("warning", "features", text, again, pictures=(*missing[:NAMED],)))
    return findings


def feature_rows(dataset: Dataset) -> list[Finding]:
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


def results(dataset: Dataset) -> list[Finding]:
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


def explained(dataset: Dataset) -> list[Finding]:
    """Stored evidence, hubs, learning curves and dispersions that are damaged; they are as if not there."""
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
    for path in sorted(dataset.path.glob(f"{prepared.FOLDER}/*/words.parquet")):
        if storage.whole_frame(path) is None:
            place = path.relative_to(dataset.path)
            again = dataset.command("prepare", "--backbone", place.parts[1])
            text = f"'{place}': it cannot be read, or is not what was written"
            findings.append(Finding("error", prepared.FOLDER, text, again))
    return findings


def pivoting(dataset: Dataset) -> list[Finding]:
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


def pivot_ranks(dataset: Dataset) -> list[Finding]:
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
