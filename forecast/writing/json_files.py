"""JSON that every reader of JSON can read: no NaN, no Infinity, no surprises."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import PurePath

import numpy as np
import pandas as pd

from forecast.errors import FileError
from forecast.escaping import printable
from forecast.writing.durable import write_text_atomic
from forecast.writing.plain_values import plain_value

__all__ = ["json_text", "write_json"]

NOT_FINITE = "not_finite"
MAX_DEPTH = 100
# Other objects would become texts like "<object at 0x7f...>".
TEXTS = str, date, PurePath, pd.Period, pd.Timedelta


def write_json(obj: object, path: str | os.PathLike[str]) -> None:
    """Write `obj` as JSON in one step; see `json_text`.

    Raises
    ------
    FileError
        F-640 it cannot be written, F-645 it has no JSON form.
    """
    write_text_atomic(path, json_text(obj))


def json_text(obj: object) -> str:
    r"""JSON text of nested dictionaries, lists, dataclasses, arrays, series, dates.

    Numbers that JSON does not know (NaN, infinities) become null. If the outermost
    object is a dictionary, the key ``not_finite`` tells where they stood and what they
    were, so that nothing is lost silently. The order of keys is kept.

    Raises
    ------
    FileError
        F-645 an object without a JSON form, such as a set, or nested too deeply.

    Examples
    --------
    >>> print(json_text({"share": float("nan"), "years": [2021]}), end="")
    {
      "share": null,
      "years": [
        2021
      ],
      "not_finite": {
        "/share": "nan"
      }
    }
    """
    lost: dict[str, str] = {}
    plain = _plain(obj, "", 0, lost)
    if lost and isinstance(plain, dict):
        if NOT_FINITE in plain:
            raise _no_form(f"/{NOT_FINITE}", "has the name of this writer's own key")
        plain = {**plain, NOT_FINITE: lost}
    return json.dumps(plain, ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def _plain(obj: object, place: str, depth: int, lost: dict[str, str]) -> object:
    if depth > MAX_DEPTH:
        raise _no_form(place, "is nested too deeply")
    if dataclasses.is_dataclass(obj) and not isinstance(obj, type):
        obj = {f.name: getattr(obj, f.name) for f in dataclasses.fields(obj)}
    if isinstance(obj, Mapping):
        named = {_key(key, place): value for key, value in obj.items()}
        if len(named) < len(obj):
            raise _no_form(place, "has keys with the same text")
        return {k: _plain(v, f"{place}/{k}", depth + 1, lost) for k, v in named.items()}
    if isinstance(obj, np.ndarray | pd.Series | pd.Index):
        obj = obj.tolist()
    if isinstance(obj, list | tuple):
        return [_plain(v, f"{place}/{i}", depth + 1, lost) for i, v in enumerate(obj)]
    return _scalar(obj, place, lost)


def _scalar(obj: object, place: str, lost: dict[str, str]) -> object:
    if isinstance(obj, float | np.floating | Decimal) and not math.isfinite(obj):
        lost[place] = str(float(obj))
        return None
    value = obj.as_posix() if isinstance(obj, PurePath) else plain_value(obj)
    if isinstance(value, str) and not isinstance(obj, TEXTS):
        raise _no_form(place, f"is a {type(obj).__name__}")
    if isinstance(value, datetime):
        return value.isoformat().removesuffix("T00:00:00")
    return printable(value) if isinstance(value, str) else value


def _key(key: object, place: str) -> str:
    if isinstance(key, str | int | np.integer | pd.Period | pd.Timestamp):
        return printable(str(key))
    raise _no_form(place, f"has a key of type {type(key).__name__}")


def _no_form(place: str, why: str) -> FileError:
    return FileError(
        f"the value at {place or '/'!r} {why}, which JSON cannot tell",
        code="F-645",
        remedy="Turn it into dictionaries, lists, numbers and text first.",
    )
