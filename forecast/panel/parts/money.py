"""Flows in another currency, at a rate for each period."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any, Self

import numpy as np
import pandas as pd

from forecast.errors import NumberError, PeriodError
from forecast.panel.number_columns import Floats
from forecast.panel.parts.record import PanelRecord
from forecast.periods import frequency_of, parse_periods

__all__ = ["Money", "mean_rates"]

SCALES = {
    3: ("k", "th", "ths", "thousand", "thousands", "1000", "'000", "тыс"),
    6: ("m", "mn", "mln", "mio", "million", "millions", "млн"),
    9: ("bn", "bln", "mrd", "billion", "billions", "млрд"),
    12: ("tn", "trn", "trillion", "trillions", "трлн"),
}
"""Words for powers of ten, as units are written."""

FREQUENCIES = ("Y", "Q", "M")
DAY = r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}.*|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}.*"


class Money(PanelRecord):
    """Panels in another currency."""

    def converted(self, rates: Any, unit: str) -> Self:
        """Return the flows in another currency, each period at its own mean rate.

        A year's trade was paid over the year. At one day's rate a move of the currency
        looks like a move of trade: Russia's trade with Kazakhstan in 2022, "two trillion
        roubles", was read as 24.3 billion dollars at a rate of 2023; in dollars it had
        been reported as 28.2.

        Parameters
        ----------
        rates : Series or mapping
            By period: the price of one unit of the new currency in the old one, such as
            74 for roubles to dollars. Rates of months or quarters are averaged over the
            periods of the panel, and all of them must be there.
        unit : str
            The new unit of measurement, with the scale of the old one: "billion USD"
            for "billion RUB".

        Returns
        -------
        TradePanel
            Covariates stay as they are.

        Raises
        ------
        NumberError
            F-209 another scale; F-212 a single rate for all periods, or rates of days;
            F-213 rates that are no positive numbers.
        PeriodError
            F-435 periods without a rate or with two, or rates of longer periods than
            the panel's.

        Examples
        --------
        >>> import pandas as pd
        >>> import forecast as fc
        >>> df = pd.DataFrame({"side": "RU", "year": [2021, 2022], "trade": [1480, 1540]})
        >>> panel = fc.TradePanel.from_frame(df, unit=["side"], measure="billion RUB",
        ...     period="year", flow="trade")
        >>> dollars = panel.converted({2021: 74.0, 2022: 70.0}, "billion USD")
        >>> dollars.to_frame()["trade"].to_list(), dollars.measure
        ([20.0, 22.0], 'billion USD')
        """
        _refuse_other_scale(self.measure, unit)
        mean = mean_rates(rates, self.freq, self.period)
        periods = self._row_periods
        rate = mean.reindex(periods).to_numpy(dtype=float)
        if np.isnan(rate).any():
            missing = sorted(map(str, pd.unique(periods[np.isnan(rate)])))
            raise PeriodError(
                f"{len(missing)} periods have no rate",
                code="F-435",
                column=self.period,
                count=len(missing),
                examples=missing,
                remedy="Give the mean rate of each period; the last known one is the rate "
                "of another time.",
            )
        frame = self._frame.assign(**{self.flow: self._frame[self.flow] / rate})
        note = (
            f"Converted from {self.measure or 'an unnamed unit'} to {unit} at the mean "
            f"rate of each period ({rate.min():g} to {rate.max():g})."
        )
        return replace(self, measure=unit, _frame=frame, notes=(*self.notes, note))


def mean_rates(rates: Any, freq: str, column: str) -> pd.Series:
    """Return rates by period of a frequency, means of shorter ones that are complete.

    Examples
    --------
    >>> mean_rates({"2021Q1": 70, "2021Q2": 72, "2021Q3": 74, "2021Q4": 76}, "Y", "year")
    2021    73.0
    Freq: Y-DEC, dtype: float64
    """
    if not isinstance(rates, pd.Series):
        if not hasattr(rates, "keys"):
            raise NumberError(
                f"{rates!r} is one rate for all periods",
                code="F-212",
                column=column,
                remedy="Give the mean rate of each period, as a Series or mapping by "
                "period: at one day's rate exchange rates look like trade.",
            )
        rates = pd.Series(dict(rates))
    values = _positive(rates)
    _refuse_days(rates.index, column)
    index = parse_periods(list(rates.index), column=column)
    if (twice := index[index.duplicated()]).size:
        raise PeriodError(
            f"{twice.unique().size} periods have two rates",
            code="F-435",
            column=column,
            count=int(twice.unique().size),
            examples=[str(period) for period in twice.unique()],
            remedy="Give one rate for each period.",
        )
    own = frequency_of(index)
    by_period = pd.Series(values, index)
    if own == freq:
        return by_period
    if FREQUENCIES.index(own) < FREQUENCIES.index(freq):
        raise PeriodError(
            "the rates are of longer periods than the flows",
            code="F-435",
            column=column,
            remedy="Give rates of the flows' own periods, or shorter ones.",
        )
    longer = index.asfreq(freq)
    grouped = by_period.groupby(longer)
    within = {"Y": {"Q": 4, "M": 12}, "Q": {"M": 3}}[freq][own]
    complete = grouped.size() == within
    return grouped.mean()[complete]


def _positive(rates: pd.Series) -> Floats:
    values = pd.to_numeric(rates, errors="coerce").to_numpy(dtype=float)
    wrong = ~(np.isfinite(values) & (values > 0))
    if wrong.any():
        raise NumberError(
            f"{int(wrong.sum())} rates are no positive numbers",
            code="F-213",
            count=int(wrong.sum()),
            examples=[f"{p}: {v!r}" for p, v in rates[wrong].head(5).to_dict().items()],
            remedy="Correct them, or leave periods without a rate out of the panel.",
        )
    return values


def _refuse_days(labels: pd.Index, column: str) -> None:
    """F-212: a rate dated by a day is the rate of that day, not the mean of a period."""
    days = [label for label in labels if _is_day(label)]
    if days:
        raise NumberError(
            f"{len(days)} rates are of single days",
            code="F-212",
            column=column,
            count=len(days),
            examples=[str(day) for day in days],
            remedy="Give mean rates by year, quarter or month, as Periods or labels such "
            'as 2022, "2022Q1", "2022-01"; rates of all days are averaged by '
            'rates.groupby(rates.index.to_period("M")).mean().',
        )


def _is_day(label: Any) -> bool:
    if isinstance(label, pd.Period):
        return False
    if isinstance(label, date | np.datetime64):
        return True
    return isinstance(label, str) and bool(re.fullmatch(DAY, label.strip()))


def _refuse_other_scale(old: str, new: str) -> None:
    """F-209 where thousands would become millions by their name alone."""
    if old and scale_of(old) != scale_of(new):
        raise NumberError(
            f"{old!r} would become {new!r}: rates change the currency, not the scale",
            code="F-209",
            remedy=f"Name the unit with the scale of {old!r}.",
        )


def scale_of(unit: str) -> int:
    """Return the power of ten that a unit of measurement counts in.

    Examples
    --------
    >>> scale_of("billion RUB"), scale_of("USD mln"), scale_of("млрд руб."), scale_of("EUR")
    (9, 6, 9, 0)
    """
    words = re.findall(r"'?\w+", unit.lower())
    found = [
        power for power, names in SCALES.items() for word in words if word in names
    ]
    return sum(found)
