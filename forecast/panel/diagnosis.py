"""Findings over a panel: what is not wrong by itself, but often means a mistake.

A finding is told, never repaired. Each has a stable code, as errors have, and says
how often it occurs, where, and what to do.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import astuple, fields

import numpy as np
import pandas as pd

from forecast.panel.double_counting import (
    PARTS_OF_REGIONS,
    cumulated,
    labelled_totals,
    mirrored,
    nearly_mirrored,
    regions_and_parts,
    summed_totals,
)
from forecast.panel.findings import Cells, Finding, finding
from forecast.panel.number_columns import Bools, Floats, Ints
from forecast.panel.reshaping import run_codes

__all__ = ["diagnose"]

CALM = 0.15  # median step in log10: usual changes stay below 40 %


def diagnose(
    cells: Cells, *, parts: Mapping[str, str] = PARTS_OF_REGIONS
) -> pd.DataFrame:
    """Return one row per finding, gravest first: sums, units, codes, gaps.

    Columns are ``code, what, count, examples, suggestion``; no row, no finding.
    """
    checks: list[Callable[[Cells], Finding | None]] = [
        cumulated,
        labelled_totals,
        summed_totals,
        lambda e: regions_and_parts(e, parts),
        _jumps,
        mirrored,
        nearly_mirrored,
        _mixed_scripts,
        _short_codes,
        _numbers_as_text,
        _self_pairs,
        _gaps,
        _absent_periods,
        _late_or_early,
        _missing_flows,
        _missing_covariates,
        _all_zero,
        _constant,
        _single,
    ]
    found = [answer for check in checks if (answer := check(cells)) is not None]
    columns = [field.name for field in fields(Finding)]
    return pd.DataFrame([astuple(answer) for answer in found], columns=columns)


def _jumps(cells: Cells) -> Finding | None:
    """Find steps of about a thousand or a million in otherwise calm series."""
    with np.errstate(divide="ignore"):
        logs = np.log10(cells.values)
    logs[~np.isfinite(logs)] = np.nan
    steps = np.abs(np.diff(logs, axis=1))
    calm = np.array([_median(row) < CALM for row in steps], dtype=bool)
    near = (np.abs(steps - 3) < 0.3) | (np.abs(steps - 6) < 0.3)
    where = np.argwhere(near & calm[:, None])
    return finding(
        "F-223",
        "steps by a factor of about a thousand or a million in calm series",
        [f"{cells.names[i]} in {cells.periods[j + 1]}" for i, j in where.tolist()],
        "Are units mixed (dollars, thousands, millions)? Convert to one before.",
    )


def _median(steps: Floats) -> float:
    seen = steps[~np.isnan(steps)]
    return float(np.median(seen)) if seen.size >= 3 else np.inf


def _self_pairs(cells: Cells) -> Finding | None:
    roles, frame = cells.roles, cells.frame
    if not roles.is_directed:
        return None
    own = frame[frame[roles.origin] == frame[roles.destination]]
    return finding(
        "F-326",
        "rows are flows of a region to itself",
        own[roles.origin].drop_duplicates(),
        "Domestic trade is welcome in gravity; leave it out of international totals.",
    )


# --------------------------------------------------------------------------- codes


def _mixed_scripts(cells: Cells) -> Finding | None:
    found = []
    for key in cells.roles.keys:
        for label in pd.unique(cells.frame[key]):
            scripts = {unicodedata.name(c, "?")[:5] for c in str(label) if c.isalpha()}
            if {"LATIN", "CYRIL"} <= scripts:
                found.append(f"{key}: {label} ({label!a})")
    return finding(
        "F-327",
        "codes mix Latin and Cyrillic letters",
        found,
        "They will not match codes written in one alphabet: retype them.",
    )


def _short_codes(cells: Cells) -> Finding | None:
    """Find sectors such as 1 beside 27: a product code that lost its zero."""
    key = cells.roles.sector
    if key is None:
        return None
    codes = [str(code) for code in pd.unique(cells.frame[key])]
    widths = {len(code) for code in codes}
    if len(widths) < 2 or not all(code.isdigit() for code in codes):
        return None
    odd = [code for code in codes if len(code) % 2 == 1]
    return finding(
        "F-328",
        f"codes of {key!r} have an odd number of digits",
        odd,
        "Lost leading zeros? Read the column as text (HS chapter 01, not 1).",
    )


def _numbers_as_text(cells: Cells) -> Finding | None:
    found = []
    for name in cells.roles.labels:
        values = cells.frame[name].dropna().drop_duplicates()
        if pd.api.types.infer_dtype(values, skipna=True) != "string":
            continue
        looks = values.str.contains(r"^[\s\u00a0\u202f+-]*\d[\d\s.,\u00a0\u202f]*$")
        if len(values) > 1 and looks.mean() > 0.9:
            found.append(f"{name}: {values.iloc[0]!r}")
    return finding(
        "F-226",
        "text columns look like numbers and are carried as labels",
        found,
        "Convert them with forecast.reading.parse_numbers if they are amounts.",
    )


# ---------------------------------------------------------------------- gaps, zeros


def _occurring(cells: Cells) -> Bools:
    """Tell which periods any unit has; shape (t,)."""
    ordinals = pd.PeriodIndex(cells.frame[cells.roles.period]).asi8
    occurs = np.zeros(len(cells.periods), dtype=bool)
    occurs[ordinals - cells.periods.asi8[0]] = True
    return occurs


def _present(cells: Cells) -> Bools:
    """Tell which rows exist among the periods that occur; shape (n, periods)."""
    frame, roles = cells.frame, cells.roles
    present = np.zeros(cells.values.shape, dtype=bool)
    units: Ints = run_codes(frame, roles.keys)
    ordinals = pd.PeriodIndex(frame[roles.period]).asi8
    present[units, ordinals - cells.periods.asi8[0]] = True
    return present[:, _occurring(cells)]


def _units(cells: Cells, which: Bools) -> list[str]:
    return cells.names[which].to_list()


def _gaps(cells: Cells) -> Finding | None:
    present = _present(cells)
    began = np.logical_or.accumulate(present, axis=1)
    goes_on = np.logical_or.accumulate(present[:, ::-1], axis=1)[:, ::-1]
    inside = began & goes_on & ~present
    return finding(
        "F-432",
        "units have gaps inside their span",
        _units(cells, np.asarray(inside.any(axis=1))),
        "An absent row is unknown, not zero: panel.square() fills zeros on purpose.",
    )


def _absent_periods(cells: Cells) -> Finding | None:
    occurs = _occurring(cells)
    return finding(
        "F-434",
        "periods between the first and the last occur for no unit",
        cells.periods[~occurs],
        "Data for every few years are fine for gravity; series models need each period.",
    )


def _late_or_early(cells: Cells) -> Finding | None:
    present = _present(cells)
    uneven = ~(present[:, 0] & present[:, -1])
    return finding(
        "F-433",
        "units begin later or end earlier than the panel",
        _units(cells, uneven),
        "Not yet a country, no longer reported, or rows lost?",
    )


def _missing_flows(cells: Cells) -> Finding | None:
    frame, roles = cells.frame, cells.roles
    rows = frame.loc[frame[roles.flow].isna(), [*roles.keys, roles.period]]
    return finding(
        "F-221",
        f"rows have no value of {roles.flow!r}",
        [" ".join(map(str, row)) for row in rows.itertuples(index=False)],
        "Confidential, late or zero? Missing is never read as zero.",
    )


def _missing_covariates(cells: Cells) -> Finding | None:
    gaps = {
        name: int(cells.frame[name].isna().sum()) for name in cells.roles.covariates
    }
    return finding(
        "F-222",
        "covariates have missing values",
        [f"{name}: {count:,} rows" for name, count in gaps.items() if count],
        "Models leave these rows out: fill in, or do without the covariate.",
    )


def _all_zero(cells: Cells) -> Finding | None:
    zero: Bools = np.nansum(np.abs(cells.values), axis=1) == 0
    seen = ~np.isnan(cells.values).all(axis=1)
    return finding(
        "F-224",
        "units have no flow but zeros",
        _units(cells, zero & seen),
        "Gravity drops them by name; growth from zero is not defined.",
    )


def _constant(cells: Cells) -> Finding | None:
    seen: Ints = (~np.isnan(cells.values)).sum(axis=1)
    filled = np.where(np.isnan(cells.values), -np.inf, cells.values).max(axis=1)
    lowest = np.where(np.isnan(cells.values), np.inf, cells.values).min(axis=1)
    return finding(
        "F-225",
        "units have the same positive flow in every period",
        _units(cells, np.asarray((seen > 1) & (filled == lowest) & (filled > 0))),
        "Copied or imputed figures? Intervals from them are too narrow.",
    )


def _single(cells: Cells) -> Finding | None:
    seen: Ints = (~np.isnan(cells.values)).sum(axis=1)
    return finding(
        "F-329",
        "units have one observation only",
        _units(cells, np.asarray((seen == 1) & (len(cells.periods) > 1))),
        "They say nothing about change over time and drop out with pair effects.",
    )
