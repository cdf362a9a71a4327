"""Refuse to share the import name with another distribution.

PyPI has a distribution called ``forecast`` (0.1.0, December 2017). It installs a
package folder ``forecast/`` and a console command of that name. Installed beside this
library the two overwrite each other's files, so the first import says so before a
half-overwritten module fails in a way that nobody understands.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from forecast.errors import ForecastError

__all__ = ["NameClashError", "refuse_namesake"]


class NameClashError(ForecastError, ImportError):
    """Another distribution owns the import name `forecast` here (F-901)."""

    code = "F-901"


def refuse_namesake(distribution: str = "forecast") -> None:
    """Raise when a distribution is installed that brings a package `forecast`.

    Looking up one distribution by name costs a listing of the import path; the
    complete map of `importlib.metadata.packages_distributions` would read the file
    list of every installed package at every import.

    Parameters
    ----------
    distribution : str
        The name to look for among the installed distributions.

    Raises
    ------
    NameClashError
        F-901, when it is installed.

    Examples
    --------
    >>> refuse_namesake()
    """
    try:
        found = version(distribution)
    except PackageNotFoundError:
        return
    raise NameClashError(
        f"the distribution {distribution!r} {found} is installed beside "
        "'turnover-forecast', and both bring a package named 'forecast'",
        remedy=(
            f"Each overwrites files of the other. Run: pip uninstall {distribution} "
            "&& pip install --force-reinstall --no-deps turnover-forecast"
        ),
    )
