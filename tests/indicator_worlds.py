"""Panels whose trade depends on visits in a known way."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.panel import TradePanel


def visits_panel(
    seed: int = 0,
    *,
    pairs: int = 60,
    years: int = 20,
    effect: float = 0.09,
    kept: float = 0.0,
    concave: bool = False,
    memory: float = 1.0,
    sigma: float = 0.12,
    common: float = 0.05,
    rate: float = 0.25,
) -> TradePanel:
    """Log trade is a line, the effect of a stock of visits and errors with a memory.

    `kept` is the share of the stock that stays from one year to the next (0: visits of
    the year, 1: all that there ever were); errors are a random walk at ``memory=1`` and
    have a part that all pairs share.
    """
    rng = np.random.default_rng(seed)
    rates = rate * rng.gamma(2, 0.5, pairs)
    visits = rng.poisson(rates[:, None], (pairs, years)).astype(float)
    stock, level = np.zeros_like(visits), np.zeros(pairs)
    for t in range(years):
        level = kept * level + visits[:, t]
        stock[:, t] = np.log1p(level) if concave else level
    shocks = rng.normal(0, sigma, (pairs, years)) + common * rng.normal(size=years)
    errors = np.zeros_like(shocks)
    errors[:, 0] = shocks[:, 0] / np.sqrt(1 - memory**2) if memory < 1 else shocks[:, 0]
    for t in range(1, years):
        errors[:, t] = memory * errors[:, t - 1] + shocks[:, t]
    line = rng.normal(3, 1, pairs)[:, None] + rng.normal(0.04, 0.03, pairs)[
        :, None
    ] * np.arange(years)
    return panel_of(np.exp(line + effect * stock + errors), visits=visits)


def panel_of(trade: np.ndarray, first: int = 2001, **columns: np.ndarray) -> TradePanel:
    """Build a panel from matrices of pairs by years."""
    pairs, years = trade.shape
    table = {
        "pair": np.repeat([f"pair{row:03d}" for row in range(pairs)], years),
        "year": np.tile(np.arange(first, first + years), pairs),
        "trade": trade.ravel(),
    }
    table |= {name: values.ravel() for name, values in columns.items()}
    return TradePanel.from_frame(
        pd.DataFrame(table), unit=["pair"], period="year", flow="trade"
    )
