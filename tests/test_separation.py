"""Rows without a finite estimate: found all, none too many, and proved."""

from __future__ import annotations

import json

import naive
import numpy as np
import pandas as pd
import pytest

from forecast.errors import ModelError
from forecast.gravity.designs.design import build_design
from forecast.gravity.samples import cones, elimination, identification
from forecast.gravity.samples.cones import largest_support
from forecast.gravity.samples.sample import draw_sample

CASES = (
    "01", "02", "03", "04", "05", "06", "07", "08", "09",
    "example1", "example2", "fe1", "fe2", "fe3",
)  # fmt: skip


def sample_of(frame, formula, keys=(), **options):
    return draw_sample(build_design(frame, formula, keys=keys), **options)


def parts_of(frame, formula):
    """Regressors and codes of effects that a formula names, for the twins."""
    left, _, right = formula.partition("~")[2].partition("|")
    terms = [name.strip() for name in left.split("+") if name.strip() != "1"]
    columns = [frame[name].to_numpy(dtype=float) for name in terms]
    effects = [
        frame.groupby(effect.strip().split("^")).ngroup().to_numpy()
        for effect in right.split("+")
        if effect.strip()
    ]
    if not effects:
        columns = [np.ones(len(frame)), *columns]
    return columns, effects


def assert_certified(frame, formula, sample):
    """z is a combination of all columns, zero on y > 0, at least 1 where separated."""
    z = sample.separation.certificate
    y = frame["y"].to_numpy()
    rows = np.zeros(len(frame), bool)
    rows[sample.separation.rows] = True
    assert (z[y > 0] == 0).all()
    assert (z[rows] >= 1).all()
    assert (z[~rows] == 0).all()
    columns, effects = parts_of(frame, formula)
    middle = [x - x.mean() if effects else x for x in columns]
    D = naive.dummy_design(middle, effects, len(frame))
    D = D / np.where(np.abs(D).max(axis=0) > 0, np.abs(D).max(axis=0), 1.0)
    fitted = D @ np.linalg.lstsq(D, z, rcond=1e-12)[0]
    np.testing.assert_allclose(fitted, z, atol=1e-6 * max(z.max(), 1.0))


# ------------------------------------------------------------------ published cases


@pytest.fixture(scope="module")
def published(reference_data):
    answers = json.loads(reference_data("separation/right_answers.json").read_text())
    return {answer["case"]: answer for answer in answers}


@pytest.mark.reference
@pytest.mark.parametrize("case", CASES)
def test_every_row_of_the_published_cases_is_judged_right(
    case, published, reference_data
):
    answer = published[case]
    frame = pd.read_csv(reference_data(f"separation/{case}.csv"))
    sample = sample_of(frame, answer["formula"])
    with_singletons = sample_of(frame, answer["formula"], drop_singletons=False)
    assert list(sample.separation.rows + 1) == answer["separated_rows_1based"]
    assert list(with_singletons.separation.rows + 1) == answer["separated_rows_1based"]
    assert with_singletons.nobs == answer["n_kept"]
    after = answer["n_kept_after_dropping_singletons"]
    assert sample.nobs == (answer["n_kept"] if after is None else after)
    if "separated" in frame:
        assert set(np.flatnonzero(frame["separated"])) == set(sample.separation.rows)
    omitted = tuple(answer["omitted_after_separation"])
    assert with_singletons.collinearity.dropped == omitted
    assert_certified(frame, answer["formula"], sample)


# ------------------------------------------------------------------- random panels


def random_panel(seed):
    """A small panel: 1 to 3 sets of effects, 0 to 3 regressors, 20 to 90 % zeros."""
    rng = np.random.default_rng(seed)
    n, n_effects = int(rng.integers(12, 90)), int(rng.integers(1, 4))
    kind = rng.integers(3) if n_effects == 3 else 0
    if kind == 0:
        sizes = rng.integers(2, max(3, n // 3), n_effects)
        frame = {f"f{k}": rng.integers(0, size, n) for k, size in enumerate(sizes)}
        effects = list(frame)
    else:
        regions, years = rng.integers(2, 6, 2)
        cells = np.argwhere(np.ones((regions, regions, years)))
        cells = cells[rng.permutation(len(cells))[:n]]
        n = len(cells)
        frame = dict(zip("ijt", cells.T, strict=True))
        effects = ["i^t", "j^t", "i^j"] if kind == 1 else ["i", "j", "t"]
    y = rng.poisson(2, n) + 1.0
    y[rng.random(n) < rng.uniform(0.2, 0.9)] = 0
    n_columns = int(rng.integers(0, 4))
    for k in range(n_columns):
        x = [
            (rng.random(n) < rng.choice([0.05, 0.2, 0.5])).astype(float),
            rng.poisson(0.7, n).astype(float),
            rng.normal(size=n),
            rng.normal(size=n) * (rng.random(n) < 0.3),
        ][rng.integers(4)]
        if rng.random() < 0.3:
            power = rng.integers(-6, 7)
            x = x * 10.0**power + (rng.choice([0, 1e3]) if power >= -2 else 0)
        frame[f"x{k}"] = x * (y == 0) if k == 0 and rng.random() < 0.5 else x
    frame["y"] = y
    terms = " + ".join(f"x{k}" for k in range(n_columns)) or "1"
    return pd.DataFrame(frame), f"y ~ {terms} | {' + '.join(effects)}"


def assert_same_sample_as_the_oracle(frame, formula):
    y = frame["y"].to_numpy()
    columns, effects = parts_of(frame, formula)
    expected = naive.separated_rows(y, columns, effects)
    left = np.ones(y.size, bool)
    left[expected] = False
    kept = naive.without_singletons(left, effects)
    if not left.any():
        with pytest.raises(ModelError, match=r"F-53[01]"):
            sample_of(frame, formula)
        return
    sample = sample_of(frame, formula, drop_singletons=False)
    np.testing.assert_array_equal(sample.separation.rows, expected)
    np.testing.assert_array_equal(sample.keep, np.flatnonzero(left))
    assert_certified(frame, formula, sample)
    if kept.any():
        pruned = sample_of(frame, formula)
        np.testing.assert_array_equal(pruned.keep, np.flatnonzero(kept))
        np.testing.assert_array_equal(pruned.separation.rows, expected)


@pytest.mark.parametrize("block", range(10))
def test_random_panels_keep_the_rows_that_a_linear_programme_keeps(block):
    for seed in range(50 * block, 50 * block + 50):
        assert_same_sample_as_the_oracle(*random_panel(seed))


def test_sparse_programmes_find_the_same_rows(monkeypatch):
    monkeypatch.setattr(identification, "MANY", -1)
    for seed in range(1000, 1040):
        assert_same_sample_as_the_oracle(*random_panel(seed))


def test_programmes_on_some_rows_find_the_same_rows(monkeypatch):
    monkeypatch.setattr(cones, "SMALL", 3)
    for seed in range(2000, 2040):
        assert_same_sample_as_the_oracle(*random_panel(seed))


@pytest.mark.parametrize("seed", range(4))
def test_loosely_connected_panels_keep_the_rows_that_a_linear_programme_keeps(
    seed, monkeypatch
):
    monkeypatch.setattr(elimination, "FEW", 3)  # late levels are looked into
    rng = np.random.default_rng(seed)
    n = 120
    frame = pd.DataFrame({name: rng.integers(0, 40, n) for name in "ij"})
    frame["k"], frame["x0"] = rng.integers(0, 3, n), rng.poisson(0.3, n)
    frame["y"] = rng.poisson(2, n) * (rng.random(n) < 0.35)
    for formula in ("y ~ x0 | i + j", "y ~ x0 | i + j + k"):
        assert_same_sample_as_the_oracle(frame, formula)


@pytest.mark.parametrize("few", [0, 100])
def test_pairs_that_are_the_same_in_both_directions_free_what_factors_do_not_tell(
    few, monkeypatch
):
    monkeypatch.setattr(elimination, "FEW", few)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(np.argwhere(np.ones((5, 5, 3))), columns=["i", "j", "t"])
    frame["pair"] = 5 * frame[["i", "j"]].min(axis=1) + frame[["i", "j"]].max(axis=1)
    frame["x"] = rng.normal(size=75)
    for share in (0.5, 0.7):
        frame["y"] = (rng.random(75) < share).astype(float)
        assert_same_sample_as_the_oracle(frame, "y ~ x | i^t + j^t + pair")


def test_many_weights_and_rows_make_positive_what_few_at_a_time_do(monkeypatch):
    rng = np.random.default_rng(3)
    for q in (2, 3, 5):
        B = rng.normal(size=(400, q)) + 2.0
        B[:40, 0] = 0.0
        B[:20, 1:] *= -1  # with the 20 after them they force weights to zero
        weights, positive = largest_support(B)
        monkeypatch.setattr(cones, "SMALL", 50)
        _, again = largest_support(B)
        monkeypatch.undo()
        np.testing.assert_array_equal(positive, again)
        assert (B @ weights >= -1e-6).all()


def test_the_order_of_rows_moves_no_bit_of_the_certificate():
    rng = np.random.default_rng(0)
    tried = 0
    for seed in range(160):
        frame, formula = random_panel(seed)
        try:
            sample = sample_of(frame, formula)
        except ModelError:
            continue
        if not sample.separation.found.separated:
            continue
        tried += 1
        order = rng.permutation(len(frame))
        shuffled = sample_of(frame.iloc[order].reset_index(drop=True), formula)
        np.testing.assert_array_equal(
            shuffled.separation.certificate, sample.separation.certificate[order]
        )
        assert shuffled.collinearity == sample.collinearity
    assert tried > 20


@pytest.mark.parametrize("change", [(1e-6, 0.0), (1e6, 0.0), (1.0, 1e6), (-3.0, 7.0)])
def test_neither_unit_nor_zero_of_a_regressor_moves_the_sample(change):
    unit, zero = change
    for seed in range(60):
        frame, formula = random_panel(seed)
        if "x0" not in frame or frame["x0"].abs().max() > 100:
            continue
        try:
            sample = sample_of(frame, formula)
        except ModelError:
            continue
        frame["x0"] = unit * frame["x0"] + zero
        moved = sample_of(frame, formula)
        np.testing.assert_array_equal(moved.keep, sample.keep)
        assert moved.collinearity.kept == sample.collinearity.kept


# ----------------------------------------------------------------------- known traps


def test_tiny_flows_are_not_zero():
    """The least flow is 1e-14 of the largest; a regressor marks its row."""
    frame = pd.DataFrame({"y": [1e-8, 1e-8, 1e6, 2e6], "x": [1.0, 0.0, 0.0, 0.0]})
    sample = sample_of(frame, "y ~ x")
    assert sample.nobs == 4
    assert sample.terms == ("Intercept", "x")


def test_one_tiny_flow_takes_the_place_of_a_separated_row():
    frame = pd.DataFrame(
        {"y": [0.0, 1, 0, 0, 1], "i": [1, 1, 2, 2, 2], "j": [1, 1, 1, 2, 2]}
    )
    assert list(sample_of(frame, "y ~ 1 | i + j").separation.rows) == [2]
    frame.loc[2, "y"] = 1e-8
    assert sample_of(frame, "y ~ 1 | i + j").nobs == 5


@pytest.mark.parametrize("size", [1e2, 1e5, 1e8])
def test_a_large_regressor_on_zero_flows_separates_nothing_by_its_size(size):
    y = [0.0, 0, 0, 1, 2, 3]
    frame = pd.DataFrame({"y": y, "x": [size, size, 0, 0, 0, 1.0]})
    sample = sample_of(frame, "y ~ x")
    assert sample.nobs == 6
    assert sample.terms == ("Intercept", "x")


def test_a_combination_separates_although_no_regressor_is_constant():
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 6, 12).astype(float), rng.integers(0, 6, 12).astype(float)
    c = a + b - 2
    c[:5] -= [1.0, 3.0, 2.0, 1.0, 5.0]
    frame = pd.DataFrame({"y": [0.0] * 5 + [1.5] * 7, "a": a, "b": b, "c": c})
    sample = sample_of(frame, "y ~ a + b + c")
    assert list(sample.separation.rows) == [0, 1, 2, 3, 4]
    assert sample.collinearity.dropped == ("c",)
    assert sample.collinearity.collinear["c"] == pytest.approx({"a": 1.0, "b": 1.0})
    assert_certified(frame, "y ~ a + b + c", sample)


def test_dropping_separated_rows_leaves_a_singleton_that_goes_too():
    frame = pd.DataFrame(
        {
            "y": [2.0, 0, 3, 1, 0, 4, 1, 0],
            "x": [0.0, 0, 0, 0, 0, 0, 0, 1],
            "i": [1, 1, 1, 2, 2, 2, 3, 3],
            "j": [1, 2, 3, 1, 2, 3, 3, 2],
        }
    )
    frame.loc[len(frame)] = [1.0, 0.0, 1, 2]
    sample = sample_of(frame, "y ~ x | i + j")
    assert list(sample.separation.rows) == [7]
    assert list(sample.dropped["position"]) == [6, 7]
    assert list(sample.dropped["reason"]) == ["singleton", "separated"]
    assert sample.nobs == 7
    assert sample.collinearity.absorbed == ("x",)


def test_every_pattern_of_zeros_in_the_smallest_three_way_panel():
    """Two exporters, two importers, two years: eight cells, seven of them independent."""
    frame = pd.DataFrame(np.argwhere(np.ones((2, 2, 2))), columns=["i", "j", "t"])
    formula = "y ~ 1 | i^t + j^t + i^j"
    for pattern in range(1, 255, 4):
        frame["y"] = [float(pattern >> cell & 1) for cell in range(8)]
        assert_same_sample_as_the_oracle(frame, formula)
    frame["y"] = [1.0] * 7 + [0.0]
    assert sample_of(frame, formula).nobs == 8  # seven flows fix the eighth


def test_an_indicator_of_zero_flows_takes_them_all():
    rng = np.random.default_rng(4)
    x = rng.normal(size=200)
    y = np.exp(1 + 10 * x) * rng.poisson(1, 200)
    frame = pd.DataFrame({"y": y, "x": x, "is_zero": (y == 0).astype(float)})
    sample = sample_of(frame, "y ~ x + is_zero")
    np.testing.assert_array_equal(sample.separation.rows, np.flatnonzero(y == 0))
    assert sample.terms == ("Intercept", "x")


def test_without_constant_and_effects_nothing_is_taken_off_a_regressor():
    frame = pd.DataFrame(
        {"y": [0.0, 0, 1, 2], "x": [3.0, 0, 2, 2], "z": [0.0, 1, 0, 0]}
    )
    sample = sample_of(frame, "y ~ x + z - 1")
    assert list(sample.separation.rows) == [1]
    assert sample.terms == ("x",)
    frame["z"] = [0.0, 1, 1, 1]  # x - 2 z is 3, -2, 0, 0
    assert list(sample_of(frame, "y ~ x + z - 1").separation.rows) == []
    frame["z"] = [0.0, -1, 1, 1]  # x - 2 z is 3, 2, 0, 0
    assert list(sample_of(frame, "y ~ x + z - 1").separation.rows) == [0, 1]


def test_a_constant_that_is_not_in_the_model_helps_no_separation():
    frame = pd.DataFrame({"y": [0.0, 0, 1, 1, 1], "x": [0.0, 1, 1, 2, 4]})
    frame["z"] = frame["x"] + [8.0, 8, 5, 5, 5]
    assert list(sample_of(frame, "y ~ x + z").separation.rows) == [0, 1]
    assert sample_of(frame, "y ~ x + z - 1").nobs == 5


def test_an_outcome_of_zeros_is_refused_by_name():
    frame = pd.DataFrame({"y": [0.0, 0, 0], "x": [1.0, 2, 3], "i": [1, 1, 2]})
    for formula in ("y ~ x", "y ~ x | i"):
        with pytest.raises(ModelError, match="F-530: every value of y is zero"):
            sample_of(frame, formula)


def test_a_sample_without_rows_is_refused_with_what_took_them():
    frame = pd.DataFrame({"y": [0.0, 1, 2], "i": [1, 2, 3]})
    with pytest.raises(ModelError, match="F-531") as caught:
        sample_of(frame, "y ~ 1 | i")
    assert "1 row (row 0) is in a level of i without positive y" in str(caught.value)
    assert sample_of(frame, "y ~ 1 | i", drop_singletons=False).nobs == 2


def test_separation_can_be_left_alone():
    frame = pd.DataFrame({"y": [0.0, 0, 1, 2], "x": [1.0, 0, 0, 0]})
    sample = sample_of(frame, "y ~ x", separation=False)
    assert sample.nobs == 4
    assert sample.separation.rows.size == 0
    assert (sample.separation.certificate == 0).all()


# ------------------------------------------------------------------------- sentences


def test_a_person_reads_which_rows_are_separated_and_by_what():
    cells = np.argwhere(np.ones((3, 3, 3)))
    frame = pd.DataFrame(cells, columns=["i", "j", "t"])
    frame["exporter"] = np.array(["ARG", "BOL", "KAZ"])[frame["i"]]
    frame["importer"] = np.array(["ARG", "BOL", "KAZ"])[frame["j"]]
    frame["year"] = 1994 + frame["t"]
    frame["y"] = 1.0 + np.arange(27)
    frame["fta"] = 0.0
    rows = [3, 4, 15, 25]
    frame.loc[rows, "y"] = 0.0
    frame.loc[rows, "fta"] = 1.0
    keys = ("exporter", "importer", "year")
    formula = "y ~ fta | exporter^year + importer^year"
    sample = sample_of(frame, formula, keys)
    assert sample.notes == (
        "4 rows (ARG to BOL 1994; ARG to BOL 1995; BOL to KAZ 1994 and 1 more) are "
        "separated by `fta`: no finite estimate exists for them.",
        "`fta` is dropped: the effects account for all of it in the sample.",
    )
    assert list(sample.dropped["by"]) == ["fta"] * 4
