"""Figures of fitted models: coefficients side by side, effects before and after an event."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from forecast.errors import TableError
from forecast.plots.look import (
    ACCENT,
    DASHES,
    INK,
    MUTED,
    SMALL,
    TINTS,
    Scale,
    axes_of,
    bare,
    named_rows,
    plain,
    source_line,
    titled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from forecast.gravity import GravityFit

    Estimates: TypeAlias = pd.DataFrame | GravityFit

__all__ = ["plot_coefficients", "plot_event_study"]

SIZE = 5.5
MARKS = (
    ("o", ACCENT),
    ("D", INK),
    ("s", TINTS[50]),
    ("^", MUTED),
    ("v", "#8a5a00"),
    ("P", "#7a1f4b"),
)
LEVEL = re.compile(r"\[(?:T\.)?([^\[\]]*)\]")
ROW, MODEL, MARGIN = 0.3, 0.17, 1.1  # inches
ACROSS, ALONG = 0.66, 0.36  # share of the room between places that models take


def plot_coefficients(
    estimates: Estimates | Mapping[str, Estimates],
    ax: Axes | None = None,
    *,
    terms: Sequence[str] | None = None,
    names: Mapping[str, str] | None = None,
    level: float = 0.95,
    title: str = "Coefficients",
    source: str | None = None,
) -> Axes:
    """Draw coefficients with their intervals, a row each; several models side by side.

    Parameters
    ----------
    estimates : GravityFit or DataFrame, or mapping of str to these
        A fit, or a table as `GravityFit.tidy` gives it; several by the name of the
        model, which goes into a legend.
    ax : Axes, optional
    terms : sequence of str, optional
        Terms to draw, from the top. By default all but a constant.
    names : mapping of str to str, optional
        Labels of terms; terms of different models with one label share a row.
    level : float
        Of the intervals of fits; a table brings its own.
    title, source : str, optional

    Raises
    ------
    TableError
        F-598 there is nothing to draw.

    Examples
    --------
    >>> from forecast.plots.look import blank_figure
    >>> tidy = pd.DataFrame({"term": ["rta"], "estimate": [0.56], "conf_low": [0.36],
    ...     "conf_high": [0.76]})
    >>> ax = plot_coefficients(tidy, blank_figure()[1])
    >>> [text.get_text() for text in ax.texts]
    ['0.56 (0.36 to 0.76)']
    """
    tables = _tables(estimates, level)
    if terms is None:
        every = dict.fromkeys(term for t in tables.values() for term in t.index)
        terms = [term for term in every if term != "Intercept"]
    names = names or {}
    rows: dict[str, list[str]] = {}
    for term in terms:
        rows.setdefault(names.get(term, term), []).append(term)
    found = {
        model: [_first(table, same) for same in rows.values()]
        for model, table in tables.items()
    }
    _refuse_nothing(found, terms)
    tall = max(ROW, MODEL * len(tables) + 0.1)
    ax = axes_of(ax, height=MARGIN + tall * len(rows))
    ax.axvline(0, color=INK, linewidth=1.0)
    for shift, mark, values in _beside(found, ACROSS):
        for place, value in enumerate(values):
            if value is not None:
                _lying(ax, value, -place - shift, mark)
    if len(tables) == 1:
        _numbers(ax, next(iter(found.values())))
    bare(ax)
    named_rows(ax, list(rows))
    _around_zero(ax, [v for values in found.values() for v in values if v is not None])
    titled(ax, title, f"estimate and {100 * level:g} % interval")
    _legend(ax, list(tables))
    source_line(ax, source)
    return ax


def plot_event_study(
    estimates: Estimates | Mapping[str, Estimates],
    events: str | Sequence[tuple[float, str]],
    ax: Axes | None = None,
    *,
    reference: float | Sequence[float] = (),
    binned: bool = False,
    level: float = 0.95,
    title: str = "Before and after the event",
    unit: str = "periods since the event",
    measure: str = "effect on log trade",
    source: str | None = None,
) -> Axes:
    """Draw effects by the time since an event, with their intervals.

    Parameters
    ----------
    estimates : GravityFit or DataFrame, or mapping of str to these
        As for `plot_coefficients`.
    events : str or sequence of (float, str)
        The column whose dummies the terms hold, ``"years_to_entry"`` for terms that
        ``i(years_to_entry, treated, ref=-1)`` made; or times with their terms, such as
        leads and lags: ``[(-2, "rta_lead2"), (0, "rta"), (3, "rta_lag3")]``.
    ax : Axes, optional
    reference : float or sequence of float
        Times without a coefficient, with which the others are compared: ``ref`` of the
        formula. They are drawn as a hollow mark at zero.
    binned : bool
        Whether the first and the last time stand for all before and after it.
    level : float
        Of the intervals of fits; a table brings its own.
    title, unit, measure, source : str, optional

    Raises
    ------
    TableError
        F-598 no such terms.

    Examples
    --------
    >>> from forecast.plots.look import blank_figure
    >>> tidy = pd.DataFrame({"term": ["treated:year[-2]", "treated:year[0]"],
    ...     "estimate": [0.0, 0.3], "conf_low": [-0.1, 0.2], "conf_high": [0.1, 0.4]})
    >>> ax = plot_event_study(tidy, "year", blank_figure()[1], reference=-1)
    >>> ax.get_xlabel()
    'periods since the event'
    """
    tables = _tables(estimates, level)
    paths = {model: _path(table, events) for model, table in tables.items()}
    _refuse_nothing(
        paths, [events] if isinstance(events, str) else [t for _, t in events]
    )
    fixed = [float(t) for t in np.atleast_1d(np.asarray(reference, dtype=float))]
    times = sorted({t for path in paths.values() for t, _ in path} | set(fixed))
    gap = float(np.diff(times).min()) if len(times) > 1 else 1.0
    ax = axes_of(ax, height=3.2)
    ax.axhline(0, color=INK, linewidth=1.0)
    if times[0] < 0 <= times[-1]:
        before = max(t for t in times if t < 0)
        after = min(t for t in times if t >= 0)
        ax.axvline((before + after) / 2, color=MUTED, linewidth=1.0, linestyle=DASHES)
    for shift, mark, path in _beside(paths, ALONG * gap):
        _trace(ax, path, fixed, shift, mark)
    bare(ax, grid="y")
    labels = [f"{t:g}".replace("-", "−") for t in times]
    if binned:
        labels[0], labels[-1] = f"≤ {labels[0]}", f"≥ {labels[-1]}"
    ax.set_xticks(times, labels)
    ax.set_xlabel(plain(unit), fontsize=SMALL, color=MUTED, loc="left")
    titled(ax, title, f"{measure}, {100 * level:g} % interval", axis="y")
    _legend(ax, list(tables))
    source_line(ax, source)
    return ax


# --- what is drawn -------------------------------------------------------------------

Value = tuple[float, float, float]  # estimate, lower and upper end


def _tables(
    estimates: Estimates | Mapping[str, Estimates], level: float
) -> dict[str, pd.DataFrame]:
    """Tables by model, indexed by term."""
    given = estimates if isinstance(estimates, Mapping) else {"": estimates}
    tables = {
        str(model): one if isinstance(one, pd.DataFrame) else one.tidy(level)
        for model, one in given.items()
    }
    return {model: table.set_index("term") for model, table in tables.items()}


def _first(table: pd.DataFrame, terms: Sequence[str]) -> Value | None:
    """Estimate and interval of the first of the terms that the model has."""
    for term in terms:
        if term in table.index:
            row = table.loc[term, ["estimate", "conf_low", "conf_high"]]
            low_mid_high = row.to_numpy(dtype=float)
            return (
                float(low_mid_high[0]),
                float(low_mid_high[1]),
                float(low_mid_high[2]),
            )
    return None


def _path(
    table: pd.DataFrame, events: str | Sequence[tuple[float, str]]
) -> list[tuple[float, Value]]:
    """Times with estimates and intervals, in the order of time."""
    pairs = _times_in_names(table, events) if isinstance(events, str) else events
    found = [(float(time), _first(table, [term])) for time, term in pairs]
    return sorted((time, value) for time, value in found if value is not None)


def _times_in_names(table: pd.DataFrame, column: str) -> list[tuple[float, str]]:
    """Terms such as ``treated:years[-2]`` with the number in the bracket behind `column`."""
    pairs = []
    for term in map(str, table.index):
        for match in LEVEL.finditer(term):
            before = term[: match.start()]
            if before == column or before.endswith((f":{column}", f"]{column}")):
                try:
                    pairs.append((float(match[1]), term))
                except ValueError:
                    continue
    return pairs


def _beside(
    found: Mapping[str, Any], room: float
) -> list[tuple[float, tuple[str, str], Any]]:
    """How far each model's marks are moved, and their look."""
    step = room / max(len(found), 2)
    middle = (len(found) - 1) / 2
    return [
        ((place - middle) * step, MARKS[place % len(MARKS)], values)
        for place, values in enumerate(found.values())
    ]


# --- marks ---------------------------------------------------------------------------


def _lying(ax: Axes, value: Value, y: float, mark: tuple[str, str]) -> None:
    """An interval along the row, and the estimate on it."""
    estimate, low, high = value
    shape, color = mark
    ax.plot([low, high], [y, y], color=color, linewidth=1.8, solid_capstyle="butt")
    ax.plot([estimate], [y], shape, color=color, markersize=SIZE)


def _trace(
    ax: Axes,
    path: Sequence[tuple[float, Value]],
    fixed: Sequence[float],
    shift: float,
    mark: tuple[str, str],
) -> None:
    """Upright intervals, the estimates joined, and hollow marks where zero is set."""
    shape, color = mark
    joined = sorted([(t, v[0]) for t, v in path] + [(t, 0.0) for t in fixed])
    x = [t + shift for t, _ in joined]
    ax.plot(x, [y for _, y in joined], color=color, linewidth=0.8, alpha=0.6)
    for time, (estimate, low, high) in path:
        at = [time + shift] * 2
        ax.plot(at, [low, high], color=color, linewidth=1.8, solid_capstyle="butt")
        ax.plot(at[:1], [estimate], shape, color=color, markersize=SIZE)
    for time in fixed:
        ax.plot(
            [time + shift],
            [0.0],
            shape,
            color=color,
            markersize=SIZE,
            markerfacecolor="white",
        )


def _around_zero(ax: Axes, values: Sequence[Value]) -> None:
    """Show all intervals and zero, and little more."""
    ends = np.array([0.0, *(end for value in values for end in value)])
    low, high = np.nanmin(ends), np.nanmax(ends)
    edge = 0.03 * (high - low) or 1.0
    ax.set_xlim(low - edge, high + edge)


def _numbers(ax: Axes, values: Sequence[Value | None]) -> None:
    """Write estimates and intervals in a column to the right of the rows."""
    scale = Scale(1.0, "", _decimals([v for v in values if v is not None]))
    for place, value in enumerate(values):
        if value is not None:
            middle, low, high = map(scale.text, value)
            ax.annotate(
                f"{middle} ({low} to {high})",
                xy=(1.0, -place),
                xycoords=("axes fraction", "data"),
                xytext=(8, 0),
                textcoords="offset points",
                fontsize=SMALL,
                color=INK,
                va="center",
                annotation_clip=False,
            )


def _decimals(values: Sequence[Value]) -> int:
    """Decimals that show two digits of the narrowest interval."""
    widths = [high - low for _, low, high in values if high > low]
    narrowest = min(widths, default=1.0)
    return int(np.clip(1 - np.floor(np.log10(narrowest / 4)), 0, 6))


def _legend(ax: Axes, models: Sequence[str]) -> None:
    """Name the models above the figure where there are several."""
    if len(models) < 2:
        return
    from matplotlib.lines import Line2D

    marks = [MARKS[place % len(MARKS)] for place in range(len(models))]
    handles = [
        Line2D([], [], marker=shape, color=color, linewidth=1.8, markersize=SIZE)
        for shape, color in marks
    ]
    ax.legend(
        handles,
        [plain(model) for model in models],
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=min(len(models), 4),
        frameon=False,
        fontsize=SMALL,
        labelcolor=INK,
        borderaxespad=0.2,
        handlelength=1.6,
    )


def _refuse_nothing(found: Mapping[str, Sequence[Any]], wanted: Sequence[str]) -> None:
    if any(value is not None for values in found.values() for value in values):
        return
    raise TableError(
        "the models have none of the terms to draw",
        code="F-598",
        examples=wanted,
        remedy="Give names of terms as estimated, or a column of which i(column, ...) "
        "made terms with numbers in brackets.",
    )
