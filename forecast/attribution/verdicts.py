"""From checks to a verdict: supported, not supported, cannot be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecast.attribution.estimates import Effects, percent
from forecast.attribution.evidence import FAILED, Check
from forecast.attribution.literature import Published
from forecast.attribution.significance import Significance
from forecast.attribution.timing import BEFORE, EARLIER, GROWTH, LEADS

__all__ = [
    "NOT_SUPPORTED",
    "SUPPORTED",
    "UNKNOWN",
    "Found",
    "Verdict",
    "judge",
    "judge_all",
]

SUPPORTED, NOT_SUPPORTED, UNKNOWN = "supported", "not supported", "cannot be told"
WORTH = 10.0
"""Per cent: an effect that the literature holds possible for a visit; data that would
have shown it and did not speak against it."""
TIMING = frozenset({LEADS, EARLIER, BEFORE, GROWTH})
"""Checks that ask whether trade moves before the events."""
LARGE_SHARE = 1.0 / 3.0
"""Share of one year's growth above which cooperation gets a red flag."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of one term when it is judged.

    Attributes
    ----------
    term : str
    beta, error : float
        Coefficient and corrected standard error.
    p_value : float
        After Holm.
    beside, beside_error : float
        The same beside the pairs' own growth; NaN where it cannot be had.
    checks : tuple of Check
    placebo : bool
        Declared to be without effect: planned, cancelled, moved.
    published : Published
    detectable : float
        Smallest effect, per cent, that these data find four times of five.
    """

    term: str
    beta: float
    error: float
    p_value: float
    beside: float
    beside_error: float
    checks: tuple[Check, ...]
    placebo: bool
    published: Published
    detectable: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict with its reason and what would turn it.

    Attributes
    ----------
    term : str
        Empty for all terms together.
    verdict : {"supported", "not supported", "cannot be told"}
    because : str
        One sentence.
    would_change : str
    flag : str
        Why the figure should be doubted though the checks passed; empty if nothing.
    """

    term: str
    verdict: str
    because: str
    would_change: str
    flag: str = ""


def judge(found: Found, effects: Effects, how: Significance, doubt: str) -> Verdict:
    """Judge one term.

    Parameters
    ----------
    found : Found
    effects : Effects
        Of the model.
    how : Significance
    doubt : str
        What puts every term in doubt, such as a placebo that works; empty if nothing.
    """
    missing = _unidentified(effects)
    if missing:
        return Verdict(found.term, UNKNOWN, *missing)
    if found.placebo:
        return _placebo(found, how)
    early = [c for c in found.checks if c.status == FAILED and c.name in TIMING]
    if early or doubt:
        return _doubtful(found, how, early, doubt)
    if found.p_value > how.support:
        return _nothing_found(found)
    return _lower(found) if found.beta < 0 else _clear(found)


def _doubtful(
    found: Found, how: Significance, early: Sequence[Check], doubt: str
) -> Verdict:
    why = doubt or f"{early[0].note.split(' (p')[0]} ({early[0].name})"
    clear = found.p_value <= how.support
    what = "an association only" if clear else "no effect"
    return Verdict(
        found.term,
        UNKNOWN,
        f"{percent(found.beta):+.1f} % is {what}: {why}",
        "A reason for the dates of the events that has nothing to do with trade, or "
        "pairs that grew alike and were not chosen.",
    )


def _lower(found: Found) -> Verdict:
    return Verdict(
        found.term,
        NOT_SUPPORTED,
        f"flows are lower with the events, by {-percent(found.beta):.1f} % each",
        "An outcome that events should raise and that these flows do not hold.",
    )


def _clear(found: Found) -> Verdict:
    """Judge a positive coefficient that is told from zero and that no date contradicts."""
    effect = percent(found.beta)
    weak = _weak(found)
    if weak:
        return Verdict(
            found.term,
            UNKNOWN,
            f"{effect:+.1f} % for one unit, but {weak}",
            "More pairs or years in which events come and go.",
        )
    return Verdict(
        found.term,
        SUPPORTED,
        f"{_interval(found)} for one unit, and no check of dates, pairs or growth speaks "
        "against it",
        "Pairs chosen by what lies ahead of them in the same year, which no check on "
        "these data can see.",
        _flag(found, effect),
    )


def judge_all(
    verdicts: Sequence[Verdict], growth: tuple[float, float, float], year: str
) -> Verdict:
    """Judge all terms together: is growth thanks to cooperation?

    Parameters
    ----------
    verdicts : sequence of Verdict
        Of terms that are no placebos.
    growth : tuple of float
        Share of growth: value, low, high.
    year : str
    """
    by = {v: [x.term for x in verdicts if x.verdict == v] for v in WORDS}
    share = "there was no growth to share out"
    if np.isfinite(growth[0]):
        share = (
            f"the change of the indicators makes up {growth[0]:.1%} of the growth to "
            f"{year} ({growth[1]:.1%} to {growth[2]:.1%})"
        )
    flag = ""
    if growth[0] > LARGE_SHARE:
        flag = f"{growth[0]:.0%} of growth from cooperation is more than a third"
    if by[UNKNOWN] and not by[SUPPORTED]:
        first = next(v for v in verdicts if v.verdict == UNKNOWN)
        why = f"{first.term}: {first.because}"
        return Verdict("", UNKNOWN, why, first.would_change, flag)
    if by[SUPPORTED] and growth[1] > 0:
        part = f"; {', '.join(by[UNKNOWN])} cannot be told" if by[UNKNOWN] else ""
        why = f"thanks to {', '.join(by[SUPPORTED])}: {share}{part}"
        first = next(v for v in verdicts if v.verdict == SUPPORTED)
        return Verdict("", SUPPORTED, why, first.would_change, flag)
    if by[SUPPORTED]:
        why = f"{', '.join(by[SUPPORTED])} moves trade, but {share}"
        return Verdict(
            "", UNKNOWN, why, "A year in which the indicators changed more.", flag
        )
    first = verdicts[0]
    why = f"no kind of event moves trade: {first.term}, {first.because}"
    return Verdict("", NOT_SUPPORTED, why, first.would_change, flag)


WORDS = (SUPPORTED, NOT_SUPPORTED, UNKNOWN)


def _unidentified(effects: Effects) -> tuple[str, str] | None:
    if not effects.pair:
        return (
            "without pair effects the events stand for everything that makes pairs "
            "trade a lot",
            "A formula with effects of pairs, such as origin^destination.",
        )
    if not effects.time:
        return (
            "without effects of periods the events stand for everything that grew",
            "A formula with origin^period and destination^period.",
        )
    return None


def _placebo(found: Found, how: Significance) -> Verdict:
    effect = percent(found.beta)
    if found.p_value <= how.support:
        why = f"a placebo, and it seems to 'work' ({effect:+.1f} %): the design is at fault"
    else:
        why = f"a placebo, and nothing is found ({effect:+.1f} %)"
    return Verdict(
        found.term, NOT_SUPPORTED, why, "Nothing: a placebo is none of a cause."
    )


def _interval(found: Found) -> str:
    low = percent(found.beta - 1.96 * found.error)
    high = percent(found.beta + 1.96 * found.error)
    return f"{percent(found.beta):+.1f} % ({low:+.1f} to {high:+.1f})"


def _nothing_found(found: Found) -> Verdict:
    """Judge a coefficient that the evidence asked for does not tell from zero."""
    more = "More pairs or years in which events come and go."
    span = _interval(found)
    if abs(found.beta) > 1.96 * found.error:
        return Verdict(
            found.term,
            UNKNOWN,
            f"{span} points to something, but p = {found.p_value:.3f} is too weak",
            more,
        )
    if found.detectable <= WORTH:
        return Verdict(
            found.term,
            NOT_SUPPORTED,
            f"{span} is not told from zero, and an effect of {found.detectable:.1f} % "
            "would have been",
            "An indicator that says better when and where cooperation happened.",
        )
    return Verdict(
        found.term,
        UNKNOWN,
        f"{span} is not told from zero, but only an effect of {found.detectable:.0f} % or "
        "more would have been",
        more,
    )


def _weak(found: Found) -> str:
    """Say what keeps a clear coefficient from being support; empty if nothing."""
    if not np.isfinite(found.beside):
        return "it cannot be told from steady growth of the same pairs"
    if found.beside < 1.96 * found.beside_error:
        return (
            f"beside the pairs' own growth {percent(found.beside):+.1f} % is left, not "
            "told from zero"
        )
    failed = [c for c in found.checks if c.status == FAILED]
    return f"{failed[0].name}: {failed[0].note}" if failed else ""


def _flag(found: Found, effect: float) -> str:
    row = found.published
    if effect <= row.high:
        return ""
    return (
        f"{effect:.0f} % is more than {row.high:.0f} %, the top of what is known of "
        f"{row.treatment} ({row.source})"
    )
