"""Mirror statistics: two reporters' figures of one flow, compared and made one by a rule.

Exporters and importers report the same flow differently: valuation, time, origin and
destination, and plain errors. Nothing here is mixed silently: the rule is in the name of
the reporter, and a table says for every figure what was chosen and why.
"""

from forecast.mirror.reconciling import Reconciled, asymmetry, reconcile_reporters

__all__ = ["Reconciled", "asymmetry", "reconcile_reporters"]
