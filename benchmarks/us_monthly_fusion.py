"""Fusion of months: trade of the United States with their largest partners.

    FORECAST_DATA=<reference data> python benchmarks/us_monthly_fusion.py

Twelve months are forecast from the ends of 2002 to 2009, exports to and imports from 60
partners. Printed are coverage of intervals by thirds of size and by month, and mean
absolute errors beside those of the same month a year before.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

FIRST, LAST, PARTNERS, PATHS = 2002, 2009, 60, 400
LEVELS = (0.8, 0.95)


def panel() -> Any:
    """Both directions with the partners of 2009 that trade most; codes below 1000 are sums."""
    import forecast as fc

    folder = Path(os.environ["FORECAST_DATA"]) / "us_monthly"
    table = pd.read_parquet(folder / "us_monthly_trade_1985_2010.parquet")
    table = table[(table["CTY_CODE"] >= "1000") & (table["year"] >= 1992)]
    size = table[table["year"] == LAST].groupby("CTY_CODE")["value_musd"].sum()
    table = table[table["CTY_CODE"].isin(size.nlargest(PARTNERS).index)]
    out = table["flow"] == "export"
    month = table["month"].astype(str).str.zfill(2)
    return fc.TradePanel.from_frame(
        pd.DataFrame(
            {
                "exporter": table["CTY_CODE"].mask(out, "US"),
                "importer": table["CTY_CODE"].where(out, "US"),
                "month": table["year"].astype(str) + "-" + month,
                "trade": table["value_musd"],
            }
        ),
        origin="exporter",
        destination="importer",
        period="month",
        flow="trade",
        unit="million USD",
    )


def main() -> None:
    """Forecast from each origin and print."""
    from forecast.fusion import Fusion

    whole = panel()
    hits: dict[Any, list[Any]] = {}
    errors: dict[str, list[float]] = {"Fusion": [], "same month a year before": []}
    for year in range(FIRST, LAST + 1):
        fit = Fusion().fit(whole.between(end=year))
        outlook = fit.forecast(12, paths=PATHS)
        came, last = (whole.between(y, y).matrix()[0] for y in (year + 1, year))
        errors["Fusion"].append(np.nanmean(np.abs(fit.point(12).to_numpy() - came)))
        errors["same month a year before"].append(np.nanmean(np.abs(last - came)))
        ranks = np.argsort(np.argsort(-np.nan_to_num(last).sum(axis=1), kind="stable"))
        for level in LEVELS:
            low, high = (end.to_numpy() for end in outlook.interval(level))
            inside = (came >= low) & (came <= high)
            for third in range(3):
                own = inside[ranks * 3 // len(ranks) == third]
                hits.setdefault((level, third), []).append(own)
            hits.setdefault((level, "all"), []).append(inside)
    for (level, who), found in hits.items():
        months = np.concatenate(found).mean(axis=0)
        print(
            f"{100 * level:.0f} % intervals, third {who}: {100 * months.mean():.1f}; "
            f"months {' '.join(f'{100 * m:.0f}' for m in months)}"
        )
    for name, found in errors.items():
        print(f"mean absolute error, {name}: {np.mean(found):.1f} million USD")


if __name__ == "__main__":
    main()
