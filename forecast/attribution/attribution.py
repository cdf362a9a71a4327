"""`attribute`: is growth thanks to cooperation, and can these data tell?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.attribution.asking import (
    check_options,
    fitted_model,
    periods_asked,
    rows_asked,
)
from forecast.attribution.cells import Floats
from forecast.attribution.cohorts import by_cohort
from forecast.attribution.counterfactual import Share, frozen_shares
from forecast.attribution.estimates import Model, estimated, normal_p, percent
from forecast.attribution.literature import published_for
from forecast.attribution.placebos import swapped_pairs
from forecast.attribution.record import Attribution
from forecast.attribution.shapes import other_shapes
from forecast.attribution.significance import Significance, detectable, holm
from forecast.attribution.single import synthetic_pair
from forecast.attribution.timing import earlier_dates, leads, own_growth, pre_trend
from forecast.attribution.verdicts import (
    Found,
    Verdict,
    judge,
    judge_all,
)
from forecast.gravity import Gravity, GravityFit

if TYPE_CHECKING:
    from forecast.panel import TradePanel

__all__ = ["attribute"]

TIMED = 4
"""Checks of timing for each term: leads, earlier dates, periods before, own growth."""
PERMUTATIONS = 499
POWER = 0.8


def attribute(
    data: TradePanel | pd.DataFrame,
    model: str | Gravity | GravityFit,
    terms: str | Sequence[str],
    *,
    start: Any = None,
    end: Any = None,
    among: tuple[str, str] | None = None,
    placebos: Sequence[str] = (),
    leads_of: Sequence[int] | None = None,
    significance: Significance = Significance(),
    correct: bool | None = None,
    shapes: bool = True,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Attribution:
    r"""Attribute growth to indicators of cooperation, and judge the attribution.

    Parameters
    ----------
    data : TradePanel or DataFrame
        One row for each directed pair and period.
    model : str, Gravity or GravityFit
        PPML. Without effects of pairs and of periods the verdict is "cannot be told".
    terms : str or sequence of str
        Indicators, as the formula writes them.
    start, end : period, optional
        The counterfactual keeps the indicators as they were in `start` and looks at the
        flows of `end`; the first and the last period by default.
    among : (str, str), optional
        One pair: its flows in both directions are attributed, and it is compared with
        its synthetic twin. All flows by default.
    placebos : sequence of str
        Those of the terms that can have no effect: events planned, moved, cancelled.
        They are never supported, and one that "works" puts all others in doubt.
    leads_of : sequence of int, optional
        Periods ahead of the test of strict exogeneity; one and two years by default.
    significance : Significance
    correct : bool, optional
        Correct for the bias of many effects; by default where it takes seconds.
    shapes : bool
        Estimate the indicators in other shapes, too.
    permutations : int
    seed : int

    Returns
    -------
    Attribution

    Raises
    ------
    ColumnError
        F-885 a term that the model does not have.
    ModelError
        F-886 pairs or periods that are not known, F-888 a pair that is not in the data,
        F-889 another estimator than PPML, F-890 options that are not possible.
    PeriodError
        F-887 periods outside the data or in the wrong order.

    Notes
    -----
    A term is supported if (1) the model has effects of pairs and periods; (2) its
    coefficient is positive with a p-value, after Holm over the terms, of at most 0.01;
    (3) it stays so, at 0.05, beside a term for steady growth of the pairs that have such
    events; (4) none of leads, earlier dates, periods before the first event and own
    growth is significant at 0.10 jointly (Bonferroni); (5) at most one in twenty
    permutations of histories over pairs is as far from zero; (6) the average over
    cohorts has the same sign. What fails (1) or (4) cannot be told; what fails (2) is
    not supported if an effect of 10 % would have been found and cannot be told if not.

    Effects are partial: exporters' and importers' totals are taken as they are.

    References
    ----------
    Baier and Bergstrand (2007), Journal of International Economics 71(1); Head and Ries
    (2010), Canadian Journal of Economics 43(3).

    Examples
    --------
    >>> import forecast as fc
    >>> from forecast.attribution import attribute
    >>> flows = fc.datasets.simulate_trade(14, 10, seed=1).frame
    >>> found = attribute(flows, "flow ~ visit | origin^period + destination^period",
    ...                   "visit", shapes=False)
    >>> found.verdict
    'cannot be told'
    """
    names = [terms] if isinstance(terms, str) else list(terms)
    check_options(names, placebos, permutations)
    fit = fitted_model(data, model)
    asked = estimated(fit, names, correct=correct)
    first, last = periods_asked(asked.cells, start, end)
    rows, block = rows_asked(asked, among)
    rng = np.random.default_rng(seed)
    drawn = frozen_shares(asked, rows, first, last, level=significance.level, rng=rng)
    adjusted = _adjusted(asked, names, placebos)
    found: list[Found] = []
    gap: Floats = np.empty(0)
    for term, p in zip(names, adjusted, strict=True):
        one, path = _look_at(
            asked,
            term,
            p,
            term in placebos,
            leads_of,
            block,
            significance,
            permutations,
            rng,
        )
        found.append(one)
        gap = path if gap.size == 0 else gap
    verdicts = _verdicts(found, asked, significance)
    causes = [v for v in verdicts if v.term not in placebos]
    overall = judge_all(causes or verdicts, drawn[""].growth, asked.cells.label(last))
    tables = [other_shapes(asked, term) for term in names] if shapes else []
    return Attribution(
        overall.verdict,
        overall.because,
        overall.would_change,
        overall.flag,
        pd.DataFrame(verdicts),
        _effects_table(found, drawn, significance),
        pd.DataFrame([check for one in found for check in one.checks]),
        pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(),
        asked.cells.label(first),
        asked.cells.label(last),
        _notes(asked),
        fit,
        pd.Series(gap, [asked.cells.label(t) for t in range(gap.size)], name="gap"),
    )


def _look_at(
    asked: Model,
    term: str,
    p: float,
    placebo: bool,
    leads_of: Sequence[int] | None,
    block: int | None,
    how: Significance,
    permutations: int,
    rng: np.random.Generator,
) -> tuple[Found, Floats]:
    """Run all checks of one term."""
    k = asked.of(term)
    bound = how.doubt / TIMED
    growth, beside, beside_error = own_growth(asked, term, bound)
    checks = [
        leads(asked, term, leads_of, bound),
        earlier_dates(asked, term, bound),
        pre_trend(asked, term, bound),
        growth,
        swapped_pairs(asked, term, permutations, rng, 0.05),
        by_cohort(asked, term),
    ]
    gap: Floats = np.empty(0)
    if block is not None:
        check, gap = synthetic_pair(asked, term, block, 0.05)
        checks.append(check)
    error = float(asked.std_errors[k])
    return (
        Found(
            term,
            float(asked.beta[k]),
            error,
            p,
            beside,
            beside_error,
            tuple(checks),
            placebo,
            published_for(term),
            detectable(error, beside_error, how.support, POWER),
        ),
        gap,
    )


def _verdicts(found: Sequence[Found], asked: Model, how: Significance) -> list[Verdict]:
    working = [f.term for f in found if f.placebo and f.p_value <= how.support]
    doubt = f"the placebo {working[0]} seems to 'work' as well" if working else ""
    return [judge(one, asked.effects, how, doubt) for one in found]


def _adjusted(
    asked: Model, names: Sequence[str], placebos: Sequence[str]
) -> list[float]:
    """P-values after Holm, among causes and among placebos apart."""
    raw = {
        n: normal_p(float(b / s))
        for n, b, s in zip(names, asked.beta, asked.std_errors, strict=True)
    }
    adjusted: dict[str, float] = {}
    for group in (
        [n for n in names if n not in placebos],
        [n for n in names if n in placebos],
    ):
        if group:
            adjusted |= dict(zip(group, holm([raw[n] for n in group]), strict=True))
    return [adjusted[n] for n in names]


def _effects_table(
    found: Sequence[Found], drawn: dict[str, Share], how: Significance
) -> pd.DataFrame:
    from scipy.special import ndtri

    z = float(ndtri((1 + how.level) / 2))
    rows = [
        {
            "term": one.term,
            "estimate": percent(one.beta),
            "low": percent(one.beta - z * one.error),
            "high": percent(one.beta + z * one.error),
            "p_value": one.p_value,
            "beside": percent(one.beside),
            "detectable": one.detectable,
            **_columns(drawn[one.term]),
        }
        for one in found
    ]
    rows.append({"term": "all", **_columns(drawn[""])})
    return pd.DataFrame(rows)


def _columns(share: Share) -> dict[str, float]:
    return {
        f"{name}{end}": value
        for name in ("percent", "money", "growth")
        for end, value in zip(("", "_low", "_high"), getattr(share, name), strict=True)
    }


def _notes(asked: Model) -> tuple[str, ...]:
    notes = [f"Standard errors: {asked.correction}."]
    lacking = [
        name
        for name, there in (
            ("exporters and periods", asked.effects.origin_time),
            ("importers and periods", asked.effects.destination_time),
        )
        if not there
    ]
    if lacking:
        notes.append(
            f"No effects of {' nor of '.join(lacking)}: what moves all flows of one "
            "place is not told from its events."
        )
    return tuple(notes)
