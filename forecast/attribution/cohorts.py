r"""Effects by cohort, under staggered adoption.

Where events come in different years, a pooled coefficient is an average of those of
cohorts whose weights may be negative when effects differ or grow (Goodman-Bacon 2021,
Journal of Econometrics 225(2)). So each cohort (units by the period of their first
event) gets its own coefficients, and these are averaged by how many treated rows a
cohort has: interaction-weighted (Sun and Abraham 2021, Journal of Econometrics 225(2);
in PPML as Wooldridge 2023, Econometrics Journal 26(3)). An indicator that is switched
on for good is interacted with the time since then as well.
"""

from __future__ import annotations

import numpy as np

from forecast.attribution.cells import Floats, with_history
from forecast.attribution.estimates import Model, normal_p, percent
from forecast.attribution.evidence import FAILED, IMPOSSIBLE, PASSED, Check
from forecast.attribution.timing import FEW, NEVER, entries

__all__ = ["by_cohort"]

GROUPS = 5
BINS = ((0, 1), (2, 4), (5, NEVER - 1))


def by_cohort(model: Model, term: str) -> Check:
    """Average the effects of cohorts and compare with the pooled one."""
    name = "cohorts of first events"
    cells, values = model.cells, model.histories[model.of(term)]
    since, treated = entries(cells, values)
    if treated < FEW:
        return Check(term, name, IMPOSSIBLE, f"only {treated} pairs have a first event")
    began = np.where(since < NEVER, cells.time - since, -1)
    edges = np.quantile(began[began >= 0], np.linspace(0, 1, GROUPS + 1)[1:-1])
    group = np.where(began >= 0, np.searchsorted(np.unique(edges), began), -1)
    since = np.where(since < NEVER, since // cells.per_year, NEVER)
    columns, mass = _columns(cells.used, values, since, group)
    if len(columns) < 2:
        return Check(term, name, IMPOSSIBLE, "all first events fall into one period")
    # What is left of the indicator belongs to units that had it from their first period.
    rest = {term: np.where(group < 0, values, 0.0)}
    wider = with_history(model.fit, rest, columns)
    kept = [n for n in columns if n in wider.terms]
    at = [wider.terms.index(n) for n in kept]
    weights = np.array([mass[n] for n in kept])
    if not at or weights.sum() == 0:
        return Check(term, name, IMPOSSIBLE, "cohorts cannot be told from the effects")
    weights = weights / weights.sum()
    beta = float(weights @ wider.beta[at])
    matrix = wider.covariance.matrix[np.ix_(at, at)]
    error = float(np.sqrt(weights @ matrix @ weights)) * model.widening[model.of(term)]
    pooled = float(model.beta[model.of(term)])
    same = np.sign(beta) == np.sign(pooled)
    low, high = wider.beta[at].min(), wider.beta[at].max()
    note = (
        f"average of {len(kept)} coefficients of cohorts ({percent(low):+.1f} to "
        f"{percent(high):+.1f} %); pooled {percent(pooled):+.1f} %"
    )
    return Check(
        term,
        name,
        PASSED if same else FAILED,
        note,
        percent(beta),
        percent(beta - 1.96 * error),
        percent(beta + 1.96 * error),
        beta / error if error > 0 else np.nan,
        normal_p(beta / error) if error > 0 else np.nan,
    )


def _columns(
    used: np.ndarray, values: Floats, since: np.ndarray, group: np.ndarray
) -> tuple[dict[str, Floats], dict[str, float]]:
    """Interactions of the indicator with cohorts, and how many treated rows each has."""
    on = since >= 0
    on &= since < NEVER
    lasting = (
        np.isin(values[on], [1.0]).all() and np.isin(values[~on], [0.0, 1.0]).all()
    )
    columns, mass = {}, {}
    for g in range(int(group.max()) + 1):
        for low, high in BINS if lasting else ((0, NEVER - 1),):
            rows = (group == g) & on & (since >= low) & (since <= high)
            if (rows & used).sum() == 0:
                continue
            label = f"cohort {g + 1}, {low} years after"
            columns[label] = np.where(rows, values, 0.0)
            mass[label] = float((rows & used).sum())
    return columns, mass
