"""Every mistake a user can meet, told in one line: what was given, what is accepted, what to do next."""

from __future__ import annotations

from collections.abc import Iterable


class CldiError(Exception):
    """Base of every error that is shown to a person; its text is one complete line, whatever a library says in it."""

    def __init__(self, text: str = "") -> None:
        super().__init__(" ".join(part.strip() for part in text.splitlines()))


class UnknownNameError(CldiError, ValueError):
    """A method, backbone, data set, pair, setting or word that does not exist."""


class FeatureError(CldiError, ValueError):
    """Features that cannot be compared: dimensions that differ, NaN or infinite values, no words."""


class LexiconError(CldiError, ValueError):
    """A word list that cannot be read."""


class DatasetError(CldiError, ValueError):
    """A data set, or a part of one, that is missing or broken."""


class PictureError(CldiError, ValueError):
    """A picture that cannot be used."""


class CollectError(CldiError, ValueError):
    """An image search that cannot be asked, or what it answers."""


class DemoError(CldiError):
    """The demo data could not be rebuilt."""


def unknown_name(kind: str, given: object, choices: Iterable[object], hint: str = "") -> UnknownNameError:
    """One line for a name that does not exist, with the names that do (at most sixteen of them)."""
    known = [str(choice) for choice in choices]
    listed = ", ".join(known[:16]) + (f", … ({len(known)} in all)" if len(known) > 16 else "")
    line = f"unknown {kind} {str(given)!r}; choose from: {listed or 'none yet'}"
    return UnknownNameError(f"{line}. {hint}" if hint else line)


def in_one_line(error: BaseException) -> str:
    """The text of somebody else's error in one line of at most 200 characters; its kind where it has no text."""
    return (" ".join(str(error).split()) or type(error).__name__)[:200]
