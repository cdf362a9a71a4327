"""What a fitted fusion says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast.errors import ModelError
from forecast.forecasts.prose import span_of
from forecast.fusion.rivals import FEWEST_ORIGINS

if TYPE_CHECKING:
    from forecast.fusion.fit import FusionFit

__all__ = ["check_side", "notes_of", "summary"]

SIDES = ("exports", "imports")
WEIGHTED_QUANTILES = (0.1, 0.5, 0.9)


def summary(fit: FusionFit) -> str:
    """Say how totals and pairs move, what was estimated and from how much."""
    flows = fit.flows
    sectors = len(flows.sectors)
    each = f", {sectors:,} sectors with totals of their own" if sectors > 1 else ""
    origins, destinations = (
        len(side.get_level_values(0).unique())
        for side in (flows.origins, flows.destinations)
    )
    lines = [
        f"{fit.recipe.name} fitted to {len(flows.units):,} pairs "
        f"({origins:,} origins, {destinations:,} destinations{each}), "
        f"{span_of(flows.periods)}",
        _of_totals(fit),
        _of_structure(fit),
        *_of_rival(fit),
    ]
    return "\n".join([*lines, *(f"Note: {note}" for note in fit.notes)])


def notes_of(fit: FusionFit) -> tuple[str, ...]:
    """Return what a reader of forecasts must know."""
    notes = []
    begun, known = fit.flows.begun, fit.flows.known
    if (gaps := int((begun & ~known).sum())) > 0:
        notes.append(f"{gaps:,} missing cells hold the value before them")
    if (absent := int((~begun).sum())) > 0:
        notes.append(
            f"{absent:,} missing cells before a pair's first figure are not taken for zero "
            "trade: pairs that appear make no growth"
        )
    if (left := len(fit.panel.units) - len(fit.flows.units)) > 0:
        notes.append(f"{left:,} pairs without any figure were left out")
    if fit.learned.weights.rows == 0:
        notes.append("no pair-year to estimate weights of structure from: all are zero")
    return tuple(notes)


def check_side(side: str) -> None:
    """Refuse what is no side of trade (F-526)."""
    if side not in SIDES:
        raise ModelError(
            f"side={side!r} is not possible",
            code="F-526",
            remedy=f"Choose one of {list(SIDES)}.",
        )


def _of_totals(fit: FusionFit) -> str:
    speeds = fit.learned.speeds
    if speeds is None:
        return f"Totals: each forecast by {fit.recipe.dynamics!r}."
    world = fit.totals.world
    gap = 100 * (1 - world[-1] / world.max())
    said = [
        f"{name} {value:.2f} ({error:.2f})"
        for name, value, error in zip(
            ("drift", "recovery", "momentum"),
            (speeds.drift, speeds.recovery, speeds.momentum),
            speeds.errors,
            strict=True,
        )
    ]
    return (
        f"Totals: {', '.join(said)}; posterior standard deviations in brackets. The "
        f"world is {gap:.1f} % below its peak, and {100 * speeds.recovery:.0f} % of such "
        "a gap is closed in a year."
    )


def _of_structure(fit: FusionFit) -> str:
    """Weights that gravity, momentum and last year have for calm and volatile pairs."""
    weights = fit.learned.weights
    level = "gravity" if fit.level is not None else "the mean of three years"
    relative = fit.step.relative
    parts = []
    for share in WEIGHTED_QUANTILES:
        v = float(np.quantile(relative, share))
        pull = weights.values[0] + weights.values[1] * v
        move = weights.values[2] + weights.values[3] * v
        parts.append(
            f"{100 * share:.0f} % calmest: {pull:+.2f}, {move:+.2f}, {1 - pull - move:.2f}"
        )
    return (
        f"Structure: weights of {level}, momentum and last year for pairs at the "
        f"{'; '.join(parts)}. Intensity {weights.values[4]:+.4f}. From "
        f"{weights.rows:,} pair-years."
    )


def _of_rival(fit: FusionFit) -> list[str]:
    """Say what share of the correction the learner has, and why."""
    rival, recipe = fit.learned.rival, fit.recipe
    if rival is None or rival.origins == 0:
        return []
    named = isinstance(recipe.rival, str)
    name = recipe.rival if named else type(recipe.rival).__name__
    if rival.origins < FEWEST_ORIGINS:
        return [f"Rival ({name}): no share, too few origins to judge it by."]
    alone = f"alone its errors would have been {-100 * rival.gain:+.1f} %"
    return [
        f"Rival ({name}): {100 * rival.share:.0f} % of the correction of pairs; {alone} "
        f"of the linear one's at the last {rival.origins} origins."
    ]
