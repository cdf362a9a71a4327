"""What the gravity half says, in plain sentences; every number comes from its tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.attribution.verdicts import LARGE_SHARE
from forecast.plots.look import scale_of
from forecast.studies.gravity_half.record import GravityHalf, Outlook, ScenarioPaths

__all__ = ["growth_text", "outlook_text", "panel_text", "single_text"]

READINGS = {
    "low": "low end of the literature",
    "top": "top of the literature",
    "estimate": "as estimated",
}


def panel_text(half: GravityHalf) -> str:
    """Say what a panel of pairs has to say of agreements, and what of it concerns the pair."""
    if half.estimates is None:
        return "No estimates on a panel of pairs were known on that day."
    row = half.estimates.table.iloc[0]
    effects = half.tables["gravity_effects"]
    own = effects[effects["model"] == half.estimates.model].iloc[-1]
    pair = str(row["pair"]).replace("-", " and ")
    fixed = row["pair_at_start"] == row["pair_at_end"]
    return (
        f"A gravity model of {row['nobs']:,} flows between all countries, every fourth year "
        f"from {row['first_year']} to {row['last_year']}, finds {_signed(own['effect_%'])} % "
        f"for {_named(own['term'])} ({_signed(own['low_%'])} to {_signed(own['high_%'])} at "
        f"95 %). Verdict: **{half.estimates.verdict}** ({half.estimates.because}). "
        + (
            f"{pair} had an agreement in every year of the panel, so that this is learnt "
            "from other pairs."
            if fixed
            else ""
        )
    )


def growth_text(half: GravityHalf, year: int, measure: str) -> str:
    """Say how the growth of the year is shared out."""
    shared = half.shared
    if shared is None:
        return ""
    scale = scale_of(measure, [float(np.median(shared.base * shared.growth / 100))])
    head = (
        f"Growth of {year} is {_points(shared.growth)} points, or "
        f"{scale.text(float((shared.base * shared.growth / 100).mean()))} {scale.unit} (means, "
        "which add up). Of it:"
    )
    lines = []
    for name, values in shared.parts.items():
        lines.append(f"- {name}: {_points(values)} points ({_span(values)} at 80 %)")
    for reading, word in (("low", "low end"), ("top", "top")):
        lines.append(
            f"- soft events at the {word} of the literature: "
            f"{_points(shared.soft[reading])} points, and the rest of the pair then "
            f"{_points(shared.rest[reading])} ({_span(shared.rest[reading])})"
        )
    told = [head, "\n".join(lines), _flag(half, year)]
    return "\n\n".join(part for part in told if part)


def _flag(half: GravityHalf, year: int) -> str:
    """Say why zero change gives zero effect, and when the top of the range is too much."""
    shared, said = half.shared, []
    if shared is None:
        return ""
    changes = half.tables.get("gravity_agreements")
    if changes is not None and not changes["change"].any():
        said.append(
            f"No agreement entered into force in {year} and none ended its phase-in, so "
            "that agreements add nothing to this year's growth, whatever their effect."
        )
    share = float(shared.soft["top"].mean() / shared.growth.mean())
    if share > LARGE_SHARE:
        said.append(
            f"Red flag: at the top of the literature soft events would make up {100 * share:.0f} % "
            "of the growth, more than a third. The range is assumed, holds zero, and nothing in "
            "these data tells one end from the other: **cannot be told**."
        )
    return " ".join(said)


def single_text(half: GravityHalf) -> str:
    """Say what the pair by itself shows of its forums."""
    row = half.tables["gravity_single_pair"].iloc[0]
    if not np.isfinite(row["difference_%"]):
        return ""
    return (
        f"The pair by itself ({row['reporter']}, {row['years']}): trade grew "
        f"{_signed(row['difference_%'])} % more in the {row['with']} years with a forum on "
        f"record than in the {row['without']} years without "
        f"(p = {row['p_value']:.2f}); only a difference of {row['detectable_%']:.0f} % would "
        f"have been seen, and oil, roubles and all else moved as well.{_split(row)}"
    )


def _split(row: pd.Series) -> str:
    """Say when years with and without are no mixture but two epochs."""
    if not row["one_split"]:
        return ""
    return (
        f" It is a split of time in two: all years without are of {row['years_without']}, all "
        f"years with of {row['years_with']}. The p-value takes years as exchangeable, which "
        "two epochs are not."
    )


def outlook_text(half: GravityHalf, measure: str) -> str:
    """Say what the next year looks like and what the scenarios change."""
    outlook = half.outlook
    if outlook is None:
        return ""
    scale = scale_of(measure, [float(np.median(outlook.level))])
    low, middle, high = np.quantile(outlook.level, [0.1, 0.5, 0.9])
    history = outlook.history
    head = (
        f"For {outlook.year} the paths of this year are multiplied by growth drawn from the "
        f"pair's past ({outlook.reporter}): {scale.text(middle)} {scale.unit}, with 80 % "
        f"between {scale.text(low)} and {scale.text(high)}. So wide, because yearly growth of "
        f"this pair has been so unsteady: of {len(history)} past years forecast in the same "
        f"way from the years before, the 80 % interval held {int(history['inside_80'].sum())} "
        f"and the 95 % interval {int(history['inside_95'].sum())}."
    )
    if not half.scenarios:
        return head
    played = "\n".join(_played(one, outlook, measure) for one in half.scenarios)
    tail = (
        "Events of such kinds happened in that past, too, so that what they do is partly in "
        "the baseline: read the differences as with against without."
    )
    return f"{head}\n\n{played}\n\n{tail}"


def _played(one: ScenarioPaths, outlook: Outlook, measure: str) -> str:
    change = one.change
    scale = scale_of(measure, [float(np.median(outlook.level))])
    middle, share = np.median(change), 100 * np.median(change / outlook.level)
    effect = f"{one.percent.mean():+.1f} %".replace("-", "−")
    return (
        f"- {one.name}, {READINGS[one.reading]}: {effect} in force over "
        f"{100 * one.share.mean():.0f} % of the year brings {scale.text(float(middle), signed=True)} {scale.unit} "
        f"({_signed(float(share))} %; medians). {one.verdict[0].upper()}{one.verdict[1:]}."
    )


def _named(term: str) -> str:
    words = {
        "agreement + agreement_4y": "an agreement after its phase-in",
        "agreement": "an agreement",
        "agreement_4y": "an agreement of four years before",
    }
    return words.get(term, term)


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")


def _points(values: np.ndarray) -> str:
    return _signed(float(values.mean()))


def _span(values: np.ndarray) -> str:
    low, high = np.quantile(values, [0.1, 0.9])
    return f"{_signed(float(low))} to {_signed(float(high))}"
