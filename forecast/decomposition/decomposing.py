"""The door: growth of a fit or of a forecast, decomposed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from forecast.decomposition.forecast_parts import decompose_forecast
from forecast.decomposition.gravity_parts import decompose_fit
from forecast.decomposition.record import Decomposition
from forecast.errors import ModelError
from forecast.forecasts import Forecast
from forecast.gravity.fit import GravityFit

__all__ = ["decompose"]


def decompose(
    fit: GravityFit | Forecast,
    start: Any,
    end: Any,
    *,
    by: str = "flow",
    groups: Mapping[str, Sequence[str]] | None = None,
    given: Mapping[str, str] | None = None,
    components: Mapping[str, Any] | None = None,
    method: str = "lmdi",
    measure: str = "",
    draws: int = 500,
    seed: int = 0,
) -> Decomposition:
    r"""Say what growth between two periods is made of; the parts sum to it exactly.

    Of a gravity fit the parts are: growth of the world, exporter capacity and importer
    demand (the effects of exporter and importer in each period, relative to the world),
    each regressor, and the pair-specific rest, which is what the fit does not explain.
    The change of each fitted flow is split by its logarithmic mean (LMDI), so no order
    has to be chosen; sums over flows are sums of contributions.

    The effects are identified only up to a constant in each period. What is common to
    all flows is called world growth: the mean change of the exporters' effects plus that
    of the importers', weighted by flows. Over all flows the contributions of exporter
    capacity sum to zero, and so do those of importer demand.

    Of a forecast the parts are given as `components`. Without them those of directed
    flows follow from its own sums: world growth, the exporter's share in the world, the
    importer's share, and what is specific to the pair.

    Parameters
    ----------
    fit : GravityFit or Forecast
    start, end : period
        ``2020, 2021``. The start of a forecast may lie in its history.
    by : {"flow", "turnover", "exporter", "importer", "nation", "total"}
        Whose growth: directed flows, exports plus imports of a pair, exports or imports
        of a country, both together, or all flows.
    groups : mapping of str to sequence of str, optional
        Regressors under one name: ``{"cooperation": ["documents", "visits"]}``.
    given : mapping of str to str, optional
        Price indices and exchange rates by name: a column that holds an index of each
        exporter (or importer, or of the world) and period. It is split off from the
        effect that contains it, with elasticity one.
    components : mapping of str to Forecast or array, optional
        Of a forecast only. Factors whose product is the forecast: a `Forecast` (with
        history) of what drives all units or those that share its keys, or an array of
        log changes by path.
    method : {"lmdi", "shapley"}
    measure : str
        Unit of the flows, for the words; a forecast knows its own.
    draws : int
        Draws of the coefficients from their covariance. A forecast has its own paths.
    seed : int

    Returns
    -------
    Decomposition

    Raises
    ------
    ModelError
        F-880 periods that are not there, F-881 flows without a name, F-882 an option that
        is not known, F-883 prices that cannot be split off, F-884 components that do not
        belong to the forecast, F-876 coefficients without covariance.

    Notes
    -----
    Draws of coefficients move the effects with them, to first order, so that sums of
    fitted flows stay what they are. The effects of both periods have errors of their own,
    drawn from the residuals of their flows: a country with few flows says less about its
    capacity.

    References
    ----------
    Ang (2005), Energy Policy 33(7), on the logarithmic mean; Sun (1998), Energy Economics
    20(1), on the Shapley value.

    Examples
    --------
    >>> import forecast as fc
    >>> flows = fc.datasets.simulate_trade(8, 5, seed=1).frame
    >>> fit = fc.Gravity("flow ~ agreement | origin^period + destination^period"
    ...     " + origin^destination").fit(flows)
    >>> parts = decompose(fit, 2014, 2018, by="total", draws=50)
    >>> parts.terms
    ('world growth', 'exporter capacity', 'importer demand', 'agreement', 'pair-specific rest')
    >>> parts.largest_gap < 1e-10
    True
    """
    if method not in {"lmdi", "shapley"}:
        raise ModelError(
            f"method={method!r} is not known",
            code="F-882",
            remedy='Use "lmdi" or "shapley".',
        )
    if isinstance(fit, Forecast):
        return decompose_forecast(
            fit, start, end, by=by, components=components, method=method
        )
    if components is not None or not isinstance(fit, GravityFit):
        raise ModelError(
            f"a {type(fit).__name__} has no components",
            code="F-884",
            remedy="Decompose a fitted Gravity, or a Forecast with its components.",
        )
    return decompose_fit(
        fit,
        start,
        end,
        by=by,
        groups=groups or {},
        given=given or {},
        method=method,
        measure=measure,
        draws=draws,
        seed=seed,
    )
