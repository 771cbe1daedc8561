"""The demo's own word list, and the emoji that CLDR's keywords give to each of its words.

``lexicon/nouns.tsv``, ``verbs.tsv`` and ``adjectives.tsv`` were written by hand for this project: one English lemma a
line, then every acceptable translation into German, Spanish, French, Italian and Russian, separated by ``|``.
``lexicon/forms.tsv`` names inflected forms that stemming does not lead back to their lemma (``läuft`` → ``laufen``).

    python -m tools.demo.lexicon report verbs        what is usable, line by line
    python -m tools.demo.lexicon keywords de         every keyword of a language, with its number of emoji
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cldi_core.errors import LexiconError
from tools.demo.sources import LANGUAGES, cldr_annotations, emoji_key

HERE = Path(__file__).parent / "lexicon"
FILES = {"N": "nouns.tsv", "V": "verbs.tsv", "A": "adjectives.tsv"}
MINIMUM_EMOJI = 2
_STEMMERS = {"en": "english", "de": "german", "es": "spanish", "fr": "french", "it": "italian", "ru": "russian"}


@dataclass(frozen=True)
class Entry:
    """One English lemma with a part of speech and its translations: language → lemmas, in order of preference."""

    english: str
    pos: str
    translations: dict[str, tuple[str, ...]] = field(hash=False)


def load(pos: str) -> list[Entry]:
    """The entries of one part of speech (``"N"``, ``"V"``, ``"A"``); a doubled lemma is an error."""
    entries: dict[str, Entry] = {}
    path = HERE / FILES[pos]
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        columns = [column.strip() for column in line.split("\t")]
        if len(columns) != len(LANGUAGES) or not columns[0]:
            raise LexiconError(f"{path.name}:{number}: expected {len(LANGUAGES)} columns, got {len(columns)}: {line!r}")
        if columns[0] in entries:
            raise LexiconError(f"{path.name}:{number}: {columns[0]!r} stands here twice")
        words = {
            language: tuple(dict.fromkeys(word.strip() for word in column.split("|") if word.strip()))
            for language, column in zip(LANGUAGES[1:], columns[1:], strict=True)
        }
        entries[columns[0]] = Entry(columns[0], pos, words)
    return list(entries.values())


def load_forms() -> dict[tuple[str, str], set[str]]:
    """(language, lemma) → the inflected forms of it that stemming misses."""
    forms: dict[tuple[str, str], set[str]] = defaultdict(set)
    for line in (HERE / "forms.tsv").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            language, lemma, *rest = line.split("\t")
            forms[language, lemma].update(form.strip() for form in "|".join(rest).split("|") if form.strip())
    return forms


class KeywordIndex:
    """Looks words up among one language's CLDR keywords.

    A lemma's emoji are those with the lemma, or a listed form of it, as a keyword.  Only where these are fewer than
    ``MINIMUM_EMOJI`` do keywords with the same stems count too, because stemming also joins strangers (German *Blut*
    and *Blüte*, Spanish *cama* and *cámara*).  A keyword that is itself a lemma of the word list belongs to that lemma
    alone: French *aider* gets no pictures from *aide*, or verbs would win and lose by their nouns.  German keeps its
    capitals, so that *Essen* and *essen* stay two words.
    """

    def __init__(
        self,
        language: str,
        cache: Path,
        forms: dict[tuple[str, str], set[str]] | None = None,
        lemmas: Iterable[str] = (),
    ) -> None:
        import snowballstemmer  # needed to rebuild the demo only

        self.language = language
        self._stemmer = snowballstemmer.stemmer(_STEMMERS[language])
        self._forms = forms or {}
        self._exact: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self._stemmed: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self.keywords: dict[str, set[str]] = defaultdict(set)
        taken = {self._tokens(lemma) for lemma in lemmas}
        for text, (name, keywords) in cldr_annotations(cache, language).items():
            for keyword in {name, *keywords}:
                tokens = self._tokens(keyword)
                self._exact[tokens].add(emoji_key(text))
                if tokens not in taken:
                    self._stemmed[self._stems(tokens)].add(emoji_key(text))
                self.keywords[keyword].add(emoji_key(text))

    def _tokens(self, text: str) -> tuple[str, ...]:
        tokens = tuple(text.replace("’", "'").replace("ё", "е").replace("-", " ").lower().split())
        return ("^", *tokens) if self.language == "de" and text[:1].isupper() else tokens

    def _stems(self, tokens: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self._stemmer.stemWords(list(tokens)))

    def emoji(self, lemma: str) -> frozenset[str]:
        """Keys of the emoji that ``lemma`` is a keyword of."""
        words = [self._tokens(word) for word in (lemma, *sorted(self._forms.get((self.language, lemma), ())))]
        exact = frozenset().union(*(self._exact.get(word, ()) for word in words))
        if len(exact) >= MINIMUM_EMOJI:
            return exact
        return exact.union(*(self._stemmed.get(self._stems(word), ()) for word in words))


def open_indexes(cache: Path) -> dict[str, KeywordIndex]:
    """The keywords of all languages, ready for the project's own word list."""
    entries = [entry for pos in FILES for entry in load(pos)]
    lemmas = {
        language: {word for entry in entries for word in entry.translations[language]} for language in LANGUAGES[1:]
    }
    lemmas["en"] = {entry.english for entry in entries}
    forms = load_forms()
    return {language: KeywordIndex(language, cache, forms, lemmas[language]) for language in LANGUAGES}


def usable(
    entry: Entry, language: str, indexes: dict[str, KeywordIndex], allowed: dict[str, frozenset[str]] | None = None
) -> list[str]:
    """The entry's translations into ``language`` with enough emoji, if its English side has enough too."""

    def enough(side: str, word: str) -> bool:
        found = indexes[side].emoji(word)
        return len(found if allowed is None else found & allowed[side]) >= MINIMUM_EMOJI

    if not enough("en", entry.english):
        return []
    return [word for word in entry.translations[language] if enough(language, word)]


def _report(pos: str, indexes: dict[str, KeywordIndex]) -> Iterable[str]:
    totals: dict[str, int] = defaultdict(int)
    for entry in load(pos):
        english = len(indexes["en"].emoji(entry.english))
        cells = [f"{entry.english}({english})"]
        for language in LANGUAGES[1:]:
            words = usable(entry, language, indexes)
            totals[language] += bool(words)
            cells.append(
                " | ".join(f"{word}({len(indexes[language].emoji(word))})" for word in entry.translations[language])
            )
        totals["any"] += any(usable(entry, language, indexes) for language in LANGUAGES[1:])
        yield "\t".join(cells)
    yield f"usable {pos}: " + ", ".join(f"{language} {totals[language]}" for language in (*LANGUAGES[1:], "any"))


def main(arguments: list[str]) -> None:
    """Print a report for whoever edits the lexicon."""
    cache = Path(".cache/npm")
    if arguments[:1] == ["keywords"] and len(arguments) == 2 and arguments[1] in LANGUAGES:
        keywords = KeywordIndex(arguments[1], cache).keywords
        for keyword in sorted(keywords, key=lambda word: (-len(keywords[word]), word)):
            print(f"{keyword}\t{len(keywords[keyword])}")
        return
    names = {name.removesuffix(".tsv"): pos for pos, name in FILES.items()}
    if arguments[:1] != ["report"] or len(arguments) != 2 or arguments[1] not in names:
        raise SystemExit(__doc__)
    indexes = open_indexes(cache)
    print(*_report(names[arguments[1]], indexes), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
