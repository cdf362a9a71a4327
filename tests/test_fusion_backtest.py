"""Fusion in backtests: what its level may know of indicators, and of events."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

import forecast as fc
from forecast.backtesting import backtest
from forecast.errors import ModelError
from forecast.fusion import Fusion
from forecast.series import Naive

KEYS = {"origin": "exporter", "destination": "importer", "period": "year"}
NEW = 2014
"""The year from which some pairs have an agreement."""


@functools.cache
def flows() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    rows = [
        (f"C{i}", f"C{j}", 2003 + t, float(np.exp(rng.normal(0, 0.1) + (i + j) / 3)))
        for i in range(6)
        for j in range(6)
        for t in range(14)
        if i != j
    ]
    frame = pd.DataFrame(rows, columns=["exporter", "importer", "year", "flow"])
    pair = frame["exporter"].str[1:].astype(int) + frame["importer"].str[1:].astype(int)
    early = (pair == 5) & (frame["year"] >= 2007)
    late = (pair == 6) & (frame["year"] >= NEW)
    frame["agreement"] = (early | late).astype(float)
    frame["flow"] *= np.exp(0.6 * frame["agreement"])
    return frame


def panel_of(frame: pd.DataFrame) -> fc.TradePanel:
    return fc.TradePanel.from_frame(frame, **KEYS, flow="flow")


def fusion_on(columns: str) -> Fusion:
    return Fusion(
        level=fc.Gravity(
            f"flow ~ {columns} | exporter^year + importer^year + exporter^importer"
        )
    )


def test_the_columns_of_a_fusion_are_those_of_its_level():
    formula = "flow ~ agreement:post + log(tariff) + bloc | origin^year"
    level = fc.Gravity(formula, offset="size")
    assert Fusion(level=level).columns == (
        "agreement",
        "post",
        "tariff",
        "bloc",
        "size",
    )
    assert fusion_on("1").columns == ()
    assert Fusion().columns == ()


@functools.cache
def at_origin(indicators: str):
    return backtest(
        panel_of(flows()),
        {"ours": fusion_on("agreement")},
        horizon=1,
        origins=[NEW - 1],
        indicators=indicators,
        benchmark=Naive(),
        paths=200,
        on_failure="raise",
    ).forecasts


def test_what_a_backtest_knows_of_agreements_to_come_must_be_said():
    with pytest.raises(ModelError, match="F-635"):
        backtest(panel_of(flows()), fusion_on("agreement"), 1, [NEW - 1])


def test_an_agreement_to_come_is_known_ex_post_and_not_ex_ante():
    ante, post = (
        table[table["model"] == "ours"].reset_index(drop=True)
        for table in (at_origin("ex-ante"), at_origin("ex-post"))
    )
    pair = ante["exporter"].str[1:].astype(int) + ante["importer"].str[1:].astype(int)
    ratio = post["median"] / ante["median"]
    assert ratio[pair == 6].min() > 1.1
    assert ratio[pair != 6].mean() < 1  # totals stay, so the others lose
    cut = panel_of(flows()).as_of(f"{NEW - 1}-12-31")
    alone = fusion_on("agreement").fit(cut).forecast(1, paths=200)
    assert_array_equal(ante["median"], alone.median.to_numpy()[:, 0])


def log_of(rows) -> fc.EventLog:
    names = ["id", "date", "origin", "destination", "known_on"]
    frame = pd.DataFrame(rows, columns=names).assign(kind="document", status="signed")
    return fc.EventLog.from_frame(frame)


KNOWN = [
    ("a", "2006-05-01", "C0", "C1", "2006-05-02"),
    ("b", "2008-05-01", "C2", "C3", "2008-05-02"),
    ("c", "2010-05-01", "C4", "C5", "2010-05-02"),
]
SECRET = ("d", "2009-05-01", "C0", "C5", "2015-02-01")
"""It happened before the origin and became public after it."""


def test_an_event_announced_later_changes_nothing_at_an_earlier_origin():
    bare = panel_of(flows()[["exporter", "importer", "year", "flow"]])

    def tried(rows, origins):
        log = log_of(rows).in_hindsight()
        panel = bare.with_indicators(log, documents=fc.Stock("document"))
        result = backtest(
            panel,
            {"ours": fusion_on("documents")},
            horizon=1,
            origins=origins,
            indicators="ex-ante",
            paths=50,
            on_failure="raise",
        )
        return result.forecasts

    pd.testing.assert_frame_equal(tried([*KNOWN, SECRET], [2013]), tried(KNOWN, [2013]))
    later, without = (tried(rows, [2015]) for rows in ([*KNOWN, SECRET], KNOWN))
    assert not later["median"].equals(without["median"])
