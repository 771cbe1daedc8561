"""The user's keys: found in the environment or in a file, never shown.

They are put into a request where it leaves the machine (``client``), so no URL, error, log or file holds them; what a
service answers is searched for them before it is kept or shown.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, quote_plus

from cldi_core.collect.records import Provider
from cldi_core.data import storage
from cldi_core.errors import CollectError, in_one_line

HIDDEN = "…"
SHORTEST = 4  # characters of a secret that texts are searched for


class Keys:
    """The keys of one provider, by their variables; none of them is in any text that this makes."""

    def __init__(self, found: Mapping[str, str] | None = None) -> None:
        self._found = dict(found or {})
        secrets = {text for key in self._found.values() for text in (key, quote(key, safe=""), quote_plus(key))}
        # The longest first, so that nothing is left of one that another one begins.
        self._secrets = sorted((text for text in secrets if len(text) >= SHORTEST), key=len, reverse=True)

    def __repr__(self) -> str:
        return f"Keys({', '.join(self._found)})"

    def __getstate__(self) -> object:
        raise TypeError("keys are not to be stored")

    def __contains__(self, variable: str) -> bool:
        return variable in self._found

    def value(self, variable: str) -> str:
        """The key itself; only to be put into a request."""
        return self._found[variable]

    def hide(self, text: str) -> str:
        """A text without keys."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text


def find_keys(provider: Provider, dataset: Path, file: Path | None = None) -> Keys:
    """The keys that a provider needs; the file goes before the environment.

    Args:
        dataset: the folder in which no file of keys may be, since data sets are passed on.
        file: lines ``NAME = key``; ``#`` begins a comment.

    Raises:
        CollectError: one is missing, or the file cannot be read, lies in the data set, or is open to other users.
    """
    given = dict(os.environ) | (_read(file, dataset) if file else {})
    found = {key.variable: given[key.variable].strip() for key in provider.keys if given.get(key.variable, "").strip()}
    missing = [key.variable for key in provider.keys if not key.optional and key.variable not in found]
    if missing:
        raise CollectError(
            f"{provider.label} needs {' and '.join(missing)}: set it in the environment, or write it into a file that "
            "only you can read and give that with --keys"
        )
    bad = [name for name, key in found.items() if not (key.isascii() and key.isprintable() and " " not in key)]
    if bad:
        raise CollectError(f"{' and '.join(bad)} holds spaces or characters that no key has; copy it again")
    return Keys(found)


def missing_keys(provider: Provider, environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The variables of the keys that a provider needs and the environment does not have."""
    given = os.environ if environment is None else environment
    return tuple(key.variable for key in provider.keys if not key.optional and not given.get(key.variable, "").strip())


def _read(file: Path, dataset: Path) -> dict[str, str]:
    shown = str(file)
    try:
        if file.resolve().is_relative_to(dataset.resolve()):
            raise CollectError(f"{shown!r} lies in the data set, which is passed on some day; keep keys elsewhere")
        with storage.open_regular(file) as opened:
            mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
        if os.name == "posix" and mode & 0o077:
            raise CollectError(f"{shown!r} can be read by other users of this machine; run: chmod 600 {shown}")
        text = storage.read_text(file)
    except (OSError, UnicodeDecodeError) as error:
        # Not the text of a decoding error, which shows some of the file.
        reason = in_one_line(error) if isinstance(error, OSError) else "it is not UTF-8"
        raise CollectError(f"the file of keys {shown!r} cannot be read ({reason})") from None
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    if not all("=" in line for line in lines):
        raise CollectError(f"a line of the file of keys {shown!r} is not NAME = key")
    return dict(_pair(line) for line in lines)


def _pair(line: str) -> tuple[str, str]:
    name, _, key = line.partition("=")
    return name.removeprefix("export ").strip(), key.strip().strip("'\"")


def variables(providers: Sequence[Provider]) -> list[str]:
    """All variables of keys, for a help text."""
    return list(dict.fromkeys(key.variable for provider in providers for key in provider.keys))
