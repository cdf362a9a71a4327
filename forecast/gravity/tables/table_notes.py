"""Notes below a table of models: what a reader must know to read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from forecast.gravity.fit import GravityFit
from forecast.gravity.tables.table_rows import BELOW

__all__ = ["note_lines"]


def note_lines(
    fits: Sequence[GravityFit],
    below: Sequence[str],
    stars: Mapping[str, float],
    level: float,
    hidden: int,
) -> tuple[str, ...]:
    """What a reader must know: standard errors, stars, what was left out."""
    lines = [inside(below, level), *told(fits, error_note)]
    if stars:
        weak_first = sorted(stars.items(), key=lambda pair: -pair[1])
        lines.append(", ".join(f"{sign} p < {p:g}" for sign, p in weak_first) + ".")
    lines += told(fits, collinear_note)
    lines += [line for note in many_notes(fits) for line in told(fits, note)]
    if hidden:
        lines.append(f"{hidden:,} coefficients are not shown.")
    return tuple(line for line in lines if line)


def inside(below: Sequence[str], level: float) -> str:
    """What stands in parentheses."""
    parts = [
        BELOW[name].noun.format(level=100 * level)
        + (" in brackets" if BELOW[name].brackets == "[]" else " in parentheses")
        for name in below
    ]
    return f"{', '.join(parts)}." if parts else ""


def told(
    fits: Sequence[GravityFit], sentence: Callable[[GravityFit], str]
) -> list[str]:
    """A sentence about each fit, once for all fits of which it is true."""
    models: dict[str, list[int]] = {}
    for n, fit in enumerate(fits, 1):
        models.setdefault(sentence(fit), []).append(n)
    every = len(models) == 1
    return [
        text if every else f"{', '.join(f'({n})' for n in numbers)}: {text}"
        for text, numbers in models.items()
        if text
    ]


def error_note(fit: GravityFit) -> str:
    """How the standard errors were made."""
    made = fit.covariance
    return (
        f"Standard errors {made.title}, {made.convention} ({made.formula}); "
        f"p-values from {made.reference.describe()}."
    )


def collinear_note(fit: GravityFit) -> str:
    """Regressors without a coefficient."""
    found = fit.drawn.collinearity
    names = [*found.absorbed, *found.collinear]
    return f"Absorbed or collinear: {', '.join(names)}." if names else ""


def many_notes(fits: Sequence[GravityFit]) -> list[Callable[[GravityFit], str]]:
    """Each note on a covariance as a sentence about the fits that have it."""
    notes = dict.fromkeys(note for fit in fits for note in fit.covariance.notes)
    return [
        lambda fit, note=note: note if note in fit.covariance.notes else ""  # type: ignore[misc]
        for note in notes
    ]
