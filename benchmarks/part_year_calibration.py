"""Make the shipped part-year calibration and print its coverage on unseen partners.

    FORECAST_DATA=<reference data> python benchmarks/part_year_calibration.py

Data: monthly US imports and exports by partner, 1985–2010 (US Census Bureau, public
domain). A partner belongs to the calibration half if the SHA-256 of its code is
even; exports, imports and their sum (turnover) of one partner are always on the
same side. Aggregates (codes below 1000) take no part. With ``--write`` the tables in
``forecast/datasets/data`` are replaced; without it only the coverage is printed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtri

from forecast.datasets.calibration import dollars_of_2010
from forecast.part_year import (
    LEVELS,
    PROBABILITIES,
    PartYear,
    PartYearModel,
    fit_part_year,
    part_year_of,
)

SMALLEST = 1.0  # million dollars of 2010 a year: below it the source's rounding rules
HALF_A_ROUNDING_STEP = 0.05  # million dollars: a rest of zero is less than this
PAST_YEARS = 11
HERE = Path(__file__).resolve().parent
SHIPPED = HERE.parent / "forecast" / "datasets" / "data"


@dataclass(frozen=True)
class Series:
    """Monthly values of all series, shape (n, years, 12), and who they are."""

    values: np.ndarray
    years: np.ndarray
    partner: np.ndarray
    flow: np.ndarray

    @property
    def calibrates(self) -> np.ndarray:
        digests = [hashlib.sha256(code.encode()).hexdigest() for code in self.partner]
        return np.array([int(digest, 16) % 2 == 0 for digest in digests])

    def take(self, rows: np.ndarray) -> Series:
        return Series(
            self.values[rows], self.years, self.partner[rows], self.flow[rows]
        )


@dataclass(frozen=True)
class Case:
    """Part-years of one year and month, and what came true."""

    year: int
    part: PartYear
    target: np.ndarray  # the tilt
    rate: np.ndarray  # log ratio of growth factors
    rest: np.ndarray
    rows: np.ndarray

    def take(self, keep: np.ndarray) -> Case:
        arrays = (self.target[keep], self.rate[keep], self.rest[keep], self.rows[keep])
        return Case(self.year, self.part.take(keep), *arrays)


def read_series(folder: Path) -> Series:
    data = pd.read_parquet(folder / "us_monthly" / "us_monthly_trade_1985_2010.parquet")
    data = data[data["CTY_CODE"] >= "1000"]
    wide = data.pivot_table(
        index=["CTY_CODE", "flow", "year"], columns="month", values="value_musd"
    )
    both = wide.groupby(level=["CTY_CODE", "year"]).filter(lambda rows: len(rows) == 2)
    turnover = both.groupby(level=["CTY_CODE", "year"]).sum(min_count=2)
    turnover = turnover.assign(flow="turnover").set_index("flow", append=True)
    wide = pd.concat([wide, turnover.reorder_levels(wide.index.names)]).sort_index()
    years = np.arange(1985, 2011)
    units = wide.index.droplevel("year").unique()
    full = pd.MultiIndex.from_tuples([(*u, y) for u in units for y in years])
    values = wide.reindex(full).to_numpy().reshape(len(units), len(years), 12)
    return Series(
        values,
        years,
        units.get_level_values(0).to_numpy(),
        units.get_level_values("flow").to_numpy(),
    )


def cases(series: Series, months: int) -> Iterator[Case]:
    """One case a year: every series that has this year and the one before."""
    for at in range(1, series.years.size):
        year = int(series.years[at])
        window = series.values[:, max(0, at - PAST_YEARS) : at + 1]
        known = window[:, -1, :months].sum(axis=1)
        size = known / months * 12 * dollars_of_2010(year)
        whole = np.isfinite(window[:, -2:]).all(axis=(1, 2))
        rows = np.flatnonzero(whole & (known > 0) & (size >= SMALLEST))
        part = part_year_of(window[rows], months, size[rows])
        rest = window[rows, -1, months:].sum(axis=1)
        floored = np.maximum(rest, HALF_A_ROUNDING_STEP)
        tilt = np.log(floored / (12 - months)) - np.log(known[rows] / months)
        before = window[rows, -2].sum(axis=1)
        with np.errstate(divide="ignore"):
            rate = np.log((known[rows] + floored) / before) - part.log_growth
        yield Case(year, part, tilt, np.where(before > 0, rate, np.nan), rest, rows)


def stack(parts: list[PartYear]) -> PartYear:
    names = [name for name in PartYear.__slots__ if name != "months"]
    arrays = {name: np.concatenate([getattr(p, name) for p in parts]) for name in names}
    return PartYear(months=parts[0].months, **arrays)


def calibrate(series: Series) -> PartYearModel:
    rows, dependence = [], []
    for months in range(1, 12):
        every = list(cases(series, months))
        part = stack([case.part for case in every])
        tilt = np.concatenate([case.target for case in every])
        rate = np.concatenate([case.rate for case in every])
        for level in LEVELS:
            for size in (False, True):
                for volatility in (False, True):
                    target = rate if level == "rate" else tilt
                    fitted = fit_part_year(
                        part, target, level, size=size, volatility=volatility
                    )
                    keys = {"level": level, "size": size, "volatility": volatility}
                    rows.append(
                        pd.concat([pd.Series({**keys, "months": months}), fitted])
                    )
        table = pd.DataFrame([r for r in rows if r["months"] == months])
        dependence.append(
            dependence_of(PartYearModel(table, pd.DataFrame()), series, every)
        )
    table = pd.DataFrame(rows).infer_objects()
    front = ["level", "size", "volatility", "months", "series"]
    middle = sorted(c for c in table if c.startswith(("at_", "spread_")))
    table = table[[*front, *middle, *[f"q_{p}" for p in PROBABILITIES]]]
    return PartYearModel(table, pd.DataFrame(dependence))


def dependence_of(
    model: PartYearModel, series: Series, every: list[Case]
) -> dict[str, float]:
    """What a year does to all partners, and what a partner's flows share beyond it.

    ``common`` is the standard deviation of the year effect in the tilt: the mean square
    of each year's precision-weighted mean error, less what independent errors would
    give. ``pair`` is the correlation of export and import errors, less the common part.
    """
    frames = []
    for case in every:
        known = case.part.knows("growth")
        if not known.any():
            continue
        grown = case.take(known)
        tilt = model.tilt(grown.part, "growth")
        frames.append(
            pd.DataFrame(
                {
                    "partner": series.partner[grown.rows],
                    "flow": series.flow[grown.rows],
                    "year": case.year,
                    "error": grown.target
                    - tilt.at(np.zeros((len(grown.part), 1)))[:, 0],
                    "deviation": tilt.deviation,
                }
            )
        )
    table = pd.concat(frames).query("flow != 'turnover'")
    table = table.assign(
        weight=table["deviation"] ** -2, score=table["error"] / table["deviation"]
    )
    table["score"] = table["score"].clip(-4, 4)
    table["weighted"] = table["weight"] * table["deviation"] * table["score"]
    years = table.groupby("year")[["weighted", "weight"]].sum()
    mean = years["weighted"] / years["weight"]
    common = np.sqrt(max(0.0, float((mean**2 - 1 / years["weight"]).mean())))
    wide = table.pivot_table(
        index=["year", "partner"], columns="flow", values="score"
    ).dropna()
    shared = np.minimum((common / table["deviation"]) ** 2, 0.81).mean()
    pair = max(0.0, float(wide["export"].corr(wide["import"])) - float(shared))
    return {"months": every[0].part.months, "common": common, "pair": min(pair, 0.15)}


def coverage(model: PartYearModel, series: Series) -> pd.DataFrame:
    """Whether each rest of a year fell into its interval, by level of information."""
    marks = ndtri(np.array([0.025, 0.1, 0.5, 0.9, 0.975]))
    found = []
    for months in range(1, 12):
        for case in cases(series, months):
            for level in (level for level in LEVELS if level != "rate"):
                part = case.part
                usable = part.knows(level)
                if not usable.any():
                    continue
                part = part.take(usable)
                edges = model.tilt(part, level).at(np.tile(marks, (len(part), 1)))
                average = part.known / months * (12 - months)
                low95, low80, middle, high80, high95 = (
                    average[:, None] * np.exp(edges)
                ).T
                rest, rows = case.rest[usable], case.rows[usable]
                whole = part.known + rest
                found.append(
                    pd.DataFrame(
                        {
                            "level": level,
                            "months": months,
                            "year": case.year,
                            "partner": series.partner[rows],
                            "flow": series.flow[rows],
                            "size": part.size,
                            "growth": np.abs(part.log_growth),
                            "error": np.abs(part.known + middle - whole) / whole,
                            "error_run_rate": np.abs(part.known + average - whole)
                            / whole,
                            "in_80": (rest >= low80) & (rest <= high80),
                            "in_95": (rest >= low95) & (rest <= high95),
                        }
                    )
                )
    return pd.concat(found, ignore_index=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--write", action="store_true", help="replace the shipped tables"
    )
    options = parser.parse_args()
    series = read_series(Path(os.environ["FORECAST_DATA"]))
    seen, unseen = series.take(series.calibrates), series.take(~series.calibrates)
    model = calibrate(seen)
    if options.write:
        model.table.to_csv(
            SHIPPED / "part_year_model.csv", index=False, float_format="%.6g"
        )
        model.dependence.to_csv(
            SHIPPED / "part_year_dependence.csv", index=False, float_format="%.4f"
        )
    result = coverage(model, unseen)
    print(
        f"{np.unique(seen.partner).size} partners calibrate, {np.unique(unseen.partner).size} test"
    )
    sizes = [1, 10, 100, 1_000, 5_000, 20_000, np.inf]
    result["size class"] = pd.cut(result["size"], sizes)
    result["|log growth|"] = pd.cut(result["growth"], [-1, 0.1, 0.2, 0.3, 10])
    for by in (
        "level",
        ["level", "months"],
        ["level", "size class"],
        ["level", "flow"],
        ["level", "|log growth|"],
        ["level", "year"],
    ):
        print(
            result.groupby(by, observed=True)[["in_80", "in_95"]]
            .mean()
            .round(3)
            .to_string()
        )
    big = result[result["size"] >= 100]
    skill = big.groupby(["level", "months"])[["error", "error_run_rate"]].mean()
    skill["skill"] = 1 - skill["error"] / skill["error_run_rate"]
    print("mean absolute error of the year, partners of 100 million dollars and more")
    print(skill.round(4).to_string())
    print(big.groupby("level")[["error", "error_run_rate"]].mean().round(4).to_string())
    print(model.dependence.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
