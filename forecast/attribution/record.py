"""`Attribution`: the answer of `attribute`."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from forecast.gravity import GravityFit

__all__ = ["Attribution"]


@dataclass(frozen=True, repr=False)
class Attribution:
    """What cooperation did, with a verdict on whether these data can tell.

    Attributes
    ----------
    verdict : {"supported", "not supported", "cannot be told"}
        Of all terms together; `because` and `would_change` go with it.
    because, would_change, flag : str
    verdicts : DataFrame
        ``term, verdict, because, would_change, flag``, one row per term.
    effects : DataFrame
        One row per term and one for ``all``: ``estimate, low, high`` (per cent of the
        flow for one unit of the indicator; NaN for all), ``p_value`` after Holm,
        ``beside`` (per cent, beside the pairs' own growth), ``detectable`` (smallest
        effect in per cent that these data find four times of five), and of the flows in
        `end` against indicators frozen at `start`: ``percent, money, growth`` each with
        ``_low`` and ``_high``.
    checks : DataFrame
        ``term, name, status, note, estimate, low, high, statistic, p_value``.
    shapes : DataFrame
        The indicator with other half-lives and lags; empty unless asked for.
    start, end : str
        Periods compared.
    notes : tuple of str
    fit : GravityFit
    gap : Series
        Of a single pair: log distance from its synthetic twin, by period.
    """

    verdict: str
    because: str
    would_change: str
    flag: str
    verdicts: pd.DataFrame
    effects: pd.DataFrame
    checks: pd.DataFrame
    shapes: pd.DataFrame
    start: str
    end: str
    notes: tuple[str, ...]
    fit: GravityFit = field(repr=False)
    gap: pd.Series = field(repr=False)

    def __repr__(self) -> str:
        lines = [f"Thanks to cooperation, {self.start} to {self.end}: {self.verdict}."]
        lines.append(f"  {self.because}.")
        for row in self.verdicts.to_dict("records"):
            lines.append(f"{row['term']}: {row['verdict']}. {row['because']}.")
            lines += [f"  Red flag: {row['flag']}."] if row["flag"] else []
        lines += [f"Red flag: {self.flag}."] if self.flag else []
        lines += [f"Would change the verdict: {self.would_change}"]
        lines += list(self.notes)
        return "\n".join(lines)
