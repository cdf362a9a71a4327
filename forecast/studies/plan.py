"""What a study is to do, as frozen records; `forecast.studies.config` reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from forecast.claims import Claim
from forecast.events import Recipe
from forecast.studies.gravity_half.plan import GravityPlan, ScenarioPlan

__all__ = ["ClaimPlan", "DataPlan", "IndicatorPlan", "StudyPlan"]


@dataclass(frozen=True, slots=True)
class DataPlan:
    """Where the facts come from: a shipped set by name, or a file beside the study.

    Attributes
    ----------
    figures : str
        Dated figures, as `Releases` takes them.
    forecasts, events, control, agreements : str or None
        Official forecasts, cooperation events, growth of a control group, trade
        agreements of the pair.
    measure : str
        Unit of the figures.
    """

    figures: str
    forecasts: str | None = None
    events: str | None = None
    control: str | None = None
    agreements: str | None = None
    measure: str = "million USD"


@dataclass(frozen=True, slots=True)
class IndicatorPlan:
    """Indicators to be made of the event log, by year, for one pair.

    Attributes
    ----------
    recipes : mapping of str to Recipe
    between : tuple of two str
        The two partners.
    since : int
        First year.
    as_of : Timestamp
        Only events known by then.
    """

    recipes: Mapping[str, Recipe]
    between: tuple[str, str]
    since: int
    as_of: pd.Timestamp


@dataclass(frozen=True, slots=True)
class ClaimPlan:
    """A claim and the day as of which it is judged."""

    claim: Claim
    as_of: pd.Timestamp


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """A study file that has been read and found right.

    Attributes
    ----------
    title : str
    as_of : Timestamp
    seed : int
    output : str
        Folder, relative to the study file.
    data : DataPlan
    year : int
        The year to be nowcast.
    reporters : tuple of str
        Empty: every reporter whose figures speak of the year.
    indicators : IndicatorPlan or None
    claims : tuple of ClaimPlan
    hindsight : Timestamp or None
        The day from which the outcome is looked up.
    gravity : GravityPlan or None
        What a panel of pairs is asked.
    scenarios : tuple of ScenarioPlan
    """

    title: str
    as_of: pd.Timestamp
    seed: int
    output: str
    data: DataPlan
    year: int
    reporters: tuple[str, ...]
    indicators: IndicatorPlan | None
    claims: tuple[ClaimPlan, ...]
    hindsight: pd.Timestamp | None
    gravity: GravityPlan | None = None
    scenarios: tuple[ScenarioPlan, ...] = ()

    @property
    def last_day(self) -> pd.Timestamp:
        """The latest as-of date of the answer: nothing later may touch it."""
        days = [self.as_of, *(c.as_of for c in self.claims)]
        days += [self.gravity.as_of] if self.gravity else []
        return max([*days, self.indicators.as_of] if self.indicators else days)
