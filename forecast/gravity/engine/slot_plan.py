"""Whether a set of effects is structural gravity, and how its cells would lie in slots.

Two effects that share the period (exporter-year and importer-year), alone or with the
effect of what they do not share (the pair), leave a complete picture of the panel: one
row of slots for each level of the finest effect. Sectors may be part of all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from forecast.gravity.records import Effect, Factor, Ints

__all__ = ["Shape", "SlotPlan", "plan_slots", "readings"]

LEAST_FILL = 0.35
SLOTS_TO_A_LINE = 16  # slots are padded to whole cache lines and vector registers


@dataclass(frozen=True)
class SlotPlan:
    """Where each row would lie: a group (row of slots) and a slot in it.

    Attributes
    ----------
    group, slot : int arrays of shape (n,)
    n_groups, n_slots : int
    outer, inner : int arrays of shape (n_groups,)
        Block of outer and inner effects of each group; all zero where `n_outer` is 0.
    n_outer, n_inner : int
    roles : tuple of {"outer", "inner", "group"}
        The part that each effect of the formula plays, in its order.
    """

    group: Ints
    slot: Ints
    n_groups: int
    n_slots: int
    outer: Ints
    inner: Ints
    n_outer: int
    n_inner: int
    roles: tuple[str, ...]

    @property
    def width(self) -> int:
        """Slots of a group, padded."""
        return -(-self.n_slots // SLOTS_TO_A_LINE) * SLOTS_TO_A_LINE


@dataclass(frozen=True)
class Shape:
    """Which factors tell origins, destinations, periods and sectors apart."""

    origin: tuple[str, ...]
    destination: tuple[str, ...]
    period: tuple[str, ...]
    sector: tuple[str, ...]
    roles: tuple[str, ...]


def plan_slots(
    effects: Sequence[Effect], factors: Mapping[str, Factor]
) -> SlotPlan | None:
    """Return the plan, or None where the effects are not those of structural gravity."""
    if not factors:
        return None
    n = len(next(iter(factors.values())).codes)
    counts = {name: len(factor.levels) for name, factor in factors.items()}

    def size(*names: tuple[str, ...]) -> int:
        return int(np.prod([counts[name] for part in names for name in part] or [1]))

    def n_groups(shape: Shape) -> int:
        if "outer" in shape.roles:
            return size(shape.origin, shape.destination, shape.sector)
        return size(shape.period, shape.origin)

    # Concentrating the effect with the most levels leaves the fewest to iterate on.
    shape = max(readings(effects), key=n_groups, default=None)
    if shape is None:
        return None
    cells = size(shape.origin, shape.destination, shape.period, shape.sector)
    if n < LEAST_FILL * cells:
        return None  # mostly empty slots: rows sorted by group are the better layout

    def codes(*names: tuple[str, ...]) -> Ints:
        return mixed_radix([factors[name] for part in names for name in part], n)

    if "outer" in shape.roles:
        n_group_outer = size(shape.origin, shape.sector)
        n_destination, n_sector = size(shape.destination), size(shape.sector)
        groups = np.arange(n_group_outer * n_destination)
        outer, destination = groups // n_destination, groups % n_destination
        return SlotPlan(
            group=codes(shape.origin, shape.sector, shape.destination),
            slot=codes(shape.period),
            n_groups=groups.size,
            n_slots=size(shape.period),
            outer=outer.astype(np.int32),
            inner=(destination * n_sector + outer % n_sector).astype(np.int32),
            n_outer=n_group_outer,
            n_inner=n_destination * n_sector,
            roles=shape.roles,
        )
    n_origin = size(shape.origin)
    groups = np.arange(size(shape.period) * n_origin)
    return SlotPlan(
        group=codes(shape.period, shape.origin),
        slot=codes(shape.destination),
        n_groups=groups.size,
        n_slots=size(shape.destination),
        outer=np.zeros(groups.size, np.int32),
        inner=(groups // n_origin).astype(np.int32),
        n_outer=0,
        n_inner=size(shape.period),
        roles=shape.roles,
    )


def readings(effects: Sequence[Effect]) -> tuple[Shape, ...]:
    """Every way to read the effects as structural gravity.

    Two effects have one reading at most. Three have three, since nothing in their names
    tells the effect of exporter and importer from that of exporter and year.
    """
    if len(effects) == 2:
        shape = reading(effects[0].factors, effects[1].factors, None)
        return () if shape is None else (shape,)
    if len(effects) != 3:
        return ()
    found = []
    for at in (2, 1, 0):
        rest = [effect.factors for place, effect in enumerate(effects) if place != at]
        shape = reading(rest[0], rest[1], effects[at].factors)
        if shape is not None:
            roles = [*shape.roles]
            roles.insert(at, "group")
            found.append(replace(shape, roles=tuple(roles)))
    return tuple(found)


def reading(
    first: Sequence[str], second: Sequence[str], pair: Sequence[str] | None
) -> Shape | None:
    """Read two effects as those of origins and destinations by period, if they are."""
    shared = tuple(name for name in first if name in second)
    origin = tuple(name for name in first if name not in shared)
    destination = tuple(name for name in second if name not in shared)
    if not origin or not destination:
        return None
    if pair is None:
        return Shape(origin, destination, shared, (), ("group", "inner"))
    sector = tuple(name for name in shared if name in pair)
    period = tuple(name for name in shared if name not in sector)
    if not period or set(pair) != {*origin, *destination, *sector}:
        return None
    return Shape(origin, destination, period, sector, ("outer", "inner"))


def mixed_radix(factors: Sequence[Factor], n: int) -> Ints:
    """Number the combinations of factors, the first one counting most."""
    if len(factors) == 1:
        return factors[0].codes
    total = int(np.prod([len(factor.levels) for factor in factors] or [1]))
    dtype: Any = np.int32 if total < 2**31 else np.int64
    codes: Ints = np.zeros(n, dtype)
    for at, factor in enumerate(factors):
        if at:
            codes *= dtype(len(factor.levels))
        codes += factor.codes
    return codes
