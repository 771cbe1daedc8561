"""Any program as a provider: ``command:PROGRAM ARGUMENTS``.

It is run once for each word, without a shell.  On its standard input it gets one JSON object with ``query``,
``language`` and ``count``; on its standard output it prints a JSON object a line, each with at least ``url``, and with
``page``, ``title``, ``author`` and ``licence`` where it knows them, best picture first.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cldi_core.collect.records import AnswerError, Hit, Provider, Request, records, text, url, with_urls
from cldi_core.errors import CollectError, in_one_line

PREFIX = "command:"
SECONDS, MAX_OUTPUT = 120, 10_000_000


def command(given: str) -> Provider:
    """The provider that a program is.

    Args:
        given: ``"command:PROGRAM ARGUMENTS"``, with a shell's quotes.

    Raises:
        CollectError: there is no program in it, or its quotes do not match.
    """
    try:
        program = tuple(shlex.split(given.removeprefix(PREFIX)))
    except ValueError as error:
        raise CollectError(f"{given!r} cannot be taken apart ({error}); write command:PROGRAM ARGUMENTS") from error
    if not program:
        raise CollectError(f"{given!r} names no program; write command:PROGRAM ARGUMENTS")
    # Arguments may be secrets: only the program is ever named.
    name = f"{PREFIX}{Path(program[0]).name}"
    return Provider(
        name=name,
        label=f"the program {Path(program[0]).name}",
        about="A program of yours that prints where pictures are.",
        costs="whatever it costs to run it",
        terms="",
        requests=lambda query, language, count: [
            Request(name, {"query": query, "language": language, "count": str(count)})
        ],
        results=_results,
        rate=1000.0,
        page=10_000,
        most=10_000,
        program=program,
    )


def _results(answer: Any) -> list[Hit]:
    return with_urls([
        Hit(url(each, "url"), *(text(each, name) for name in ("page", "title", "author", "licence")))
        for each in records(answer)
    ])  # fmt: skip


def answer(program: Sequence[str], request: Request) -> list[Any]:
    """What a program prints for a request: the objects of its lines.

    Raises:
        CollectError: it cannot be started: no word will have better luck; AnswerError: it fails, takes too long, or
        prints something else.
    """
    asked = {**request.parameters, "count": int(request.parameters["count"])}
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as said:
        try:
            given = json.dumps(asked, ensure_ascii=False).encode() + b"\n"
            done = subprocess.run(list(program), input=given, stdout=printed, stderr=said, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise AnswerError(f"it took more than {SECONDS} s") from None
        except (OSError, ValueError) as error:
            raise CollectError(f"the program {program[0]!r} cannot be started ({in_one_line(error)})") from error
        printed.seek(0)
        said.seek(0)
        data = printed.read(MAX_OUTPUT + 1)
        last = said.read(MAX_OUTPUT).decode("utf-8", "replace").strip().rpartition("\n")[2]
    if done.returncode:
        raise AnswerError(f"it ended with {done.returncode}" + (f": {last[:200]}" if last else ""))
    if len(data) > MAX_OUTPUT:
        raise AnswerError(f"it printed more than {MAX_OUTPUT:,} bytes")
    try:
        return [json.loads(line) for line in data.decode("utf-8").splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise AnswerError(f"it printed something that is not a JSON object a line ({in_one_line(error)})") from error
