"""What a hierarchy must be, and how its constraints read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ModelError

__all__ = [
    "check_constraints",
    "equation",
    "lone_signs",
    "no_hierarchy",
    "refuse_circles",
]

Floats = NDArray[np.floating[Any]]


def equation(row: Floats, nodes: Sequence[str], wholes: Collection[str]) -> str:
    """Write one constraint as an equation, wholes on the left where there are some."""
    inside = np.flatnonzero(row).tolist()
    left = [i for i in inside if nodes[i] in wholes and row[i] > 0]
    left = left[:1] or [inside[int(np.argmax(row[inside]))]]
    unit = row[left[0]]
    terms = [(nodes[i], -row[i] / unit) for i in inside if i != left[0]]
    text = " ".join(
        f"{'-' if number < 0 else '+'} {'' if abs(number) == 1 else f'{abs(number):g} × '}{node}"
        for node, number in terms
    )
    return f"{nodes[left[0]]} = {text.removeprefix('+ ')}"


def check_constraints(
    nodes: Sequence[str], matrix: Floats, across: Sequence[bool]
) -> None:
    """Refuse a matrix that does not fit its nodes, and constraints that tie nothing."""
    if len(set(nodes)) < len(nodes):
        twice = [node for node, count in Counter(nodes).items() if count > 1]
        raise no_hierarchy("nodes named more than once", twice)
    if matrix.ndim != 2 or matrix.shape[1] != len(nodes) or len(across) != len(matrix):
        raise no_hierarchy(
            f"a matrix of shape {matrix.shape} for {len(nodes):,} nodes", []
        )
    if not np.isfinite(matrix).all():
        raise no_hierarchy("constraints with missing or infinite numbers", [])
    small = np.flatnonzero((matrix != 0).sum(axis=1) < 2)
    if small.size:
        raise no_hierarchy(
            "constraints with fewer than two nodes", [f"row {row}" for row in small]
        )


def refuse_circles(parts: Mapping[str, Sequence[str]]) -> None:
    """Refuse empty wholes, parts named twice and nodes that contain themselves."""
    for whole, within in parts.items():
        if isinstance(within, str) or not len(within):
            raise no_hierarchy("wholes without a list of parts", [whole])
        if len(set(within)) < len(within):
            raise no_hierarchy("parts named twice in one whole", [whole])
    done: set[str] = set()
    for whole in parts:
        above: list[str] = []
        todo = [(whole, 0)]
        while todo:
            node, depth = todo.pop()
            del above[depth:]
            if node in above:
                raise no_hierarchy("nodes that contain themselves", [node])
            if node in done:
                continue
            above.append(node)
            todo += [(part, depth + 1) for part in parts.get(node, ())]
        done.update({whole})


def lone_signs(matrix: Floats, nodes: Sequence[str]) -> set[str]:
    """Return, for each row, the only node whose sign differs from the others'."""
    found = set()
    for row in matrix:
        for sign in (1.0, -1.0):
            mine = np.flatnonzero(row * sign > 0)
            if mine.size == 1 and (row * sign < 0).sum() >= 2:
                found.add(nodes[int(mine[0])])
    return found


def no_hierarchy(problem: str, examples: Sequence[str]) -> ModelError:
    """What is no hierarchy, F-820."""
    return ModelError(
        problem,
        code="F-820",
        count=len(examples) or None,
        examples=examples,
        remedy="Each constraint is a whole and its parts, every node named once.",
    )
