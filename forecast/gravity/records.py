"""The nouns of the gravity half: what one module hands to the next.

`Factor`, `Effect` and `Design` say what is to be estimated (formula and table, read and
checked). `Estimate` says where the estimation ended. Everything in between works on
their arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "Bools",
    "Codes",
    "Design",
    "Effect",
    "Estimate",
    "Factor",
    "Floats",
    "GroupCodes",
    "Ints",
    "RowView",
    "Rows",
]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Codes:
    """One level per row, as whole numbers.

    Attributes
    ----------
    codes : int32 array of shape (n,)
        From 0 to ``count - 1``.
    count : int
        Number of levels; some may be without rows.
    """

    codes: Ints
    count: int


class GroupCodes(Codes):
    """Codes that are the same throughout each group of an engine's layout.

    Attributes
    ----------
    codes : int32 array of shape (n,)
        Made when asked for.
    of_groups : int32 array of shape (groups,)
    view : RowView
        Whose groups they are.
    """

    of_groups: Ints
    view: RowView

    def __init__(self, of_groups: Ints, count: int, view: RowView) -> None:
        given = {"of_groups": of_groups, "count": count, "view": view}
        for name, value in given.items():
            object.__setattr__(self, name, value)

    @cached_property
    def codes(self) -> Ints:
        """Level of each row, (n,)."""
        return np.repeat(self.of_groups, self.view.group_sizes())


@dataclass(frozen=True)
class Factor:
    """A key column of the table as codes; equal values have equal codes.

    Attributes
    ----------
    name : str
        The column.
    codes : int32 array of shape (n,)
        Position of the row's value in `levels`; -1 where it is missing.
    levels : Index
        The values in sorted order, so that codes do not depend on the order of rows.
    """

    name: str
    codes: Ints
    levels: pd.Index


@dataclass(frozen=True)
class Effect:
    """A fixed effect: one level for each combination of its factors.

    Attributes
    ----------
    factors : tuple of str
        Names of the columns combined, in the order of the formula.
    """

    factors: tuple[str, ...]

    @property
    def name(self) -> str:
        """The effect as a formula writes it: ``exporter^year``."""
        return "^".join(self.factors)


@dataclass(frozen=True)
class Design:
    """One equation with its data: complete rows, in the order of the input.

    Attributes
    ----------
    outcome : str
        Left side of the formula as written.
    y : float array of shape (n,)
    terms : tuple of str
        Names of the regressors; ``"Intercept"`` is among them only where there are no
        effects.
    columns : tuple of float arrays of shape (n,)
        The regressors; views of the caller's columns where possible.
    effects : tuple of Effect
    factors : mapping of str to Factor
        All factors that effects are made of, with codes of shape (n,).
    weights : float array of shape (n,) or None
        Positive.
    offset : float array of shape (n,) or None
    positions : int array of shape (n,)
        Where each row stands in the input.
    incomplete : DataFrame
        One row per input row left out: ``position``, ``reason``.
    source : DataFrame
        The input table (never changed), for clusters named after the fit and for
        messages that name rows.
    keys : tuple of str
        Columns that name a row to a person, such as exporter, importer, year.
    """

    outcome: str
    y: Floats
    terms: tuple[str, ...]
    columns: tuple[Floats, ...]
    effects: tuple[Effect, ...]
    factors: Mapping[str, Factor]
    weights: Floats | None
    offset: Floats | None
    positions: Ints
    incomplete: pd.DataFrame
    source: pd.DataFrame = field(repr=False)
    keys: tuple[str, ...] = ()


class RowView(Protocol):
    """Rows of an estimation in the engine's canonical order; most fits need few of them.

    The order depends on codes and values, never on the order of the input.
    """

    def rows(self) -> Ints:
        """Position in the `Design` of each row of the sample, (n,)."""
        ...

    def y(self) -> Floats:
        """Outcome, (n,)."""
        ...

    def mu(self) -> Floats:
        """Fitted means, (n,)."""
        ...

    def weights(self) -> Floats | None:
        """Prior weights (n,), or None."""
        ...

    def x_tilde(self) -> Floats:
        """Regressors with the effects projected out at the working weights, (n, k)."""
        ...

    def effects(self) -> tuple[Codes, ...]:
        """Levels of each effect per row, those of the sample numbered from 0."""
        ...

    def level_values(self) -> tuple[Floats, ...]:
        """Coefficients per level of each effect; only their sums have a meaning."""
        ...

    def score_sums(self, clusters: Codes) -> Floats | None:
        """Scores summed by cluster (clusters, k), or None to have them made of rows."""
        ...

    def by_group(self, values: Ints) -> Ints | None:
        """The value of each group of rows that stand together, (groups,).

        None where `values`, one for each row of the design, vary within a group, or
        where there are no groups.
        """
        ...

    def group_sizes(self) -> Ints:
        """Rows of each group, (groups,)."""
        ...


@dataclass(frozen=True)
class Estimate:
    r"""Where an estimation ended.

    PPML maximises :math:`\sum_i w_i (y_i \eta_i - e^{\eta_i})` and least squares
    minimises :math:`\sum_i w_i (y_i - \eta_i)^2`, with
    :math:`\eta = X\beta + \text{effects} + \text{offset}`.

    Attributes
    ----------
    family : {"poisson", "gaussian"}
    n : int
        Rows of the sample.
    beta : float array of shape (k,)
    bread : float array of shape (k, k)
        Inverse of ``x_tilde' W x_tilde`` with W = `working`.
    iterations : int
        Passes over the data.
    contraction : float
        Ratio of the last two steps.
    score_norm : float
        The largest relative violation of a score equation, effects included.
    view : RowView
        Where the arrays by row below come from at their first use.
    """

    family: str
    n: int
    beta: Floats
    bread: Floats
    iterations: int
    contraction: float
    score_norm: float
    view: RowView = field(repr=False)

    @cached_property
    def rows(self) -> Ints:
        """Position in the `Design` of each row of the sample, (n,)."""
        return self.view.rows()

    @cached_property
    def y(self) -> Floats:
        """Outcome, (n,)."""
        return self.view.y()

    @cached_property
    def mu(self) -> Floats:
        """Fitted means, (n,)."""
        return self.view.mu()

    @cached_property
    def eta(self) -> Floats:
        """Linear predictor with effects and offset, (n,); `mu` in least squares."""
        return self.mu if self.family == "gaussian" else np.log(self.mu)

    @cached_property
    def weights(self) -> Floats | None:
        """Prior weights (n,), or None."""
        return self.view.weights()

    @cached_property
    def x_tilde(self) -> Floats:
        """Regressors with the effects projected out at weights `working`, (n, k)."""
        return self.view.x_tilde()

    @cached_property
    def effects(self) -> tuple[Codes, ...]:
        """Levels of each effect per row, those of the sample numbered from 0."""
        return self.view.effects()

    @cached_property
    def level_values(self) -> tuple[Floats, ...]:
        """Coefficients per level of each effect; only their sums have a meaning."""
        return self.view.level_values()

    @cached_property
    def residuals(self) -> Floats:
        """Score residuals ``w (y - mu)``, shape (n,)."""
        raw = self.y - self.mu
        return raw if self.weights is None else self.weights * raw

    @cached_property
    def working(self) -> Floats:
        """Weights of the information matrix: ``w mu`` (PPML), ``w`` (OLS); shape (n,)."""
        if self.family == "gaussian":
            return np.ones_like(self.y) if self.weights is None else self.weights
        return self.mu if self.weights is None else self.weights * self.mu


@dataclass(frozen=True)
class Rows:
    """A `RowView` of arrays that are there already."""

    order: Ints
    outcome: Floats
    fitted: Floats
    prior: Floats | None
    projected: Floats
    codes: tuple[Codes, ...] = ()
    values: tuple[Floats, ...] = ()

    def rows(self) -> Ints:
        """See `RowView`; so for the others."""
        return self.order

    def y(self) -> Floats:
        return self.outcome

    def mu(self) -> Floats:
        return self.fitted

    def weights(self) -> Floats | None:
        return self.prior

    def x_tilde(self) -> Floats:
        return self.projected

    def effects(self) -> tuple[Codes, ...]:
        return self.codes

    def level_values(self) -> tuple[Floats, ...]:
        return self.values

    def score_sums(self, clusters: Codes) -> Floats | None:  # noqa: ARG002
        return None

    def by_group(self, values: Ints) -> Ints | None:  # noqa: ARG002
        return None

    def group_sizes(self) -> Ints:
        return np.ones(self.order.size, np.int64)
