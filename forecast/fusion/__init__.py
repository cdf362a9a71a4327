"""The joint of gravity and series: pairs forecast so that they add up.

``Fusion(level=Gravity(...)).fit(panel)`` gives a `FusionFit`, ``fit.forecast(horizon)`` a
`Forecast` of joint sample paths.
"""

from forecast.fusion.fit import FusionFit
from forecast.fusion.margins import Margins
from forecast.fusion.model import Fusion
from forecast.fusion.split import SplitFit

__all__ = ["Fusion", "FusionFit", "Margins", "SplitFit"]
