"""From a design and its sample to an estimate: the one place where the two meet."""

from __future__ import annotations

from forecast.gravity.engine.arrays import Arrays
from forecast.gravity.engine.least_squares import fit_least_squares
from forecast.gravity.engine.poisson import fit_poisson
from forecast.gravity.records import Design, Estimate, Floats
from forecast.gravity.samples.sample import Sample

__all__ = ["estimate_on"]


def estimate_on(
    design: Design, sample: Sample, estimator: str, *, tolerance: float
) -> Estimate:
    """Estimate on the rows and regressors of a sample.

    Parameters
    ----------
    design : Design
    sample : Sample
    estimator : {"ppml", "ols"}
    tolerance : float
        Of PPML's slopes, per standard deviation of the regressor.
    """
    arrays = Arrays(
        y=read_only(design.y),
        columns=[read_only(design.columns[k]) for k in sample.collinearity.kept],
        table=sample.separation.table,
        factors=design.factors,
        keep=sample.mask,
        weights=None if design.weights is None else read_only(design.weights),
        offset=None if design.offset is None else read_only(design.offset),
    )
    if estimator == "ppml":
        return fit_poisson(arrays, tolerance=tolerance)
    return fit_least_squares(arrays)


def read_only(values: Floats) -> Floats:
    """Return a view that cannot be written to, as pandas gives them.

    Kernels are compiled once for these and once for others; this way once will do.
    """
    view = values.view()
    view.flags.writeable = False
    return view
