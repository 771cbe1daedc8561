"""The server's log: a JSON object a line, in a file that is begun anew when it is large; each run of a page has an id.

Without ``CLDI_LOG`` errors go to standard error as text, as of any program.  With it, all that is logged goes to
``CLDI_LOG/app-PORT.jsonl`` too: when, how grave, what, and of a page's run its id, its page and how long it took.
Words that somebody typed are not in it, nor are keys.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import time
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from cldi_core.data.plain import plain
from cldi_core.errors import DatasetError

FOLDER = "CLDI_LOG"  # variable
BYTES, FILES = 10_000_000, 5  # of a file, and how many older ones are kept
SHORT = 8  # hex digits of an id
NAMES = ("cldi", "cldi_core", "streamlit", "uvicorn.error")  # loggers whose words go into the file
SECRET = ("KEY", "SECRET", "TOKEN", "PASSWORD")  # in the name of a variable whose value is nobody's business
LEAST = 6  # characters of a value that is taken for a secret: shorter ones are in many words
FIELDS = ("request", "page", "session", "ms", "outcome")
log = logging.getLogger("cldi")
_request: ContextVar[str] = ContextVar("request", default="")


def request() -> str:
    """The id of the page's run that this thread is at; empty outside of one."""
    return _request.get()


@contextlib.contextmanager
def run_of(page: str, session: str = "") -> Iterator[dict[str, str]]:
    """One run of a page: it has an id meanwhile, and a line in the log when it is over.

    Args:
        session: of the visitor; only a digest of it is logged, as who has one can send files in its name.

    Yields:
        What else is to be logged, such as its ``outcome``.
    """
    token, begun = _request.set(secrets.token_hex(SHORT // 2)), time.monotonic()
    more: dict[str, str] = {"outcome": "left"}  # for another page, or by a visitor who is gone
    try:
        yield more
    finally:
        about = {"page": page, "session": _short(session), "ms": round(1000 * (time.monotonic() - begun)), **more}
        log.info("page", extra=about)
        _request.reset(token)


def _short(session: str) -> str:
    from cldi_core.data.storage import digest

    return digest(session)[:SHORT] if session else ""


def begin(port: int) -> Path | None:
    """Write the log of the server on a port from now on: its file; ``None`` where nobody asked for one.

    Raises:
        DatasetError: the folder that ``CLDI_LOG`` names cannot be written to.
    """
    given = os.environ.get(FOLDER, "").strip()
    if not given:
        return None
    path = Path(given) / f"app-{port}.jsonl"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=BYTES, backupCount=FILES, encoding="utf-8", errors="replace")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", "") or error
        raise DatasetError(
            f"the log cannot be written to {str(path)!r} ({reason}); let {FOLDER} name a folder that can be written to"
        ) from error
    handler.setFormatter(Json())
    handler.addFilter(_with_request)
    for name in NAMES:
        logging.getLogger(name).addHandler(handler)
    log.setLevel(logging.INFO)
    return path


def _with_request(record: logging.LogRecord) -> bool:
    """Note the run in which something is said, as it is still known there."""
    record.request = request()
    return True


class Json(logging.Formatter):
    """A record as a line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Its time, level, logger and text, what is known of the run, and the traceback of an error."""
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "said": without_secrets(plain(record.getMessage())),
            **{name: value for name in FIELDS if (value := getattr(record, name, "")) != ""},
        }
        if record.exc_info:
            said["error"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(said, ensure_ascii=False)


def without_secrets(text: str) -> str:
    """The text with the values of keys, passwords and the like that the environment holds left out."""
    for name, value in os.environ.items():
        if len(value) >= LEAST and any(word in name.upper() for word in SECRET):
            text = text.replace(value, "…")
    return text
