"""Reconciliation: forecasts that add up on every path, with what is published untouched.

`Hierarchy` says what must add up, `reconcile` moves joint sample paths onto it. Months and
years, regions and nations, exports and imports are reconciled at once.
"""

from forecast.reconciliation.coherence import coherence
from forecast.reconciliation.hierarchy import Hierarchy, unallocated_node
from forecast.reconciliation.movements import movements
from forecast.reconciliation.names import node_names
from forecast.reconciliation.reconciling import reconcile
from forecast.reconciliation.weights import shrunk_covariance

__all__ = [
    "Hierarchy",
    "coherence",
    "movements",
    "node_names",
    "reconcile",
    "shrunk_covariance",
    "unallocated_node",
]
