"""Trade of regions with themselves: what they made and did not export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecast.errors import ColumnError, KeyColumnError, NumberError, TableError
from forecast.panel.groupings import ends_of, group_sums, group_value, side_groups
from forecast.panel.key_columns import key_column
from forecast.panel.number_columns import Bools, Floats, Ints, number_column
from forecast.panel.reshaping import Reshaped, run_codes
from forecast.panel.roles import Roles
from forecast.panel.squares import joined_rows
from forecast.periods import parse_periods

__all__ = ["add_domestic", "only_international"]


@dataclass(frozen=True, slots=True)
class _Exports:
    """What each region exports in all, by region, further keys and period.

    Attributes
    ----------
    keys : DataFrame of g rows
        Origin, further keys, period.
    groups : int array of shape (n,)
        Group of each row of the panel.
    exports : float array of shape (g,)
    """

    keys: pd.DataFrame
    groups: Ints
    exports: Floats


def only_international(frame: pd.DataFrame, roles: Roles) -> pd.DataFrame:
    """Leave out flows of a region to itself.

    Raises
    ------
    KeyColumnError
        F-333 when nothing remains.
    """
    international = (frame[roles.origin] != frame[roles.destination]).to_numpy()
    if not international.any():
        raise KeyColumnError(
            "the panel has no flow between different regions",
            code="F-333",
            column=roles.origin,
            remedy="Take in the international flows, too.",
        )
    return frame[international].reset_index(drop=True)


def add_domestic(
    frame: pd.DataFrame,
    roles: Roles,
    output: str | pd.DataFrame,
    *,
    fill: dict[str, float],
    on_negative: str,
    on_missing: str,
) -> Reshaped:
    r"""Add a flow :math:`X_{iit} = Y_{it} - \sum_{j \ne i} X_{ijt}` for each region."""
    _refuse_options(frame, roles, fill, on_negative, on_missing)
    exports = _exports_of(frame, roles)
    made = _output_of(output, frame, roles, exports)
    flows = made - exports.exports
    flows = np.where((flows < 0) & (flows > -1e-9 * made), 0.0, flows)  # rounding dust
    names = [" ".join(map(str, row)) for row in exports.keys.itertuples(index=False)]
    notes = [f"{flows.size:,} domestic flows were added: output less exports"]
    notes += _told_missing(made, exports.exports, names, on_missing)
    notes += _told_negative(flows, names, on_negative)
    flows = np.where(flows < 0, np.nan, flows)
    absent = _absent_cells(frame, roles)
    if absent:
        notes.append(f"{absent:,} absent cells count as nothing in the exports")
    longer = _with_rows(frame, roles, exports.keys, flows)
    columns = {
        name: _where_new(longer.frame, roles, frame[name], value)
        for name, value in fill.items()
    }
    filled = longer.frame.assign(**columns)
    return Reshaped(filled, roles, (*notes, *longer.notes))


def _refuse_options(
    frame: pd.DataFrame,
    roles: Roles,
    fill: dict[str, float],
    on_negative: str,
    on_missing: str,
) -> None:
    for name, word in (("on_negative", on_negative), ("on_missing", on_missing)):
        if word not in {"raise", "missing"}:
            raise TableError(
                f"{name}={word!r} is not possible",
                code="F-106",
                remedy=f'Use {name}="raise" or {name}="missing".',
            )
    if missing := [name for name in fill if name not in roles.covariates]:
        raise ColumnError.missing(missing, roles.covariates)
    home = (frame[roles.origin] == frame[roles.destination]).to_numpy()
    if home.any():
        raise KeyColumnError(
            f"{home.sum():,} domestic flows stand in the panel already",
            code="F-334",
            column=roles.origin,
            count=int(home.sum()),
            examples=[str(region) for region in frame[roles.origin][home].unique()[:5]],
            remedy="Re-imports? Drop them first: panel.international().with_domestic(...).",
        )


def _exports_of(frame: pd.DataFrame, roles: Roles) -> _Exports:
    groups = side_groups(frame, roles, ends_of(frame, roles), "origin")
    flow = frame[roles.flow].to_numpy(dtype=float)
    _, first = np.unique(groups, return_index=True)
    others = [k for k in roles.keys if k not in (roles.origin, roles.destination)]
    keys = frame[[str(roles.origin), *others, roles.period]].iloc[first]
    exports = group_sums(flow, groups)
    return _Exports(keys.reset_index(drop=True), groups, exports)


def _output_of(
    output: str | pd.DataFrame, frame: pd.DataFrame, roles: Roles, exports: _Exports
) -> Floats:
    """Return the output of each region and period, NaN where it is not known."""
    if isinstance(output, pd.DataFrame):
        return _output_of_table(output, roles, exports)
    if output not in roles.covariates:
        raise ColumnError.missing([str(output)], roles.covariates)
    rows = frame[[*exports.keys.columns]].astype(str).agg(" ".join, axis=1)
    return group_value(
        frame[output].to_numpy(),
        exports.groups,
        column=output,
        within=f"{roles.origin} and {roles.period}",
        names=rows.to_list(),
    )


def _output_of_table(table: pd.DataFrame, roles: Roles, exports: _Exports) -> Floats:
    identity = list(exports.keys.columns)
    if missing := [name for name in identity if name not in table.columns]:
        raise ColumnError.missing(missing, table.columns)
    values = [name for name in table.columns if name not in identity]
    if len(values) != 1:
        raise TableError(
            f"the table of output has {len(values)} columns beside {identity}",
            code="F-106",
            remedy="It needs exactly one, the output in the unit of the flows.",
        )
    columns: dict[str, Any] = {}
    for name in identity[:-1]:
        key = key_column(table[name], name)
        columns[name] = key.labels.take(key.codes)
    columns[roles.period] = parse_periods(table[roles.period], column=roles.period)
    columns["\0output"] = number_column(table[values[0]], values[0]).astype(float)
    clean = pd.DataFrame(columns)
    again = clean.duplicated(identity)
    if again.any():
        raise TableError(
            f"{again.sum():,} rows of the table of output repeat {identity}",
            code="F-105",
            column=values[0],
            count=int(again.sum()),
            examples=[
                " ".join(map(str, row))
                for row in clean.loc[again, identity].head(5).itertuples(index=False)
            ],
            remedy="One row for each region and period.",
        )
    found = exports.keys.merge(clean, how="left", on=identity, validate="one_to_one")
    return found["\0output"].to_numpy(dtype=float)


def _told_missing(
    made: Floats, exports: Floats, names: list[str], on_missing: str
) -> list[str]:
    """Refuse or tell of domestic flows that cannot be computed."""
    told = []
    for values, what in (
        (made, "output"),
        (exports, "exports, of which one is missing"),
    ):
        lost: Bools = np.isnan(values)
        if not lost.any():
            continue
        shown = [names[i] for i in np.flatnonzero(lost)[:5]]
        problem = f"{lost.sum():,} domestic flows lack their {what}"
        if on_missing == "raise":
            raise NumberError(
                problem,
                code="F-335",
                count=int(lost.sum()),
                examples=shown,
                remedy='Fill it in, or leave these flows missing: on_missing="missing".',
            )
        told.append(f"{problem}: {'; '.join(shown)}")
    return told


def _told_negative(flows: Floats, names: list[str], on_negative: str) -> list[str]:
    """Refuse or tell of exports that exceed output."""
    negative: Bools = flows < 0
    if not negative.any():
        return []
    shown = [f"{names[i]}: {flows[i]:,.6g}" for i in np.flatnonzero(negative)[:5]]
    problem = f"{negative.sum():,} regions export more than they make"
    if on_negative == "raise":
        raise NumberError(
            problem,
            code="F-336",
            count=int(negative.sum()),
            examples=shown,
            remedy="Output is gross production, not value added, in the unit of the flows; "
            'transit and re-exports also exceed it. on_negative="missing" leaves these '
            "flows missing.",
        )
    return [f"{problem}, their domestic flow is missing: {'; '.join(shown)}"]


def _absent_cells(frame: pd.DataFrame, roles: Roles) -> int:
    units = int(run_codes(frame, roles.keys)[-1]) + 1
    return units * int(frame[roles.period].nunique()) - len(frame)


def _with_rows(
    frame: pd.DataFrame, roles: Roles, keys: pd.DataFrame, flows: Floats
) -> Reshaped:
    """Sort the domestic rows in among the others."""
    identity = [*roles.keys, roles.period]
    home = keys.assign(**{str(roles.destination): keys[roles.origin]})[identity]
    both = pd.concat([frame[identity], home], ignore_index=True)
    source = np.concatenate([np.arange(len(frame)), np.full(len(home), -1)])
    given = np.concatenate([np.zeros(len(frame)), flows])
    order = both.sort_values(identity, kind="stable").index.to_numpy()
    keys = both.take(order).reset_index(drop=True)
    return joined_rows(frame, keys, source[order], given[order], roles)


def _where_new(
    longer: pd.DataFrame, roles: Roles, before: pd.Series, value: float
) -> pd.Series:
    """Return a column with `value` in the domestic rows; whole numbers stay whole."""
    home = longer[roles.origin] == longer[roles.destination]
    column = longer[str(before.name)].mask(home, value)
    whole = pd.api.types.is_integer_dtype(before) and float(value).is_integer()
    return column.astype(before.dtype) if whole else column
