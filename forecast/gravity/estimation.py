"""From a design and its sample to an estimate: the one place where the two meet."""

from __future__ import annotations

from forecast.gravity.engine.arrays import Arrays
from forecast.gravity.engine.least_squares import fit_least_squares
from forecast.gravity.engine.poisson import Layout, fit_poisson, layout_of
from forecast.gravity.records import Design, Estimate, Floats
from forecast.gravity.samples.sample import Sample, draw_sample

__all__ = ["sample_and_estimate"]


def sample_and_estimate(
    design: Design,
    estimator: str,
    *,
    tolerance: float,
    drop_singletons: bool,
    separation: bool,
) -> tuple[Sample, Estimate]:
    """Draw the sample of a design and estimate on it.

    Where rows are many they are laid out while the sample is being proved.

    Parameters
    ----------
    design : Design
    estimator : {"ppml", "ols"}
    tolerance : float
        Of PPML's slopes, per standard deviation of the regressor.
    drop_singletons, separation : bool
        As in `draw_sample`.
    """
    is_ppml = estimator == "ppml"
    ahead: list[tuple[Sample, Layout | None]] = []

    def lay_out(sample: Sample) -> None:
        ahead.append((sample, layout_of(arrays_of(sample))))

    sample = draw_sample(
        design,
        family="poisson" if is_ppml else "gaussian",
        drop_singletons=drop_singletons,
        separation=separation,
        meanwhile=lay_out if is_ppml else None,
    )
    arrays = arrays_of(sample)
    if is_ppml:
        layout = next((made for of, made in ahead if of is sample), None)
        ahead.clear()  # a layout of another sample would stand in memory for nothing
        return sample, fit_poisson(arrays, tolerance=tolerance, layout=layout)
    return sample, fit_least_squares(arrays)


def arrays_of(sample: Sample) -> Arrays:
    """What an engine needs of a sample: its rows, and the regressors that are used."""
    design = sample.design
    return Arrays(
        y=read_only(design.y),
        columns=[read_only(design.columns[k]) for k in sample.collinearity.kept],
        table=sample.separation.table,
        factors=design.factors,
        keep=sample.mask,
        weights=None if design.weights is None else read_only(design.weights),
        offset=None if design.offset is None else read_only(design.offset),
    )


def read_only(values: Floats) -> Floats:
    """Return a view that cannot be written to, as pandas gives them.

    Kernels are compiled once for these and once for others; this way once will do.
    """
    view = values.view()
    view.flags.writeable = False
    return view
