"""The nouns of the gravity half: what one module hands to the next.

`Factor`, `Effect` and `Design` say what is to be estimated (formula and table, read and
checked). `Estimate` says where the estimation ended. Everything in between works on
their arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Bools", "Codes", "Design", "Effect", "Estimate", "Factor", "Floats", "Ints"]

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


@dataclass(frozen=True)
class Estimate:
    r"""Where an estimation ended, row by row, in the engine's canonical order.

    PPML maximises :math:`\sum_i w_i (y_i \eta_i - e^{\eta_i})` and least squares
    minimises :math:`\sum_i w_i (y_i - \eta_i)^2`, with
    :math:`\eta = X\beta + \text{effects} + \text{offset}`.

    Attributes
    ----------
    rows : int array of shape (n,)
        For each row, its position in the `Design`; only rows of the sample occur.
        Everything below that has n entries stands in this order, which depends on
        codes and values, never on the order of the input.
    beta : float array of shape (k,)
    y, eta, mu : float arrays of shape (n,)
        Outcome, linear predictor, fitted mean (``mu`` is ``eta`` in least squares).
    weights : float array of shape (n,) or None
        Prior weights w.
    bread : float array of shape (k, k)
        Inverse of ``x_tilde' W x_tilde`` with W = `working`.
    iterations : int
    contraction : float
        Ratio of the last two steps.
    score_norm : float
        The largest relative violation of a score equation, effects included.
    family : {"poisson", "gaussian"}
    project, label, values : callables
        Where `x_tilde`, `effects` and `level_values` come from at their first use; most
        fits never need all three.
    """

    rows: Ints
    beta: Floats
    y: Floats
    eta: Floats
    mu: Floats
    weights: Floats | None
    bread: Floats
    iterations: int
    contraction: float
    score_norm: float
    family: str
    project: Callable[[], Floats] = field(repr=False)
    label: Callable[[], tuple[Codes, ...]] = field(repr=False)
    values: Callable[[], tuple[Floats, ...]] = field(repr=False)

    @cached_property
    def x_tilde(self) -> Floats:
        """Regressors with the effects projected out at weights `working`, (n, k)."""
        return self.project()

    @cached_property
    def effects(self) -> tuple[Codes, ...]:
        """Levels of each effect per row, those of the sample numbered from 0."""
        return self.label()

    @cached_property
    def level_values(self) -> tuple[Floats, ...]:
        """Coefficients per level of each effect; only their sums have a meaning."""
        return self.values()

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
