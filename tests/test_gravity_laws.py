"""What must not move an estimate, and what must move it by a known amount."""

from __future__ import annotations

import contextlib
import io

import gravity_worlds as worlds
import numpy as np
import pandas as pd
import pytest
from gravity_worlds import THREE_WAY, TWO_WAY
from hypothesis import given, settings
from hypothesis import strategies as st

import forecast as fc
from forecast.gravity.engine import poisson

PLAIN = "exporter + importer + year"
SETUPS = {
    "PPML in slots": ("ppml", [TWO_WAY, THREE_WAY]),
    "PPML in rows": ("ppml", [TWO_WAY, THREE_WAY, PLAIN]),
    "PPML without effects": ("ppml", [""]),
    "least squares": ("ols", [TWO_WAY, THREE_WAY, PLAIN, ""]),
}
setups = pytest.mark.parametrize("setup", SETUPS)
with_effects = pytest.mark.parametrize(
    "setup", [name for name in SETUPS if "without" not in name]
)
seeds = st.integers(0, 10**6)
FIFTY = settings(max_examples=50)


def law(**given_values):
    """Try a law on worlds of many seeds, and on one choice of the effects for each."""

    def decorate(test):
        return FIFTY(given(seed=seeds, **given_values)(test))

    return decorate


def effects_of(setup, seed, *, needed=False):
    choices = [e for e in SETUPS[setup][1] if e or not needed]
    return choices[seed % len(choices)]


def world(seed):
    return worlds.trade(seed, n_regions=5, n_years=4)


def fit(setup, effects, frame, left="y ~ x0 + x1", **options):
    estimator = SETUPS[setup][0]
    text = f"{left} | {effects}" if effects else left
    model = fc.Gravity(text, estimator=estimator, vcov=fc.Clustered("pair"), **options)
    with contextlib.ExitStack() as stack:
        if setup == "PPML in rows":
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            patch.setattr(poisson, "plan_slots", lambda *_: None)
        return model.fit(frame)


def means(result):
    """Fitted means under their labels, in the order of labels."""
    return result.fittedvalues.sort_index()


def same_slopes(one, other, factor=1.0, rtol=1e-6):
    """The same slopes and errors but for a factor; to 1e-8 of a standard error or so."""
    names = list(one.params.index)
    assert set(other.params.index) == set(names)
    scale = np.maximum(1.0, np.abs(one.params.to_numpy()))
    difference = other.params[names].to_numpy() / factor - one.params.to_numpy()
    assert (np.abs(difference) <= 2e-8 * scale).all(), difference
    np.testing.assert_allclose(other.bse[names] / factor, one.bse, rtol=rtol)


def same_means(one, other, factor=1.0):
    assert one.nobs == other.nobs
    expected = means(one)
    size = 1.0 if "ppml" in one.recipe.estimator else np.abs(expected).max()
    np.testing.assert_allclose(
        means(other) / factor, expected, rtol=1e-6, atol=1e-9 * size
    )


def same_bits(one, other):
    assert (one.params == other.params).all()
    assert (one.bse == other.bse).all()
    assert (means(one) == means(other)).all()
    assert one.llf == other.llf


# ----------------------------------------------------------------- order, names, labels


@setups
@law(order=seeds)
def test_the_order_of_rows_moves_no_bit(setup, seed, order):
    frame, effects = world(seed), effects_of(setup, seed)
    shuffled = frame.sample(frac=1, random_state=order)
    options = {"weights": "w", "offset": "o"} if seed % 2 else {}
    same_bits(
        fit(setup, effects, frame, **options), fit(setup, effects, shuffled, **options)
    )


@setups
@law(rows=st.integers(1, 60))
def test_a_file_read_in_parts_is_the_file(setup, seed, rows):
    text, effects = world(seed).to_csv(index_label="row"), effects_of(setup, seed)
    whole = pd.read_csv(io.StringIO(text), index_col="row")
    with pd.read_csv(io.StringIO(text), index_col="row", chunksize=rows) as reader:
        parts = pd.concat(list(reader)[::-1])
    same_bits(fit(setup, effects, whole), fit(setup, effects, parts))


@setups
@law(order=seeds)
def test_the_order_of_columns_moves_no_bit(setup, seed, order):
    frame, effects = world(seed), effects_of(setup, seed)
    columns = np.random.default_rng(order).permutation(frame.columns)
    same_bits(fit(setup, effects, frame), fit(setup, effects, frame[columns]))


@setups
@law(shift=st.integers(-1500, 1500))
def test_years_may_be_counted_from_anywhere(setup, seed, shift):
    frame, effects = world(seed), effects_of(setup, seed)
    later = frame.assign(year=frame["year"] + shift)
    same_bits(fit(setup, effects, frame), fit(setup, effects, later))


@setups
@law(names=st.permutations(["Kazakhstan", "Russia", "Ä", "b", "10"]))
def test_regions_may_have_any_names(setup, seed, names):
    frame, effects = world(seed), effects_of(setup, seed)
    new = dict(zip(["R00", "R01", "R02", "R03", "R04"], names, strict=True))
    renamed = frame.assign(
        exporter=frame["exporter"].map(new), importer=frame["importer"].map(new)
    )
    one, other = fit(setup, effects, frame), fit(setup, effects, renamed)
    same_slopes(one, other)
    same_means(one, other)


@setups
@law(kind=st.sampled_from(["category", "numbers", "text"]))
def test_levels_may_be_of_any_kind(setup, seed, kind):
    frame, effects = world(seed), effects_of(setup, seed)
    keys = ["exporter", "importer", "year"]
    if kind == "category":
        other = frame.astype(dict.fromkeys(keys, "category"))
    elif kind == "text":
        other = frame.astype({"year": str})
    else:
        ends = {k: frame[k].str[1:].astype(int) + 7 for k in keys[:2]}
        other = frame.assign(**ends)
    same_bits(fit(setup, effects, frame), fit(setup, effects, other))


@setups
@law()
def test_the_order_of_regressors_is_a_matter_of_taste(setup, seed):
    frame, effects = world(seed), effects_of(setup, seed)
    one = fit(setup, effects, frame)
    other = fit(setup, effects, frame, "y ~ x1 + x0")
    same_slopes(one, other)
    same_means(one, other)


@with_effects
@law(order=seeds)
def test_the_order_of_effects_is_a_matter_of_taste(setup, seed, order):
    frame, effects = world(seed), effects_of(setup, seed, needed=True)
    rng = np.random.default_rng(order)
    parts = [
        "^".join(rng.permutation(part.split("^")))
        for part in rng.permutation(effects.split(" + "))
    ]
    one, other = fit(setup, effects, frame), fit(setup, " + ".join(parts), frame)
    same_slopes(one, other)
    same_means(one, other)


@setups
@law()
def test_who_sends_and_who_receives_is_a_matter_of_names(setup, seed):
    frame, effects = world(seed), effects_of(setup, seed)
    ends = {"exporter": "importer", "importer": "exporter"}
    one, other = (
        fit(setup, effects, frame),
        fit(setup, effects, frame.rename(columns=ends)),
    )
    same_slopes(one, other)
    same_means(one, other)
    if effects == TWO_WAY:  # what exporters had, importers have, but for a constant
        two = [result.estimate.level_values for result in (one, other)]
        for mine, theirs in zip(two[0], reversed(two[1]), strict=True):
            difference = np.sort(mine) - np.sort(theirs)
            assert mine.size == theirs.size
            assert np.isfinite(difference).all()


# ------------------------------------------------------------------------------- units


@setups
@law(power=st.integers(-12, 12))
def test_the_unit_of_the_outcome_moves_no_elasticity(setup, seed, power):
    frame, effects, c = world(seed), effects_of(setup, seed), 10.0**power
    scaled = frame.assign(y=frame["y"] * c)
    one, other = fit(setup, effects, frame), fit(setup, effects, scaled)
    same_means(one, other, c)
    if setup == "least squares":
        same_slopes(one, other, c)
        return
    slopes = [
        result.params.drop("Intercept", errors="ignore") for result in (one, other)
    ]
    np.testing.assert_allclose(slopes[1], slopes[0], rtol=0, atol=2e-8)
    np.testing.assert_allclose(other.bse, one.bse, rtol=1e-6)
    np.testing.assert_allclose(other.pvalues[slopes[0].index],
                               one.pvalues[slopes[0].index], rtol=1e-4, atol=1e-12)  # fmt: skip
    np.testing.assert_allclose(other.deviance, c * one.deviance, rtol=1e-6)
    if not effects:
        shift = other.params["Intercept"] - one.params["Intercept"]
        assert shift == pytest.approx(np.log(c), abs=1e-8)


@setups
@law(power=st.integers(-12, 12), sign=st.sampled_from([-1, 1]))
def test_the_unit_of_a_regressor_moves_only_its_slope(setup, seed, power, sign):
    frame, effects, c = world(seed), effects_of(setup, seed), sign * 10.0**power
    scaled = frame.assign(x1=frame["x1"] * c)
    one, other = fit(setup, effects, frame), fit(setup, effects, scaled)
    same_means(one, other)
    np.testing.assert_allclose(other.params["x1"] * c, one.params["x1"], atol=2e-8)
    np.testing.assert_allclose(other.bse["x1"] * abs(c), one.bse["x1"], rtol=1e-6)
    np.testing.assert_allclose(other.params["x0"], one.params["x0"], atol=2e-8)


@with_effects
@law(constant=st.sampled_from([-1e6, 1e3, 1e6]))
def test_what_effects_hold_may_be_added_to_a_regressor(setup, seed, constant):
    frame, effects = world(seed), effects_of(setup, seed, needed=True)
    moved = frame.assign(x0=frame["x0"] + constant)
    one, other = fit(setup, effects, frame), fit(setup, effects, moved)
    same_slopes(one, other)
    same_means(one, other)
    if "^year" not in effects:
        return
    level = frame.groupby(["exporter", "year"]).ngroup() * abs(constant) / 1e3
    same_slopes(one, fit(setup, effects, frame.assign(x0=frame["x0"] + level)))


@setups
@law(power=st.integers(-12, 12))
def test_only_relative_weights_matter(setup, seed, power):
    frame, effects = world(seed), effects_of(setup, seed)
    one = fit(setup, effects, frame, weights="w")
    other = fit(setup, effects, frame.assign(w=frame["w"] * 10.0**power), weights="w")
    same_slopes(one, other)
    same_means(one, other)


@setups
@law(shift=st.floats(-300, 300))
def test_a_constant_offset_is_taken_up(setup, seed, shift):
    frame, effects = world(seed), effects_of(setup, seed)
    one = fit(setup, effects, frame, offset="o")
    moved = frame.assign(o=frame["o"] + shift)
    other = fit(setup, effects, moved, offset="o")
    same_means(one, other)
    slopes = ["x0", "x1"]
    np.testing.assert_allclose(other.params[slopes], one.params[slopes], atol=2e-8)
    np.testing.assert_allclose(other.bse[slopes], one.bse[slopes], rtol=1e-6)


@pytest.mark.parametrize("setup", [name for name in SETUPS if "PPML" in name])
@law()
def test_a_slope_known_may_go_into_the_offset(setup, seed):
    frame, effects = world(seed), effects_of(setup, seed)
    one = fit(setup, effects, frame)
    known = frame.assign(o=one.params["x1"] * frame["x1"])
    other = fit(setup, effects, known, "y ~ x0", offset="o")
    same_means(one, other)
    np.testing.assert_allclose(other.params["x0"], one.params["x0"], atol=2e-8)


# ------------------------------------------------------------------------------ samples


@setups
@law()
def test_every_row_twice_with_half_the_weight_is_the_same(setup, seed):
    frame, effects = world(seed).reset_index(drop=True), effects_of(setup, seed)
    twice = pd.concat([frame, frame], ignore_index=True)
    one = fit(setup, effects, frame, weights="w", drop_singletons=False)
    other = fit(
        setup,
        effects,
        twice.assign(w=twice["w"] / 2),
        weights="w",
        drop_singletons=False,
    )
    same_slopes(one, other)
    first = other.fittedvalues[other.fittedvalues.index < len(frame)]
    np.testing.assert_allclose(first, means(one), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("setup", ["PPML in slots", "PPML in rows"])
@law(role=st.sampled_from(["exporter", "importer"]))
def test_a_region_that_never_trades_is_left_out_and_moves_nothing(setup, seed, role):
    frame, effects = world(seed), effects_of(setup, seed, needed=True)
    idle = frame.groupby(["exporter", "importer", "year"], as_index=False).first()
    idle = idle[idle[role] == "R01"].assign(**{role: "Atlantis", "y": 0.0})
    idle.index = np.arange(len(idle)) + 10_000
    one, other = (
        fit(setup, effects, frame),
        fit(setup, effects, pd.concat([frame, idle])),
    )
    same_slopes(one, other)
    same_means(one, other)
    left_out = other.sample.set_index("label").loc[list(idle.index)]
    assert (left_out["reason"] == "separated").all()
    assert other.nobs == one.nobs


@setups
@law()
def test_rows_without_weight_are_as_if_they_were_not_there(setup, seed):
    frame, effects = world(seed), effects_of(setup, seed)
    none = np.random.default_rng(seed).random(len(frame)) < 0.1
    one = fit(setup, effects, frame[~none], weights="w")
    same_bits(one, fit(setup, effects, frame.assign(w=frame["w"] * ~none), weights="w"))


@with_effects
@law()
def test_a_regressor_that_effects_hold_is_named_and_moves_nothing(setup, seed):
    frame, effects = world(seed), effects_of(setup, seed, needed=True)
    level = frame.groupby(["exporter", "year"] if "^year" in effects else "exporter")
    frame["z"] = np.sin(level.ngroup() + 1.0)
    one = fit(setup, effects, frame)
    other = fit(setup, effects, frame, "y ~ z + x0 + x1")
    assert other.terms == ("x0", "x1")
    assert any("`z`" in note for note in other.notes)
    same_bits(one, other)


@setups
@law()
def test_of_a_collinear_set_the_last_is_named_and_dropped(setup, seed):
    frame, effects = world(seed), effects_of(setup, seed)
    frame["z"] = 2 * frame["x0"] - frame["x1"]
    one = fit(setup, effects, frame)
    other = fit(setup, effects, frame, "y ~ x0 + x1 + z")
    assert other.terms == one.terms
    assert any("`z`" in note for note in other.notes)
    same_bits(one, other)


# --------------------------------------------------------------------------- adding up


@with_effects
@law(extras=st.sampled_from([{}, {"weights": "w"}, {"weights": "w", "offset": "o"}]))
def test_fitted_margins_are_the_observed_ones(setup, seed, extras):
    frame, effects = world(seed), effects_of(setup, seed, needed=True)
    result = fit(setup, effects, frame, **extras)
    used = frame.loc[result.fittedvalues.index]
    mass = used["w"] if extras else pd.Series(1.0, used.index)
    total = (mass * used["y"].abs()).sum()
    for effect in effects.split(" + "):
        keys = [used[name] for name in effect.split("^")]
        gap = (mass * result.resid).groupby(keys).sum()
        assert np.abs(gap).max() <= 1e-8 * total
    for term in result.terms:
        gap = (mass * result.resid * used[term]).sum()
        assert abs(gap) <= 1e-8 * total * used[term].abs().max()
