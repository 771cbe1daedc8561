"""Among which words of the target language an answer is sought: those of the list, or all that have pictures."""

from __future__ import annotations

import re
import tomllib

import tomli_w

from cldi_core.data import storage
from cldi_core.data.dataset import Dataset
from cldi_core.data.wordlists import pair_languages
from cldi_core.errors import DatasetError, unknown_name

LISTED, ALL = "listed", "all"
CHOICES = (LISTED, ALL)
SETTING = "candidates"  # in dataset.toml
_LINE = re.compile(rf"[ \t]*{SETTING}[ \t]*=")


def choice(dataset: Dataset) -> str:
    """``"listed"`` or ``"all"``: what ``dataset.toml`` says, and ``"listed"`` where it says nothing.

    Raises:
        DatasetError: it says something else.
    """
    chosen = dataset.info.get(SETTING, LISTED)
    if chosen not in CHOICES:
        shown = repr(chosen)[:40]
        raise DatasetError(
            f"dataset.toml of {dataset.name!r} says {SETTING} = {shown}; accepted: 'listed' and 'all' (words with "
            f"pictures that are in no list, too); to write one: {dataset.command('score', '--candidates', ALL)}"
        )
    return str(chosen)


def unlisted(dataset: Dataset, pair: str) -> list[str]:
    """The words of a pair's target language that have pictures and are not in its list, sorted.

    They are distractors where all are candidates: nothing is asked of them, and they are no right answers.
    """
    listed = {row.target for row in dataset.lexicon(pair)}
    return sorted(dataset.members(pair_languages(pair)[1]).keys() - listed)


def further(dataset: Dataset, pair: str) -> list[str]:
    """``unlisted``, where all words with pictures are candidates; none elsewhere.  DatasetError as ``choice``."""
    return unlisted(dataset, pair) if choice(dataset) == ALL else []


def choose(dataset: Dataset, chosen: str) -> Dataset:
    """Write the choice into ``dataset.toml``, whose other lines stay as they are; the data set, opened anew.

    Raises:
        UnknownNameError: there is no such choice; DatasetError: the file cannot be written.
    """
    if chosen not in CHOICES:
        raise unknown_name("choice of candidates", chosen, CHOICES)
    path = dataset.path / "dataset.toml"
    try:
        with storage.lock(dataset.path, f"score --candidates {chosen}"):
            text = storage.read_text(path)
            info = {name: value for name, value in tomllib.loads(text).items() if name != SETTING}
            if chosen != LISTED:  # which needs no line
                info = {SETTING: chosen, **info}
            if info != tomllib.loads(text):
                storage.write_text(path, _written(text, info))
    except OSError as error:
        raise storage.cannot_write(dataset.path, error) from error
    return Dataset(dataset.path)


def _written(text: str, info: dict[str, object]) -> str:
    """The file with this setting and its own comments; made anew where lines alone do not tell."""
    kept = "".join(line for line in text.splitlines(keepends=True) if not _LINE.match(line))
    made = (f'{SETTING} = "{info[SETTING]}"\n' if SETTING in info else "") + kept
    try:
        return made if tomllib.loads(made) == info else tomli_w.dumps(info)
    except tomllib.TOMLDecodeError:
        return tomli_w.dumps(info)
