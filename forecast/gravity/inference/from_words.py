"""Standard errors named on a command line, as recipes."""

from __future__ import annotations

from collections.abc import Sequence

from forecast.errors import StudyError
from forecast.gravity.inference.clusters import Clustered
from forecast.gravity.inference.corrected import BiasCorrected
from forecast.gravity.inference.covariance import Recipe
from forecast.gravity.inference.dyads import Dyadic
from forecast.gravity.inference.robust import Iid, Robust
from forecast.gravity.inference.serial import DriscollKraay, NeweyWest

__all__ = ["vcov_of"]

WITHOUT_CONVENTION = {"iid", "bias-corrected"}


def vcov_of(
    kind: str | None = None,
    clusters: Sequence[str] = (),
    *,
    ssc: str | None = None,
    lags: int | None = None,
    origin: str | None = None,
    destination: str | None = None,
    period: str | None = None,
) -> Recipe | None:
    """The recipe that words stand for; None where nothing is said.

    Parameters
    ----------
    kind : str, optional
        "iid", "hc0" to "hc3", "dyadic", "driscoll-kraay", "newey-west" or
        "bias-corrected".
    clusters : sequence of str
        Ways of clusters.
    ssc : str, optional
        Small-sample convention.
    lags : int, optional
        Of driscoll-kraay and newey-west.
    origin, destination, period : str, optional
        Columns.

    Raises
    ------
    StudyError
        F-599 words that do not go together.
    ModelError
        F-554 a convention of no name.

    Examples
    --------
    >>> vcov_of("hc0", ssc="ppmlhdfe"), vcov_of(clusters=["exporter", "importer"]).ways
    (Robust(kind='HC0', ssc='ppmlhdfe'), ('exporter', 'importer'))
    """
    if kind is not None and clusters:
        raise _contradiction(f"--cluster and --vcov {kind}", "Give one of them.")
    if lags is not None and kind not in {"driscoll-kraay", "newey-west"}:
        raise _contradiction(
            "--lags without a kind that has any",
            "Add --vcov driscoll-kraay or --vcov newey-west.",
        )
    if ssc is not None and (kind in WITHOUT_CONVENTION or not (kind or clusters)):
        raise _contradiction(
            "--ssc without standard errors that have a convention",
            "Add --cluster or another --vcov.",
        )
    convention = ssc or "ppmlhdfe"
    if clusters:
        return Clustered(*clusters, ssc=convention)
    if kind in {"dyadic", "driscoll-kraay", "newey-west"}:
        return _dependent(kind, convention, lags, origin, destination, period)
    if kind is not None and kind.startswith("hc"):
        return Robust(kind.upper(), ssc=ssc)
    plain: dict[str | None, Recipe] = {
        "iid": Iid(),
        "bias-corrected": BiasCorrected(period=period),
    }
    return plain.get(kind)


def _dependent(
    kind: str,
    ssc: str,
    lags: int | None,
    origin: str | None,
    destination: str | None,
    period: str | None,
) -> Recipe:
    """Recipes that must know which columns hold the ends and the period."""
    if kind == "dyadic":
        if origin is None or destination is None:
            raise _contradiction(
                "--vcov dyadic without the ends of a flow",
                "Name their columns: --origin exporter --destination importer.",
            )
        return Dyadic(origin, destination, ssc=ssc)
    if period is None:
        raise _contradiction(
            f"--vcov {kind} without periods", "Name their column: --period year."
        )
    if kind == "driscoll-kraay":
        return DriscollKraay(lags, period=period, ssc=ssc)
    return NeweyWest(lags, period=period, ssc=ssc)


def _contradiction(what: str, remedy: str) -> StudyError:
    return StudyError(what, code="F-599", remedy=remedy)
