"""Specification tests of a fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from numpy.typing import ArrayLike

from forecast.gravity.derived.predicting import Predicting
from forecast.gravity.inference.covariance import Recipe

if TYPE_CHECKING:
    from forecast.gravity.checks.specification import SpecificationTest

__all__ = ["Checking"]


@dataclass(frozen=True, repr=False, eq=False)
class Checking(Predicting):
    """Fits that test their own specification; each test is a module that says how."""

    def reset_test(self, powers: int | Sequence[int] = 2) -> SpecificationTest:
        """RESET: add powers of the linear predictor, fit again, test them.

        Parameters
        ----------
        powers : int or sequence of int
            From 2 to 4.

        Raises
        ------
        ModelError
            F-572 powers that add nothing, F-574 other powers.

        References
        ----------
        Ramsey (1969), Journal of the Royal Statistical Society B 31(2); Santos Silva and
        Tenreyro (2006), Review of Economics and Statistics 88(4).

        Examples
        --------
        >>> import forecast as fc
        >>> flows = fc.datasets.simulate_trade(8, 4, seed=1).frame
        >>> gravity = fc.Gravity("flow ~ log(distance) | origin^period + destination^period")
        >>> gravity.fit(flows).reset_test().wald.reference
        'chi2(1)'
        """
        from forecast.gravity.checks.reset import reset_test

        return reset_test(self, powers)

    def gnr_test(
        self, power: float = 1.0, *, vcov: Recipe | None = None
    ) -> SpecificationTest:
        """Gauss-Newton regression: is the variance proportional to a power of the mean?

        Parameters
        ----------
        power : float
            1, where PPML is efficient, or 2, that of a gamma model.
        vcov : covariance recipe, optional
            Of the auxiliary regression; ``Robust("HC1")`` by default.

        Raises
        ------
        ModelError
            F-573 for least squares.

        References
        ----------
        Santos Silva and Tenreyro (2006), equation 14.

        Examples
        --------
        >>> import forecast as fc
        >>> flows = fc.datasets.simulate_trade(8, 4, seed=1).frame
        >>> gravity = fc.Gravity("flow ~ log(distance) | origin^period + destination^period")
        >>> gravity.fit(flows).gnr_test(2).null
        'the variance is proportional to the mean to the power 2'
        """
        from forecast.gravity.checks.variance_tests import gnr_test

        return gnr_test(self, power, vcov=vcov)

    def park_test(
        self, null: float | None = None, *, vcov: Recipe | None = None
    ) -> SpecificationTest:
        """Estimate the power of the mean that the variance grows with, and test it.

        Parameters
        ----------
        null : float, optional
            1 for PPML, 2 for least squares of ``log(y)`` by default.
        vcov : covariance recipe, optional
            Of the auxiliary regression.

        Raises
        ------
        ModelError
            F-573 for least squares of something else than ``log(y)``.

        References
        ----------
        Santos Silva and Tenreyro (2006), equations 12 and 13; Park (1966), Econometrica
        34(4).

        Examples
        --------
        >>> import forecast as fc
        >>> flows = fc.datasets.simulate_trade(8, 4, seed=1).frame
        >>> gravity = fc.Gravity("flow ~ log(distance) | origin^period + destination^period")
        >>> gravity.fit(flows).park_test().auxiliary.terms
        ('constant', 'log(mean)')
        """
        from forecast.gravity.checks.variance_tests import park_test

        return park_test(self, null, vcov=vcov)

    def hpc_test(self, other: Predicting | pd.Series | ArrayLike) -> SpecificationTest:
        """Does a competing model say something about the mean that this one does not?

        Parameters
        ----------
        other : GravityFit, Series or array
            The competing model or its means for the rows used.

        Raises
        ------
        ModelError
            F-573 for least squares, F-576 means that do not go with the rows.

        References
        ----------
        Santos Silva, Tenreyro and Windmeijer (2015), Journal of Econometric Methods 4(1).

        Examples
        --------
        >>> import forecast as fc
        >>> flows = fc.datasets.simulate_trade(8, 4, seed=1).frame
        >>> gravity = fc.Gravity("flow ~ log(distance) | origin^period + destination^period")
        >>> other = fc.Gravity("flow ~ border | origin + destination").fit(flows)
        >>> gravity.fit(flows).hpc_test(other).name
        'HPC'
        """
        from forecast.gravity.checks.competing import hpc_test

        return hpc_test(self, other)

    def exogeneity_test(
        self,
        regressors: str | Sequence[str] | None = None,
        leads: int | Sequence[int] = 1,
        *,
        columns: str | Sequence[str] | None = None,
        fill: float | None = None,
    ) -> SpecificationTest:
        """Strict exogeneity: have future values of the regressors an effect today?

        Parameters
        ----------
        regressors : str or sequence of str, optional
            All that vary over time by default.
        leads : int or sequence of int
            Periods ahead.
        columns : str or sequence of str, optional
            Columns that hold leads already, in place of `regressors`.
        fill : float, optional
            Value of leads after the last period; these rows are left out by default.

        Raises
        ------
        ColumnError
            F-111 no such column.
        ModelError
            F-572 leads that say nothing new, F-575 leads that cannot be made.
        PeriodError
            F-440 leads that are no positive numbers.

        References
        ----------
        Baier and Bergstrand (2007), Journal of International Economics 71(1).

        Examples
        --------
        >>> import forecast as fc
        >>> flows = fc.datasets.simulate_trade(8, 6, seed=1).frame
        >>> gravity = fc.Gravity(
        ...     "flow ~ visit | origin^period + destination^period + origin^destination")
        >>> gravity.fit(flows).exogeneity_test("visit").notes
        ('Left out: 56 of 336 rows, which have no lead.',)
        """
        from forecast.gravity.checks.exogeneity import exogeneity_test

        return exogeneity_test(self, regressors, leads, columns=columns, fill=fill)

    def symmetry_test(self) -> SpecificationTest:
        """Are pair effects enough that are the same for both directions?

        The slopes are compared with those of a model with an effect for each direction.

        Raises
        ------
        ModelError
            F-573 without origin and destination or without such an effect.

        References
        ----------
        Hausman (1978), Econometrica 46(6), with a robust variance.

        Examples
        --------
        >>> import forecast as fc
        >>> flows = fc.datasets.simulate_trade(9, 6, seed=1).frame
        >>> ends = flows[["origin", "destination"]]
        >>> flows["pair_id"] = ends.min(axis=1) + ends.max(axis=1)
        >>> gravity = fc.Gravity("flow ~ visit | origin^period + destination^period + pair_id")
        >>> gravity.fit(flows).symmetry_test().null
        'the effects of pair_id need no direction'
        """
        from forecast.gravity.checks.symmetry import symmetry_test

        return symmetry_test(self)

    def adding_up(self, effect: str | None = None) -> pd.DataFrame:
        """Observed and fitted sums of the outcome over the levels of the effects.

        In PPML they are equal, so that fitted exports and imports are the observed ones.

        Parameters
        ----------
        effect : str, optional
            One row for each level of this effect; by default one row for each effect.

        Returns
        -------
        DataFrame
            ``effect, levels, observed, fitted, largest_gap, relative_gap``, or the
            factors and ``observed, fitted, gap, rows``.

        Raises
        ------
        ModelError
            F-574 an effect that the model does not have.

        References
        ----------
        Fally (2015), Journal of International Economics 97(1).

        Examples
        --------
        >>> import forecast as fc
        >>> flows = fc.datasets.simulate_trade(8, 4, seed=1).frame
        >>> gravity = fc.Gravity("flow ~ log(distance) | origin^period + destination^period")
        >>> bool((gravity.fit(flows).adding_up()["relative_gap"] < 1e-8).all())
        True
        """
        from forecast.gravity.checks.adding_up import (
            adding_up_by_level,
            adding_up_table,
        )
        from forecast.gravity.samples.renumbered import in_order

        if effect is None:
            return adding_up_table(self.design, self.estimate)
        ordered = in_order(self.design, self.estimate)
        return adding_up_by_level(self.design, ordered, effect)
