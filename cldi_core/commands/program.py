"""A program of commands: its exit codes, and one line on standard error for whatever went wrong.

Exit codes: 0 when a command did all its work, 1 for a failure that it names, 2 for wrong use.  Results go to standard
output, everything else to standard error.  With ``--json`` exactly one JSON document is printed, whatever happens.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand, TyperOption
from typer.exceptions import TyperException

from cldi_core.data import disk
from cldi_core.errors import CldiError, UnknownNameError

INTERRUPTED = 130
NEEDED = "install what the explorer needs: pip install -r requirements.txt (or pip install . again)"


class Once(TyperCommand):
    """A command whose options have one value each, but for those that say so: of two, none is left out in silence."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As any command; an option that is given again is wrong use."""
        if not ctx.resilient_parsing:
            _, _, given = self.make_parser(ctx).parse_args(args=list(args))
            for option, count in Counter(given).items():
                alone = isinstance(option, TyperOption) and not (option.multiple or option.is_flag or option.count)
                if count > 1 and alone:
                    ctx.fail(f"{option.opts[0]} was given {count} times; give it once")
        return super().parse_args(ctx, args)


class Program(typer.Typer):
    """Commands that are ``Once``."""

    def command(self, name: str | None = None, **settings: Any) -> Callable[..., Any]:
        """As any program's."""
        return super().command(name, **{"cls": Once, **settings})


def run(app: typer.Typer, name: str) -> NoReturn:
    """Run the command that ``sys.argv`` asks for, and end; a user's mistake never ends in a traceback.

    Args:
        app: the commands.
        name: what the program is called in its help.
    """
    try:
        code = app(prog_name=name, standalone_mode=False)
    except TyperException as error:  # an option or argument that is missing, unknown or out of range
        if len(sys.argv) < 2:
            print(error.format_message(), file=sys.stderr)
            raise SystemExit(2) from None
        path = getattr(getattr(error, "ctx", None), "command_path", name)
        fail(f"{error.format_message().rstrip('.')}; see {path} --help", 2)
    except UnknownNameError as error:
        fail(error, 2)
    except CldiError as error:
        fail(error, 1)
    except OSError as error:
        fail(disk.line(error), 1)
    except ImportError as error:
        fail(f"a package is missing ({error}); {NEEDED}", 1)
    except KeyboardInterrupt:
        code = INTERRUPTED
    if code == INTERRUPTED:  # typer makes a code of an interruption
        fail("interrupted; run it again to go on", INTERRUPTED)
    raise SystemExit(code or 0)


def fail(error: object, code: int) -> NoReturn:
    """End with one line on standard error; a program that asked for JSON also gets that line as a document."""
    line = " ".join(str(error).split())
    print(f"error: {line}", file=sys.stderr)
    if "--json" in sys.argv[1:]:
        print(json.dumps({"error": line}))
    raise SystemExit(code)
