"""Coverage of turnover and of totals over many pairs, through the public `nowcast`.

    FORECAST_DATA=<reference data> python benchmarks/part_year_totals.py

Partners that took no part in the calibration and traded in every month. As of April,
July and October of 1992 to 2010 the year of all flows is nowcast together; turnover by
partner and the total over all partners are sums of joint paths.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pandas as pd

import forecast as fc

YEARS = range(1992, 2011)
MONTHS = (4, 7, 10)


def unseen_flows(folder: Path) -> pd.DataFrame:
    data = pd.read_parquet(folder / "us_monthly" / "us_monthly_trade_1985_2010.parquet")
    data = data[data["CTY_CODE"] >= "1000"]
    odd = [
        code
        for code in data["CTY_CODE"].unique()
        if int(hashlib.sha256(code.encode()).hexdigest(), 16) % 2 == 1
    ]
    data = data[data["CTY_CODE"].isin(odd)]
    active = data.groupby("CTY_CODE")["value_musd"].transform(
        lambda v: (v > 0).mean() > 0.99
    )
    data = data[active]
    exports = data["flow"] == "export"
    return pd.DataFrame(
        {
            "exporter": np.where(exports, "US", data["CTY_CODE"]),
            "importer": np.where(exports, data["CTY_CODE"], "US"),
            "month": data["year"].astype(str)
            + "-"
            + data["month"].astype(str).str.zfill(2),
            "year": data["year"],
            "trade": data["value_musd"],
        }
    )


def main() -> None:
    flows = unseen_flows(Path(os.environ["FORECAST_DATA"]))
    panel = fc.TradePanel.from_frame(
        flows.drop(columns="year"),
        origin="exporter",
        destination="importer",
        period="month",
        flow="trade",
        unit="million USD",
    )
    rows = []
    for year in YEARS:
        of_year = flows[flows["year"] == year]
        pairs = pd.DataFrame(
            np.sort(of_year[["exporter", "importer"]].to_numpy(dtype=str), axis=1),
            columns=["a", "b"],
            index=of_year.index,
        )
        turnover = of_year["trade"].groupby([pairs["a"], pairs["b"]]).sum()
        for month in MONTHS:
            found = fc.nowcast(
                panel, year, as_of=f"{year}-{month + 1:02}-01", paths=2000
            )
            table = found.turnover().to_frame().set_index(["a", "b"])
            actual = turnover.reindex(table.index)
            total, whole = found.total(), float(actual.sum())
            (low, high), (lowest, highest) = total.interval(0.8), total.interval(0.95)
            rows.append(
                {
                    "months": month,
                    "turnover in 80": actual.between(
                        table["lower_80"], table["upper_80"]
                    ).mean(),
                    "turnover in 95": actual.between(
                        table["lower_95"], table["upper_95"]
                    ).mean(),
                    "total in 80": low <= whole <= high,
                    "total in 95": lowest <= whole <= highest,
                }
            )
    result = pd.DataFrame(rows)
    print(f"{panel!r}")
    print(result.groupby("months").mean().round(3).to_string())
    print(result.drop(columns="months").mean().round(3).to_string())


if __name__ == "__main__":
    main()
