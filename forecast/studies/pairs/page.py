"""The report of a study of pairs: headlines first, then each part, then data and method."""

from __future__ import annotations

from collections.abc import Mapping

from forecast.reporting import (
    Block,
    Facts,
    Folded,
    Lead,
    Note,
    Report,
    Section,
    Table,
    report,
)
from forecast.studies.pairs.known import Known
from forecast.studies.pairs.plan import PairPlan

__all__ = ["lay_out", "method_fields"]

VERDICT = "attribution"
NOT_TESTED = "Not tested in this study."
FIELDS = {
    "Intervals and standard errors": "None are reported.",
    "Identification": "Coefficients and effects are associations within the model; no part "
    "of this study looks for a cause.",
    "Lead test (p)": NOT_TESTED,
    "Skill over the baseline": NOT_TESTED,
    "What would change the verdicts": "Other data, or later ones: run the study again.",
}
"""What a field says where no part says anything of it."""


def lay_out(
    plan: PairPlan, known: Known, method: Mapping[str, str], version: str
) -> Report:
    """Lay out the page of a study of pairs."""
    sections = [Section("The answer", tuple(_answer(known)))]
    sections += [Section(part.title, part.blocks) for part in known.found.values()]
    sections.append(Section("Data and method", tuple(_method(known, method))))
    return report(
        plan.title,
        sections,
        subtitle=f"{_dates(plan, known)}. {known.facts}.",
        footer=[
            f"Made by turnover-forecast {version}, seed {plan.seed}. The same facts give the "
            "same page. Tables and figures lie beside this file.",
        ],
    )


def method_fields(plan: PairPlan, known: Known) -> dict[str, str]:
    """Give the eleven fields that every report states, in their order."""
    panel = known.panel
    frame = panel.to_frame()
    zeros = int((frame[panel.flow] == 0).sum())
    missing = int(frame[panel.flow].isna().sum())
    events = "" if known.log is None else f"; {len(known.log)} events"
    said = _by_field(known)
    size = f"{len(panel.units):,} pairs, {len(panel):,} rows{events}"
    return {
        "Data hash": f"SHA-256 (first 16 digits) of what was known: "
        f"{'; '.join(f'{n} {d[:16]}' for n, d in known.digests.items())}. The manifest has them in full.",
        "As-of date": _dates(plan, known),
        "Source per number": known.facts,
        "N": "; ".join([size, *said.pop("N", [])]),
        "Zeros": f"{zeros:,} flows of zero are kept as zeros; {missing:,} are missing and "
        "never read as zero.",
        "Dropped rows by reason": _joined(
            said.pop("Dropped rows by reason", []), "None."
        ),
        **{name: _joined(said.pop(name, []), text) for name, text in FIELDS.items()},
    }


def _answer(known: Known) -> list[Block]:
    """The headlines: the first in large type, the others as a list.

    Where a study asks what cooperation did, the verdict is the answer and comes first.
    """
    tables = sorted(known.found, key=lambda table: table != VERDICT)
    first, *others = [known.found[table].headline for table in tables]
    blocks: list[Block] = [Lead(first)]
    if others:
        blocks.append("\n".join(f"- {' '.join(text.split())}" for text in others))
    return blocks


def _method(known: Known, method: Mapping[str, str]) -> list[Block]:
    blocks: list[Block] = [Facts(method)]
    if known.recipes:
        blocks.append(Facts({name: repr(one) for name, one in known.recipes.items()}))
    if known.log is not None:
        events = known.log.to_frame()
        blocks.append(Folded(f"The {len(events)} events", Table(events)))
    if known.panel.notes:
        blocks.append(Note(" ".join(n.rstrip(".") + "." for n in known.panel.notes)))
    return blocks


def _dates(plan: PairPlan, known: Known) -> str:
    periods = known.panel.periods
    span = f"Figures of {periods[0]} to {periods[-1]}"
    if plan.as_of is None:
        return f"{span}; no as-of date was set"
    return f"{span}, as known on {plan.as_of:%Y-%m-%d}"


def _by_field(known: Known) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {}
    for part in known.found.values():
        method: Mapping[str, str] = part.method
        for name, text in method.items():
            said.setdefault(name, []).append(text)
    return said


def _joined(texts: list[str], otherwise: str) -> str:
    if not texts:
        return otherwise
    return ". ".join(text.rstrip(".") for text in texts) + "."
