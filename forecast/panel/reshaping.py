"""Canonical tables into canonical tables: sums, years from months, steps from totals.

All functions take a frame as `forecast.panel.admission.admit` leaves it (sorted by keys,
period, release) together with its roles, and return a new one of the same kind.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.errors import KeyColumnError, NumberError, PeriodError, TableError
from forecast.panel.number_columns import Bools, Floats, Ints
from forecast.panel.roles import Roles
from forecast.periods import FREQUENCIES, FREQUENCY_NOUNS, frequency_of

__all__ = [
    "Reshaped",
    "add_directions",
    "add_periods",
    "add_units",
    "constant_columns",
    "constant_within",
    "difference_within_years",
    "latest_releases",
    "pivot_flows",
    "refuse_large",
    "run_codes",
]

LARGEST_TABLE = 50_000_000
"""Cells above which a table is refused rather than the memory of the machine used up."""


@dataclass(frozen=True, slots=True)
class Reshaped:
    """A new canonical table, its roles, and what the reader must be told."""

    frame: pd.DataFrame
    roles: Roles
    notes: tuple[str, ...] = ()


def run_codes(frame: pd.DataFrame, columns: Sequence[str]) -> Ints:
    """Return the number of the run of equal values each row of a sorted frame is in."""
    changes = np.zeros(len(frame), dtype=bool)
    for name in columns:
        values = frame[name]
        array = (
            values.array.asi8
            if isinstance(values.dtype, pd.PeriodDtype)
            else values.array
        )
        changes[1:] |= np.asarray(array[1:] != array[:-1], dtype=bool)
    return np.cumsum(changes)


def latest_releases(frame: pd.DataFrame, roles: Roles) -> pd.DataFrame:
    """Keep the last release of each unit and period."""
    cells = run_codes(frame, [*roles.keys, roles.period])
    last = np.append(cells[1:] != cells[:-1], True)
    return frame[last].reset_index(drop=True)


def pivot_flows(
    frame: pd.DataFrame, roles: Roles, periods: pd.PeriodIndex
) -> tuple[Floats, Ints]:
    """Return flows of shape (units, periods), NaN where there is none, and unit rows.

    The second array holds the position of the first row of each unit.
    """
    units = run_codes(frame, roles.keys)
    first = np.flatnonzero(np.diff(units, prepend=-1))
    refuse_large(first.size * len(periods), "the matrix of flows")
    values = np.full((first.size, len(periods)), np.nan)
    positions = pd.PeriodIndex(frame[roles.period]).asi8 - periods.asi8[0]
    values[units, positions] = frame[roles.flow].to_numpy()
    return values, first


def refuse_large(cells: int, what: str) -> None:
    """Refuse a table of more than `LARGEST_TABLE` cells before it is built."""
    if cells > LARGEST_TABLE:
        raise TableError(
            f"{what} would have {cells:,} cells",
            code="F-120",
            count=cells,
            remedy=f"At most {LARGEST_TABLE:,} are built at once: select units or periods.",
        )


def constant_within(values: pd.Series, groups: Ints) -> bool:
    """Tell whether a column has one value in each group (missing counts as a value)."""
    codes, _ = pd.factorize(values)
    spread = pd.Series(codes).groupby(groups).agg(["min", "max"])
    return bool((spread["min"] == spread["max"]).all())


def constant_columns(frame: pd.DataFrame, roles: Roles, groups: Ints) -> list[str]:
    """Name the columns beside keys and flow that have one value in each group."""
    extra = [c for c in roles.identity if c == roles.reporter and c not in roles.keys]
    names = [*extra, *roles.covariates, *roles.labels]
    return [name for name in names if constant_within(frame[name], groups)]


def _keep(roles: Roles, kept: Sequence[str]) -> Roles:
    """Return roles with only the covariates and labels that were kept."""
    return dataclasses.replace(
        roles,
        covariates=tuple(c for c in roles.covariates if c in kept),
        labels=tuple(c for c in roles.labels if c in kept),
    )


def _first_rows(frame: pd.DataFrame, roles: Roles, groups: Ints) -> pd.DataFrame:
    """Return the first row of each group; a sum is released with its last part."""
    rows = frame[np.diff(groups, prepend=-1) > 0].reset_index(drop=True)
    if roles.as_of is not None:
        rows[roles.as_of] = frame[roles.as_of].groupby(groups).max().to_numpy()
    return rows


def _dropped_note(roles: Roles, kept: Sequence[str], within: str) -> tuple[str, ...]:
    gone = [c for c in (*roles.covariates, *roles.labels) if c not in kept]
    if not gone:
        return ()
    return (f"columns {gone} were left out because they change within {within}",)


# -------------------------------------------------------------------------- sums


def add_units(frame: pd.DataFrame, roles: Roles, by: Sequence[str]) -> Reshaped:
    """Add flows over units within `by` and period; a missing flow makes the sum missing."""
    single = "series" if "unit" in (roles.period, roles.flow) else "unit"
    keys = tuple(by) or (single,)
    kept = frame if by else frame.assign(**{single: "total"})
    ordered = kept.sort_values([*keys, roles.period], kind="stable", ignore_index=True)
    groups = run_codes(ordered, [*keys, roles.period])
    total = _first_rows(ordered, roles, groups)
    total[roles.flow] = np.bincount(groups, weights=ordered[roles.flow].to_numpy())
    summed = Roles(
        keys=keys,
        period=roles.period,
        flow=roles.flow,
        sector=roles.sector if roles.sector in by else None,
        reporter=roles.reporter if roles.reporter in by else None,
        as_of=roles.as_of,
    )
    n_units = int(run_codes(frame, roles.keys)[-1]) + 1
    absent = n_units * frame[roles.period].nunique() - len(frame)
    notes = (
        (f"{absent:,} absent cells count as nothing in the total",) if absent else ()
    )
    return Reshaped(total[list(summed.columns)], summed, notes)


def add_directions(
    frame: pd.DataFrame, roles: Roles, names: tuple[str, str]
) -> Reshaped:
    """Add both directions of each pair; where one is missing the turnover is missing."""
    origin, destination = str(roles.origin), str(roles.destination)
    outward = (frame[origin] < frame[destination]).to_numpy()
    domestic = (frame[origin] == frame[destination]).to_numpy()
    small = frame[origin].where(outward, frame[destination])
    large = frame[destination].where(outward, frame[origin])
    others = [key for key in roles.keys if key not in (origin, destination)]
    pairs = frame.drop(columns=[origin, destination])
    pairs = pairs.assign(**{names[0]: small, names[1]: large})[~domestic]
    keys = (*names, *others)
    pairs = pairs.sort_values([*keys, roles.period], kind="stable", ignore_index=True)
    groups = run_codes(pairs, [*keys, roles.period])
    both = np.bincount(groups, weights=pairs[roles.flow].notna()) == 2
    if not both.any():
        raise KeyColumnError(
            "no pair has a flow in both directions",
            code="F-310",
            column=origin,
            remedy="Turnover is exports plus imports: give both directions as rows, "
            "origin and destination exchanged.",
        )
    turned = dataclasses.replace(
        roles, keys=keys, origin=None, destination=None, flow="turnover"
    )
    kept = constant_columns(pairs, roles, groups)
    summed = _first_rows(pairs, roles, groups)
    sums = np.bincount(groups, weights=pairs[roles.flow].to_numpy())
    summed["turnover"] = np.where(both, sums, np.nan)
    turned = _keep(turned, kept)
    notes = _incomplete_note(summed, keys, roles.period, ~both)
    if domestic.any():
        notes += (f"{domestic.sum():,} flows of a region to itself were left out",)
    notes += _dropped_note(roles, kept, "a pair's two directions")
    return Reshaped(summed[list(turned.columns)], turned, notes)


def _incomplete_note(
    summed: pd.DataFrame, keys: Sequence[str], period: str, incomplete: Bools
) -> tuple[str, ...]:
    if not incomplete.any():
        return ()
    rows = summed.loc[incomplete, [*keys, period]].head(5)
    shown = "; ".join(" ".join(map(str, row)) for row in rows.itertuples(index=False))
    return (
        f"{incomplete.sum():,} pair-periods have only one direction, their turnover is "
        f"missing: {shown}",
    )


def add_periods(
    frame: pd.DataFrame, roles: Roles, freq: str, *, anew: Sequence[str] = ()
) -> Reshaped:
    """Add months or quarters up to longer periods, complete ones only.

    Columns `anew` are kept whatever they hold: the caller makes them for the new periods.
    """
    periods = pd.PeriodIndex(frame[roles.period])
    have = frequency_of(periods)
    if freq not in FREQUENCIES or FREQUENCIES[freq] >= FREQUENCIES[have]:
        raise PeriodError(
            f"{FREQUENCY_NOUNS[have]}s cannot be added up to frequency {freq!r}",
            code="F-423",
            column=roles.period,
            remedy="Longer periods only: months to 'Q' or 'Y', quarters to 'Y'.",
        )
    needed = FREQUENCIES[have] // FREQUENCIES[freq]
    longer = frame.assign(**{roles.period: periods.asfreq(freq)})
    groups = run_codes(longer, [*roles.keys, roles.period])
    complete = np.bincount(groups, weights=frame[roles.flow].notna()) == needed
    noun = FREQUENCY_NOUNS[freq]
    if not complete.any():
        raise PeriodError(
            f"no {noun} is complete: none has {needed} {FREQUENCY_NOUNS[have]}s with a flow",
            code="F-424",
            column=roles.period,
            remedy="For a year of which a part is known use forecast.nowcast.",
        )
    kept = [*constant_columns(frame, roles, groups), *anew]
    summed = _first_rows(longer, roles, groups)
    summed[roles.flow] = np.bincount(groups, weights=frame[roles.flow].to_numpy())
    notes: tuple[str, ...] = ()
    if not complete.all():
        gone = summed.loc[~complete, roles.period].drop_duplicates().sort_values()
        shown = ", ".join(map(str, gone.head(5)))
        notes = (f"{(~complete).sum():,} incomplete {noun}s were left out ({shown})",)
    aggregated = _keep(roles, kept)
    notes += _dropped_note(roles, kept, f"a {noun}")
    if anew:
        notes += (
            f"indicators {list(anew)} were made anew from their events; their recipes "
            f"count in {noun}s now",
        )
    summed = summed.loc[complete, list(aggregated.columns)].reset_index(drop=True)
    return Reshaped(summed, aggregated, notes)


def difference_within_years(
    frame: pd.DataFrame, roles: Roles, *, on_negative: str
) -> Reshaped:
    """Turn year-to-date figures into the figures of each period.

    The first period of a year stands as it is; later ones lose the figure of the
    period before. After a gap the step cannot be told and is missing.
    """
    periods = pd.PeriodIndex(frame[roles.period])
    units, ordinals = run_codes(frame, roles.keys), periods.asi8
    part = ordinals % FREQUENCIES[frequency_of(periods)]
    flow = frame[roles.flow].to_numpy(dtype=float)
    before = np.concatenate([[np.nan], flow[:-1]])
    follows = np.zeros(flow.size, dtype=bool)
    follows[1:] = (units[1:] == units[:-1]) & (ordinals[1:] == ordinals[:-1] + 1)
    step = np.where(part == 0, flow, np.where(follows, flow - before, np.nan))
    dust = (step < 0) & (step > -1e-9 * flow)  # 0.3 - 0.1 - 0.2
    step = np.where(dust, 0.0, step)
    negative = step < 0
    if negative.any() and on_negative == "raise":
        rows = frame.loc[negative, [*roles.keys, roles.period]].head(5)
        raise NumberError(
            f"{negative.sum():,} year-to-date figures in {roles.flow!r} fall within a year",
            code="F-211",
            column=roles.flow,
            count=int(negative.sum()),
            examples=[" ".join(map(str, row)) for row in rows.itertuples(index=False)],
            remedy="Revised downwards, or not cumulated at all? on_negative='missing' "
            "leaves these periods missing.",
        )
    step = np.where(negative, np.nan, step)
    lost = int(np.isnan(step).sum() - np.isnan(flow).sum())
    told = "year-to-date figures were turned into the figures of each period"
    gaps = (f"{lost:,} periods after a gap or a fall are missing",) if lost > 0 else ()
    months = frame.assign(**{roles.flow: step})
    if roles.as_of is not None:  # a step is known when both of its ends are
        out = frame[roles.as_of]
        months[roles.as_of] = out.where(
            ~follows | (part == 0), np.maximum(out, out.shift())
        )
    return Reshaped(months, roles, (told, *gaps))
