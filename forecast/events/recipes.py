"""Recipes that turn a log of events into indicators: counts, stocks, lags, windows.

A recipe is frozen and holds no data. It says which events it takes (`Recipe`) and
how the events of one pair become one or more series over time. Every recipe is a
causal filter: the value of period t uses entries of periods up to t only. The one
exception are the leads of `Window`, which say so (`uses_future`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.events.statuses import HAPPENED, IN_FORCE, STATUSES, unknown_words

__all__ = ["Count", "InForce", "Lags", "PhaseIn", "Recipe", "Stock", "Window"]

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]
Names = str | tuple[str, ...] | None

_TRANSFORMS: dict[str, Callable[[Floats], Floats]] = {
    "": lambda values: values,
    "log1p": np.log1p,
    "asinh": np.arcsinh,
}


@dataclass(frozen=True, repr=False)
class Recipe(ABC):
    """Which events an indicator takes; the subclasses say what becomes of them.

    Parameters
    ----------
    kind : str or tuple of str, optional
        Kinds of events; None takes every kind.
    status : str or tuple of str, optional
        Statuses that count, for example ``at_least("signed")``. By default what has
        happened (`HAPPENED`: agreed and higher), of `InForce` and `PhaseIn` what
        works (`IN_FORCE`). An event without a status always counts.
    subkind : str or tuple of str, optional
        An event has it when it is one of the comma-separated words of its subkind.
    min_value : float, optional
        Only events of this value or more, in the unit of the log.
    value : bool
        Sum the values of the events instead of their counts. Lower bounds ("at
        least") enter at the bound; an event without a value adds nothing.
    placebo : bool
        Take the placebo events only; otherwise they are left out.
    directed : bool, optional
        Whether an event reaches only flows from its origin to its destination. By
        default as the log says.
    transform : {"", "log1p", "asinh"}
        Set by `log1p` and `asinh`.
    """

    kind: Names = None
    _: KW_ONLY
    status: Names = None
    subkind: Names = None
    min_value: float | None = None
    value: bool = False
    placebo: bool = False
    directed: bool | None = None
    transform: str = ""

    default_status: ClassVar[tuple[str, ...]] = HAPPENED
    of_state: ClassVar[bool] = False
    """Whether `series` takes what is in force instead of what enters."""

    def __post_init__(self) -> None:
        for name in ("kind", "status", "subkind"):
            value = getattr(self, name)
            if isinstance(value, list | set | frozenset):
                object.__setattr__(self, name, tuple(sorted(value)))
        unknown = [word for word in _names(self.status) if word not in STATUSES]
        if unknown:
            raise unknown_words("status", unknown, STATUSES)
        if self.transform not in _TRANSFORMS:
            raise _impossible(self, "transform", f"one of {sorted(_TRANSFORMS)}")

    def __repr__(self) -> str:
        """Spell the call that makes this recipe, without the defaults."""
        given = [
            f"{name}={getattr(self, name)!r}"
            for name, field in type(self).__dataclass_fields__.items()
            if getattr(self, name) != field.default
        ]
        return f"{type(self).__name__}({', '.join(given)})"

    def log1p(self) -> Self:
        """Return this recipe with log(1 + x) taken of its series: diminishing returns."""
        return replace(self, transform="log1p")

    def asinh(self) -> Self:
        """Return this recipe with asinh(x) taken of its series."""
        return replace(self, transform="asinh")

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses that count."""
        return _names(self.status) or self.default_status

    @property
    def reach(self) -> int:
        """How many periods after t the value of period t looks ahead; 0 but for leads."""
        return 0

    @property
    def uses_future(self) -> bool:
        """Whether a value uses later events: for event studies, never for forecasts."""
        return self.reach > 0

    def columns(self, name: str) -> tuple[str, ...]:
        """Return the names of the columns that this recipe makes under `name`."""
        return (name,)

    def takes(self, table: pd.DataFrame) -> Bools:
        """Tell which events of the log pass the filters, whatever their status."""
        chosen = table["placebo"].to_numpy(dtype=bool) == self.placebo
        if self.kind is not None:
            chosen &= table["kind"].isin(_names(self.kind)).to_numpy()
        if self.subkind is not None:
            wanted = {" ".join(word.split()) for word in _names(self.subkind)}
            chosen &= np.array(
                [_has_word(text, wanted) for text in table["subkind"]], dtype=bool
            )
        if self.min_value is not None:
            chosen &= (table["value"] >= self.min_value).to_numpy()
        return chosen

    def counts(self, table: pd.DataFrame) -> Bools:
        """Tell which events of the log have a status that counts.

        What has ended, on a day that is given, was operating before.
        """
        lived = table["status"].eq("ended") & table["ended_on"].notna()
        status = table["status"].mask(lived, "operating")
        return status.isin([*self.statuses, ""]).to_numpy()

    def weights(self, table: pd.DataFrame) -> Floats:
        """Return what each event adds: its count or its value; shape (n,)."""
        column = table["value"].fillna(0.0) if self.value else table["count"]
        return column.to_numpy(dtype=float)

    def arrays(self, entries: Floats, per_year: int) -> Floats:
        """Return the transformed series; shapes (n, T) -> (columns, n, T)."""
        return _TRANSFORMS[self.transform](self.series(entries, per_year))

    @abstractmethod
    def series(self, entries: Floats, per_year: int) -> Floats:
        """Return the series before the transform; shapes (n, T) -> (columns, n, T).

        Parameters
        ----------
        entries : float array of shape (n, T)
            What enters in each period or, where `of_state`, what is in force at its
            end.
        per_year : int
            Periods in a year.
        """


@dataclass(frozen=True, repr=False)
class Count(Recipe):
    r"""Events of the period, :math:`e_t`: each enters once.

    An event enters in the first period by whose end its whole possible span has
    passed and it was known.

    Examples
    --------
    >>> Count("visit", subkind="ambassador").log1p()
    Count(kind='visit', subkind='ambassador', transform='log1p')
    """

    def series(self, entries: Floats, per_year: int) -> Floats:  # noqa: ARG002
        """Return the entries themselves."""
        return entries[None]


@dataclass(frozen=True, repr=False)
class Stock(Recipe):
    r"""Depreciated stock of events, :math:`S_t = (1-\delta) S_{t-1} + e_t`.

    Parameters
    ----------
    half_life : float, optional
        Years after which half of an event is left: :math:`1-\delta = 0.5^{1/(h m)}`
        with h years and m periods in a year. None (default) never depreciates.

    Notes
    -----
    Events before the first period of the panel are in its stock. Nitsch (2007, The
    World Economy 30(12)) finds the effect of visits strong but short-lived.

    Examples
    --------
    >>> Stock("document", half_life=1).series(np.array([[1.0, 0.0, 1.0]]), 1)
    array([[[1.  , 0.5 , 1.25]]])
    """

    _: KW_ONLY
    half_life: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.half_life is not None and not self.half_life > 0:
            raise _impossible(self, "half_life", "a positive number of years, or None")

    def series(self, entries: Floats, per_year: int) -> Floats:
        """Return the stock at the end of each period."""
        if self.half_life is None:
            return np.cumsum(entries, axis=1)[None]
        kept = 0.5 ** (1.0 / (self.half_life * per_year))
        stock = entries.copy()
        for t in range(1, stock.shape[1]):
            stock[:, t] += kept * stock[:, t - 1]
        return stock[None]


@dataclass(frozen=True, repr=False)
class InForce(Recipe):
    """Whether anything works at the end of the period: 1 from entry until it ended.

    Parameters
    ----------
    number : bool
        How much is in force (flights, agreements) instead of whether anything is.

    Notes
    -----
    Signed is not in force: an agreement that is only ``signed`` counts with
    ``status=at_least("signed")``. An event of status ``ended`` counts until its
    `ended_on`, and not at all when that day is not given.

    Examples
    --------
    >>> InForce("flight", number=True)
    InForce(kind='flight', number=True)
    """

    _: KW_ONLY
    number: bool = False

    default_status: ClassVar[tuple[str, ...]] = IN_FORCE
    of_state: ClassVar[bool] = True

    def series(self, entries: Floats, per_year: int) -> Floats:  # noqa: ARG002
        """Return the number in force, or whether it is one or more."""
        return _in_force(entries, self.number or self.value)[None]


@dataclass(frozen=True, repr=False)
class PhaseIn(Recipe):
    """What is in force, phased in evenly over some years (and out again).

    The value is the mean of `InForce` over the last `years`: it rises from one step
    in the period of entry to 1 after `years`, and falls likewise after the end.

    Parameters
    ----------
    years : float
        Length of the phase; Baier and Bergstrand (2007, JIE 71) find agreements at
        work for 10 to 15 years.
    number : bool
        As in `InForce`.

    Examples
    --------
    >>> PhaseIn("agreement", years=4).series(np.array([[0.0, 1, 1, 1, 1, 1]]), 1)
    array([[[0.  , 0.25, 0.5 , 0.75, 1.  , 1.  ]]])
    """

    _: KW_ONLY
    years: float = 10.0
    number: bool = False

    default_status: ClassVar[tuple[str, ...]] = IN_FORCE
    of_state: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.years < 200:
            raise _impossible(self, "years", "a number of years between 0 and 200")

    def series(self, entries: Floats, per_year: int) -> Floats:
        """Return the moving mean of what is in force."""
        state = _in_force(entries, self.number or self.value)
        length = max(1, round(self.years * per_year))
        total = state.copy()
        for back in range(1, length):
            total += _moved(state, back)
        return (total / length)[None]


@dataclass(frozen=True, repr=False)
class Lags(Recipe):
    """Distributed lags of the count: one column for each lag.

    Parameters
    ----------
    lags : int or tuple of int
        A number n stands for the lags 0, 1, ..., n; a tuple for exactly its lags. In
        periods of the panel.

    Examples
    --------
    >>> Lags("visit", lags=2).columns("visits")
    ('visits_lag0', 'visits_lag1', 'visits_lag2')
    """

    _: KW_ONLY
    lags: int | tuple[int, ...] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.lags, list | range):
            object.__setattr__(self, "lags", tuple(self.lags))
        if not self.steps or not all(_whole(step) for step in self.steps):
            raise _impossible(
                self, "lags", "a whole number or a tuple of them, 0 or more"
            )

    @property
    def steps(self) -> tuple[int, ...]:
        """The lags, in periods."""
        if isinstance(self.lags, tuple):
            return self.lags
        return tuple(range(self.lags + 1)) if _whole(self.lags) else ()

    def columns(self, name: str) -> tuple[str, ...]:
        """Return ``name_lag0``, ``name_lag1``, ..."""
        return tuple(f"{name}_lag{step}" for step in self.steps)

    def series(self, entries: Floats, per_year: int) -> Floats:  # noqa: ARG002
        """Return the entries of each lag."""
        return np.stack([_moved(entries, step) for step in self.steps])


@dataclass(frozen=True, repr=False)
class Window(Recipe):
    """Event window: one column for each period from `before` to `after` an event.

    The columns ``name_lead2``, ``name_lead1`` look ahead, ``name_lag0`` is the period
    of the event. Leads test for anticipation and for visits that follow trade
    (strict exogeneity); they use the future, so no forecast may rest on them.

    Parameters
    ----------
    before, after : int
        Periods of the panel before and after the event.

    Examples
    --------
    >>> Window("visit", before=2, after=1).columns("visit")
    ('visit_lead2', 'visit_lead1', 'visit_lag0', 'visit_lag1')
    >>> Window("visit", before=2, after=1).uses_future
    True
    """

    _: KW_ONLY
    before: int = 2
    after: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("before", "after"):
            if not _whole(getattr(self, name)):
                raise _impossible(self, name, "a whole number of periods, 0 or more")

    @property
    def reach(self) -> int:
        """The number of leads."""
        return self.before

    def columns(self, name: str) -> tuple[str, ...]:
        """Return ``name_lead2``, ``name_lead1``, ``name_lag0``, ..."""
        leads = [f"{name}_lead{step}" for step in range(self.before, 0, -1)]
        return (*leads, *(f"{name}_lag{step}" for step in range(self.after + 1)))

    def series(self, entries: Floats, per_year: int) -> Floats:  # noqa: ARG002
        """Return the entries of each lead and lag."""
        steps = range(-self.before, self.after + 1)
        return np.stack([_moved(entries, step) for step in steps])


def _in_force(entries: Floats, number: bool) -> Floats:
    # the sum of what began and ended can miss zero by a rounding error
    state = np.maximum(entries, 0.0)
    return state if number else np.minimum(state, 1.0)


def _moved(values: Floats, steps: int) -> Floats:
    """Move series of shape (..., T) `steps` periods later; nothing comes from outside."""
    moved = np.zeros_like(values)
    length = values.shape[-1]
    if abs(steps) < length:
        first, last = max(0, steps), min(length, length + steps)
        moved[..., first:last] = values[..., first - steps : last - steps]
    return moved


def _names(names: str | Iterable[str] | None) -> tuple[str, ...]:
    if names is None:
        return ()
    return (names,) if isinstance(names, str) else tuple(names)


def _has_word(text: str, wanted: set[str]) -> bool:
    return text in wanted or any(word.strip() in wanted for word in text.split(","))


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1200


def _impossible(recipe: Recipe, name: str, possible: str) -> ModelError:
    return ModelError(
        f"{name}={getattr(recipe, name)!r} is not possible in {type(recipe).__name__}",
        code="F-560",
        column=name,
        remedy=f"Give {possible}.",
    )
