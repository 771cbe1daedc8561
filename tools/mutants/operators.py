"""The small bugs that a module can have, one at a time: each a whole source text with one thing changed.

Left out is what no test should hold: docstrings, annotations, decorators (caches and the like), ``TYPE_CHECKING``,
``__repr__`` and ``__str__``, the text of errors, warnings and progress, sentences (any string with a space), colours
and whatever else concerns looks only (``COSMETIC``), sizes of blocks in memory (``SIZES``), which change no result,
and ``axis=-1``, which for a matrix is also 1 and as a rule the default.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SWAPS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.MatMult: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}  # fmt: skip
PAIRS = [
    ("min", "max"), ("any", "all"), ("minimum", "maximum"), ("argmin", "argmax"), ("nanmin", "nanmax"),
    ("idxmin", "idxmax"), ("floor", "ceil"), ("startswith", "endswith"), ("lower", "upper"), ("lstrip", "rstrip"),
    ("head", "tail"), ("zeros", "ones"), ("mean", "sum"), ("flatnonzero", "sort"), ("union", "intersection"),
    ("isin", "equal"),
]  # fmt: skip
NAMES = dict(PAIRS) | {b: a for a, b in PAIRS if b not in {"sum", "sort", "equal"}}
CONVERSIONS = {"list", "tuple", "int", "float", "str", "dict", "iter", "cast", "asarray", "ascontiguousarray", "Path"}
REDUCED = {
    "strip",
    "rstrip",
    "lstrip",
    "lower",
    "casefold",
    "copy",
    "sum",
    "mean",
    "dropna",
    "drop_duplicates",
    "cumsum",
}
COSMETIC = {
    "label", "about", "formula", "source", "help", "title", "caption", "placeholder", "icon", "height", "width", "size",
    "line", "opacity", "margin", "gap", "color", "colour", "border", "horizontal", "vertical_alignment", "type",
    "marker", "hovertemplate", "use_container_width", "metavar", "description", "desc", "progress", "stacklevel",
    "strict",
}  # fmt: skip
SIZES = re.compile(r"BYTES|NUMBERS|CHUNK|BLOCK|ON_GPU")
TALK = {"warn", "debug", "info", "progress", "report", "tqdm"}
FIELDS = {"annotation", "returns", "decorator_list", "type_params", "ctx", "ops", "op"}


@dataclass(frozen=True)
class Mutant:
    """One bug.

    Attributes:
        lines: the lines of the module, as it is written, of which one runs whenever the bug matters.
        source: the whole text of the module with the bug, without comments and formatting.
    """

    lines: range
    source: str


def plain(source: str) -> str:
    """A module's text without comments and formatting: what a mutant's ``source`` differs from in one place."""
    return ast.unparse(ast.parse(source))


def mutants(source: str) -> list[Mutant]:
    """Every mutant of a module, in the order of its lines."""
    tree = ast.parse(source)
    found = []
    for parent, field, index, node, lines in list(_places(tree, range(0))):
        for new in variants(node, parent, field):
            _put(parent, field, index, ast.copy_location(new, node))
            found.append(Mutant(lines, ast.unparse(ast.fix_missing_locations(tree))))
            _put(parent, field, index, node)
    return sorted(found, key=lambda one: one.lines.start)


def _put(parent: ast.AST, field: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def _places(node: ast.AST, lines: range) -> Iterator[tuple[ast.AST, str, int | None, ast.AST, range]]:
    """Where a bug may be: the parent, its field, the place in it, the node there, and the lines of its statement."""
    for field, value in ast.iter_fields(node):
        if field in FIELDS:
            continue
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or _silent(child, node, field):
                continue
            own = _lines(child) if isinstance(child, (ast.stmt, ast.excepthandler)) else lines
            yield node, field, index if isinstance(value, list) else None, child, own
            if not isinstance(child, ast.Raise):
                yield from _places(child, own)


def _lines(statement: ast.stmt | ast.excepthandler) -> range:
    body = getattr(statement, "body", None)
    return range(statement.lineno, body[0].lineno if body else (statement.end_lineno or statement.lineno) + 1)


def _silent(node: ast.AST, parent: ast.AST, field: str) -> bool:
    """Whether nothing in this node is a sensible place for a bug."""
    match node:
        case (
            ast.Expr(value=ast.Constant())  # a docstring
            | ast.FunctionDef(name="__repr__" | "__str__")
            | ast.If(test=ast.Name(id="TYPE_CHECKING" | "progress") | ast.Compare(left=ast.Name(id="progress")))
        ):
            return True
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name == "__all__" or bool(SIZES.search(name))
        case ast.Expr(value=ast.Call() as call) | (ast.Call() as call):
            name = _called(call)
            return name in TALK or name.endswith(("Error", "TypeVar"))
        case ast.keyword(arg=name, value=value):
            return name in COSMETIC or (name == "axis" and ast.unparse(value) == "-1")
        case ast.Constant(value=str(text)):
            return " " in text or text.startswith("#") or isinstance(parent, ast.JoinedStr)
    return field == "format_spec"


def variants(node: ast.AST, parent: ast.AST, field: str) -> Iterator[ast.AST]:
    """What may stand in a node's place."""
    yield from _conditions(node)
    yield from _statements(node)
    yield from _values(node, parent, field)


def _but(node: ast.AST, **changes: object) -> ast.AST:
    new = copy.copy(node)
    for name, value in changes.items():
        setattr(new, name, value)
    return new


def _without(node: ast.AST, field: str, keep: Callable[[ast.AST], bool] = lambda part: False) -> Iterator[ast.AST]:
    """The node with one part left out of a list of its parts, each in turn."""
    parts = getattr(node, field)
    for place, part in enumerate(parts):
        if not keep(part):
            yield _but(node, **{field: [*parts[:place], *parts[place + 1 :]]})


def _conditions(node: ast.AST) -> Iterator[ast.AST]:
    """Operators exchanged, conditions turned round or left out."""
    match node:
        case ast.Compare(ops=ops):
            for place, op in enumerate(ops):
                yield _but(node, ops=[*ops[:place], SWAPS[type(op)](), *ops[place + 1 :]])
        case ast.BinOp(op=ast.Div(), right=ast.Constant(value=str()) | ast.JoinedStr()):
            pass  # the path of a file
        case ast.BinOp(op=op) | ast.BoolOp(op=op) | ast.AugAssign(op=op):
            yield _but(node, op=SWAPS[type(op)]())
        case ast.UnaryOp(operand=operand):
            yield operand
        case ast.IfExp(test=test) | ast.If(test=test) | ast.While(test=test):
            yield _but(node, test=test.operand if isinstance(test, ast.UnaryOp) else ast.UnaryOp(ast.Not(), test))
        case ast.comprehension():
            yield from _without(node, "ifs")


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """What is done for its effect left out; another way out of a loop; nothing given back."""
    match node:
        case ast.Return(value=value) if value and not isinstance(value, ast.Constant):
            yield _but(node, value=ast.Constant(None))
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()
        case ast.With(items=items, body=body) if not any(item.optional_vars for item in items):
            yield ast.If(ast.Constant(True), body, [])
        case ast.Expr(value=ast.Call()) | ast.Raise() | ast.Delete():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            yield ast.Pass()


def _values(node: ast.AST, parent: ast.AST, field: str) -> Iterator[ast.AST]:
    """Another constant or function; a bound, a part of a tuple, list or set, or an argument left out."""
    match node:
        case ast.Constant(value=value):
            yield from map(ast.Constant, _constants(value))
        case ast.Slice(lower=lower, upper=upper):
            yield from ([_but(node, lower=None)] if lower else []) + ([_but(node, upper=None)] if upper else [])
        case ast.Call():
            yield from _without(node, "keywords", lambda part: part.arg is None or _silent(part, node, "keywords"))
            yield from _unwrapped(node)
        case ast.Attribute(attr=name) if name in NAMES:
            yield _but(node, attr=NAMES[name])
        case ast.Name(id=name) if name in NAMES and isinstance(parent, ast.Call) and field == "func":
            yield _but(node, id=NAMES[name])
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            loaded = not isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del))
            if len(parts) > 1 and loaded and not isinstance(parent, (ast.Subscript, ast.Tuple, ast.List, ast.Dict)):
                yield from _without(node, "elts")


def _constants(value: object) -> Iterator[object]:
    match value:
        case bool():
            yield not value
        case int():
            yield value + 1
        case float():
            yield value * 2 or 1.0
        case str():
            yield "XX" + value


def _unwrapped(node: ast.Call) -> Iterator[ast.AST]:
    """The only argument in place of the call; the object in place of a call of its method."""
    name = _called(node)
    if node.keywords:
        return
    if len(node.args) == 1 and name not in CONVERSIONS:
        yield from () if isinstance(node.args[0], ast.Starred) else node.args
    elif not node.args and name in REDUCED and isinstance(node.func, ast.Attribute):
        yield node.func.value


def _called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))
