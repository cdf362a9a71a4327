"""Transforms inside a formula: which are allowed, and which columns they read."""

from __future__ import annotations

import ast
import difflib
import re

import numpy as np

from forecast.gravity.formulas.terms import Call, Column, Dummies, Log, Part, quoted
from forecast.gravity.formulas.tokens import Reader, Token

__all__ = ["FUNCTIONS", "ROWWISE", "STATEFUL", "read_call"]

# Functions of a single row, by the name that formulas use.
ROWWISE = {
    "abs": np.abs,
    "arcsinh": np.arcsinh,
    "asinh": np.arcsinh,
    "cos": np.cos,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log10": np.log10,
    "log1p": np.log1p,
    "log2": np.log2,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "sign": np.sign,
    "sin": np.sin,
    "sqrt": np.sqrt,
    "where": np.where,
}
# Those of formulaic that look at all rows, or make several columns.
STATEFUL = ("bs", "cc", "center", "cr", "cs", "poly", "scale", "standardize")
FORMULAIC = ("C", "I", *STATEFUL)
CODINGS = (
    "Diff",
    "Helmert",
    "Poly",
    "Sum",
    "Treatment",
    "contr.SAS",
    "contr.custom",
    "contr.diff",
    "contr.helmert",
    "contr.poly",
    "contr.sum",
    "contr.treatment",
)
FUNCTIONS = (*FORMULAIC, *ROWWISE)
BY_ROW = {"L", "F", "D", "d", "diff", "f", "l", "lag", "lead", "shift", "cumsum"}
CONSTANTS = {"True", "False", "None"}
ALLOWED = (
    ast.Expression,
    ast.Call,
    ast.Name,
    ast.Attribute,
    ast.Constant,
    ast.BinOp,
    ast.UnaryOp,
    ast.Compare,
    ast.List,
    ast.Tuple,
    ast.keyword,
    ast.operator,
    ast.unaryop,
    ast.cmpop,
    ast.Load,
)


def read_call(reader: Reader) -> Part:
    """Read ``function(...)``; the reader stands at its name.

    A logarithm or ``C()`` of one column is a part of its own, read without formulaic.

    Raises
    ------
    ModelError
        F-580 no expression, F-581 a function that is not allowed in a formula.
    """
    name, first, last = reader.peek(), reader.peek(2), reader.peek(3)
    if first.kind in {"name", "quoted"} and last.text == ")":
        column = first.text.strip("`")
        if name.text in {"log", "C"}:
            reader.place += 4
            return Log(column) if name.text == "log" else Dummies(column)
    if name.text == "Q" and first.kind == "text" and last.text == ")":
        reader.place += 4
        return Column(first.text[1:-1])
    return _read_expression(reader)


def _read_expression(reader: Reader) -> Call:
    """Read a call as a Python expression of columns and allowed functions."""
    start = reader.peek()
    pieces, columns = [], []
    depth = 0
    while True:
        token, after = reader.take(), reader.peek()
        depth += (token.text in "([{") - (token.text in ")]}") if _signs(token) else 0
        if _is_column(token, after):
            column = token.text.strip("`")
            if column not in columns:
                columns.append(column)
            pieces.append(f"_c{columns.index(column)}")
        else:
            _check_name(reader, token, after)
            pieces.append("**" if _signs(token) and token.text == "^" else token.text)
        if depth == 0 and token is not start:
            break
    code = _checked(reader, start, " ".join(pieces))
    text = re.sub(r"\b_c(\d+)\b", lambda m: quoted(columns[int(m[1])]), code)
    return Call(text, code, tuple(columns))


def _signs(token: Token) -> bool:
    return token.kind == "sign"


def _is_column(token: Token, after: Token) -> bool:
    """Tell a column from a function, an argument's name and a constant."""
    if token.kind == "quoted":
        return True
    if token.kind != "name" or token.text in CONSTANTS | {*CODINGS}:
        return False
    return not (_signs(after) and after.text in {"(", "="})


def _check_name(reader: Reader, token: Token, after: Token) -> None:
    """Refuse functions that formulas do not have, and brackets of other languages."""
    if _signs(token) and token.text in {"{", "~", "|", "&", "!"}:
        raise reader.error(
            f"{token.text!r} inside a function",
            "Write arithmetic as in Python: I(x**2), I(x > 0), I((x > 0) * (z > 0)).",
            at=token,
        )
    if token.kind != "name" or not (_signs(after) and after.text == "("):
        return
    name = token.text
    if name in FUNCTIONS or name in CODINGS:
        return
    rowwise = isinstance(getattr(np, name[3:], None), np.ufunc)
    if name.startswith("np.") and (rowwise or name == "np.where"):
        return
    if name in BY_ROW:
        remedy = (
            "Rows have no order in a formula. Lags and leads go by period: add the "
            "column first, with panel.with_lags or panel.with_leads, then name it here."
        )
    elif name == "offset":
        remedy = "Give the name of a column with offset= instead."
    else:
        near = difflib.get_close_matches(name, FUNCTIONS, n=1)
        meant = f"Did you mean {near[0]}()? " if near else ""
        remedy = (
            f"{meant}A formula has {', '.join(FUNCTIONS)} and the functions np.… of "
            "single numbers; compute anything else as a column first."
        )
    raise reader.error(
        f"{name}() is no function of a formula", remedy, at=token, code="F-581"
    )


def _checked(reader: Reader, start: Token, source: str) -> str:
    """Return the expression with uniform blanks, once it is known to be harmless."""
    try:
        tree = ast.parse(source, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise reader.error(
            f"{start.text}(...) holds no expression",
            "Write arithmetic as in Python, with column names in it: I(x**2), I(x > 0).",
            at=start,
        ) from error
    if (odd := _first_odd(tree)) is not None:
        raise reader.error(
            f"{start.text}(...) holds {odd}, which a formula cannot have",
            "Compute the column first and name it here.",
            at=start,
            code="F-581",
        )
    return ast.unparse(tree)


def _first_odd(tree: ast.Expression) -> str | None:
    """Name the first piece that is neither arithmetic nor a known function."""
    known = {*FUNCTIONS, *CODINGS}
    called: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            called.add(id(node.func))
            if name not in known and not name.startswith("np."):
                return f"a call of {name}"
        elif isinstance(node, ast.Attribute):
            if id(node) not in called and ast.unparse(node) not in known:
                return "an attribute"
        elif not isinstance(node, ALLOWED):
            return f"a {type(node).__name__.lower()}"
    return None
