"""Files of a data set that are not what was written, by their checksums."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cldi_core.data import checksums, sealing
from cldi_core.data.counting import counted
from cldi_core.data.dataset import Dataset
from cldi_core.data.remote import url_of
from cldi_core.insight.finding import Finding, some

AREA = "files"
BY_HAND = (".toml", ".tsv", ".md", ".txt")  # what people may open and change


def files(dataset: Dataset, others: Iterable[Finding] = ()) -> list[Finding]:
    """What has changed since it was written, or was never written down; of an address nothing, whose store knows.

    Args:
        others: what was found besides: a file that an error among them names is told of once, with what they know.
    """
    if url_of(dataset.path):
        return []
    told = [one.text for one in others if one.level == "error"]
    return list(_told(sealing.look(dataset.path), dataset.command("check", "--seal"), told))


def _told(seen: sealing.Looked, seal: str, others: Sequence[str]) -> Iterator[Finding]:
    for name in seen.changed:
        if any(f"'{name}'" in text for text in others):
            continue
        text = f"{name!r} is not what was written: its checksum does not fit"
        if name.endswith(BY_HAND):
            step = f"if somebody changed it on purpose: {seal}; else take it from a copy"
            yield Finding("warning", AREA, text, step)
        else:
            yield Finding("error", AREA, text, "take it from a copy, or delete it and make it again")
    for name, why in seen.unread.items():
        yield Finding("error", AREA, f"{name!r} cannot be read: {why}", "take it from a copy, or make it again")
    for name, count in seen.lines.items():
        is_list = name in (checksums.LOG, checksums.SEALED)
        step = f"if there is no other error: {seal}" if is_list else "nobody can know what they were; take a copy"
        text = f"{name!r}: {counted(count, 'line')} not as written"
        yield Finding("error", AREA, text, step)
    if seen.unknown:
        have = "has" if len(seen.unknown) == 1 else "have"
        text = f"{counted(len(seen.unknown), 'file')} {have} no checksum yet: {some(seen.unknown)}"
        yield Finding("info", AREA, text, seal)
