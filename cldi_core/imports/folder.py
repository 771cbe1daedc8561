"""A folder or an archive of ``<language>/<word>/<pictures>`` becomes words with pictures.

In two steps, so that one can look before anything is written: ``look`` gives a ``Plan``, ``store`` carries it out.

- A folder beside those of languages is passed over; it is missing if it is named as codes are, but for a slip.
- A word is what ``words`` says of its folder, else what ``word.txt`` in it says, else its name; underscores are spaces.
- Pictures lie in the folder of a word or any depth below it, and are taken in the natural order of their names.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cldi_core.data import checksums, storage
from cldi_core.data.dataset import create
from cldi_core.errors import CldiError, DatasetError, LexiconError, in_one_line
from cldi_core.imports import fit, languages
from cldi_core.imports.paths import natural, shown
from cldi_core.imports.pictures import UNUSABLE, Found, Provenance, import_pictures
from cldi_core.imports.placed_files import PlacedFiles
from cldi_core.imports.report import Report, keep
from cldi_core.imports.trees import Tree, open_tree
from cldi_core.imports.words import clean

WORD, MAX_WORD_FILE = "word.txt", 10_000  # bytes
NOTES = (".txt", ".json", ".md")
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")
EXPECTED = "expected DIR/<language>/<word>/<picture>"
# Kinds of notes in the report.
NOT_READ = "file that is not read"
NO_LANGUAGE, TWO_FOLDERS = "folder that is no language", "two folders of one language"
NO_WORD, NOT_IN_A_WORD = "folder that is no word", "picture outside the folder of a word"
NO_FOLDER, GONE = "folder of a word that is not there", "file that is not there any more"
BESIDE, A_NOTE = "file beside the folders", "notes beside pictures"
LANGUAGE, WORD_NAME, MERGED = "language written as its code", "word", "folders of one word put together"


@dataclass
class Plan:
    """What was found in a folder or an archive, and what is to become of it.

    Attributes:
        tree: where the files are.
        words: the words that will get pictures: language and word → how many files.
        files: all files, and of those that are to be used the number of the word among ``words``, and the place there.
        report: what will be missing, passed over and changed, as far as it can be told without decoding.
    """

    tree: Tree
    report: Report
    words: dict[tuple[str, str], int] = field(default_factory=dict)
    files: PlacedFiles = field(default_factory=PlacedFiles)

    def languages(self) -> dict[str, dict[str, int]]:
        """``words`` and ``files`` of each language, by its code."""
        words = Counter(language for language, _ in self.words)
        files: Counter[str] = Counter()
        for (language, _), count in self.words.items():
            files[language] += count
        return {language: {"words": words[language], "files": files[language]} for language in sorted(words)}


def read_words(file: Path) -> dict[str, str]:
    """What a file says of folders: ``<language>/<folder>`` or ``<folder>`` → word; a line each, tab-separated.

    Raises:
        LexiconError: it cannot be read, or a line has other columns, or a folder comes twice.
    """
    try:
        lines = storage.read_text(file, storage.LARGE).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LexiconError(f"{file.name!r} cannot be read ({in_one_line(error)}); expected text in UTF-8") from error
    words: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        columns = line.split("\t")
        if not line.strip():
            continue
        if len(columns) != 2 or columns[0] in words:
            what = "the folder comes twice" if columns[0] in words else f"{len(columns)} columns"
            raise LexiconError(f"{file.name!r}, line {number}: {what}; expected a folder, a tab and its word")
        words[columns[0]] = columns[1]
    return words


def look(source: Path, words: Mapping[str, str] | None = None) -> Plan:
    """What is in a folder or an archive; nothing is decoded or written.

    Args:
        words: the words of folders, as ``read_words`` gives them.

    Raises:
        DatasetError: it is neither, or there is no folder of a language in it, or no picture in these.
    """
    tree = open_tree(source)
    plan = Plan(tree, Report("folder", str(source), tree.kind))
    files = plan.files
    texts = _read(tree, plan.report, files)
    if not files:
        raise _nothing(plan)
    root = _root(files)
    if root:
        plan.report.remarks.append(f"the languages are the folders of {shown(root)!r}")
    known = _languages(plan.report, {path[len(root) :].split("/")[0] for path in files if "/" in path[len(root) :]})
    if not known:
        raise DatasetError(f"{str(source)!r} has no folder named like a language ('en', 'de', …); {EXPECTED}")
    folders = _sorted_into(plan.report, files, root, known)
    _name_words(plan, folders, known, _Names(words or {}, texts, root))
    plan.report.junk.update(tree.junk)
    if not files.placed:
        raise _nothing(plan)
    return plan


def _nothing(plan: Plan) -> DatasetError:
    why = plan.report.missing.kept
    return DatasetError(f"no pictures under {plan.report.source!r}{f' ({why[0].text})' if why else ''}; {EXPECTED}")


def store(
    dataset: Path,
    plan: Plan,
    *,
    licence: str = "unknown",
    author: str = "",
    progress: Callable[[int, int], object] | None = None,
    workers: int | None = None,
) -> Report:
    """Store what ``look`` found; words that are there already get the pictures found now, and no others.

    Raises:
        DatasetError: nothing could be used, and nothing was stored; or as ``import_pictures``.
    """
    report, is_new = plan.report, not (dataset / "dataset.toml").is_file()
    made_by = Provenance(provider="folder", licence=licence, author=author)
    opened = create(dataset)
    total = plan.files.placed
    try:
        import_pictures(opened, _found(plan, made_by), report, progress=progress, total=total, workers=workers)
        if not report.counts.get("memberships"):
            raise DatasetError(f"none of the {total} files under {report.source!r} is a picture that can be read")
    except DatasetError:
        if is_new and not (dataset / "images").is_dir():
            _remove_empty(dataset)
        raise
    report.remarks += fit.remarks(dataset)
    keep(dataset, report)
    return report


def import_folder(dataset: Path, source: Path, words: Mapping[str, str] | None = None, **options: Any) -> Report:
    """``look`` and ``store`` in one; ``options`` are those of ``store``."""
    return store(dataset, look(source, words), **options)


def _remove_empty(dataset: Path) -> None:
    for name in ("dataset.toml", checksums.LOG, storage.LOCK):
        (dataset / name).unlink(missing_ok=True)
    if not any(dataset.iterdir()):
        dataset.rmdir()


def _read(tree: Tree, report: Report, files: PlacedFiles) -> dict[str, str]:
    """Add all files; what each ``word.txt`` says: a text that cannot be read is empty."""
    texts = {}
    for entry in tree.entries(lambda place, why: report.missing.add(NOT_READ, place, why)):
        path = "/".join(entry.path)
        files.add(path)
        if entry.path[-1].lower() == WORD:
            try:
                data = entry.read()
                texts[path] = data.decode("utf-8-sig") if len(data) <= MAX_WORD_FILE else ""
            except (OSError, UnicodeDecodeError):
                texts[path] = ""
    return texts


def _root(files: Sequence[str]) -> str:
    """What all paths begin with before the languages: the one folder that was packed, as a rule; ``""`` or ``"x/"``."""
    first = {path.partition("/")[0] for path in files}
    if len(first) != 1:
        return ""
    (name,) = first
    below = [path.split("/", 3)[1:] for path in files[:1000]]
    is_above = not _is_language(name) and any(len(parts) == 3 and _is_language(parts[0]) for parts in below)
    return f"{name}/" if is_above else ""


def _is_language(name: str) -> bool:
    try:
        return bool(languages.language(name))
    except DatasetError:
        return False


def _languages(report: Report, names: set[str]) -> dict[str, str]:
    """The folders of languages: name → code; the report hears of the others."""
    codes: dict[str, str] = {}
    for name in sorted(names, key=natural):
        try:
            codes[name] = languages.language(name)
        except DatasetError as error:
            notes = report.missing if languages.is_meant(name) else report.passed
            notes.add(NO_LANGUAGE, shown(name), str(error))
        else:
            if codes[name] != name:
                report.changed.add(LANGUAGE, shown(name), codes[name])
    together: dict[str, list[str]] = {}
    for name, code in codes.items():
        together.setdefault(languages.same(code), []).append(name)
    for both in together.values():
        for name in both if len(both) > 1 else ():
            others = " and ".join(repr(other) for other in both if other != name)
            report.missing.add(TWO_FOLDERS, shown(name), f"the same language as {others}; put them into one folder")
            del codes[name]
    return codes


def _sorted_into(
    report: Report, files: Sequence[str], root: str, known: Mapping[str, str]
) -> dict[tuple[str, str], array[int]]:
    """The numbers of the files of each folder of a word, by the names of its language's folder and its own."""
    folders: dict[tuple[str, str], array[int]] = {}
    for number, path in enumerate(files):
        language, _, rest = path[len(root) :].partition("/")
        folder, _, name = rest.partition("/")
        suffix = path[path.rfind(".") :].lower()
        if rest and language not in known:
            continue  # the folder was told of
        if not rest or (not name and suffix not in PICTURES):
            report.passed.add(BESIDE, shown(path))
        elif not name:
            report.missing.add(NOT_IN_A_WORD, shown(path), EXPECTED)
        elif suffix not in NOTES:
            folders.setdefault((language, folder), array("i")).append(number)
        elif name.lower() != WORD:
            report.passed.add(A_NOTE, shown(path))
    return folders


class _Names:
    """The words of folders: what was given, what ``word.txt`` says, or the folder's name."""

    def __init__(self, given: Mapping[str, str], texts: Mapping[str, str], root: str) -> None:
        self.given = {_composed(folder): word for folder, word in given.items()}
        self.used: set[str] = set()
        self._texts = {path[len(root) :].rpartition("/")[0]: text for path, text in texts.items()}

    def of(self, language: str, code: str, folder: str) -> tuple[str, tuple[str, ...]]:
        """The word and what was changed of it; CldiError: it is none."""
        for key in map(_composed, (f"{language}/{folder}", f"{code}/{folder}", folder)):
            if key in self.given:
                self.used.add(key)
                return clean(self.given[key])
        text = self._texts.get(f"{language}/{folder}")
        if text is None:
            return clean(folder.replace("_", " "))
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) != 1:
            raise LexiconError(f"its {WORD} is not one line in UTF-8 with its word")
        return clean(lines[0].strip())


def _composed(text: str) -> str:
    import unicodedata

    return unicodedata.normalize("NFC", text)


def _name_words(
    plan: Plan, folders: Mapping[tuple[str, str], Sequence[int]], known: Mapping[str, str], names: _Names
) -> None:
    """Give each folder its word, and each file its place there."""
    numbers: dict[tuple[str, str], int] = {}
    for (language, folder), files in sorted(folders.items(), key=lambda each: tuple(map(natural, each[0]))):
        place = shown(f"{language}/{folder}")
        try:
            word, changes = names.of(language, known[language], folder)
        except CldiError as error:
            plan.report.missing.add(NO_WORD, place, in_one_line(error))
            continue
        for kind in changes:
            plan.report.changed.add(kind, place, word)
        key = known[language], word
        if key in plan.words:
            plan.report.changed.add(MERGED, place, word)
        number, start = numbers.setdefault(key, len(numbers)), plan.words.get(key, 0)
        own = sorted(files, key=lambda file: tuple(map(natural, plan.files[file].split("/"))))
        for position, file in enumerate(own, start):
            plan.files.put(file, number, position)
        plan.words[key] = start + len(files)
    for folder in names.given:
        if folder not in names.used:
            plan.report.missing.add(NO_FOLDER, shown(folder), names.given[folder])


def _found(plan: Plan, made_by: Provenance) -> Iterator[Found]:
    """The pictures as they are read."""
    words, find, met = list(plan.words), plan.files.finder(), bytearray(len(plan.files))
    for entry in plan.tree.entries(lambda *_: None):  # what is refused was told of when it was looked at
        path = "/".join(entry.path)
        number = find(path)
        place = plan.files.place(number)
        if place is None:
            continue
        met[number] = True
        (language, word), position = words[place[0]], place[1]
        try:
            yield Found(language, word, position, shown(path), entry.read(), made_by)
        except OSError as error:
            plan.report.missing.add(UNUSABLE, shown(path), in_one_line(error))
    unseen = [plan.files[number] for number, was in enumerate(met) if not was and plan.files.place(number)]
    for path in sorted(unseen, key=natural):
        plan.report.missing.add(GONE, shown(path))
