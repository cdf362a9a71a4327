"""Formulas are read as users of fixest and pyfixest write them, or refused with a caret."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import ForecastError, ModelError
from forecast.gravity.formulas.formula import (
    Call,
    Column,
    Dummies,
    Equation,
    Interacted,
    Log,
    Term,
    parse_formula,
)
from forecast.gravity.records import Effect


def read(text):
    """The equations of a formula, printed."""
    return [str(equation) for equation in parse_formula(text)]


def terms(text):
    """The regressors of the only equation of a formula."""
    (equation,) = parse_formula(text)
    return [str(term) for term in equation.terms]


# ------------------------------------------------------------------------ the grammar


def test_a_gravity_formula_has_an_outcome_regressors_and_effects():
    (equation,) = parse_formula(
        "trade ~ log(dist) + fta | exporter^year + importer^year"
    )
    assert equation == Equation(
        left=Column("trade"),
        terms=(Term((Log("dist"),)), Term((Column("fta"),))),
        effects=(Effect(("exporter", "year")), Effect(("importer", "year"))),
        intercept=False,
    )
    assert equation.outcome == "trade"
    assert equation.columns == ("trade", "dist", "fta", "exporter", "year", "importer")


@pytest.mark.parametrize(
    ("text", "intercept"),
    [
        ("y ~ x", True),
        ("y ~ 1 + x", True),
        ("y ~ x - 1", False),
        ("y ~ -1 + x", False),
        ("y ~ 0 + x", False),
        ("y ~ x + 0", False),
        ("y ~ 0 + x + 1", True),
        ("y ~ 1", True),
        ("y ~ x | f", False),
        ("y ~ 1 | f", False),
        ("y ~ x | 0", True),
        ("y ~ x | sw0(f)", True),
    ],
)
def test_a_constant_stands_where_no_effect_absorbs_it_and_nobody_removes_it(
    text, intercept
):
    assert parse_formula(text)[0].intercept is intercept


def test_blanks_and_line_breaks_mean_nothing():
    assert read("y~x+log(  z )|a ^b") == read("\n y ~ x\n  + log(z)\n  | a^b\n")


def test_both_signs_combine_effects_in_any_order_and_twice_said_counts_once():
    for text in ("y ~ x | a^b + b:a + c", "y ~ x + x | a:b + c + a^b"):
        (equation,) = parse_formula(text)
        assert [effect.name for effect in equation.effects] == ["a^b", "c"]
        assert len(equation.terms) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y ~ a*b", ["a", "b", "a:b"]),
        ("y ~ a*b*c", ["a", "b", "c", "a:b", "a:c", "b:c", "a:b:c"]),
        ("y ~ (a + b + c)^2", ["a", "b", "c", "a:b", "a:c", "b:c"]),
        ("y ~ (a + b)**9", ["a", "b", "a:b"]),
        ("y ~ (a + b):c", ["a:c", "b:c"]),
        ("y ~ a + b:a + a:b + b", ["a", "b:a", "b"]),
        ("y ~ a:a", ["a"]),
        ("y ~ log(d):border", ["log(d):border"]),
        ("y ~ I(x^2) + poly( x,2 )", ["I(x ** 2)", "poly(x, 2)"]),
        ("y ~ `GDP per head` + Q('a b')", ["`GDP per head`", "`a b`"]),
        ("y ~ gdp.pc + ВВП", ["gdp.pc", "ВВП"]),
    ],
)
def test_products_and_powers_stand_for_the_terms_that_r_has_for_them(text, expected):
    assert terms(text) == expected


def test_parts_that_need_formulaic_are_kept_apart_from_those_that_do_not():
    (equation,) = parse_formula(
        "log(y) ~ x + log(x) + C(x) + log(x + 1) + C(x, contr.sum) + np.sqrt(`a b`)"
    )
    kinds = [type(term.parts[0]) for term in equation.terms]
    assert kinds == [Column, Log, Dummies, Call, Call, Call]
    last = equation.terms[-1].parts[0]
    assert (last.text, last.code, last.columns) == (
        "np.sqrt(`a b`)",
        "np.sqrt(_c0)",
        ("a b",),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i(year)", Interacted("year")),
        ("i(year, x)", Interacted("year", "x")),
        ("i(year, ref=2002)", Interacted("year", references=(2002,))),
        ("i(year, x, 2002)", Interacted("year", "x", references=(2002,))),
        ("i(year, x, ref=[2001, 2002])", Interacted("year", "x", False, (2001, 2002))),
        ("i(event, ref=c(-1, -2.5))", Interacted("event", references=(-1, -2.5))),
        ("i(year, i.sector)", Interacted("year", "sector", True)),
        (
            "i(f, g, ref='A', ref2=\"B\")",
            Interacted("f", "g", True, ("A",), ("B",)),
        ),
        ("i(`the year`, x, ref=True)", Interacted("the year", "x", references=(True,))),
    ],
)
def test_i_takes_a_column_one_to_multiply_with_and_references(text, expected):
    (equation,) = parse_formula(f"y ~ {text}")
    assert equation.terms == (Term((expected,)),)


# --------------------------------------------------------------- several models at once


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sw(a, b)", ["a", "b"]),
        ("sw0(a, b)", ["1", "a", "b"]),
        ("csw(a, b, c)", ["a", "a + b", "a + b + c"]),
        ("csw0(a, b)", ["1", "a", "a + b"]),
        ("mvsw(a, b)", ["1", "a", "b", "a + b"]),
        ("sw(a + b, c)", ["a + b", "c"]),
        ("x + sw(a, b) + z", ["x + a + z", "x + b + z"]),
        ("x + sw(1, a*b)", ["x", "x + a + b + a:b"]),
    ],
)
def test_stepwise_lists_stand_for_the_models_that_fixest_has_for_them(text, expected):
    assert read(f"y ~ {text}") == [f"y ~ {right}" for right in expected]


def test_outcomes_vary_slowest_and_effects_fastest():
    assert read("c(y1, log(y2)) ~ csw(a, b) | sw0(f, g^h)") == [
        f"{left} ~ {right}"
        for left in ("y1", "log(y2)")
        for right in ("a", "a | f", "a | g^h", "a + b", "a + b | f", "a + b | g^h")
    ]
    assert read("y1 + y2 ~ x") == ["y1 ~ x", "y2 ~ x"]
    assert read("y ~ 1 | csw0(f, g)") == ["y ~ 1", "y ~ 1 | f", "y ~ 1 | f + g"]


def test_a_stepwise_list_of_effects_keeps_the_effects_around_it():
    assert read("y ~ x | a + csw(b, c) + d") == [
        "y ~ x | a + b + d",
        "y ~ x | a + b + c + d",
    ]


# ---------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("text", "caret", "words"),
    [
        ("y x", 3, "no '~'"),
        ("", 0, "no '~'"),
        ("~ x", 0, "expected an outcome"),
        ("y ~", 3, "Write 1 where there are no regressors"),
        ("y ~ | f", 4, "Write 1 where there are no regressors"),
        ("y ~ x1 + + x2", 9, "expected a column, found '+'"),
        ("y ~ x1 x2", 7, "Join terms with +"),
        ("y ~ x | f + ", 12, "expected a column, found the end"),
        ("y ~ x | f*g", 9, "Write a + b + a^b"),
        ("y ~ x | C(f)", 8, "Name the column alone"),
        ("y ~ x | f - g", 10, "cannot be taken away"),
        ("y ~ x | f^f", 10, "twice in one effect"),
        ("y ~ x | 3", 8, "expected a column"),
        ("y ~ x - z", 8, "only the constant can be taken away"),
        ("y ~ x^2", 5, "I(x**2)"),
        ("y ~ x / z", 6, "I(a / b)"),
        ("y ~ 2*x", 4, "I(2 * x)"),
        ("y ~ (a + b)^x", 12, "whole number"),
        ("y ~ log(x", 7, "'(' is never closed"),
        ("y ~ x)", 5, "closes nothing"),
        ("y ~ (x]", 6, "closes nothing"),
        ("y ~ 'x", 4, "without its partner"),
        ("y ~ `a b + c", 4, "without its partner"),
        ("y ~ x $ z", 6, "has no meaning"),
        ("y ~ .", 4, "List the regressors by name"),
        ("y ~ {x}", 4, "I(...)"),
        ("y ~ x ~ z", 6, "a second '~'"),
        ("y - z ~ x", 2, "I(y1 - y2)"),
        ("C(y) ~ x", 0, "dummies cannot be an outcome"),
        ("y ~ sw(a, csw(b, c))", 10, "not nested"),
        ("y ~ sw(a, b):c", 12, "expected + or |"),
        ("y ~ i(year, ref=ARG)", 16, "text in quotes"),
        ("y ~ i(log(x))", 6, "columns by name"),
        ("y ~ x[z]", 5, "i(fe, x)"),
        ("y ~ log(x = )", 4, "no expression"),
        ("y ~ I(x if x > 0 else 0)", 4, "no expression"),
        ("y ~ I([x for x in z])", 4, "no expression"),
        ("y ~ I(x > 0 | z > 0)", 12, "as in Python"),
    ],
)
def test_what_cannot_be_read_is_shown_with_a_caret_under_the_place(text, caret, words):
    with pytest.raises(ModelError, match="F-580") as caught:
        parse_formula(text)
    *_, drawn, pointer = str(caught.value).split("\n")
    assert drawn == f"    {text}"
    assert pointer == f"    {' ' * caret}^"
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("y ~ x | f | z ~ w", "instruments"),
        ("y ~ x | f[z]", "slopes that vary"),
        ("y ~ l(x, 1)", "panel.with_lags"),
        ("y ~ f(x, 1)", "Lags and leads go by period"),
        ("y ~ lag(x)", "Lags and leads go by period"),
        ("y ~ x + offset(log(pop))", "offset="),
        ("y ~ lgo(x)", "Did you mean log()?"),
        ("y ~ i(year, keep=2000)", "no option 'keep'"),
        ("y ~ I(__import__('os').system('true'))", "__import__() is no function"),
        ("y ~ I((1).real)", "an attribute"),
        ("y ~ I(x[0])", "a subscript"),
        ("y ~ np.load(x)", "np.load() is no function"),
        ("y ~ np.add.reduce(x)", "np.add.reduce() is no function"),
    ],
)
def test_what_is_not_offered_says_what_is(text, words):
    with pytest.raises(ModelError, match="F-581") as caught:
        parse_formula(text)
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["y ~ 0", "y ~ -1", "y ~ sw0(x) - 1", "y ~ 0 | 0"])
def test_a_model_of_nothing_is_refused(text):
    with pytest.raises(ModelError, match="F-582"):
        parse_formula(text)


def test_two_stepwise_lists_in_one_part_are_refused():
    with pytest.raises(ModelError, match="two stepwise lists"):
        parse_formula("y ~ sw(a, b) + csw(c, d)")


@pytest.mark.parametrize(
    "text",
    [
        f"y ~ mvsw({', '.join('abcdefghijkl')})",
        f"y ~ {'*'.join('abcdefghijklm')}",
        f"y ~ csw({', '.join(f'x{k}' for k in range(50))})"
        f" | csw({', '.join(f'f{k}' for k in range(50))})",
    ],
)
def test_a_formula_that_stands_for_thousands_of_models_is_refused(text):
    with pytest.raises(ModelError, match="F-587"):
        parse_formula(text)


def test_brackets_without_end_are_refused_before_the_stack_is_full():
    with pytest.raises(ModelError, match="too deep"):
        parse_formula("y ~ " + "(" * 5_000 + "x" + ")" * 5_000)


def test_something_that_is_no_text_is_no_formula():
    with pytest.raises(ModelError, match="a formula is text, not list"):
        parse_formula(["y ~ x"])


# --------------------------------------------------------------------------- properties

NAMES = st.sampled_from(
    ["x", "gdp", "a b", "ВВП", "lag.x", "i", "sw", "c", "log", "_c0"]
)
LEVELS = st.one_of(
    st.integers(-3000, 3000),
    st.sampled_from(["A", "it's", 'say "x"', True, 2.5, -0.5]),
)
REFERENCES = st.lists(
    LEVELS.filter(lambda level: not {"'", '"'} <= set(str(level))),
    max_size=2,
    unique=True,
).map(tuple)


@st.composite
def interacted(draw):
    name, by = draw(NAMES), draw(st.none() | NAMES)
    if by is None:
        return Interacted(name, references=draw(REFERENCES))
    second = draw(REFERENCES)
    crossed = bool(second) or draw(st.booleans())
    return Interacted(name, by, crossed, draw(REFERENCES), second)


def call(name):
    quoted = name if re.fullmatch(r"[^\W\d][\w.]*", name) else f"`{name}`"
    return Call(f"poly({quoted}, 2)", "poly(_c0, 2)", (name,))


NUMBERS = st.one_of(NAMES.map(Column), NAMES.map(Log), NAMES.map(call))
PARTS = st.one_of(NUMBERS, NAMES.map(Dummies), interacted())
TERMS = st.lists(PARTS, min_size=1, max_size=3, unique=True).map(
    lambda parts: Term(tuple(parts))
)
EFFECTS = st.lists(NAMES, min_size=1, max_size=3, unique=True).map(
    lambda names: Effect(tuple(names))
)


@st.composite
def equations(draw):
    found = draw(
        st.lists(TERMS, max_size=4, unique_by=lambda term: frozenset(term.parts))
    )
    effects = draw(
        st.lists(
            EFFECTS, max_size=3, unique_by=lambda effect: frozenset(effect.factors)
        )
    )
    bare = not found and not effects
    constant = not effects and (bare or draw(st.booleans()))
    return Equation(draw(NUMBERS), tuple(found), tuple(effects), constant)


@given(equations())
def test_a_printed_equation_is_a_formula_for_itself(equation):
    assert parse_formula(str(equation)) == (equation,)


PIECES = st.sampled_from(
    [
        *"~|+-*:^()[],=.0123'`\" xyf{}%\\\n",
        "log(",
        "i(",
        "sw(",
        "ref=",
        "C(",
        "np.",
        "I(",
        "c(",
    ]
)


@given(st.lists(PIECES, max_size=25).map("".join))
def test_any_text_is_read_or_refused_in_words(text):
    for candidate in (text, f"y ~ {text}", f"y ~ x | {text}", f"y ~ I({text})"):
        try:
            found = parse_formula(candidate)
        except ForecastError as refusal:
            assert refusal.code.startswith("F-58")
        else:
            assert all(parse_formula(str(one)) == (one,) for one in found)


@given(st.text(max_size=30))
def test_any_characters_are_read_or_refused_in_words(text):
    try:
        parse_formula(f"y ~ {text}")
    except ForecastError as refusal:
        assert refusal.code.startswith("F-58")
