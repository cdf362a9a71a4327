"""Terms of an event study: which times were left out as the reference."""

from __future__ import annotations

from collections.abc import Sequence

from forecast.gravity.formulas.terms import Equation, Interacted, parts_of

__all__ = ["reference_times"]


def reference_times(equations: Sequence[Equation], column: object) -> list[float]:
    """Levels of `column` that the formula leaves out, where they are numbers.

    Examples
    --------
    >>> from forecast.gravity.formulas.formula import parse_formula
    >>> reference_times(parse_formula("trade ~ i(years, treated, ref=-1) | pair"), "years")
    [-1.0]
    """
    levels = [
        level
        for equation in equations
        for part in parts_of(equation)
        if isinstance(part, Interacted)
        for name, references in (
            (part.name, part.references),
            (part.by, part.by_references),
        )
        if name == column
        for level in references
    ]
    return [float(level) for level in levels if isinstance(level, int | float)]
