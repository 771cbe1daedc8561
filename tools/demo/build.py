"""Builds ``data/demo`` and ``data/demo-hard``: ``python -m tools.demo.build`` (``make demo-data``).

A word's pictures are the artwork of all emoji that have the word among their CLDR keywords: by three vendors for
English, by three others for the other languages, so that no picture is shared between the sides of a pair.  The hard
data set also shares no *emoji*: a seeded coin gives each one to English or to the other languages.

Same packages in, same bytes out.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import random
from collections.abc import Iterable
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

from cldi_core.data import dataset, storage, wordlists, wordnet
from cldi_core.data.descriptions import Row, write_concepts
from cldi_core.data.pictures import Picture, write_shards
from cldi_core.errors import DemoError
from tools.demo import lexicon
from tools.demo.sources import CLDR, CLDR_DERIVED, LANGUAGES, VENDORS, Vendor, artwork, cldr_annotations, emoji_key

SIZE, QUALITY = 128, 80
MAXIMUM_EMOJI = 20
SEED = 0


@dataclass(frozen=True)
class Assignment:
    """Which emoji each word gets: (language, word) → emoji keys; and the word list of each pair."""

    members: dict[tuple[str, str], tuple[str, ...]]
    rows: dict[str, list[wordlists.Row]]


def render(data: bytes) -> bytes:
    """One vendor's file (SVG or WebP) as a 128 px WebP on white: what the network sees is what people see."""
    from PIL import Image

    if data[8:12] != b"WEBP":
        import resvg_py

        data = bytes(resvg_py.svg_to_bytes(svg_string=data.decode(), width=2 * SIZE, skip_system_fonts=True))
    image = Image.open(io.BytesIO(data)).convert("RGBA")
    image.thumbnail((SIZE, SIZE), Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (SIZE, SIZE), "white")
    square.alpha_composite(image, ((SIZE - image.width) // 2, (SIZE - image.height) // 2))
    buffer = io.BytesIO()
    square.convert("RGB").save(buffer, "WEBP", quality=QUALITY, method=4)
    return buffer.getvalue()


def draw(words: Iterable[str], language: str, found: dict[str, frozenset[str]]) -> dict[str, tuple[str, ...]]:
    """At most ``MAXIMUM_EMOJI`` of each word's emoji, drawn with a seed of the word's own."""
    drawn = {}
    for word in words:
        keys = sorted(found[word])
        if len(keys) > MAXIMUM_EMOJI:
            keys = sorted(random.Random(f"{SEED}/{language}/{word}").sample(keys, MAXIMUM_EMOJI))  # noqa: S311
        drawn[word] = tuple(keys)
    return drawn


def assign(indexes: dict[str, lexicon.KeywordIndex], allowed: dict[str, frozenset[str]]) -> Assignment:
    """Match the lexicon with the keywords; only pairs of words with enough emoji on both sides are kept."""
    entries = [entry for pos in lexicon.FILES for entry in lexicon.load(pos)]
    rows: dict[str, list[wordlists.Row]] = {}
    words: dict[str, dict[str, None]] = {language: {} for language in LANGUAGES}
    for language in LANGUAGES[1:]:
        rows[f"en-{language}"] = []
        for entry in entries:
            for word in lexicon.usable(entry, language, indexes, allowed):
                rows[f"en-{language}"].append(wordlists.Row(entry.english, word, entry.pos))
                words["en"][entry.english] = None
                words[language][word] = None
    members: dict[tuple[str, str], tuple[str, ...]] = {}
    for language in LANGUAGES:
        found = {word: indexes[language].emoji(word) & allowed[language] for word in words[language]}
        members |= {(language, word): keys for word, keys in draw(words[language], language, found).items()}
    return Assignment(members, rows)


def coin(keys: Iterable[str]) -> dict[str, frozenset[str]]:
    """Give each emoji to English or to the other languages."""
    ordered = sorted(keys)
    chosen = random.Random(f"{SEED}/coin")  # noqa: S311
    heads = frozenset(key for key in ordered if chosen.random() < 0.5)
    return {language: heads if language == "en" else frozenset(ordered) - heads for language in LANGUAGES}


def pictures(cache: Path, vendor: Vendor, keys: set[str], texts: dict[str, str]) -> list[Picture]:
    """The vendor's pictures of some emoji, rendered, with their provenance."""
    files = {key: data for key, data in artwork(vendor, cache).items() if key in keys}
    with Pool() as pool:
        rendered = pool.map(render, files.values(), chunksize=16)
    return [
        Picture(
            data=data,
            path=f"{vendor.name}/{key}.webp",
            width=SIZE,
            height=SIZE,
            source_url=f"npm:{vendor.package}",
            page=vendor.page,
            provider=vendor.label,
            licence=vendor.licence,
            author=vendor.author,
            concept=texts[key],
        )
        for key, data in zip(files, rendered, strict=True)
    ]


def write_dataset(
    path: Path, info: dict[str, str], assignment: Assignment, by_key: dict[str, list[tuple[str, str]]]
) -> None:
    """Write everything but the pictures; ``by_key``: emoji key → [(side, picture id)]."""
    dataset.write_info(path, info)
    for pair, rows in assignment.rows.items():
        wordlists.write_list(path / "lexicon" / f"{pair}.tsv", rows)
    rows_of_words = []
    for (language, word), keys in assignment.members.items():
        side = "en" if language == "en" else "other"
        ids = [picture for key in keys for owner, picture in by_key.get(key, ()) if owner == side]
        rows_of_words += [(language, word, position, key) for position, key in enumerate(ids)]
    dataset.write_words(path, rows_of_words)
    installed = wordnet.installed()
    if installed is None:
        raise DemoError("WordNet 3.0 was not found; install Debian's wordnet-base or set WNSEARCHDIR")
    english = sorted(word for language, word in assignment.members if language == "en")
    storage.write_text(path / "senses.tsv", "".join(f"{word}\t{installed.senses(word)}\n" for word in english))


def describe(cache: Path, described: dict[str, frozenset[str]]) -> list[Row]:
    """CLDR's names and keywords of the emoji that each language describes, as they are stored."""
    rows = []
    for language in LANGUAGES:
        for text, (name, keywords) in cldr_annotations(cache, language).items():
            if emoji_key(text) in described[language]:
                rows.append(Row(text, language, name, keywords))
    return sorted(rows, key=lambda row: (row.concept, LANGUAGES.index(row.language)))


def manifest(path: Path) -> str:
    """One line per picture and per file, to compare builds by."""
    opened = dataset.Dataset(path)
    lines = []
    if opened.home == path:
        table = opened.pictures.table.sort_index()
        columns = ["provider", "concept", "licence", "author", "source_url"]
        lines += [
            "\t".join([str(key), *map(str, row)])
            for key, row in zip(table.index, table[columns].to_numpy(), strict=True)
        ]
    for file in ("words.parquet", "senses.tsv", "descriptions.tsv", *(f"lexicon/{pair}.tsv" for pair in opened.pairs)):
        lines.append(f"{hashlib.sha256((path / file).read_bytes()).hexdigest()}\t{file}")
    return "\n".join(lines) + "\n"


def build(root: Path, cache: Path) -> None:
    """Build both data sets under ``root``, without features and maps."""
    indexes = lexicon.open_indexes(cache)
    texts = {emoji_key(text): text for text in sorted(cldr_annotations(cache, "en"))}
    drawn = {name: frozenset(artwork(vendor, cache)) for name, vendor in VENDORS.items()}
    sides = {
        side: frozenset().union(*(drawn[name] for name, vendor in VENDORS.items() if vendor.side == side))
        for side in ("en", "other")
    }
    both = {language: sides["en" if language == "en" else "other"] for language in LANGUAGES}
    easy = assign(indexes, both)
    split = coin(sides["en"] | sides["other"])
    hard = assign(indexes, {language: both[language] & split[language] for language in LANGUAGES})
    used = {side: _used(side, easy, hard) for side in ("en", "other")}
    all_pictures: dict[str, Picture] = {}
    by_key: dict[str, list[tuple[str, str]]] = {}
    for vendor in VENDORS.values():
        for key_picture in pictures(cache, vendor, used[vendor.side], texts):
            # Two vendors may draw the same bytes (plain squares, say); the first one's provenance stands.
            all_pictures.setdefault(key_picture.id, key_picture)
            key = emoji_key(key_picture.concept)
            by_key.setdefault(key, []).append((vendor.side, key_picture.id))
    shards = {path.stem for path in write_shards(root / "demo" / "images", list(all_pictures.values()))}
    for stale in [*root.glob("demo/images/*.parquet"), *root.glob("demo/features/*/*.safetensors")]:
        if stale.stem not in shards:
            stale.unlink()
    info = {
        "licence": "see LICENSES.md",
        "provenance": f"emoji artwork by six vendors; keywords of {CLDR} and {CLDR_DERIVED}",
    }
    write_dataset(root / "demo", {"title": "Emoji demo", "about": EASY} | info, easy, by_key)
    shown = {language: frozenset(by_key) for language in LANGUAGES}
    write_concepts(root / "demo", describe(cache, shown))
    hard_info = {"title": "Emoji demo, no shared concept", "about": HARD, "pictures": "../demo"} | info
    write_dataset(root / "demo-hard", hard_info, hard, by_key)
    write_concepts(
        root / "demo-hard", describe(cache, {language: shown[language] & split[language] for language in LANGUAGES})
    )
    for name in ("demo", "demo-hard"):
        storage.write_text(root / name / "MANIFEST.tsv", manifest(root / name))


EASY = (
    "A word's pictures are the emoji that Unicode CLDR gives the word as a keyword, drawn by other vendors for English "
    "than for the other languages. Both sides share concepts, so scores are higher than for two independent searches."
)
HARD = (
    "The same pictures, but no emoji concept is shared between English and the other language: nearer to two "
    "independent image searches, and much harder."
)


def _used(side: str, *assignments: Assignment) -> set[str]:
    return {
        key
        for assignment in assignments
        for (language, _), keys in assignment.members.items()
        if (language == "en") == (side == "en")
        for key in keys
    }


def main() -> None:
    """Build the pictures and word lists; then features, maps and rankings with the explorer's own commands."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path("data"))
    parser.add_argument("--cache", type=Path, default=Path(".cache/npm"))
    arguments = parser.parse_args()
    build(arguments.root, arguments.cache)


if __name__ == "__main__":
    main()
