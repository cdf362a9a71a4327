r"""Growth of the year in parts: control group, agreements, soft events, the pair's own rest.

On each path, with the level :math:`L` of the year and its growth :math:`g`, the level of
the year before is :math:`L/(1+g)`, and in percentage points of it

- the **control group** is what one more of its members would have had: growth of the
  group so far, carried to the whole year as the pair's own is, plus
  :math:`t_{n-1}\, s\sqrt{1+1/n}` for how its n members differ;
- **agreements** are :math:`L(1-e^{-\Delta'\beta})`, with the change :math:`\Delta` of
  the terms within the year and a draw of :math:`\beta`;
- **soft events** are :math:`L\,x/(1+x)`, once at the low end and once at the top of the
  literature's range for :math:`x`: not a distribution, two readings;
- the **rest** is what is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.studies.gravity_half.record import Floats, SharedGrowth, spans
from forecast.studies.gravity_half.soft_events import SoftRange

__all__ = ["Control", "growth_table", "share_growth"]

READINGS = ("low", "top")


@dataclass(frozen=True, slots=True)
class Control:
    """Growth of a control group so far.

    Attributes
    ----------
    name : str
    growth : float
        A fraction.
    spread : float
        Standard deviation of the members' growth rates.
    members : int
    pair_so_far : float
        Growth of the pair over about the same months.
    source : str
    """

    name: str
    growth: float
    spread: float
    members: int
    pair_so_far: float
    source: str


def share_growth(
    level: Floats,
    growth: Floats,
    agreements: Floats,
    soft: SoftRange,
    control: Control | None,
    rng: np.random.Generator,
) -> SharedGrowth:
    """Share the growth of a year out, path by path.

    Parameters
    ----------
    level : float array of shape (P,)
        Of the year.
    growth : float array of shape (P,)
        Over the year before, a fraction.
    agreements : float array of shape (P,)
        Log points by which agreements moved the flow within the year.
    soft : SoftRange
    control : Control or None
        None: what it would have taken stays in the rest.
    rng : Generator

    Returns
    -------
    SharedGrowth
    """
    base = level / (1 + growth)
    whole = 100 * growth
    parts: dict[str, Floats] = {
        "agreements": 100 * level * -np.expm1(-agreements) / base
    }
    if control is not None:
        parts = {"control group": _control(growth, control, rng), **parts}
    known = np.sum(list(parts.values()), axis=0)
    effect = {"low": soft.low / 100, "top": soft.top / 100}
    moved = {r: 100 * level * (x / (1 + x)) / base for r, x in effect.items()}
    rest = {r: whole - known - moved[r] for r in READINGS}
    return SharedGrowth(whole, base, parts, moved, rest)


def _control(growth: Floats, control: Control, rng: np.random.Generator) -> Floats:
    n = control.members
    year = (1 + control.growth) * (1 + growth) / (1 + control.pair_so_far) - 1
    off = rng.standard_t(n - 1, growth.size) * control.spread * np.sqrt(1 + 1 / n)
    values: Floats = 100 * (year + off)
    return values


def growth_table(
    shared: SharedGrowth, measure: str, basis: dict[str, str]
) -> pd.DataFrame:
    """Lay the parts out, in percentage points and in money; their means add up.

    Returns
    -------
    DataFrame
        ``part``, ``reading`` ("", "low" or "top"), ``unit``, ``mean``, ``low_80``,
        ``high_80``, ``low_95``, ``high_95``, ``basis``.
    """
    named = {(name, ""): values for name, values in shared.parts.items()}
    named |= {("soft events", r): shared.soft[r] for r in READINGS}
    named |= {("rest of the pair", r): shared.rest[r] for r in READINGS}
    named[("growth of the year", "")] = shared.growth
    rows = [
        {
            "part": part,
            "reading": reading,
            "unit": unit,
            **spans(values * scale),
            "basis": basis.get(part, ""),
        }
        for unit, scale in (
            ("percentage points", np.ones(1)),
            (measure, shared.base / 100),
        )
        for (part, reading), values in named.items()
    ]
    return pd.DataFrame(rows)
