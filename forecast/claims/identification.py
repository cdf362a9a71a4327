"""What is known of the identification of a cause, and what that does to the verdict.

With one pair alone nothing is identified, and the card says so. Where a panel of pairs
was asked (`forecast.attribute`, or the estimates that ship with the package), its checks
stand in the place of "not possible with one pair", and the verdict follows four rules:

1. Only an attribution that ends in the claimed year speaks of that year's growth. Any
   other one, such as estimates of earlier years, changes the evidence and no verdict.
2. It supports the claim if it is itself "supported" and the lower end of its share of
   growth reaches the claimed share.
3. It speaks against the claim if it is "not supported", or "supported" with the upper
   end of its share below the claimed one.
4. Support against the ceiling or the control group cannot be told; without support
   either of them is enough for "not supported"; what is left cannot be told.
"""

from __future__ import annotations

import numpy as np

from forecast.attribution import Attribution, PanelEstimates
from forecast.attribution.cells import cells_of
from forecast.attribution.estimates import effects_of
from forecast.claims.finding import NOT_SUPPORTED, UNKNOWN
from forecast.events import EventLog

__all__ = ["Evidence", "ending", "identification_rows", "verdict_of"]

Evidence = Attribution | PanelEstimates
Rows = list[dict[str, object]]

SUPPORTED = "supported"
ONE_PAIR = "not possible with one pair"


def identification_rows(known: EventLog | None, evidence: Evidence | None) -> Rows:
    """Print what an identified effect would need and what is at hand."""
    placebos = 0 if known is None else len(known.placebos())
    status = {
        "pair effects": ONE_PAIR,
        "leads test": ONE_PAIR,
        "placebo events": f"{placebos} known, dated like the others: no separate test",
        "control group": "rough: exports only, and the pair is itself a part of the group",
    }
    if evidence is None:
        return [_row(name, text) for name, text in status.items()]
    del status["leads test"]
    status["pair effects"] = "in the model" if _pair_effects(evidence) else "none"
    return [
        *[_row(name, text) for name, text in status.items()],
        _row("panel of pairs", f"{evidence.verdict}. {evidence.because}"),
        *[
            _row(f"{row['name']} ({row['term']})", f"{row['status']}: {row['note']}")
            for row in evidence.checks.to_dict("records")
        ],
    ]


def verdict_of(
    refuted: bool, wanted: float, year: int, evidence: Evidence | None
) -> str:
    """Follow the rules at the head of this module.

    Parameters
    ----------
    refuted : bool
        By the ceiling or the control group.
    wanted : float
        The least share of growth that is claimed.
    year : int
    evidence : Attribution, PanelEstimates or None
    """
    low, high = _share(year, evidence)
    said = "" if evidence is None else evidence.verdict
    if said == SUPPORTED and low >= wanted:
        return UNKNOWN if refuted else SUPPORTED
    against = np.isfinite(high) and (
        said == NOT_SUPPORTED or (said == SUPPORTED and high < wanted)
    )
    return NOT_SUPPORTED if refuted or against else UNKNOWN


def ending(evidence: Evidence | None) -> str:
    """Close the headline: what is left to be said."""
    if evidence is None:
        return "Beyond that it cannot be told from one pair."
    return (
        f"The panel of pairs: {evidence.verdict} ({evidence.because.rstrip('.')}). "
        "Beyond that it cannot be told."
    )


def _row(name: str, text: str) -> dict[str, object]:
    return {"what": f"identification: {name}", "note": text}


def _pair_effects(evidence: Evidence) -> bool:
    if isinstance(evidence, PanelEstimates):
        return evidence.pair_effects
    return effects_of(evidence.fit, cells_of(evidence.fit)).pair


def _share(year: int, evidence: Evidence | None) -> tuple[float, float]:
    """Ends of the share of that year's growth; NaN where the evidence is of other years."""
    if not isinstance(evidence, Attribution) or evidence.end != str(year):
        return np.nan, np.nan
    whole = evidence.effects[evidence.effects["term"] == "all"].iloc[0]
    return float(whole["growth_low"]), float(whole["growth_high"])
