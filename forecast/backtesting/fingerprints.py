"""Fingerprints of data, models and settings: equal content, equal fingerprint.

They do not depend on the process, the machine or Python's hash seed.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from forecast.errors import ModelError
from forecast.events import EventLog
from forecast.panel import TradePanel
from forecast.panel.sources import Source

__all__ = ["panel_fingerprint", "text_fingerprint", "text_of"]


def text_fingerprint(*texts: str) -> str:
    """Return the SHA-256 of texts, with their lengths between them."""
    digest = hashlib.sha256()
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(f"{len(data)}:".encode())
        digest.update(data)
    return digest.hexdigest()


def panel_fingerprint(panel: TradePanel) -> str:
    """Return the SHA-256 of a panel: its columns, their parts and the day of its cut."""
    frame = panel.to_frame()
    digest = hashlib.sha256()
    facts = (panel.roles, panel.measure, panel.reporters, panel.cut, panel.freq)
    digest.update(repr((*facts, len(frame))).encode())
    for name in frame.columns:
        digest.update(f"\x1e{name}\x1e".encode())
        for part in _bytes_of(frame[name]):
            digest.update(part)
    for source in panel.sources:
        digest.update(_source_text(source).encode())
    return digest.hexdigest()


def text_of(value: Any) -> str:
    """Return a text that tells a model or an option from all others.

    Raises
    ------
    ModelError
        F-633 for an object that shows only its place in memory.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = [(f.name, getattr(value, f.name)) for f in dataclasses.fields(value)]
        inner = ", ".join(f"{name}={text_of(part)}" for name, part in parts)
        return f"{type(value).__module__}.{type(value).__qualname__}({inner})"
    if isinstance(value, np.ndarray):
        data = np.ascontiguousarray(value).tobytes()
        return (
            f"array({value.dtype}, {value.shape}, {hashlib.sha256(data).hexdigest()})"
        )
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{k!r}: {text_of(v)}' for k, v in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"({', '.join(map(text_of, value))})"
    named = callable(value) and hasattr(value, "__qualname__")
    what = f"{value.__module__}.{value.__qualname__}" if named else repr(value)
    text = f"{type(value).__qualname__}:{what}"
    if " at 0x" in text or "<lambda>" in text or "\n" in text:
        raise ModelError(
            f"nothing tells one {type(value).__name__} from another, so a checkpoint "
            "cannot know it again",
            code="F-633",
            remedy="Make the model a frozen dataclass, or run without a checkpoint.",
        )
    return text


def _source_text(source: Source) -> str:
    """Return a text that tells a log and its recipes from all others."""
    recipes = text_of((source.columns, source.recipes))
    if not isinstance(source.log, EventLog):
        return text_fingerprint(recipes, text_of(source.log))
    log = source.log
    table = log.table if log.told is None else log.told
    facts = [log.unit, log.directed, log.date_rule, log.national, log.known_at]
    parts = [b"".join(_bytes_of(table[name])).hex() for name in table]
    return text_fingerprint(recipes, repr(facts), *map(str, table.columns), *parts)


def _bytes_of(column: pd.Series) -> Iterator[bytes]:
    """Yield the content of a column as bytes: numbers exactly, all else as text."""
    if isinstance(column.dtype, pd.PeriodDtype):
        yield np.ascontiguousarray(pd.PeriodIndex(column).asi8, dtype="<i8").tobytes()
    elif pd.api.types.is_datetime64_any_dtype(column.dtype):
        yield column.to_numpy(dtype="datetime64[ns]").astype("<i8").tobytes()
    elif pd.api.types.is_float_dtype(column.dtype):
        yield column.to_numpy(dtype="<f8").tobytes()
    else:
        texts = [f"{type(v).__name__}:{v}" for v in column.tolist()]
        yield text_fingerprint(*texts).encode()
