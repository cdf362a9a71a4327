"""The published contest on trade of 86 countries, with Fusion among the entrants.

    FORECAST_DATA=<reference data> python benchmarks/trade86_contest.py

Ruzicska, Chariag, Kiss and Koren (2024) forecast imports among 86 countries one year
ahead for 2000 to 2019 from what was known the year before; the random walk beat every
model of theirs. Here each model is fitted anew at the origins 1999 to 2018 and forecasts
one to three years, by point and interval; the flows of the next year are also forecast
from its totals. Printed are errors relative to mean trade (RMAE), R-squared within
pairs, panel Diebold-Mariano tests on absolute errors and coverage by size of pair.
"""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

START, FIRST, LAST, STEPS = 1995, 1999, 2018, 3
FORMULA = "trade ~ 1 | exporter^year + importer^year + exporter^importer"
LEVELS = (0.8, 0.95)
SIZES = ("large", "middle", "small", "none")
PATHS = 1000


def read_flows() -> pd.DataFrame:
    """Flows of distinct countries; own-country cells are re-imports."""
    path = Path(os.environ["FORECAST_DATA"]) / "trade86/imports_86x86_1995_2019.parquet"
    table = pd.read_parquet(path)
    table = table[table["importer"] != table["exporter"]]
    return table.rename(columns={"import_usd": "trade"})


def panel_of(table: pd.DataFrame) -> Any:
    import forecast as fc

    return fc.TradePanel.from_frame(
        table,
        origin="exporter",
        destination="importer",
        period="year",
        flow="trade",
        unit="USD",
    )


def recipes() -> dict[str, Any]:
    import forecast as fc
    from forecast.fusion import Fusion

    return {
        "Fusion with gravity": Fusion(level=fc.Gravity(FORMULA)),
        "Fusion without gravity": Fusion(),
        "Fusion, neither gravity nor rival": Fusion(rival=None),
    }


def one_origin(table: pd.DataFrame, year: int) -> dict[str, Any]:
    """Everything that is forecast from one year."""
    panel = panel_of(table[table["year"] <= year])
    past = panel.matrix()[0]
    world = past.sum(axis=0)
    growth = (world[-1] / world[0]) ** (1 / (past.shape[1] - 1))
    ahead = np.arange(1, STEPS + 1)
    points = {
        "random walk": np.repeat(past[:, -1:], STEPS, axis=1),
        "world drift": past[:, -1:] * growth**ahead,
        "world drift at half weight": past[:, -1:] * growth ** (ahead / 2),
    }
    coming = table[table["year"] == year + 1]
    exports = coming.groupby("exporter")["trade"].sum()
    imports = coming.groupby("importer")["trade"].sum()
    given, intervals, params = {}, {}, {}
    for name, recipe in recipes().items():
        fit = recipe.fit(panel)
        points[name] = fit.point(STEPS).to_numpy()
        given[name] = fit.given_totals(exports, imports).to_numpy()
        params[name] = fit.params
        if name == "Fusion with gravity":
            outlook = fit.forecast(STEPS, paths=PATHS, largest_gb=8)
            intervals = {
                level: [end.to_numpy() for end in outlook.interval(level)]
                for level in LEVELS
            }
    given["last year scaled to totals"] = scaled(panel, past[:, -1], exports, imports)
    return {
        "origin": year,
        "points": points,
        "given": given,
        "intervals": intervals,
        "last": past[:, -1],
        "params": params,
    }


def scaled(panel: Any, last: Any, exports: Any, imports: Any) -> Any:
    """Last year's matrix by iterative proportional fitting."""
    from forecast.fusion.allocation import allocate

    units = panel.units
    rows, origins = pd.factorize(units["exporter"], sort=True)
    columns, destinations = pd.factorize(units["importer"], sort=True)
    return allocate(
        last,
        rows.astype(np.int64),
        columns.astype(np.int64),
        exports[origins].to_numpy(),
        imports[destinations].to_numpy(),
    )


# --------------------------------------------------------------------------- the tables


def scores(actual: Any, point: Any) -> tuple[float, float]:
    """Return RMAE and R-squared within pairs of arrays (n_years, n_pairs)."""
    error = actual - point
    within = actual - actual.mean(axis=0)
    rmae = np.abs(error).mean() / actual.mean()
    return float(rmae), float(1 - (error**2).sum() / (within**2).sum())


def outcomes(results: list[dict[str, Any]], flows: Any, h: int) -> tuple[Any, Any]:
    """Return the origins whose year h + 1 came, and what came, (n_origins, n_pairs)."""
    last = START + len(flows) - 1
    use = [one for one in results if one["origin"] + h + 1 <= last]
    return use, np.stack([flows[one["origin"] + h + 1 - START] for one in use])


def print_points(results: list[dict[str, Any]], flows: Any) -> None:
    """RMAE and within R-squared by horizon, all years and the last five."""
    print(
        "\nmodel                                RMAE    within R2  last five   h=2      h=3"
    )
    for name in results[0]["points"]:
        row = []
        for h in range(STEPS):
            use, came = outcomes(results, flows, h)
            point = np.stack([one["points"][name][:, h] for one in use])
            recent = np.array([one["origin"] >= LAST - 4 for one in use])
            row.append((*scores(came, point), scores(came[recent], point[recent])[0]))
        print(
            f"{name:34s}  {row[0][0]:.5f}  {row[0][1]:.5f}   {row[0][2]:.5f}   "
            + "  ".join(f"{one[0]:.5f}" for one in row[1:])
        )
    print("\nwith the totals of the year given      RMAE    within R2")
    for name in results[0]["given"]:
        use, came = outcomes(results, flows, 0)
        point = np.stack([one["given"][name] for one in use])
        print("{:36s}  {:.5f}  {:.5f}".format(name, *scores(came, point)))


def print_tests(results: list[dict[str, Any]], flows: Any) -> None:
    """Panel Diebold-Mariano on absolute errors, in shares of mean trade."""
    from forecast.scores import panel_diebold_mariano

    print("\nFusion with gravity against, difference of RMAE (panel Diebold-Mariano)")
    for rival in ("random walk", "world drift", "world drift at half weight"):
        for h in range(STEPS):
            use, came = outcomes(results, flows, h)
            ours, theirs = (
                np.abs(np.stack([one["points"][n][:, h] for one in use]) - came)
                for n in ("Fusion with gravity", rival)
            )
            test = panel_diebold_mariano(
                ((ours - theirs) / came.mean()).T, horizon=h + 1
            )
            print(f"{rival:28s} h={h + 1}: {test!r}")


def print_coverage(results: list[dict[str, Any]], flows: Any) -> None:
    """Shares of outcomes inside intervals, by size of the pair at the origin."""
    print("\ncoverage    " + "".join(f"{size:>16s}" for size in (*SIZES, "all")))
    for h in range(STEPS):
        hits: dict[Any, list[Any]] = {}
        for one, came in zip(*outcomes(results, flows, h), strict=True):
            size = size_of(one["last"])
            for level in LEVELS:
                low, high = (end[:, h] for end in one["intervals"][level])
                inside = (came >= low) & (came <= high)
                for s in range(len(SIZES)):
                    hits.setdefault((s, level), []).append(inside[size == s])
                hits.setdefault((len(SIZES), level), []).append(inside)
        cells = [
            " / ".join(
                f"{100 * np.concatenate(hits[s, level]).mean():.1f}" for level in LEVELS
            )
            for s in range(len(SIZES) + 1)
        ]
        print(f"h={h + 1} 80/95  " + "".join(f"{cell:>16s}" for cell in cells))


def size_of(last: Any) -> Any:
    """Thirds of the pairs that traded at the origin, largest first; 3 for the others."""
    size = np.full(last.size, 3)
    traded = np.flatnonzero(last > 0)
    ranks = np.argsort(np.argsort(-last[traded], kind="stable"), kind="stable")
    size[traded] = ranks * 3 // traded.size
    return size


def main() -> None:
    """Run all origins on some processes and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--every", type=int, default=1, help="every so many origins")
    options = parser.parse_args()
    start = time.perf_counter()
    table = read_flows()
    years = list(range(FIRST, LAST + 1, options.every))
    with ProcessPoolExecutor(options.processes) as pool:
        results = list(pool.map(partial(one_origin, table), years))
    flows = panel_of(table).matrix()[0].T
    print(f"{len(years)} origins in {time.perf_counter() - start:.0f} s")
    print_points(results, flows)
    print_tests(results, flows)
    print_coverage(results, flows)
    print("\nestimated from 1995 to 2018")
    print(pd.DataFrame(results[-1]["params"]).round(3).to_string())


if __name__ == "__main__":
    main()
