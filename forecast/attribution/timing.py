r"""Does trade move before the events? Leads, the event study, earlier dates, own growth.

Each check adds columns to the model and tests them. Standard errors of the refits are
widened as the bias correction has widened that of the indicator itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forecast.attribution.cells import Cells, Floats, Ints
from forecast.attribution.estimates import Model, percent
from forecast.attribution.evidence import FAILED, IMPOSSIBLE, PASSED, Check
from forecast.errors import ModelError
from forecast.gravity.checks.refitting import refit

__all__ = [
    "BEFORE",
    "EARLIER",
    "GROWTH",
    "LEADS",
    "Added",
    "earlier_dates",
    "entries",
    "leads",
    "own_growth",
    "pre_trend",
]

LEADS = "leads of the indicator"
EARLIER = "placebo dates, earlier"
BEFORE = "event study, periods before"
GROWTH = "own growth of the pairs"
LONGEST_BEFORE = 4
LONGEST_AFTER = 5
SHIFT = 3
FEW = 8
"""Units that must have been seen before their first event."""


@dataclass(frozen=True, slots=True)
class Added:
    """Coefficients of columns added to a model, and what became of the indicator.

    Attributes
    ----------
    names : tuple of str
        Added columns that have a coefficient.
    beta, std_error : float arrays of shape (k,)
    statistic, p_value : float
        Joint Wald test of them all.
    own, own_error : float
        Coefficient of the indicator beside them and its standard error; NaN if it has
        none.
    """

    names: tuple[str, ...]
    beta: Floats
    std_error: Floats
    statistic: float
    p_value: float
    own: float
    own_error: float


def add(
    model: Model,
    term: str,
    columns: Mapping[str, Floats],
    tested: Sequence[str] | None = None,
) -> Added | None:
    """Fit with further columns and test them, or some, jointly; None if they say nothing."""
    from scipy.stats import chi2

    wide = model.widening[model.of(term)]
    try:
        wider = refit(model.fit, columns)
    except ModelError:  # nothing is left to estimate from
        return None
    names = tuple(name for name in tested or columns if name in wider.terms)
    if not names:
        return None
    at = [wider.terms.index(name) for name in names]
    beta = wider.beta[at]
    matrix = wider.covariance.matrix[np.ix_(at, at)] * wide**2
    rank = int(np.linalg.matrix_rank(matrix))
    statistic = float(beta @ np.linalg.pinv(matrix) @ beta)
    own = own_error = np.nan
    if term in wider.terms:
        k = wider.terms.index(term)
        own = float(wider.beta[k])
        own_error = float(np.sqrt(wider.covariance.matrix[k, k])) * wide
    return Added(
        names,
        beta,
        np.sqrt(np.diag(matrix)),
        statistic,
        float(chi2.sf(statistic, max(rank, 1))),
        own,
        own_error,
    )


def leads(model: Model, term: str, steps: Sequence[int] | None, bound: float) -> Check:
    """Strict exogeneity: future values of the indicator say nothing of trade today.

    References
    ----------
    Wooldridge (2010), Econometric Analysis of Cross Section and Panel Data, 10.7.1;
    Baier and Bergstrand (2007), Journal of International Economics 71(1).
    """
    values = model.histories[model.of(term)]
    if steps is None:
        year = min(model.cells.per_year, max(1, model.cells.periods // 6))
        steps = (year, 2 * year)
    columns = {f"{term}_lead{k}": model.cells.moved(values, -k) for k in steps}
    failing = f"trade moves {' or '.join(map(str, steps))} periods before the event"
    return _test(model, term, columns, LEADS, bound, failing)


def earlier_dates(model: Model, term: str, bound: float) -> Check:
    """Placebo dates: the same history some periods earlier, beside the true one."""
    step = min(SHIFT * model.cells.per_year, max(1, model.cells.periods // 4))
    values = model.histories[model.of(term)]
    columns = {f"{term}_earlier": model.cells.moved(values, -step)}
    failing = f"events 'work' {step} periods before they happen"
    return _test(model, term, columns, EARLIER, bound, failing)


def pre_trend(model: Model, term: str, bound: float) -> Check:
    """Event study round the first event of each unit: joint test of the time before.

    Time is counted in years. The last one before is the reference, from `LONGEST_BEFORE`
    on there is one bin; time after has bins too, so that effects that grow do not bend
    what is before.
    """
    name = BEFORE
    since, treated = entries(model.cells, model.histories[model.of(term)])
    since = np.where(since < NEVER, since // model.cells.per_year, NEVER)
    seen = np.unique(model.cells.unit[(since <= -2) & model.cells.used]).size
    if treated < FEW or seen < FEW:
        note = f"only {seen} pairs are seen two years before their first event"
        return Check(term, name, IMPOSSIBLE, note)
    before = {
        f"{k} before": (since == -k if k < LONGEST_BEFORE else since <= -k).astype(
            float
        )
        for k in range(2, LONGEST_BEFORE + 1)
    }
    after = {
        f"{k} after": (since == k if k < LONGEST_AFTER else since >= k)
        * (since < NEVER)
        for k in range(LONGEST_AFTER + 1)
    }
    # Periods after the event stand in the model as they are, those before are tested.
    columns = {**before, **{n: v.astype(float) for n, v in after.items()}}
    added = add(model, term, columns, tuple(before))
    if added is None:
        return Check(term, name, IMPOSSIBLE, "they cannot be told from the effects")
    return _judged(term, added, name, bound, "pairs were on another path before")


def own_growth(model: Model, term: str, bound: float) -> tuple[Check, float, float]:
    r"""Do pairs with such events grow faster anyway? And the effect beside that growth.

    For each unit a line is drawn through its history of the indicator,
    :math:`x_{pt} \approx a_p + b_p t`; then :math:`b_p t` is one more regressor. In a
    linear model on a balanced panel the indicator then has the coefficient that it has
    in a model where every pair has a trend of its own (Wooldridge 2021, "Two-way fixed
    effects, the two-way Mundlak regression, and difference-in-differences estimators"),
    so that pairs which grow steadily, and are visited for it, lend it nothing. Leads
    cannot see such a choice: it has no date.

    Returns
    -------
    Check
        Whether `b_p t` has a coefficient.
    float, float
        Coefficient of the indicator beside it, and its standard error.
    """
    cells, values = model.cells, model.histories[model.of(term)]
    mu = np.zeros(cells.unit.size)
    mu[model.fit.estimate.rows] = model.fit.estimate.working
    slopes = _slopes(cells, values, mu)
    line = slopes[cells.unit] * (cells.time - cells.time.mean())
    name = GROWTH
    added = add(model, term, {f"{term}_line": line})
    if added is None or not np.isfinite(added.own):
        note = "the history of the indicator is a straight line in every pair"
        return Check(term, name, IMPOSSIBLE, note), np.nan, np.nan
    check = _judged(
        term, added, name, bound, "pairs with such events grow faster anyway"
    )
    return check, added.own, added.own_error


NEVER = 10**6


def entries(cells: Cells, values: Floats) -> tuple[Ints, int]:
    """Periods since the first rise of an indicator, by row, and how many units rise.

    Returns
    -------
    int array of shape (n,)
        `NEVER` where it never rises, and in units that have the indicator from their
        first period on.
    int
    """
    table = cells.table(values)
    known = np.isfinite(table)
    first_known = np.argmax(known, axis=1)
    start = table[np.arange(len(table)), first_known]
    raised = known & (table > start[:, None] + 1e-12)
    when = np.where(raised.any(axis=1) & (start == 0), raised.argmax(axis=1), -1)
    since = np.where(when[cells.unit] >= 0, cells.time - when[cells.unit], NEVER)
    return since.astype(np.int64), int((when >= 0).sum())


def _slopes(cells: Cells, values: Floats, weights: Floats) -> Floats:
    """Weighted least-squares slope of a history on time, by unit."""
    count = int(cells.unit.max()) + 1

    def total(x: Floats) -> Floats:
        sums = np.bincount(cells.unit, weights=weights * x, minlength=count)
        return sums.astype(np.float64)

    time = cells.time.astype(float)
    mass: Floats = np.maximum(total(np.ones_like(time)), np.finfo(float).tiny)
    middle: Floats = total(time) / mass
    t = time - middle[cells.unit]
    spread = total(t * t)
    slopes: Floats = total(t * values) / np.where(spread > 0, spread, 1.0)
    return slopes


def _test(
    model: Model,
    term: str,
    columns: Mapping[str, Floats],
    name: str,
    bound: float,
    failing: str,
) -> Check:
    added = add(model, term, columns)
    if added is None:
        note = "there is nothing in it that the model does not know already"
        return Check(term, name, IMPOSSIBLE, note)
    return _judged(term, added, name, bound, failing)


def _judged(term: str, added: Added, name: str, bound: float, failing: str) -> Check:
    failed = added.p_value < bound
    furthest = int(np.argmax(np.abs(added.beta / added.std_error)))
    beta, error = float(added.beta[furthest]), float(added.std_error[furthest])
    note = failing if failed else f"no sign that {failing}"
    return Check(
        term,
        name,
        FAILED if failed else PASSED,
        f"{note} (p = {added.p_value:.3f}; in doubt below {bound:.3f})",
        percent(beta),
        percent(beta - 1.96 * error),
        percent(beta + 1.96 * error),
        added.statistic,
        added.p_value,
    )
