"""Growth between two periods as a sum of contributions that do not depend on an order.

`decompose` takes a fitted `Gravity` or a `Forecast`; a `Decomposition` holds the parts on
every path, in the unit of the flows and in percentage points.
"""

from forecast.decomposition.decomposing import decompose
from forecast.decomposition.record import Decomposition

__all__ = ["Decomposition", "decompose"]
