"""Findings about figures that would be counted twice: cumulated, totals, parts, mirrors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from forecast.panel.findings import Cells, Finding, finding
from forecast.panel.key_columns import fold_code
from forecast.panel.number_columns import Bools, Floats
from forecast.panel.roles import Roles
from forecast.periods import FREQUENCIES, frequency_of

__all__ = [
    "PARTS_OF_REGIONS",
    "TOTAL_LABELS",
    "cumulated",
    "labelled_totals",
    "looks_cumulated",
    "mirrored",
    "nearly_mirrored",
    "regions_and_parts",
    "summed_totals",
    "total_labels",
]

TOTAL_LABELS = {
    fold_code(label)
    for label in (
        *(
            "World",
            "World total",
            "Total",
            "Grand total",
            "All countries",
            "All partners",
        ),
        *(
            "All regions",
            "WLD",
            "W00",
            "Всего",
            "Итого",
            "Мир",
            "Весь мир",
            "Все страны",
        ),
    )
}
"""Names of rows that hold a sum of others, folded by `fold_code`."""

PARTS_OF_REGIONS = {"RU-NEN": "RU-ARK", "RU-KHM": "RU-TYU", "RU-YAN": "RU-TYU"}
"""Regions whose figures may be inside another region's (ISO 3166-2)."""

EQUAL = 1e-6
NEARLY_ALWAYS = 0.8


def looks_cumulated(values: Floats, periods: pd.PeriodIndex) -> Bools:
    """Tell which series look like year-to-date figures given as months or quarters.

    A series does if it never falls within a year, in two years or more, and nearly
    always falls when the year turns. Quarters must also grow to two and a half times
    the first, since an ordinary season of four rises by chance too easily. Years
    without any flow say nothing.

    Parameters
    ----------
    values : float array of shape (n, t)
    periods : PeriodIndex of length t
        Without gaps.

    Returns
    -------
    bool array of shape (n,)

    Examples
    --------
    >>> months = pd.period_range("2019-01", "2020-12", freq="M")
    >>> cumulated = np.tile(np.arange(1.0, 13.0), 2)
    >>> looks_cumulated(np.array([cumulated, np.full(24, 1.0)]), months)
    array([ True, False])
    """
    season = FREQUENCIES[frequency_of(periods)]
    if season == 1:
        return np.zeros(len(values), dtype=bool)
    years = _by_year(values, periods, season)
    seen = ~np.isnan(years)
    highest = np.fmax.accumulate(years, axis=2)
    first, last = _first_seen(years), highest[:, :, -1]
    telling = (seen.sum(axis=2) >= max(season // 2, 3)) & (last > 0)
    rises = np.all(~seen | (years >= highest), axis=2) & (last > first)
    if season == 4:
        rises &= last >= 2.5 * first
    turns = telling[:, 1:] & telling[:, :-1]
    falls = first[:, 1:] < 0.9 * last[:, :-1]
    return np.asarray(
        (telling.sum(axis=1) >= 2)
        & np.all(rises | ~telling, axis=1)
        & ((turns & falls).sum(axis=1) >= NEARLY_ALWAYS * turns.sum(axis=1))
        & turns.any(axis=1)
    )


def _by_year(values: Floats, periods: pd.PeriodIndex, season: int) -> Floats:
    """Reshape (n, t) to (n, years, season), NaN before the first and after the last."""
    before = int(periods.asi8[0] % season)
    after = -(before + len(periods)) % season
    padded = np.pad(values, ((0, 0), (before, after)), constant_values=np.nan)
    return padded.reshape(len(values), -1, season)


def _first_seen(years: Floats) -> Floats:
    position = np.argmax(~np.isnan(years), axis=2)
    return np.take_along_axis(years, position[:, :, None], axis=2)[:, :, 0]


def cumulated(cells: Cells) -> Finding | None:
    """Find year-to-date figures given as single periods."""
    flagged = looks_cumulated(cells.values, cells.periods)
    return finding(
        "F-431",
        "series look like year-to-date figures given as single periods",
        cells.names[flagged],
        "If they are, call panel.decumulated(); nothing is differenced by itself.",
    )


def total_labels(frame: pd.DataFrame, roles: Roles) -> dict[str, list[str]]:
    """Return, by key column, labels such as "World" that stand among others."""
    found = {}
    for key in roles.keys:
        if pd.api.types.is_integer_dtype(frame[key]):
            continue
        labels = frame[key].unique()
        totals = sorted(str(v) for v in labels if fold_code(v) in TOTAL_LABELS)
        if totals and len(labels) > len(totals):
            found[key] = totals
    return found


def labelled_totals(cells: Cells) -> Finding | None:
    """Find rows whose code is a word for a total."""
    found = total_labels(cells.frame, cells.roles)
    return finding(
        "F-321",
        "codes of totals stand among details",
        [f"{key}: {label}" for key, labels in found.items() for label in labels],
        "Drop these rows before building the panel: sums would count everything twice.",
    )


def summed_totals(cells: Cells) -> Finding | None:
    """Find codes whose flow equals the sum of all others beside it, in every period."""
    named = {
        label
        for labels in total_labels(cells.frame, cells.roles).values()
        for label in labels
    }
    found = []
    for key in cells.roles.keys:
        totals = _codes_equal_to_the_rest(cells.frame, cells.roles, key)
        found += [f"{key}: {code}" for code in totals if code not in named]
    return finding(
        "F-322",
        "codes whose flow always equals the sum of the others",
        found,
        "Probably totals among details: drop them, or sums count everything twice.",
    )


def _codes_equal_to_the_rest(frame: pd.DataFrame, roles: Roles, key: str) -> list[str]:
    beside = [name for name in roles.keys if name != key]
    groups = frame.groupby([*beside, roles.period], sort=False).ngroup().to_numpy()
    flow = frame[roles.flow].fillna(0.0).to_numpy()
    sums = np.bincount(groups, weights=flow)[groups]
    members = np.bincount(groups, weights=flow > 0)[groups]
    telling = (members >= 4) & (flow > 0)
    equal = telling & (np.abs(2 * flow - sums) <= EQUAL * sums)
    if not equal.any():
        return []
    by_code = (
        pd.DataFrame({"telling": telling, "equal": equal})
        .groupby(frame[key].to_numpy())
        .sum()
    )
    always = (by_code["equal"] == by_code["telling"]) & (by_code["equal"] >= 2)
    return [str(code) for code in by_code.index[always]]


def regions_and_parts(cells: Cells, parts: Mapping[str, str]) -> Finding | None:
    """Find regions beside regions that contain them."""
    found = []
    for key in cells.roles.keys:
        labels = set(cells.frame[key].unique())
        found += [
            f"{part} inside {whole}"
            for part, whole in sorted(parts.items())
            if part in labels and whole in labels
        ]
    return finding(
        "F-323",
        "a region stands beside a part of it",
        dict.fromkeys(found),
        "Check whether the region's figures include the part; if so drop one of them.",
    )


def _both_ways(cells: Cells) -> pd.DataFrame | None:
    """Pair each row with its mirror: columns there, back, name, period."""
    roles, frame = cells.roles, cells.frame
    if not roles.is_directed:
        return None
    origin, destination = str(roles.origin), str(roles.destination)
    rest = [key for key in roles.keys if key not in (origin, destination)]
    there = frame[[*roles.keys, roles.period, roles.flow]]
    back = there.rename(columns={origin: destination, destination: origin})
    both = there.merge(
        back, on=[origin, destination, *rest, roles.period], suffixes=("", " back")
    )
    both = both[both[origin] < both[destination]].dropna()
    pair = both[origin].astype(str) + " – " + both[destination].astype(str)
    return pd.DataFrame(
        {
            "name": pair + " in " + both[roles.period].astype(str),
            "there": both[roles.flow],
            "back": both[f"{roles.flow} back"],
        }
    )


def _mirror_share(both: pd.DataFrame) -> tuple[Bools, float]:
    largest = both[["there", "back"]].max(axis=1)
    same = ((both["there"] - both["back"]).abs() <= EQUAL * largest).to_numpy()
    telling = (largest > 0).to_numpy()
    share = float(same[telling].mean()) if telling.sum() >= 3 else 0.0
    return same, share


def mirrored(cells: Cells) -> Finding | None:
    """Find flows that are the same in both directions throughout."""
    both = _both_ways(cells)
    if both is None or _mirror_share(both)[1] < 1.0:
        return None
    return finding(
        "F-325",
        "flows are the same in both directions throughout",
        both["name"],
        "Is this turnover entered twice? turnover() and total() would double it.",
    )


def nearly_mirrored(cells: Cells) -> Finding | None:
    """Find the few pairs whose directions differ where all others are the same."""
    both = _both_ways(cells)
    if both is None:
        return None
    same, share = _mirror_share(both)
    if not 0.9 <= share < 1.0:
        return None
    return finding(
        "F-324",
        "flows differ between the directions while nearly all others are the same",
        both.loc[~same, "name"],
        "If the flow has no direction (turnover), correct these; else nearly all are copies.",
    )
