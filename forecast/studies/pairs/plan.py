"""What a study of pairs is to do, as frozen records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from forecast.errors import StudyError
from forecast.events import Recipe
from forecast.studies.complaints import Complaint, study_error
from forecast.studies.pairs.focus import Focus
from forecast.studies.toml_lines import KeyPath

__all__ = ["PairPlan", "PanelPlan"]


@dataclass(frozen=True, slots=True)
class PanelPlan:
    """Where the flows come from, and what their columns mean.

    Attributes
    ----------
    data : str
        A shipped set by name, or a file beside the study.
    origin, destination, period, flow : str or None
        Columns; a shipped set knows its own.
    unit, reporter, source : str or None
        Unit of measurement; who reported (a column, or a name); where the flows are from.
    released : str or None
        Column of release dates.
    covariates : tuple of str or None
        Columns to take along; by default all numbers.
    since, until : str or None
        First and last period.
    lag_days : int
        Days from the end of a period, or from its release, until it is known.
    events : str or None
        A shipped log by name, or a file beside the study.
    focus : Focus
    """

    data: str
    origin: str | None = None
    destination: str | None = None
    period: str | None = None
    flow: str | None = None
    unit: str | None = None
    reporter: str | None = None
    source: str | None = None
    released: str | None = None
    covariates: tuple[str, ...] | None = None
    since: str | None = None
    until: str | None = None
    lag_days: int = 0
    events: str | None = None
    focus: Focus = field(default_factory=Focus)


@dataclass(frozen=True, slots=True)
class PairPlan:
    """A study of pairs that has been read and found right.

    Attributes
    ----------
    title : str
    seed : int
    output : str
        Folder, relative to the study file.
    as_of : Timestamp or None
        Nothing published later is used; by default everything in the data is known.
    panel : PanelPlan
    recipes : mapping of str to Recipe
        Indicators to be made of the events.
    parts : mapping of str to plan
        By table, in the order in which they are answered.
    name : str
        Of the file.
    lines : mapping
        Lines of its keys, for messages.
    """

    title: str
    seed: int
    output: str
    as_of: pd.Timestamp | None
    panel: PanelPlan
    recipes: Mapping[str, Recipe]
    parts: Mapping[str, Any]
    name: str = "the study"
    lines: Mapping[KeyPath, int] = field(default_factory=dict, repr=False)

    def error(
        self, code: str, path: KeyPath, problem: str, remedy: str = ""
    ) -> StudyError:
        """Make an error that names a key of the file and its line."""
        complaint = Complaint(code, path, problem, remedy)
        return study_error([complaint], dict(self.lines), self.name)
