"""Whether a set of effects is structural gravity, and how its cells would lie in slots.

Two effects that share the period (exporter-year and importer-year), alone or with the
effect of what they do not share (the pair), leave a complete picture of the panel: one
row of slots for each level of the finest effect. Sectors may be part of all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecast.gravity.designs.level_table import LevelTable
from forecast.gravity.records import Effect, Factor, Ints

__all__ = ["Shape", "SlotPlan", "plan_slots", "readings"]

LEAST_FILL = 0.35
SPARSE = 16  # keys are counted rather than sorted in a table of so many cells by key
SLOTS_TO_A_LINE = 8  # slots are padded to whole cache lines and vector registers


@dataclass(frozen=True)
class SlotPlan:
    """Where each row would lie: a group (row of slots) and a slot in it.

    Attributes
    ----------
    group, slot : int arrays of shape (n,)
    n_groups, n_slots : int
    order : int array of shape (n_groups,)
        The groups in the order of their outer block, or of their inner one where there
        is no outer one.
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
    order: Ints
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


def plan_slots(table: LevelTable, factors: Mapping[str, Factor]) -> SlotPlan | None:
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
    shape = max(readings(table.effects), key=n_groups, default=None)
    if shape is None:
        return None
    cells = size(shape.origin, shape.destination, shape.period, shape.sector)
    if n < LEAST_FILL * cells:
        return None  # mostly empty slots: rows sorted by group are the better layout
    at = shape.roles.index("group")
    parts = table.parts[at]
    three_way = "outer" in shape.roles

    def block(*names: tuple[str, ...]) -> Ints:
        """Of each group, the combination of some of its factors."""
        flat = [name for part in names for name in part]
        first = np.zeros(len(next(iter(parts.values()))), np.int32)
        return mixed_radix([(parts[name], counts[name]) for name in flat], first.size)

    slots = shape.period if three_way else shape.destination
    origin = block(shape.origin, shape.sector)
    if three_way:
        n_outer, outer = size(shape.origin, shape.sector), origin
        n_inner = size(shape.destination, shape.sector)
        inner = block(shape.destination, shape.sector)
        order = in_order(outer * np.int64(n_inner) + inner)
    else:
        n_outer, outer = 0, np.zeros_like(origin)
        n_inner, inner = size(shape.period), block(shape.period)
        order = in_order(inner * np.int64(size(shape.origin)) + origin)
    return SlotPlan(
        group=table.codes[at],
        slot=mixed_radix([(factors[k].codes, counts[k]) for k in slots], n),
        n_groups=outer.size,
        n_slots=size(slots),
        order=order,
        outer=outer,
        inner=inner,
        n_outer=n_outer,
        n_inner=n_inner,
        roles=shape.roles,
    )


def in_order(keys: Ints) -> Ints:
    """Places of different keys >= 0 from the least to the greatest."""
    if keys.max(initial=0) > SPARSE * keys.size:
        return np.argsort(keys)
    place = np.full(int(keys.max(initial=-1)) + 1, -1)
    place[keys] = np.arange(keys.size)
    return place[place >= 0]


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


def mixed_radix(parts: Sequence[tuple[Ints, int]], n: int) -> Ints:
    """Number combinations of codes (n,) with their counts, the first one counting most."""
    if len(parts) == 1:
        return np.ascontiguousarray(parts[0][0], np.int32)
    codes = np.zeros(n, np.int32)
    for part, count in parts:
        codes *= np.int32(count)
        codes += part.astype(np.int32, copy=False)
    return codes
