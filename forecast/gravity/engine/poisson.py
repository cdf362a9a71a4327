r"""Poisson pseudo maximum likelihood with absorbed fixed effects.

Maximises over :math:`\beta` and the effects

.. math:: \sum_i w_i\,(y_i \eta_i - e^{\eta_i}), \qquad
   \eta_i = x_i'\beta + \textstyle\sum_f \alpha_{f(i)} + o_i ,

on a sample for which a finite maximum exists (`forecast.gravity.samples.sample`), in the layout
that suits the effects.
"""

from __future__ import annotations

from typing import TypeAlias

from forecast.errors import ModelError
from forecast.gravity.engine.arrays import Arrays
from forecast.gravity.engine.memory import refuse_too_large
from forecast.gravity.engine.plain_poisson import fit_plain_poisson
from forecast.gravity.engine.row_estimate import RowLayout, lay_out_rows
from forecast.gravity.engine.slot_layout import lay_out
from forecast.gravity.engine.slot_plan import plan_slots
from forecast.gravity.engine.slotted_estimate import SlotLayout
from forecast.gravity.records import Estimate

__all__ = ["Layout", "fit_poisson", "layout_of"]

Layout: TypeAlias = SlotLayout | RowLayout


def layout_of(arrays: Arrays) -> Layout | None:
    """Lay out a sample with effects: in slots, or on sorted rows; None without effects.

    Raises
    ------
    ModelError
        F-548 when memory would not suffice.
    """
    refuse_too_large(arrays.y.size, len(arrays.columns))
    if not arrays.effects:
        return None
    plan = plan_slots(arrays.table, arrays.factors)
    system = None if plan is None else lay_out(plan, arrays)
    if plan is None or system is None:
        return lay_out_rows(arrays)
    return SlotLayout(arrays, plan, system)


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
    if layout is None:
        return fit_plain_poisson(arrays, tolerance=tolerance)
    try:
        return layout.estimate(tolerance)
    except ModelError:
        if isinstance(layout, RowLayout):
            raise
        # Slots iterate in single precision; sorted rows, in double, go further.
        return lay_out_rows(arrays).estimate(tolerance)
