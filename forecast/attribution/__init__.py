"""Whether growth is thanks to cooperation, and what trade could be.

`attribute` compares flows with what they would have been without the events, and judges
whether these data can tell at all. `potential` says which pairs trade less than pairs
like them do.
"""

from __future__ import annotations

from forecast.attribution.attribution import attribute
from forecast.attribution.literature import literature_table
from forecast.attribution.potential import Potential, potential
from forecast.attribution.record import Attribution
from forecast.attribution.shipped import PanelEstimates, panel_estimates
from forecast.attribution.significance import Significance

__all__ = [
    "Attribution",
    "PanelEstimates",
    "Potential",
    "Significance",
    "attribute",
    "literature_table",
    "panel_estimates",
    "potential",
]
