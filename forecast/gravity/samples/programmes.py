"""The one linear programme that separation needs."""

from __future__ import annotations

from typing import Any

import numpy as np

from forecast.errors import ModelError
from forecast.gravity.records import Floats

__all__ = ["most_positive"]

STEEPEST = (
    None,
    1e4,
    1e2,
)  # bounds on unknowns; a solver that stumbles gets tighter ones


def most_positive(
    above: Any,
    *,
    equal: Any = None,
    counts: Floats | None = None,
    is_large: bool = False,
) -> Floats:
    r"""Find unknowns v that make as many rows of :math:`Av` as possible reach 1.

    .. math:: \max_{v,u} \textstyle\sum_i c_i u_i, \qquad
       u \le A v,\; E v = 0,\; 0 \le u \le 1 .

    Parameters
    ----------
    above : array or sparse array of shape (r, q)
        A.
    equal : sparse array of shape (s, q), optional
        E.
    counts : float array of shape (r,), optional
        c; 1 by default.
    is_large : bool
        Solve by an interior point rather than along edges.

    Raises
    ------
    ModelError
        F-532 when the solver gives up.

    Examples
    --------
    >>> v = most_positive(np.array([[1.0, 0.0], [1.0, 1.0], [-1.0, -1.0]]))
    >>> v[0] >= 1, v[0] + v[1] == 0
    (np.True_, np.True_)
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, eye_array, hstack

    r, q = above.shape
    options: dict[str, Any] = {}
    if equal is not None:
        no_u = csr_array((equal.shape[0], r))
        options["A_eq"] = hstack([csr_array(equal), no_u], format="csc")
        options["b_eq"] = np.zeros(equal.shape[0])
    message = ""
    for steepest in STEEPEST:
        solved = linprog(
            np.concatenate([np.zeros(q), -np.ones(r) if counts is None else -counts]),
            A_ub=hstack([-csr_array(above), eye_array(r)], format="csc"),
            b_ub=np.zeros(r),
            bounds=[(steepest and -steepest, steepest)] * q + [(0.0, 1.0)] * r,
            method="highs-ipm" if is_large else "highs",
            **options,
        )
        if solved.x is not None:
            return np.asarray(solved.x)[:q]
        message = str(solved.message).rstrip(".")
    raise ModelError(
        f"the search for separated rows was not solved ({message})",
        code="F-532",
        count=r,
        remedy="Look for regressors with extreme values, or pass separation=False.",
    )
