"""The npm packages behind the demo: fetched through the npm client, read without unpacking their scripts.

Every emoji is named by its *key*: the code points in lower-case hex joined by ``-``, variation selectors removed
(``1f404``, ``1f9d1-200d-1f373``).  Each vendor names its files differently; here they all end up under that key.
"""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
import tempfile
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cldi_core.errors import DemoError

LANGUAGES = ("en", "de", "es", "fr", "it", "ru")
CLDR = "cldr-annotations-full@48.2.0"
CLDR_DERIVED = "cldr-annotations-derived-full@48.2.0"

_SKIN_TONES = range(0x1F3FB, 0x1F400)
_HAIR = range(0x1F9B0, 0x1F9B4)
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)
_TAGS = range(0xE0020, 0xE0080)
_GENDER_SIGNS = (0x2640, 0x2642)
_MAN_WOMAN = (0x1F468, 0x1F469)
_FLAGS = (0x1F3F3, 0x1F3F4)


@dataclass(frozen=True)
class Vendor:
    """One set of emoji artwork: where it comes from, whose it is, and which side of the demo uses it."""

    name: str
    label: str
    package: str
    licence: str
    author: str
    page: str
    side: str  # "en" or "other": no picture is shared between the languages of a pair
    read: Callable[[Path, dict[str, str]], dict[str, bytes]]


def fetch(package: str, cache: Path) -> Path:
    """Download ``package`` (``name@version``) with ``npm pack`` into ``cache`` and return its unpacked folder."""
    cache.mkdir(parents=True, exist_ok=True)
    name, _, version = package.rpartition("@")
    folder = cache / f"{name.strip('@').replace('/', '-')}-{version}"
    if folder.is_dir():
        return folder
    tarball = cache / f"{folder.name}.tgz"
    if not tarball.is_file():
        try:
            subprocess.run(
                ["npm", "pack", "--silent", "--ignore-scripts", package], cwd=cache, check=True, capture_output=True
            )
        except FileNotFoundError as error:
            raise DemoError("npm was not found; install Node.js with npm to rebuild the demo data") from error
        except subprocess.CalledProcessError as error:
            raise DemoError(f"npm could not fetch {package}: {error.stderr.decode().strip()[-300:]}") from error
    with tempfile.TemporaryDirectory(dir=cache) as partial, tarfile.open(tarball) as archive:
        archive.extractall(partial, filter="data")
        (Path(partial) / "package").rename(folder)
    return folder


def emoji_key(text: str) -> str:
    """``"🐄"`` → ``"1f404"``; variation selectors don't count."""
    return "-".join(f"{ord(char):x}" for char in text if ord(char) != 0xFE0F)


def key_of_file(stem: str) -> str:
    """``"0023-FE0F-20E3"`` → ``"23-20e3"``: the key behind a vendor's file name."""
    return "-".join(f"{int(part, 16):x}" for part in stem.split("-") if part.lower() != "fe0f")


def is_plain(text: str) -> bool:
    """True for an emoji that is no flag, no component, no skin tone and no gendered duplicate of another."""
    points = [ord(char) for char in text if ord(char) != 0xFE0F]
    if any(point in group for point in points for group in (_SKIN_TONES, _HAIR, _FLAG_LETTERS, _TAGS, _GENDER_SIGNS)):
        return False
    if len(points) > 1 and (points[0] in _MAN_WOMAN or points[0] in _FLAGS):
        return False
    # 🧑‍🤝‍🧑 and its kin repeat couples and families that stand as single emoji already.
    return points.count(0x1F9D1) < 2


def cldr_annotations(cache: Path, language: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """CLDR's short name and keywords of every plain emoji: text → (name, keywords)."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for package, folder, root in (
        (CLDR, "annotations", "annotations"),
        (CLDR_DERIVED, "annotationsDerived", "annotationsDerived"),
    ):
        path = fetch(package, cache) / folder / language / "annotations.json"
        table = json.loads(path.read_text("utf-8"))[root]["annotations"]
        for text, entry in table.items():
            if is_plain(text):
                found[text] = (entry.get("tts", [""])[0], tuple(entry.get("default", ())))
    return found


def _squash(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def _names(texts: dict[str, str]) -> dict[str, str]:
    """Squashed English and Unicode names → key, for the vendors that name their pictures by word."""
    names: dict[str, str] = {}
    for text, short_name in texts.items():
        names.setdefault(_squash(short_name), emoji_key(text))
    for text in texts:
        plain = [char for char in text if ord(char) != 0xFE0F]
        if len(plain) == 1:
            names.setdefault(_squash(unicodedata.name(plain[0], "")), emoji_key(text))
    names.pop("", None)
    return names


def _iconify(folder: Path, keys: dict[str, str]) -> dict[str, bytes]:
    """The SVGs of an Iconify package, for ``keys``: icon name → emoji key."""
    icons = json.loads((folder / "icons.json").read_text("utf-8"))
    width, height = icons.get("width", 16), icons.get("height", 16)
    found: dict[str, bytes] = {}
    for name, icon in sorted(icons["icons"].items()):
        key = keys.get(name)
        if key is not None:
            box = f"0 0 {icon.get('width', width)} {icon.get('height', height)}"
            svg = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{box}">'
            found.setdefault(key, f"{svg}{icon['body']}</svg>".encode())
    return found


def _read_iconify_chars(folder: Path, texts: dict[str, str]) -> dict[str, bytes]:
    chars = json.loads((folder / "chars.json").read_text("utf-8"))
    return _iconify(folder, {name: key_of_file(points) for points, name in sorted(chars.items(), reverse=True)})


def _read_iconify_names(folder: Path, texts: dict[str, str]) -> dict[str, bytes]:
    names = _names(texts)
    icons = json.loads((folder / "icons.json").read_text("utf-8"))["icons"]
    return _iconify(folder, {name: names[_squash(name)] for name in icons if _squash(name) in names})


def _read_files(pattern: str) -> Callable[[Path, dict[str, str]], dict[str, bytes]]:
    def read(folder: Path, texts: dict[str, str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for path in sorted(folder.glob(pattern)):
            if re.fullmatch(r"[0-9a-fA-F]+(-[0-9a-fA-F]+)*", path.stem):
                found.setdefault(key_of_file(path.stem), path.read_bytes())
        return found

    return read


VENDORS: dict[str, Vendor] = {
    vendor.name: vendor
    for vendor in (
        Vendor(
            "noto",
            "Noto Emoji",
            "@iconify-json/noto@1.2.9",
            "Apache-2.0",
            "Google",
            "https://github.com/googlefonts/noto-emoji",
            "en",
            _read_iconify_chars,
        ),
        Vendor(
            "fluent",
            "Fluent Emoji 3D",
            "@lobehub/fluent-emoji-3d@1.1.0",
            "MIT",
            "Microsoft",
            "https://github.com/microsoft/fluentui-emoji",
            "en",
            _read_files("assets/*.webp"),
        ),
        Vendor(
            "fxemoji",
            "FxEmoji",
            "@iconify-json/fxemoji@1.2.2",
            "CC-BY-4.0",
            "Mozilla",
            "https://github.com/mozilla/fxemoji",
            "en",
            _read_iconify_names,
        ),
        Vendor(
            "twemoji",
            "Twemoji",
            "@twemoji/svg@15.0.0",
            "CC-BY-4.0",
            "Twitter and contributors",
            "https://github.com/jdecked/twemoji",
            "other",
            _read_files("*.svg"),
        ),
        Vendor(
            "openmoji",
            "OpenMoji",
            "openmoji@17.0.0",
            "CC-BY-SA-4.0",
            "OpenMoji",
            "https://openmoji.org",
            "other",
            _read_files("color/svg/*.svg"),
        ),
        Vendor(
            "emojitwo",
            "EmojiTwo",
            "@iconify-json/emojione@1.2.3",
            "CC-BY-4.0",
            "Ranks.com and the EmojiTwo contributors",
            "https://github.com/EmojiTwo/emojitwo",
            "other",
            _read_iconify_names,
        ),
    )
}


def artwork(vendor: Vendor, cache: Path) -> dict[str, bytes]:
    """The vendor's picture files (SVG or WebP bytes) of every plain emoji CLDR annotates: key → bytes, keys sorted."""
    texts = {text: name for text, (name, _) in cldr_annotations(cache, "en").items()}
    wanted = {emoji_key(text) for text in texts}
    pictures = vendor.read(fetch(vendor.package, cache), texts)
    return {key: pictures[key] for key in sorted(pictures) if key in wanted}
