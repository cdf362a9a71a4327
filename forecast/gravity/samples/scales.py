"""Where regressors lie and how far they spread, so that their units do not matter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecast.gravity.records import Floats, Ints

__all__ = ["centre_and_spread"]


def centre_and_spread(
    columns: Sequence[Floats], rows: Ints, has_effects: bool
) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each regressor on some rows.

    Parameters
    ----------
    columns : sequence of K float arrays of shape (n,)
    rows : int array
        At least one.
    has_effects : bool
        Effects hold any constant; without them an intercept among the columns does.
        Where none is, nothing is taken off.

    Returns
    -------
    centre, spread : float arrays of shape (K,)
        The spread is never zero: that of a column which is constant on the rows is its
        spread on all rows, or its size.

    Examples
    --------
    >>> centre_and_spread([np.array([1.0, 3.0]), np.array([5.0, 5.0])], np.arange(2), True)
    (array([2., 5.]), array([1., 5.]))
    """
    centre, spread = np.zeros(len(columns)), np.ones(len(columns))
    values = [column[rows] for column in columns]
    is_constant = [bool((x == x[0]).all()) for x in values]
    is_held = has_effects or any(
        constant and x[0] != 0 and bool((column == x[0]).all())
        for constant, x, column in zip(is_constant, values, columns, strict=True)
    )
    for k, x in enumerate(values):
        if is_held and not (is_constant[k] and not has_effects):
            centre[k] = x[0] if is_constant[k] else x.mean()
        if is_constant[k]:
            size = np.abs(columns[k]).max()
            spread[k] = (np.std(columns[k]) if has_effects else 0.0) or size or 1.0
        else:
            spread[k] = np.sqrt(np.mean((x - centre[k]) ** 2))
    return centre, spread
