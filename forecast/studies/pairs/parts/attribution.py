"""``[attribution]``: is growth thanks to cooperation, and can these data tell?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.attribution import Attribution, attribute
from forecast.errors import StudyError
from forecast.gravity import GravityFit
from forecast.plots import plot_effects, plot_twin
from forecast.reporting import Block, Facts, Folded, Lead, Note, Table
from forecast.studies.drawing import Drawing, drawn
from forecast.studies.pairs.attribution_plan import (
    KEYS,
    AttributionPlan,
    check,
    refuse,
)
from forecast.studies.pairs.known import Known
from forecast.studies.pairs.part import Part
from forecast.studies.progress import Progress

__all__ = ["KEYS", "AttributionPlan", "check", "find"]

TITLE = "Thanks to cooperation?"
LEADS = "leads of the indicator"


def find(plan: AttributionPlan, known: Known, tell: Progress) -> Part:
    """Attribute growth to the indicators, and judge whether these data can tell.

    Raises
    ------
    StudyError
        F-725 no model, no indicator in it, or a panel of one period.
    """
    fit = _fit(known)
    terms = plan.terms or tuple(name for name in known.recipes if name in fit.terms)
    refuse(terms, known)
    tell(f"attribute growth to {', '.join(terms)}")
    found = attribute(
        known.panel,
        fit,
        terms,
        start=plan.start,
        end=plan.end,
        among=plan.among,
        placebos=plan.placebos,
        permutations=plan.permutations,
        shapes=plan.shapes,
        seed=known.seed,
    )
    drawings = {"attribution_effects": _drawing(found, known)}
    if len(found.gap) and plan.among is not None:
        drawings["attribution_synthetic_pair"] = _twin(found, plan.among, known)
    return Part(
        title=TITLE,
        headline=headline(found),
        blocks=tuple(_blocks(found, drawings, known)),
        tables=_tables(found),
        drawings=drawings,
        result=found,
        method={
            "Identification": identification(found),
            "Lead test (p)": _leads(found),
            "What would change the verdicts": found.would_change,
        },
    )


def headline(found: Attribution) -> str:
    """Say the verdict on all terms in one sentence, for the top of a report."""
    return (
        f"Thanks to cooperation, {found.start} to {found.end}: {found.verdict}; "
        f"{found.because.rstrip('.')}."
    )


def identification(found: Attribution) -> str:
    """Say what was checked of each term and how it came out.

    The verdict rests on these checks; what was not possible is told as well.
    """
    said = []
    for term, checks in found.checks.groupby("term", sort=False):
        by = {
            status: checks.loc[checks["status"] == status, "name"].tolist()
            for status in ("passed", "failed", "not possible")
        }
        asked = len(by["passed"]) + len(by["failed"])
        parts = [f"{term}: {len(by['passed'])} of {asked} checks passed"]
        parts += [
            f"{status} {', '.join(by[status])}"
            for status in ("failed", "not possible")
            if by[status]
        ]
        said.append("; ".join(parts))
    return ". ".join([*said, *(note.rstrip(".") for note in found.notes)]) + "."


# --- parts -------------------------------------------------------------------------


def _fit(known: Known) -> GravityFit:
    if known.gravity is None:
        raise StudyError(
            "there is no model that growth could be attributed with",
            code="F-725",
            column="gravity",
            remedy="Add [gravity] with effects of pairs and of places by period.",
        )
    return known.gravity


def _tables(found: Attribution) -> dict[str, pd.DataFrame]:
    tables = {
        "attribution_verdicts": found.verdicts,
        "attribution_effects": found.effects,
        "attribution_checks": found.checks,
    }
    if len(found.shapes):
        tables["attribution_shapes"] = found.shapes
    if len(found.gap):
        gap = found.gap.rename_axis("period").reset_index()
        tables["attribution_synthetic_pair"] = gap
    return tables


def _blocks(
    found: Attribution, drawings: dict[str, Drawing], known: Known
) -> list[Block]:
    blocks: list[Block] = [
        Lead(headline(found).replace(found.verdict, f"**{found.verdict}**", 1))
    ]
    if found.flag:
        blocks.append(f"**Red flag.** {found.flag}.")
    blocks += [
        Table(_summary(found), _caption(found, known)),
        *(drawing.picture for drawing in drawings.values()),
        Facts(
            {
                "Can these data tell?": identification(found),
                "What would change the verdict": found.would_change,
            }
        ),
        Folded(f"The {len(found.checks)} checks one by one", found.checks),
    ]
    if len(found.shapes):
        blocks.append(Folded("The same with other half-lives and lags", found.shapes))
    blocks.append(
        Note(
            "A counterfactual holds the indicators as they were at the start. It is "
            "partial: what exporters sell and importers buy in all is taken as it is. A "
            "declared placebo is never a cause; if one seems to work, all are in doubt."
        )
    )
    return blocks


def _summary(found: Attribution) -> pd.DataFrame:
    """One row an indicator: the verdict first, then the number and its interval."""
    effects = found.effects.set_index("term")
    rows = []
    for row in found.verdicts.to_dict("records"):
        effect = effects.loc[row["term"]]
        rows.append(
            {
                "indicator": row["term"],
                "verdict": row["verdict"],
                "because": row["because"],
                "effect of one unit, %": effect["estimate"],
                "95 % interval": f"{effect['low']:+.1f} to {effect['high']:+.1f}",
                "found if above, %": effect["detectable"],
                "share of growth, %": 100 * effect["growth"],
            }
        )
    return pd.DataFrame(rows)


def _caption(found: Attribution, known: Known) -> str:
    measure = f" ({known.panel.measure})" if known.panel.measure else ""
    total = found.effects.set_index("term").loc["all"]
    return (
        f"Indicators one by one. All together, held as in {found.start}, the flows of "
        f"{found.end} would be lower by {total['money']:,.0f} "
        f"({total['money_low']:,.0f} to {total['money_high']:,.0f}){measure}."
    )


def _drawing(found: Attribution, known: Known) -> Drawing:
    effects = found.effects[found.effects["term"] != "all"].set_index("term")
    verdicts = found.verdicts.set_index("term")["verdict"]
    shown = pd.DataFrame(
        {
            "value": effects["estimate"],
            "lower": effects["low"],
            "upper": effects["high"],
            "beside": effects["beside"],
            "verdict": verdicts.reindex(effects.index),
        }
    )
    return drawn(
        lambda ax: plot_effects(shown, ax),
        "Effect of one event and its 95 per cent interval; the ring is the estimate beside "
        f"the pairs' own growth. {known.facts}.",
        1.7 + 0.42 * len(shown),
    )


def _twin(found: Attribution, pair: tuple[str, str], known: Known) -> Drawing:
    name = "–".join(pair)
    return drawn(
        lambda ax: plot_twin(found.gap, ax, title=f"{name} against its synthetic twin"),
        f"{name} against the mixture of other pairs that moved like it before its first "
        f"event. {known.facts}.",
        1.6 + 0.24 * len(found.gap),
    )


def _leads(found: Attribution) -> str:
    leads = found.checks[found.checks["name"] == LEADS]
    said = [
        f"{row['term']}: {row['p_value']:.3f}"
        for row in leads.to_dict("records")
        if np.isfinite(row["p_value"])
    ]
    return ", ".join(said) if said else "not possible"
