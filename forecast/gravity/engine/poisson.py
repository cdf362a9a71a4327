r"""Poisson pseudo maximum likelihood with absorbed fixed effects.

Maximises over :math:`\beta` and the effects

.. math:: \sum_i w_i\,(y_i \eta_i - e^{\eta_i}), \qquad
   \eta_i = x_i'\beta + \textstyle\sum_f \alpha_{f(i)} + o_i ,

on a sample for which a finite maximum exists (`forecast.gravity.samples.sample`), in the layout
that suits the effects.
"""

from __future__ import annotations

from dataclasses import dataclass

from forecast.errors import ModelError
from forecast.gravity.engine.arrays import Arrays
from forecast.gravity.engine.memory import refuse_too_large
from forecast.gravity.engine.newton import maximise
from forecast.gravity.engine.plain_poisson import fit_plain_poisson
from forecast.gravity.engine.row_estimate import fit_sorted_rows
from forecast.gravity.engine.slot_layout import lay_out
from forecast.gravity.engine.slot_plan import SlotPlan, plan_slots
from forecast.gravity.engine.slotted_estimate import estimate_of
from forecast.gravity.engine.slotted_system import SlottedSystem
from forecast.gravity.records import Estimate

__all__ = ["Layout", "fit_poisson", "layout_of"]


@dataclass(frozen=True)
class Layout:
    """A sample in slots; nothing where it does not lie well in them.

    Attributes
    ----------
    plan : SlotPlan or None
    system : SlottedSystem or None
    """

    plan: SlotPlan | None
    system: SlottedSystem | None


def layout_of(arrays: Arrays) -> Layout:
    """Lay out a sample in slots where its effects are structural gravity.

    Raises
    ------
    ModelError
        F-548 when memory would not suffice.
    """
    refuse_too_large(arrays.y.size, len(arrays.columns))
    plan = plan_slots(arrays.table, arrays.factors) if arrays.effects else None
    return Layout(plan, None if plan is None else lay_out(plan, arrays))


def fit_poisson(
    arrays: Arrays, *, tolerance: float = 1e-9, layout: Layout | None = None
) -> Estimate:
    """Fit in slots where the effects are structural gravity, else on sorted rows.

    Parameters
    ----------
    arrays : Arrays
    tolerance : float
        Bound on the remaining error of a slope, per standard deviation of its regressor.
    layout : Layout, optional
        Of these arrays, if it is there already.

    Raises
    ------
    ModelError
        F-542 when the score equations cannot be met, F-548 when memory would not suffice.
    """
    layout = layout or layout_of(arrays)
    if not arrays.effects:
        return fit_plain_poisson(arrays, tolerance=tolerance)
    if layout.plan is None or layout.system is None:
        return fit_sorted_rows(arrays, tolerance=tolerance)
    try:
        best = maximise(layout.system, tolerance=tolerance)
    except ModelError:
        # Slots iterate in single precision; sorted rows, in double, go further.
        return fit_sorted_rows(arrays, tolerance=tolerance)
    return estimate_of(arrays, layout.plan, layout.system, best)
