"""A study file with a mistake is refused by the key and the line, before anything runs."""

from __future__ import annotations

import tomllib

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import StudyError
from forecast.events import Count, Stock
from forecast.studies import Study
from forecast.studies.config import parse_study
from forecast.studies.toml_lines import key_lines, line_of, spell

GOOD = """\
[study]
title = "A year"
as_of = 2021-09-30
seed = 3

[data]
figures = "rus_kaz"
events = "rus_kaz"

[nowcast]
year = 2021

[indicators]
between = ["RU", "KZ"]
documents = { recipe = "Stock", kind = "document", half_life = 3 }
visits = { recipe = "Count", kind = "visit" }

[[claims]]
kind = "level"
year = 2021
value = 20_000
record = true
said_on = 2021-09-30

[[claims]]
kind = "share"
year = 2021
as_of = 2021-10-19

[hindsight]
as_of = 2023-01-01
"""


def test_a_right_file_becomes_a_plan_with_the_dates_of_each_part():
    plan = parse_study(GOOD)
    assert (plan.title, plan.year, plan.seed, plan.output) == (
        "A year",
        2021,
        3,
        "output",
    )
    assert [str(c.as_of.date()) for c in plan.claims] == ["2021-09-30", "2021-10-19"]
    assert plan.claims[0].claim.is_record
    assert plan.last_day == pd.Timestamp("2021-10-19")
    assert plan.indicators.recipes == {
        "documents": Stock("document", half_life=3),
        "visits": Count("visit"),
    }
    assert plan.hindsight == pd.Timestamp("2023-01-01")


def test_a_claim_without_a_date_is_judged_on_the_day_of_the_study():
    plan = parse_study(GOOD.replace("said_on = 2021-09-30\n", ""))
    assert plan.claims[0].as_of == plan.as_of


def test_dates_may_stand_between_quotation_marks():
    assert parse_study(
        GOOD.replace("as_of = 2021-09-30", 'as_of = "2021-09-30"')
    ) == parse_study(GOOD)


# what to replace, by what, the code, what the message must say
MISTAKES = [
    ("seed = 3", "sed = 3", "F-702", "study.sed: unknown key (a.toml, line 4). Did you mean 'seed'?"),
    ("[nowcast]", "[nowcasts]", "F-702", "nowcasts: unknown key (a.toml, line 10). Did you mean 'nowcast'?"),
    ("as_of = 2021-09-30\nseed", "seed", "F-703", "study.as_of: missing key (a.toml, line 1)"),
    ("title = \"A year\"", "title = 7", "F-704", "study.title: has the value 7 (a.toml, line 2). It takes a text"),
    ("as_of = 2021-09-30\n", "as_of = \"in autumn\"\n", "F-704", "study.as_of: has the value 'in autumn' (a.toml, line 3)"),
    ("as_of = 2021-09-30\n", "as_of = true\n", "F-704", "It takes a date, such as 2021-09-30"),
    ("seed = 3", "seed = -1", "F-704", "a whole number, 0 or more"),
    ("seed = 3", "seed = true", "F-704", "a whole number, 0 or more"),
    ("year = 2021\n\n[ind", "year = 20211\n\n[ind", "F-704", "nowcast.year: has the value 20211 (a.toml, line 11)"),
    ('between = ["RU", "KZ"]', 'between = ["RU"]', "F-704", "indicators.between"),
    ('between = ["RU", "KZ"]\n', "", "F-703", "indicators.between: missing key (a.toml, line 13)"),
    ('recipe = "Stock"', 'recipe = "Stok"', "F-704", "indicators.documents.recipe: has the value 'Stok' (a.toml, line 15). Did you mean 'Stock'?"),
    ("half_life = 3", "halflife = 3", "F-702", "indicators.documents.halflife: unknown key (a.toml, line 15). Did you mean 'half_life'?"),
    ("half_life = 3", "half_life = -3", "F-704", "half_life=-3 is not possible"),
    ("half_life = 3", 'half_life = "long"', "F-704", "indicators.documents"),
    ('kind = "level"', 'kind = "levl"', "F-704", "claims[1].kind: has the value 'levl' (a.toml, line 19). It takes one of"),
    ("value = 20_000", 'value = "20,000"', "F-704", "claims[1].value: has the value '20,000' (a.toml, line 21)"),
    ("value = 20_000\n", "", "F-703", "claims[1].value: missing key (a.toml, line 18)"),
    ("value = 20_000", "value = -5", "F-705", "claims[1]: a level of -5 cannot be claimed (a.toml, line 18)"),
    ("record = true", "record = 1", "F-704", "claims[1].record"),
    ('kind = "share"', 'kind = "share"\nrecord = true', "F-705", "claims[2].record: does not belong to a claim of kind 'share' (a.toml, line 27)"),
    ("as_of = 2023-01-01", "as_of = 2021-10-01", "F-705", "hindsight.as_of: is not after 2021-10-19, the latest as-of date of the answer (a.toml, line 31)"),
    ('events = "rus_kaz"\n', "", "F-705", "indicators: needs events"),
    ("[study]", "[study", "F-701", "a.toml is no valid TOML"),
    ("as_of = 2021-09-30\n", "as_of = 2021-02-30\n", "F-701", "at line 3"),
    ("[data]", "[study]", "F-701", "a.toml is no valid TOML"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "code", "said"), MISTAKES)
def test_a_mistake_is_named_by_key_and_line(old, new, code, said):
    assert old in GOOD
    with pytest.raises(StudyError) as caught:
        parse_study(GOOD.replace(old, new, 1), "a.toml")
    assert caught.value.code == code
    assert said in str(caught.value)


def test_every_mistake_is_told_at_once():
    wrong = GOOD.replace("seed = 3", "sed = 3").replace(
        'kind = "level"', 'kind = "levl"'
    )
    with pytest.raises(StudyError) as caught:
        parse_study(wrong, "a.toml")
    assert caught.value.count == 2
    assert "Also: claims[1].kind" in str(caught.value)


def test_a_table_in_the_wrong_form_is_refused():
    for wrong in (
        "study = 1",
        "[[study]]\ntitle = 'a'",
        "claims = 3\n" + GOOD.split("[[", maxsplit=1)[0],
    ):
        with pytest.raises(StudyError):
            parse_study(wrong)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00bad", None])
def test_a_file_that_cannot_be_read_is_named_without_its_folder(tmp_path, content):
    path = tmp_path / "study.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StudyError, match="F-701") as caught:
        Study.from_toml(path)
    assert "study.toml" in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_byte_order_mark_does_not_matter(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert Study.from_toml(path).plan.year == 2021


def test_lines_are_found_beside_brackets_in_texts_and_after_long_arrays():
    source = "\n".join([
        '[data] # the [first] table',
        'figures = "a [ b { c"',
        'names = [',
        '  "x = 1",',
        '  "[study]",',
        ']',
        'text = """',
        '[fake]',
        'key = 1',
        '"""',
        '"quoted key" = 1',
        'a.b = 2',
        '[[claims]]',
        'year = 1',
        '[[claims]]',
        '[claims.more]',
        'deep = 1',
    ])  # fmt: skip
    assert tomllib.loads(source)
    lines = key_lines(source)
    assert lines["data", "names"] == 3
    assert lines["data", "text"] == 7
    assert ("fake",) not in lines
    assert lines["data", "quoted key"] == 11
    assert lines["data", "a", "b"] == 12
    assert lines["claims", 0, "year"] == 14
    assert lines["claims", 1, "more", "deep"] == 17
    assert line_of(("claims", 1, "year"), lines) == 15  # the table it should stand in
    assert line_of(("elsewhere",), lines) is None


def test_paths_are_counted_from_one():
    assert spell(("claims", 1, "value")) == "claims[2].value"


@settings(max_examples=60)
@given(st.data())
def test_a_damaged_file_is_refused_by_name_or_read(data):
    """Cut, doubled or exchanged lines never end in another kind of error."""
    lines = GOOD.splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at] = data.draw(st.sampled_from(["", lines[at] * 2, lines[at][::-1], lines[-at], lines[at][: len(lines[at]) // 2]]))  # fmt: skip
    try:
        parse_study("\n".join(lines))
    except StudyError as wrong:
        assert wrong.code.startswith("F-70")


@settings(max_examples=60)
@given(
    st.sampled_from(["title", "as_of", "seed", "figures", "year", "between", "documents", "kind", "value"]),
    st.sampled_from(["0", "-1", "1e400", "nan", '""', "[]", "{}", "true", "1979-05-27", '"x"', "[[1]]", "07:32:00"]),
)  # fmt: skip
def test_no_value_of_any_kind_breaks_the_reading(key, value):
    lines = [
        f"{key} = {value}" if line.startswith(f"{key} =") else line
        for line in GOOD.splitlines()
    ]
    try:
        parse_study("\n".join(lines))
    except StudyError as wrong:
        assert wrong.code.startswith("F-70")
