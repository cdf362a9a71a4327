"""Several fits of one formula, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, overload

import pandas as pd

from forecast.gravity.fit import GravityFit
from forecast.gravity.inference.covariance import Recipe

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["GravityFits"]


@dataclass(frozen=True, repr=False, eq=False)
class GravityFits(Sequence[GravityFit]):
    """Fits in the order of their equations; `Gravity.fit_all` makes them.

    Attributes
    ----------
    fits : tuple of GravityFit

    Examples
    --------
    >>> import forecast as fc
    >>> flows = fc.datasets.simulate_trade(8, 5, seed=1).frame
    >>> steps = "flow ~ csw(agreement, border) | origin^period + destination^period"
    >>> fits = fc.Gravity(steps).fit_all(flows)
    >>> [fit.terms for fit in fits]
    [('agreement',), ('agreement', 'border')]
    """

    fits: tuple[GravityFit, ...]

    @overload
    def __getitem__(self, at: int) -> GravityFit: ...

    @overload
    def __getitem__(self, at: slice) -> GravityFits: ...

    def __getitem__(self, at: int | slice) -> GravityFit | GravityFits:
        if isinstance(at, slice):
            return GravityFits(self.fits[at])
        return self.fits[at]

    def __len__(self) -> int:
        return len(self.fits)

    def __iter__(self) -> Iterator[GravityFit]:
        return iter(self.fits)

    def with_vcov(self, vcov: Recipe) -> Self:
        """Return all fits with other standard errors."""
        return type(self)(tuple(fit.with_vcov(vcov) for fit in self.fits))

    def tidy(self, level: float = 0.95) -> pd.DataFrame:
        """Coefficients of all fits, with a column ``model`` that numbers them from 1."""
        tables = [fit.tidy(level).assign(model=n) for n, fit in enumerate(self.fits, 1)]
        table = pd.concat(tables, ignore_index=True)
        return table[["model", *(name for name in table.columns if name != "model")]]

    def glance(self) -> pd.DataFrame:
        """One row per fit."""
        tables = [fit.glance().assign(formula=fit.recipe.formula) for fit in self.fits]
        return pd.concat(tables, ignore_index=True)

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the coefficients of all fits; see `forecast.plots.plot_coefficients`."""
        from forecast.plots import plot_coefficients

        numbered = {f"({n})": fit for n, fit in enumerate(self.fits, 1)}
        return plot_coefficients(numbered, ax, **options)

    def __repr__(self) -> str:
        return "\n\n".join(
            f"({n}) {fit.summary()}" for n, fit in enumerate(self.fits, 1)
        )
