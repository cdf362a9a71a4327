r"""RESET: are the regressors and effects enough, as the model combines them?

Powers of the linear predictor :math:`\hat\eta` are added and the model is fitted again
on the same rows; if the conditional mean is right they have no coefficient (Ramsey 1969,
Journal of the Royal Statistical Society B 31(2); for PPML Santos Silva and Tenreyro
2006, Review of Economics and Statistics 88(4), section V.A).

The linear predictor is centred and brought to unit size first. That changes neither the
model nor the test, since the first power and the constant are in the model already, and
it keeps the refit finite whatever the size of the flows. With an offset, whose
coefficient is fixed, the linear predictor is scaled only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from forecast.errors import ModelError
from forecast.gravity.checks.refitting import by_design_row, new_information, refit
from forecast.gravity.checks.specification import SpecificationTest, conclude
from forecast.gravity.derived.record import FitRecord
from forecast.gravity.records import Floats

__all__ = ["reset_test"]

HIGHEST = 4


def reset_test(fit: FitRecord, powers: Sequence[int] | int = 2) -> SpecificationTest:
    """Test the conditional mean with powers of the linear predictor.

    Parameters
    ----------
    fit : GravityFit
    powers : int or sequence of int
        From 2 to 4.

    Raises
    ------
    ModelError
        F-572 if the powers add nothing, as with dummies for everything; F-574 other
        powers.

    Examples
    --------
    >>> import forecast as fc
    >>> flows = fc.datasets.simulate_trade(8, 4, seed=1).frame
    >>> fit = fc.Gravity("flow ~ log(distance) | origin^period + destination^period").fit(flows)
    >>> reset_test(fit).name
    'RESET'
    """
    wanted = _powers(powers)
    size = _unit(fit)
    added = {f"linear predictor^{p}": by_design_row(fit, size**p) for p in wanted}
    wider = refit(fit, added)
    found = new_information(wider, list(added), "The linear predictor to these powers")
    return conclude(
        wider,
        found,
        name="RESET",
        null="the conditional mean has the right form",
        source="Ramsey (1969); Santos Silva and Tenreyro (2006), section V.A",
        notes=_notes(fit, wider),
    )


def _powers(powers: Any) -> tuple[int, ...]:
    many = tuple(powers) if isinstance(powers, Iterable) else (powers,)
    if not many or not all(p in range(2, HIGHEST + 1) for p in many):
        raise ModelError(
            f"powers={powers!r} is not possible",
            code="F-574",
            remedy=f"Give whole numbers from 2 to {HIGHEST}; 2 is the usual test.",
        )
    return tuple(sorted({int(p) for p in many}))


def _unit(fit: FitRecord) -> Floats:
    """Linear predictor with the weighted mean 0 and standard deviation 1."""
    eta, weights = fit.estimate.eta, fit.estimate.working
    center = 0.0
    if fit.design.offset is None:
        center = float(np.average(eta, weights=weights))
    scale = float(np.sqrt(np.average((eta - center) ** 2, weights=weights)))
    return (eta - center) / (scale or 1.0)


def _notes(fit: FitRecord, wider: FitRecord) -> tuple[str, ...]:
    lost = fit.estimate.n - wider.estimate.n
    if not lost:
        return ()
    return (f"Left out: {lost:,} of {fit.estimate.n:,} rows, separated by the powers.",)
