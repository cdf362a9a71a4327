"""What trade agreements do, estimated on a public panel that holds Russia and Kazakhstan.

    FORECAST_DATA=<folder> python examples/russia_kazakhstan/estimate_gravity.py

fetches ``penppml/trade.parquet`` (its SHA-256 is checked), estimates by three-way PPML
with the bias of the many effects removed, asks `forecast.attribute` whether these data
can tell, and writes the dated tables ``forecast/datasets/data/gravity_*.csv`` that ship
with the package, so that the study itself needs neither the panel nor a network. All of
it takes some minutes.

The panel has exports of every fourth year from 1964 to 2016. Its agreements are told by
``id``; ``agreement``, the name, is empty in 480 rows (Russia-Kazakhstan in 2004 and 2008
are two of them).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

import forecast as fc
from forecast.attribution import Attribution

DATA = "penppml/trade.parquet"
PAIR = ("RUS", "KAZ")
FIRST, STEP = 1964, 4
POST_SOVIET = 1992
EFFECTS = "exporter^wave + importer^wave + exporter^importer"
CIS = [
    "ARM",
    "AZE",
    "BLR",
    "GEO",
    "KAZ",
    "KGZ",
    "MDA",
    "RUS",
    "TJK",
    "TKM",
    "UKR",
    "UZB",
]
UNION = (255, 257, 264)
"""Ids of the Eurasian Economic Union and of the accessions to it."""
PERMUTATIONS = 199
KNOWN = "2020-12-31"
SOURCE = (
    "tomzylkin/penppml@e6a4e2375c218eec27632e3a19b01450cdc9753f data/trade.rda: exports of UN "
    "Comtrade; provisions of Mattoo, Rocha and Ruta (2020), Handbook of Deep Trade Agreements"
)
QUALITY = (
    "every fourth year to 2016; no domestic flows; known_on is the year of the handbook, and "
    "the stored file may hold later revisions"
)


@dataclass(frozen=True, slots=True)
class Model:
    """One model: which years it sees and which terms it has."""

    terms: tuple[str, ...]
    since: int
    about: str

    @property
    def formula(self) -> str:
        """As `forecast.Gravity` takes it."""
        return f"flow ~ {' + '.join(self.terms)} | {EFFECTS}"


ANY = "any agreement in force"
PHASE = "any agreement in force now, and four years before"
DEPTH = "any agreement, and how many of 16 essential provisions it has (0 to 16)"
MODELS = {
    "any": Model(("agreement",), FIRST, ANY),
    "phase": Model(("agreement", "agreement_4y"), FIRST, PHASE),
    "depth": Model(("agreement", "depth"), FIRST, DEPTH),
    "any_1992": Model(("agreement",), POST_SOVIET, ANY),
    "phase_1992": Model(("agreement", "agreement_4y"), POST_SOVIET, PHASE),
    "depth_1992": Model(("agreement", "depth"), POST_SOVIET, DEPTH),
    "cis_1992": Model(
        ("agreement", "agreement_cis"),
        POST_SOVIET,
        "any agreement, and what it does besides between two states of the former union",
    ),
    "union_1992": Model(
        ("agreement", "union"),
        POST_SOVIET,
        "any agreement, and the Eurasian Economic Union besides (20 flows, 2016 only)",
    ),
}


def load_panel() -> pd.DataFrame:
    """Read the panel, with the terms of all models; NaN where a term is not known."""
    raw = pd.read_parquet(fc.datasets.fetch(DATA))
    provisions = [name for name in raw.columns if "_prov_" in name]
    both_cis = raw["exp"].isin(CIS) & raw["imp"].isin(CIS)
    panel = pd.DataFrame(
        {
            "exporter": raw["exp"].astype(str),
            "importer": raw["imp"].astype(str),
            "year": raw["time"],
            "wave": (raw["time"] - FIRST) // STEP,
            "flow": raw["export"] / 1e6,  # million US dollars
            "agreement": (raw["id"] > 0).astype(float),
            "depth": raw[provisions].sum(axis=1).astype(float),
            "union": raw["id"].isin(UNION).astype(float),
        }
    )
    panel["agreement_cis"] = panel["agreement"] * both_cis
    keys = ["exporter", "importer", "wave"]
    before = panel[[*keys, "agreement"]].assign(wave=panel["wave"] + 1)
    before = before.rename(columns={"agreement": "agreement_4y"})
    panel = panel.merge(before, how="left", on=keys, validate="one_to_one")
    return panel.sort_values(keys, ignore_index=True)


def sample_of(model: Model, panel: pd.DataFrame) -> pd.DataFrame:
    """Rows that a model may see: its years, and where all its terms are known."""
    seen = panel[panel["year"] >= model.since]
    return seen[seen[list(model.terms)].notna().all(axis=1)].reset_index(drop=True)


def fit_model(model: Model, panel: pd.DataFrame) -> fc.GravityFit:
    """Three-way PPML, standard errors clustered by directed pair."""
    recipe = fc.Gravity(
        model.formula, origin="exporter", destination="importer", period="wave"
    )
    return recipe.fit(sample_of(model, panel))


def tables_of(
    name: str, model: Model, panel: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Estimates, covariances and checks of one model."""
    fit = fit_model(model, panel)
    corrected = fit.bias_corrected()
    last = int(panel["wave"].max())
    first = int(panel.loc[_of_pair(panel), "wave"].min())
    sample = sample_of(model, panel)
    start = int(sample.loc[_of_pair(sample), "wave"].min())
    found = fc.attribute(
        sample,
        fit,
        list(model.terms),
        among=PAIR,
        start=max(first, start),
        end=last,
        correct=True,
        shapes=False,
        permutations=PERMUTATIONS,
    )
    terms = pd.concat(
        [
            _heading(name, model),
            _numbers(model, fit, corrected),
            _judged(found),
            _sample(model, fit, panel, max(first, start)),
        ],
        axis=1,
    )
    return terms, _covariances(name, model, corrected), _checks(name, found)


def _of_pair(panel: pd.DataFrame) -> pd.Series:
    return panel["exporter"].isin(PAIR) & panel["importer"].isin(PAIR)


def _heading(name: str, model: Model) -> pd.DataFrame:
    return pd.DataFrame({"model": name, "term": model.terms, "about": model.about})


def _numbers(
    model: Model, fit: fc.GravityFit, corrected: fc.GravityFit
) -> pd.DataFrame:
    at = [corrected.terms.index(term) for term in model.terms]
    errors = np.sqrt(np.diag(corrected.covariance.matrix))
    return pd.DataFrame(
        {
            "estimate": corrected.beta[at],
            "std_error": errors[at],
            "unit": "log points of the flow for one unit of the term",
            "convention": corrected.covariance.title,
            "uncorrected": fit.beta[at],
            "uncorrected_std_error": fit.bse.to_numpy()[at],
        }
    )


def _judged(found: Attribution) -> pd.DataFrame:
    effects = found.effects[found.effects["term"] != "all"].reset_index(drop=True)
    verdicts = found.verdicts.reset_index(drop=True)
    columns = ["p_value", "detectable", "growth", "growth_low", "growth_high"]
    shares = effects[columns].rename(
        columns={
            "p_value": "p_value_holm",
            "detectable": "detectable_percent",
            "growth": "share_of_growth",
            "growth_low": "share_low",
            "growth_high": "share_high",
        }
    )
    said = verdicts[["verdict", "because", "would_change", "flag"]]
    return pd.concat([said, shares], axis=1)


def _sample(
    model: Model, fit: fc.GravityFit, panel: pd.DataFrame, start: int
) -> pd.DataFrame:
    seen = panel[panel["year"] >= model.since]
    unknown = int(seen[list(model.terms)].isna().any(axis=1).sum())
    inside = len(seen) - unknown - fit.nobs
    registry = fc.datasets.available().set_index("name")
    why = f"{unknown} rows whose status four years before is not in the panel; "
    row = {
        "formula": model.formula,
        "nobs": fit.nobs,
        "left_out": len(seen) - fit.nobs,
        "left_out_because": f"{why if unknown else ''}{inside} rows that carry no information "
        "(separated, or alone in an effect)",
        "first_year": model.since,
        "last_year": int(seen["year"].max()),
        "pair": "-".join(PAIR),
        "pair_since": FIRST + STEP * start,
        "pair_at_start": _mean_of_pair(model, panel, start),
        "pair_at_end": _mean_of_pair(model, panel, int(panel["wave"].max())),
        "data": DATA,
        "data_sha256": registry.loc[DATA, "sha256"],
        "licence": registry.loc[DATA, "licence"],
    }
    return pd.DataFrame(
        {
            k: v if isinstance(v, list) else [v] * len(model.terms)
            for k, v in row.items()
        }
    )


def _mean_of_pair(model: Model, panel: pd.DataFrame, wave: int) -> list[float]:
    """Value of each term between the two states in one year (mean of both directions)."""
    rows = panel[_of_pair(panel) & (panel["wave"] == wave)]
    return [float(rows[term].mean()) for term in model.terms]


def _covariances(name: str, model: Model, corrected: fc.GravityFit) -> pd.DataFrame:
    rows = [
        (
            name,
            one,
            other,
            corrected.covariance.matrix[
                corrected.terms.index(one), corrected.terms.index(other)
            ],
        )
        for one in model.terms
        for other in model.terms
    ]
    return pd.DataFrame(rows, columns=["model", "term", "other", "covariance"])


def _checks(name: str, found: Attribution) -> pd.DataFrame:
    return found.checks.assign(model=name)[["model", *found.checks.columns]]


def dated(table: pd.DataFrame, on: str) -> pd.DataFrame:
    """Add what every shipped row carries: known when, made when and with what, source."""
    unit = {} if "unit" in table else {"unit": _unit_of(table)}
    return table.assign(
        **unit,
        known_on=KNOWN,
        estimated_on=on,
        library_version=fc.__version__,
        evidence="sourced",
        quality=QUALITY,
        source=SOURCE,
    )


def _unit_of(table: pd.DataFrame) -> str:
    return "log points squared" if "covariance" in table else "per cent of the flow"


def main(arguments: Sequence[str] | None = None) -> None:
    """Estimate everything and write the three tables."""
    root = Path(__file__).parents[2] / "forecast" / "datasets" / "data"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=root)
    parser.add_argument(
        "--on", default=date.today().isoformat(), help="the day to state"
    )
    parser.add_argument("--models", nargs="*", default=list(MODELS))
    options = parser.parse_args(arguments)
    panel = load_panel()
    parts = []
    for name in options.models:
        print(f"{name}: {MODELS[name].formula}", flush=True)
        parts.append(tables_of(name, MODELS[name], panel))
        print(parts[-1][0][["term", "estimate", "std_error", "verdict"]], flush=True)
    names = ("gravity_estimates", "gravity_covariances", "gravity_checks")
    for name, tables in zip(names, zip(*parts, strict=True), strict=True):
        whole = dated(pd.concat(tables, ignore_index=True), options.on)
        whole.to_csv(options.folder / f"{name}.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
