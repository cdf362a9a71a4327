"""The table that everything stands on: flows by unit and period, checked once.

`TradePanel.from_frame` is the door. What comes through it is canonical (see
`forecast.panel.admission`); what is suspicious but not wrong is told by
`TradePanel.diagnose`.
"""

from forecast.panel.table import TradePanel

__all__ = ["TradePanel"]
