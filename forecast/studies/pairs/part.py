"""`Part`: what one table of a study of pairs has found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from forecast.reporting import Block
from forecast.studies.drawing import Drawing

__all__ = ["Part"]


@dataclass(frozen=True, eq=False)
class Part:
    """What one table of a study of pairs has found.

    Attributes
    ----------
    title : str
        Heading of its section in the report.
    headline : str
        One whole sentence with the answer; it stands at the top of the report.
    blocks : tuple of blocks
        The section: the answer, then figures, then tables.
    tables : mapping of str to DataFrame
        Written as files; names begin with that of the part.
    drawings : mapping of str to Drawing
        As `tables`.
    result : object
        The fit, forecast or attribution itself.
    method : mapping of str to str
        What the part adds to "Data and method", by field: "Dropped rows by reason",
        "Intervals and standard errors", "Identification", "Lead test (p)", "Skill over
        the baseline", "What would change the verdicts".
    plan : object
        What was asked.
    write : callable, optional
        Is given the folder of the study and writes files of its own to it.
    """

    title: str
    headline: str
    blocks: tuple[Block, ...] = field(repr=False)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    drawings: Mapping[str, Drawing] = field(default_factory=dict, repr=False)
    result: object = field(default=None, repr=False)
    method: Mapping[str, str] = field(default_factory=dict, repr=False)
    plan: object = field(default=None, repr=False)
    write: Callable[[Path], object] | None = field(default=None, repr=False)
