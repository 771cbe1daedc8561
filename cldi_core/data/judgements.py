"""What people say of candidates: acceptable, or wrong; kept per name in a file beside the data set.

``judgements/<digest of the name>.tsv`` has the name in its first line, the columns in its second, and a judgement in
each of the others, in the order in which they were made.  Each change reads and writes the whole file under a lock.
Names and notes are anybody's text: they never become a path, and hold no control characters.
"""

from __future__ import annotations

import contextlib
import re
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from cldi_core.data import storage
from cldi_core.data.wordlists import POS, is_control
from cldi_core.errors import DatasetError, unknown_name

if TYPE_CHECKING:
    from cldi_core.data.dataset import Dataset

FOLDER = "judgements"
VERDICTS = ACCEPTABLE, WRONG = "acceptable", "wrong"
MAX_NAME, MAX_NOTE, MAX_WORD = 80, 500, 2000  # characters
MAX_JUDGEMENTS = 20_000  # of one name
MAX_NAMES = 500  # of one data set
_NAME = "judge\t"  # begins the first line
_FILE = re.compile(r"[0-9a-f]{32}")

Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Judgement:
    """What somebody says of one candidate of one query.

    Attributes:
        pair: in whose direction it holds, ``"en-de"``; word, pos: the query; candidate: in the target language.
        verdict: ``"acceptable"`` or ``"wrong"``.
        note: one line, why; may be empty.
        time: when it was given, UTC, ``"2026-11-25T18:51:13Z"``.
    """

    pair: str
    word: str
    pos: str
    candidate: str
    verdict: str
    note: str = ""
    time: str = ""

    @property
    def key(self) -> Key:
        """What is judged: a later judgement of the same replaces an earlier one."""
        return self.pair, self.word, self.pos, self.candidate

    @property
    def query(self) -> str:
        """The query's id, ``"shake.V"``."""
        return f"{self.word}.{self.pos}"


COLUMNS = tuple(field.name for field in fields(Judgement))


def named(text: str) -> str:
    """A name as it is kept: NFC, without space around it, single spaces within.

    Raises:
        DatasetError: it is empty, too long, or holds control or invisible characters.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split(" ")).strip()
    name = re.sub(" {2,}", " ", name)
    if not name or any(map(is_control, name)) or len(name) > MAX_NAME:
        raise DatasetError(
            f"{text[:40]!r} cannot be the name of a judge; accepted: 1 to {MAX_NAME} characters without line ends and "
            "other control characters"
        )
    return name


def noted(text: str) -> str:
    """A note as it is kept: in one line, tabs, line ends and other control characters are spaces.

    Raises:
        DatasetError: it is too long.
    """
    note = " ".join("".join(" " if is_control(c) else c for c in unicodedata.normalize("NFC", text)).split())
    if len(note) > MAX_NOTE:
        raise DatasetError(f"the note has {len(note)} characters; accepted: at most {MAX_NOTE}")
    return note


def checked(judgement: Judgement) -> Judgement:
    """A judgement as it is kept, with the time now if it has none.

    Raises:
        DatasetError: a word that no word list can hold, an unknown verdict or part of speech, a note that is too long.
    """
    for text in (judgement.pair, judgement.word, judgement.candidate):
        if not text or len(text) > MAX_WORD or text != text.strip() or any(map(is_control, text)):
            raise DatasetError(f"{text[:40]!r} cannot be judged: it is no word of a word list")
    if judgement.verdict not in VERDICTS or judgement.pos not in POS:
        given, choices = (judgement.pos, POS) if judgement.verdict in VERDICTS else (judgement.verdict, VERDICTS)
        raise DatasetError(f"{given[:40]!r} is no verdict or part of speech; choose from: {', '.join(choices)}")
    when = judgement.time if not any(map(is_control, judgement.time)) else ""
    return Judgement(*judgement.key, judgement.verdict, noted(judgement.note), when[:40] or now())


def now() -> str:
    """The time in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def pattern(name: str) -> str:
    """The file of a name as ``Dataset.stamp`` takes it: its stamp changes when that name judges, and only then."""
    return f"{FOLDER}/{storage.digest('judge', name)}.tsv"


def names(dataset: Dataset) -> tuple[str, ...]:
    """Who has begun to judge, sorted; files that are broken or not of this kind are left out."""
    found = []
    for path in sorted((dataset.path / FOLDER).glob("*.tsv"))[:MAX_NAMES]:
        if _FILE.fullmatch(path.stem):
            with contextlib.suppress(OSError, ValueError, DatasetError):
                name = storage.read_text(path, storage.LARGE).partition("\n")[0].removeprefix(_NAME)
                if named(name) == name and path.match(pattern(name)):
                    found.append(name)
    return tuple(sorted(found))


def broken(dataset: Dataset) -> list[str]:
    """What is wrong with each file that holds no name's judgements, in one line."""
    found = []
    for path in sorted((dataset.path / FOLDER).glob("*.tsv")):
        try:
            first = storage.read_text(path, storage.LARGE).partition("\n")[0]
            name = named(first.removeprefix(_NAME))
            if not path.match(pattern(name)):
                raise DatasetError(f"{f'{FOLDER}/{path.name}'!r} of {dataset.name!r} is not the file of the name in it")
            _read(dataset, name)
        except DatasetError as error:
            found.append(str(error))
        except (OSError, ValueError) as error:
            found.append(f"{f'{FOLDER}/{path.name}'!r} of {dataset.name!r} cannot be read ({error}); delete it")
    return found


def known(dataset: Dataset, name: str) -> str:
    """The name as it is kept, of somebody who has begun to judge.

    Raises:
        UnknownNameError: nobody of that name has; DatasetError: as ``named``.
    """
    if not (dataset.path / pattern(named(name))).exists():
        raise unknown_name("judge", name, names(dataset))
    return named(name)


def judgements(dataset: Dataset, name: str) -> tuple[Judgement, ...]:
    """What a name has judged, in the order of judging; nothing where it has not begun.

    Raises:
        DatasetError: the file is broken.
    """
    return tuple(_read(dataset, named(name)).values())


def begin(dataset: Dataset, name: str) -> str:
    """Make the file of a name, if there is none, so that ``names`` lists it; the name as it is kept.

    Raises:
        DatasetError: as ``judge``, or there are too many names.
    """
    name = named(name)
    with _changing(dataset):
        if not (dataset.path / pattern(name)).exists():
            if len(names(dataset)) >= MAX_NAMES:
                raise DatasetError(f"there are {MAX_NAMES} names already; delete one of them")
            _write(dataset, name, {})
    return name


def judge(dataset: Dataset, name: str, judgement: Judgement) -> Judgement | None:
    """Keep a judgement; the earlier one of the same query and candidate, which it replaces.

    Raises:
        DatasetError: as ``named`` and ``checked``; the file is broken, or cannot be written.
    """
    return judge_all(dataset, name, [judgement])[0]


def judge_all(dataset: Dataset, name: str, given: Iterable[Judgement]) -> list[Judgement | None]:
    """Keep several judgements at once, or none of them; the earlier ones that they replace, as ``judge``."""
    fresh, replaced = [checked(one) for one in given], list[Judgement | None]()

    def change(kept: dict[Key, Judgement]) -> None:
        for one in fresh:
            replaced.append(kept.pop(one.key, None))
            kept[one.key] = one  # at the end: in the order of judging

    _change(dataset, name, change)
    return replaced


def withdraw(dataset: Dataset, name: str, keys: Iterable[Key]) -> int:
    """Take judgements back: how many were there; DatasetError as ``judge``."""
    wanted = set(keys)
    gone = 0

    def change(kept: dict[Key, Judgement]) -> None:
        nonlocal gone
        for key in wanted & kept.keys():
            del kept[key]
            gone += 1

    _change(dataset, name, change)
    return gone


def delete(dataset: Dataset, name: str) -> bool:
    """Delete all that a name has judged, and the name, also where the file is broken; whether there was anything.

    Raises:
        DatasetError: it cannot be deleted.
    """
    path = dataset.path / pattern(named(name))
    if not path.exists():
        return False
    with _changing(dataset):
        there = path.exists()
        storage.remove(path)
    return there


@contextlib.contextmanager
def _changing(dataset: Dataset) -> Iterator[None]:
    """Hold the folder's lock; whatever the disk refuses is one line."""
    folder = dataset.path / FOLDER
    try:
        with storage.lock(folder, "judgements"):
            yield
    except OSError as error:
        raise storage.cannot_write(folder, error) from error


def _change(dataset: Dataset, name: str, change: Callable[[dict[Key, Judgement]], None]) -> None:
    """Read, change and write the judgements of a name while nobody else does."""
    name = named(name)
    with _changing(dataset):
        kept = _read(dataset, name)
        before = list(kept.values())
        change(kept)
        if len(kept) > MAX_JUDGEMENTS:
            raise DatasetError(
                f"that would be {len(kept):,} judgements of one name; at most {MAX_JUDGEMENTS:,} are kept"
            )
        if list(kept.values()) != before:
            _write(dataset, name, kept)


def _write(dataset: Dataset, name: str, kept: Mapping[Key, Judgement]) -> None:
    lines = [f"{_NAME}{name}", "\t".join(COLUMNS), *("\t".join(astuple(one)) for one in kept.values())]
    storage.write_text(dataset.path / pattern(name), "".join(f"{line}\n" for line in lines))


def _read(dataset: Dataset, name: str) -> dict[Key, Judgement]:
    path = dataset.path / pattern(name)
    try:
        first, columns, *lines = storage.read_text(path, storage.LARGE).removesuffix("\n").split("\n")
        if (first, columns) != (f"{_NAME}{name}", "\t".join(COLUMNS)):
            raise ValueError("its first two lines are not those of this name")
        rows = [line.split("\t") for line in lines]
        if any(len(row) != len(COLUMNS) for row in rows):
            raise ValueError(f"a line does not have {len(COLUMNS)} columns")
        return {one.key: one for one in (checked(Judgement(*row)) for row in rows)}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:  # a DatasetError is a ValueError
        shown = f"{Path(FOLDER) / path.name}"
        raise DatasetError(f"{shown!r} of {dataset.name!r} cannot be read ({error}); repair or delete it") from error
