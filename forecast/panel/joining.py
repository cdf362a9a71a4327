"""New columns for a canonical table, and the long format of other packages."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecast.errors import ColumnError, KeyColumnError, TableError
from forecast.panel.number_columns import number_column
from forecast.panel.roles import Roles, is_numeric

__all__ = ["long_table", "split_identifiers", "with_joined"]


def with_joined(
    frame: pd.DataFrame, roles: Roles, columns: Mapping[str, Any]
) -> tuple[pd.DataFrame, Roles]:
    """Add columns to a canonical table: numbers as covariates, text as labels."""
    fixed = [name for name in columns if name in (*roles.identity, roles.flow)]
    if fixed:
        raise ColumnError(
            f"column {fixed[0]!r} cannot be replaced",
            code="F-115",
            column=fixed[0],
            count=len(fixed),
            remedy="Change keys, periods and flows in the table before the panel is built.",
        )
    covariates, labels = list(roles.covariates), list(roles.labels)
    extended: dict[str, Any] = {name: frame[name] for name in roles.columns}
    for name, given in columns.items():
        values = _aligned(
            given(frame.copy()) if callable(given) else given, frame, name
        )
        numeric = is_numeric(values)
        extended[name] = number_column(values, name) if numeric else values.array
        for names in (covariates, labels):
            if name in names:
                names.remove(name)
        (covariates if numeric else labels).append(name)
    roles = dataclasses.replace(
        roles, covariates=tuple(covariates), labels=tuple(labels)
    )
    joined = pd.DataFrame({name: extended[name] for name in roles.columns})
    return joined, roles


def _aligned(given: Any, frame: pd.DataFrame, name: str) -> pd.Series:
    """Return one value per row of the frame; never align by position by chance."""
    if np.ndim(given) == 0:
        return pd.Series([given] * len(frame), index=frame.index, name=name)
    values = given if isinstance(given, pd.Series) else pd.Series(np.asarray(given))
    if len(values) != len(frame) or not values.index.equals(frame.index):
        raise TableError(
            f"column {name!r} has {len(values):,} values, the panel {len(frame):,} rows"
            if len(values) != len(frame)
            else f"column {name!r} has another index than panel.to_frame()",
            code="F-116",
            column=name,
            count=len(values),
            remedy="Compute it from panel.to_frame(), in the same order: its index is "
            "0, 1, 2, …",
        )
    return values.rename(name)


def long_table(frame: pd.DataFrame, roles: Roles, separator: str) -> pd.DataFrame:
    """Return ``unique_id``, ``ds``, ``y`` and the covariates."""
    joined = frame[roles.keys[0]].astype(str)
    for key in roles.keys[1:]:
        joined = joined + separator + frame[key].astype(str)
    if len(roles.keys) > 1:
        for key in roles.keys:
            _refuse_separator(frame[key], key, separator)
    long = {
        "unique_id": joined,
        "ds": pd.PeriodIndex(frame[roles.period]).to_timestamp(),
        "y": frame[roles.flow],
        **{name: frame[name] for name in roles.covariates},
    }
    return pd.DataFrame(long)


def _refuse_separator(values: pd.Series, key: str, separator: str) -> None:
    texts = [str(label) for label in pd.unique(values)]
    holding = [text for text in texts if separator in text]
    if holding:
        raise KeyColumnError(
            f"{len(holding):,} codes of {key!r} contain the separator {separator!r}",
            code="F-312",
            column=key,
            count=len(holding),
            examples=[repr(text) for text in holding],
            remedy="Choose another: to_long(separator='|').",
        )


def split_identifiers(
    df: pd.DataFrame, names: Sequence[str], separator: str
) -> pd.DataFrame:
    """Replace ``unique_id`` by one column per part."""
    if taken := [name for name in names if name in df.columns]:
        raise ColumnError(
            f"a column {taken[0]!r} is there already",
            code="F-115",
            column=taken[0],
            remedy="Choose other names for the parts of 'unique_id'.",
        )
    codes, identifiers = pd.factorize(df["unique_id"])
    parts = [str(identifier).split(separator) for identifier in identifiers]
    wrong = [identifiers[i] for i, part in enumerate(parts) if len(part) != len(names)]
    if wrong or (codes < 0).any():
        raise KeyColumnError(
            f"{len(wrong):,} identifiers have not {len(names)} parts split at {separator!r}",
            code="F-312",
            column="unique_id",
            count=len(wrong),
            examples=[repr(identifier) for identifier in wrong],
            remedy=f"The names are {list(names)}; give unit=[...] or separator= to match.",
        )
    columns = {
        name: np.array([part[i] for part in parts], dtype=object)[codes]
        for i, name in enumerate(names)
    }
    return df.drop(columns="unique_id").assign(**columns)
