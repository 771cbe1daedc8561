"""What is missing, broken, unlicensed or not to be trusted among pictures."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from cldi_core.data.counting import counted
from cldi_core.data.dataset import Dataset
from cldi_core.data.ids import Raw, texts
from cldi_core.data.members import shared
from cldi_core.data.pictures import Pictures, examine_all, picture_id
from cldi_core.data.workers import Ended, Workers
from cldi_core.errors import CldiError, LexiconError
from cldi_core.features import shards
from cldi_core.insight import hygiene
from cldi_core.insight.finding import NAMED, Finding, some
from cldi_core.insight.likeness import Alike

DECODED = 256  # pictures that are asked for together
TOGETHER, TOGETHER_BYTES = 16, 8_000_000  # pictures, and bytes of them, that are decoded together


def pictures(dataset: Dataset) -> list[Finding]:
    """How many there are, which words use that are not there, and what is known of their licences."""
    there, stored = dataset.pictures.ids, [dataset.stored_members(language) for language in dataset.pictured]
    used = dataset.used
    lost = used[~there.has_rows(used)]
    has_features, featured = _featured(dataset, lost)
    command = dataset.command("import-folder DIR")
    if not there and not has_features:
        return [Finding("error", "pictures", "there are no pictures", command)]
    files = counted(len(dataset.pictures.index.shards), "shard")
    findings = [Finding("info", "pictures", f"{counted(len(there), 'picture')} in {files}")]
    if not there:
        text = "there are features of pictures, and no pictures: words are ranked and explained, and nothing is shown"
        findings = [Finding("info", "pictures", text)]
    if gone := texts(lost[~featured]):
        is_missing = "picture that is missing" if len(gone) == 1 else "pictures that are missing"
        findings.append(
            Finding("error", "pictures", f"words use {len(gone)} {is_missing}", command, pictures=(*gone[:NAMED],))
        )
    if there and (bare := texts(lost[featured])):
        text = f"there are features of {counted(len(bare), 'picture')} that cannot be shown"
        findings.append(Finding("info", "pictures", text, pictures=(*bare[:NAMED],)))
    unlicensed, named = 0, list[str]()
    for frame in dataset.pictures.each(["licence"]):
        keys = frame.index[frame["licence"].isin(["", "unknown"])]
        unlicensed += len(keys)
        named += keys[: NAMED - len(named)].tolist()
    if unlicensed:
        have, them = ("has", "it") if unlicensed == 1 else ("have", "them")
        text = f"{counted(unlicensed, 'picture')} {have} no known licence: look at {them}, but don't pass {them} on"
        step = "import their folder into a new data set with --licence"
        findings.append(Finding("warning", "licences", text, step, pictures=(*named,)))
    several = shared(stored)
    belong = "belongs" if len(several) == 1 else "belong"
    text = f"{counted(len(several), 'picture')} {belong} to several words"
    return [*findings, Finding("info", "pictures", text, pictures=(*several[:NAMED],))]


def _featured(dataset: Dataset, rows: Raw) -> tuple[bool, NDArray[np.bool_]]:
    """Whether there are features of any picture, and of which of these: bool (n,)."""
    any_there, found = False, np.zeros(len(rows), np.bool_)
    for backbone in dataset.backbones:
        with suppress(CldiError):  # reported with the features
            ids = shards.open_features(dataset, backbone).ids
            any_there |= len(ids) > 0
            if len(rows):
                found |= ids.has_rows(rows)
    return any_there, found


def suspects(dataset: Dataset, alike: Alike | None = None) -> list[Finding]:
    """What makes results wrong without an error (``insight.hygiene``): a finding for each pair and kind."""
    known = hygiene.known(dataset) if alike is None else hygiene.Known(dataset, alike)
    is_seen = known.alike.complete or not dataset.pictured
    findings = [] if is_seen else [_unseen(dataset, known)]
    for pair in dataset.pairs:
        try:
            found = hygiene.found(known, pair)
        except LexiconError:
            continue  # reported with the word lists
        findings += [_of_kind(hygiene.KINDS[name], pair, own) for name, own in found.items() if own]
    return findings


def _unseen(dataset: Dataset, known: hygiene.Known) -> Finding:
    text = "nobody has looked for pictures that were saved again since pictures, words or features changed"
    if missing := known.alike.looks.missing:
        text = f"{counted(missing, 'picture')} may be small, cut or saved again: nobody has looked"
    return Finding("info", "duplicates", text, dataset.command("check"))


def _of_kind(kind: hygiene.Kind, pair: str, found: Sequence[hygiene.Suspect]) -> Finding:
    words = tuple(dict.fromkeys(word for one in found for word in one.words))
    keys = tuple(dict.fromkeys(key for one in found for key in one.pictures))
    text = f"{pair}: {len(found)} {kind.one if len(found) == 1 else kind.more}"
    if kind.name == "both languages":
        ways = Counter(way for one in found for way in one.how)
        text = f"{text} ({', '.join(f'{count} by {way}' for way, count in ways.most_common())})"
    elif kind.by_word:
        text = f"{text}: {some([one.words[0][1] for one in found])}"
    items = tuple(dict.fromkeys(item for one in found for item in one.items))
    step = (
        "look at them on the Data page, and leave out those that are none of the words'" if kind.level != "info" else ""
    )
    return Finding(kind.level, kind.area, text, step, kind.name, pair, words, keys, items)


def decode(pictures: Pictures, progress: Callable[[int, int], object] | None = None) -> list[Finding]:
    """Pictures that cannot be decoded whole, or are not what was imported.

    Args:
        progress: told how many were looked at, and how many there are.
    """
    findings = []
    waiting: deque[tuple[str, str]] = deque()  # the pictures that are decoded, and the ids of their bytes

    def parts() -> Iterator[list[bytes]]:
        part: list[bytes] = []
        for start in range(0, len(pictures.ids), DECODED):
            for key, data in pictures.files(pictures.ids[start : start + DECODED]):
                waiting.append((key, picture_id(data)))
                part.append(data)
                if len(part) == TOGETHER or sum(map(len, part)) > TOGETHER_BYTES:
                    yield part
                    part = []
        yield part

    done = 0
    with Workers(examine_all, os.cpu_count() or 1) as decoders:
        for one in chain.from_iterable(decoders.map(parts())):
            if progress and done % DECODED == 0:
                progress(done, len(pictures.ids))
            done += 1
            key, found = waiting.popleft()
            wrong = one if isinstance(one, str) else f"decoding {one.reason}" if isinstance(one, Ended) else ""
            if not wrong and found != key:
                wrong = "its bytes are not those that were imported"
            if wrong:
                text = f"picture {key} ({pictures.path_of(key)}): {wrong}"
                findings.append(Finding("error", "pictures", text, "import it again", pictures=(key,)))
    return findings
