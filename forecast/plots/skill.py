"""Figures of a table of forecasts and outcomes: coverage and skill, by horizon.

The table is long: a row for each model, unit, origin and horizon, as `Backtest.forecasts`
is or as another program's forecasts are after renaming. Rows without an outcome count for
nothing. Models are compared on the forecasts that all of them made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ColumnError, TableError
from forecast.plots.look import (
    ACCENT,
    DASHES,
    INK,
    MUTED,
    SMALL,
    TINTS,
    axes_of,
    bare,
    source_line,
    spread,
    titled,
    write,
)
from forecast.scores import absolute_scaled_error, covered

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_coverage_by_horizon", "plot_skill_by_horizon"]

Floats = NDArray[np.floating[Any]]

LOOKS = (("o", ACCENT), ("D", INK), ("s", TINTS[50]), ("^", MUTED), ("v", "#8a5a00"))


def plot_coverage_by_horizon(
    forecasts: pd.DataFrame,
    ax: Axes | None = None,
    *,
    levels: Sequence[float] = (80, 95),
    title: str = "How often the intervals held",
    source: str | None = None,
) -> Axes:
    """Draw the share of outcomes inside the intervals, a line for each model and level.

    Parameters
    ----------
    forecasts : DataFrame
        With the columns `model`, `horizon`, `actual`, and `lower_80`, `upper_80` and so
        on for each level.
    ax : Axes, optional
    levels : sequence of float
        In per cent; a dashed line stands where each should be. Marks of the first are
        filled.
    title, source : str, optional

    Raises
    ------
    ColumnError
        F-111 a column is missing.
    TableError
        F-277 no outcome is known.

    Examples
    --------
    >>> from forecast.plots.look import blank_figure
    >>> table = pd.DataFrame({"model": "drift", "horizon": [1, 1, 2, 2],
    ...     "actual": [5.0, 9.0, 6.0, 7.0], "lower_80": 4.0, "upper_80": 8.0})
    >>> ax = plot_coverage_by_horizon(table, blank_figure()[1], levels=[80])
    >>> ax.lines[-1].get_ydata()
    array([ 50., 100.])
    """
    bounds = [f"{end}_{level:g}" for level in levels for end in ("lower", "upper")]
    known = _known(forecasts, ["model", "horizon", "actual", *bounds])
    models = list(dict.fromkeys(known["model"]))
    ax = axes_of(ax)
    ends: dict[str, tuple[float, str]] = {}
    for number, level in enumerate(levels):
        _across(ax, known, level, linestyle=DASHES)
        inside = covered(
            known["actual"], known[f"lower_{level:g}"], known[f"upper_{level:g}"]
        )
        shares = _by_horizon(known.assign(value=100 * inside))
        ends |= {
            f"{model}, {level:g} %": _line(ax, shares[model], place, hollow=number > 0)
            for place, model in enumerate(models)
        }
    _finish(ax, known, ends)
    titled(ax, title, "outcomes inside, %", axis="y")
    source_line(ax, source)
    return ax


def plot_skill_by_horizon(
    forecasts: pd.DataFrame,
    baseline: str,
    ax: Axes | None = None,
    *,
    point: str = "median",
    keys: Sequence[str] | None = None,
    title: str | None = None,
    source: str | None = None,
) -> Axes:
    """Draw by how much mean errors are below those of a baseline, by horizon.

    Parameters
    ----------
    forecasts : DataFrame
        With the columns `model`, `horizon`, `actual`, the point forecast, and what tells
        one forecast from another: unit, origin. If there is a column `scale`, errors are
        divided by it, so that large units do not decide alone.
    baseline : str
        The model that is the zero line.
    ax : Axes, optional
    point : {"median", "mean"} or another column
    keys : sequence of str, optional
        Columns that tell one forecast of a model from another. By default all that hold
        no fractions.
    title, source : str, optional

    Raises
    ------
    ColumnError
        F-111 a column is missing.
    TableError
        F-277 no outcome is known, or no forecast that all models made. F-278 the baseline
        is none of the models. F-279 a model has two forecasts of one thing.

    Examples
    --------
    >>> from forecast.plots.look import blank_figure
    >>> table = pd.DataFrame({"model": ["naive", "naive", "drift", "drift"],
    ...     "horizon": [1, 2, 1, 2], "actual": 10.0, "median": [8.0, 6.0, 9.0, 9.0]})
    >>> ax = plot_skill_by_horizon(table, "naive", blank_figure()[1])
    >>> ax.lines[-1].get_ydata()
    array([50., 75.])
    """
    known = _known(forecasts, ["model", "horizon", "actual", point])
    models = list(dict.fromkeys(known["model"]))
    if baseline not in models:
        raise TableError(
            f"no model {baseline!r} in the table",
            code="F-278",
            column="model",
            remedy=f"The baseline is one of {models}.",
        )
    scale = known.get("scale", 1.0)
    error = absolute_scaled_error(known["actual"], known[point], scale)
    shared = _shared(known.assign(value=error), keys)
    errors = _by_horizon(shared)
    ax = axes_of(ax)
    _across(ax, known, 0.0)
    base = errors[baseline].where(errors[baseline] > 0)  # none is better than none
    ends = {baseline: (0.0, INK)}
    for place, model in enumerate(m for m in models if m != baseline):
        skill = 100 * (1 - errors[model] / base)
        ends[model] = _line(ax, skill, place)
    _finish(ax, shared, ends)
    titled(
        ax, title or f"Skill against {baseline}", "mean absolute error lower by, %",
        axis="y",
    )  # fmt: skip
    source_line(ax, source)
    return ax


# --- what is drawn -------------------------------------------------------------------


def _known(forecasts: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return the rows with an outcome, or say what is missing."""
    if missing := [name for name in columns if name not in forecasts.columns]:
        raise ColumnError.missing(missing, forecasts.columns)
    known = forecasts[np.isfinite(forecasts["actual"].to_numpy(dtype=float))]
    if known.empty:
        raise _nothing("no outcome is known")
    return known


def _shared(known: pd.DataFrame, keys: Sequence[str] | None) -> pd.DataFrame:
    """Keep the forecasts that every model made, with an error that is a number."""
    chosen = [
        name
        for name in (known.columns if keys is None else [*keys, "horizon"])
        if name != "model" and not pd.api.types.is_float_dtype(known[name].dtype)
    ]
    usable = known[np.isfinite(known["value"].to_numpy(dtype=float))]
    if usable.duplicated(["model", *chosen]).any():
        raise TableError(
            f"a model has two forecasts with the same {chosen}",
            code="F-279",
            count=int(usable.duplicated(["model", *chosen]).sum()),
            remedy="Name in `keys` the columns that tell them apart.",
        )
    count = usable.groupby(chosen, observed=True)["model"].transform("size")
    shared = usable[count == known["model"].nunique()]
    if shared.empty:
        raise _nothing("there is no forecast that all models made")
    return shared


def _by_horizon(table: pd.DataFrame) -> pd.DataFrame:
    """Means of the column `value`, horizons by models."""
    return table.pivot_table(
        values="value", index="horizon", columns="model", observed=True, dropna=False
    )


def _nothing(problem: str) -> TableError:
    return TableError(
        problem,
        code="F-277",
        remedy="Give forecasts of periods that are over, of all models alike.",
    )


# --- marks ---------------------------------------------------------------------------


def _across(ax: Axes, table: pd.DataFrame, height: float, **style: Any) -> None:
    """Draw a level line from the first horizon to the last, where its name stands."""
    ends = [table["horizon"].min(), table["horizon"].max()]
    ax.plot(ends, [height, height], color=INK, linewidth=1.2, **style)


def _line(
    ax: Axes, values: pd.Series, place: int, *, hollow: bool = False
) -> tuple[float, str]:
    """Draw a model over horizons; return the height of its end and its colour."""
    shape, color = LOOKS[place % len(LOOKS)]
    drawn = values.dropna()
    ax.plot(
        drawn.index.to_numpy(), drawn.to_numpy(), marker=shape, color=color,
        linewidth=1.6, markersize=4.5, markerfacecolor="white" if hollow else color,
    )  # fmt: skip
    return (float(drawn.iloc[-1]) if len(drawn) else np.nan), color


def _finish(
    ax: Axes, table: pd.DataFrame, ends: Mapping[str, tuple[float, str]]
) -> None:
    """Name the horizons, and the lines where they end."""
    bare(ax, grid="y")
    horizons = np.unique(table["horizon"].to_numpy())
    ax.set_xticks(horizons[:: max(len(horizons) // 12, 1)])
    ax.set_xlabel("horizon", fontsize=SMALL, color=MUTED, loc="left")
    low, high = ax.get_ylim()
    shown = {name: end for name, end in ends.items() if np.isfinite(end[0])}
    places = spread([y for y, _ in shown.values()], 0.06 * (high - low))
    for (name, (_, color)), y in zip(shown.items(), places, strict=True):
        write(ax, float(horizons[-1]), y, name, right=9, color=color)
