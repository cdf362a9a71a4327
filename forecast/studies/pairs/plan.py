"""What a study of pairs is to do, as frozen records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from forecast.errors import ForecastError, MissingPackageError, StudyError
from forecast.events import Recipe
from forecast.studies.complaints import Complaint, study_error
from forecast.studies.pairs.checking import EntryError, as_complaint
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
    sector : str or None
        Column of goods or sectors, where a pair has several flows.
    unit, reporter, source : str or None
        Unit of measurement; who reported (a column, or a name); where the flows are from.
    released : str or None
        Column of release dates.
    covariates : tuple of str or None
        Columns to take along; by default all numbers.
    since, until : str or None
        First and last period.
    lag_days : int
        Days from the end of a period, or from its release, until it is known: on the
        as-of date, and at each origin of a backtest.
    events : str or None
        A shipped log by name, or a file beside the study.
    focus : Focus
    """

    data: str
    origin: str | None = None
    destination: str | None = None
    period: str | None = None
    flow: str | None = None
    sector: str | None = None
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
        return self.error_of([Complaint(code, path, problem, remedy)])

    def error_of(self, complaints: Sequence[Complaint]) -> StudyError:
        """Make one error of all that is wrong."""
        return study_error(list(complaints), dict(self.lines), self.name)

    @contextmanager
    def at(self, *path: str, keys: Mapping[str, str] | None = None) -> Iterator[None]:
        """Tell of errors inside from which key of the file, and which line, they come.

        Parameters
        ----------
        *path : str
            Table, or table and key, that is at work.
        keys : mapping of str to str, optional
            The key of the table, by the column that an error may name.

        Raises
        ------
        StudyError
            With the code of what was raised inside.
        """
        try:
            yield
        except MissingPackageError:
            raise
        except ForecastError as wrong:
            place: KeyPath = path
            if isinstance(wrong, EntryError):
                place = (*place, wrong.entry)
            if wrong.column in (keys or {}):
                place = (*place, (keys or {})[str(wrong.column)])
            raise self.error_of([as_complaint(wrong, place)]) from wrong
