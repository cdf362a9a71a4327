"""A report holds what it was given, runs nothing and asks no network for anything."""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast.claims import Card, Claim
from forecast.errors import ForecastError, MissingPackageError
from forecast.forecasts import Forecast
from forecast.plots.look import blank_figure
from forecast.releases import Releases
from forecast.reporting import (
    Facts,
    Folded,
    Lead,
    Note,
    Picture,
    Section,
    Table,
    report,
)
from forecast.reporting.cells import html_table, shown

# matplotlib 3.8, the oldest supported, uses old names of pyparsing.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:.* deprecated - use:DeprecationWarning"
)

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</td></table><iframe src=//evil.example>",
    "</style><script>1</script>",
    "javascript:alert(1)",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "{{ 7 * 7 }}{% raw %}",
    "<a href=https://evil.example>x</a>",
]
TAGS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "header",
    "h1",
    "h2",
    "h3",
    "p",
    "nav",
    "ol",
    "ul",
    "li",
    "a",
    "main",
    "section",
    "footer",
    "div",
    "table",
    "caption",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "figure",
    "img",
    "figcaption",
    "article",
    "span",
    "strong",
    "details",
    "summary",
    "dl",
    "dt",
    "dd",
}
ATTRIBUTES = {
    "lang",
    "charset",
    "http-equiv",
    "content",
    "name",
    "id",
    "class",
    "href",
    "rel",
    "src",
    "alt",
    "aria-label",
}


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.pieces.append(data)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def is_harmless(page: Page) -> bool:
    """Only our tags and attributes, no code, and nothing fetched from outside."""
    links = [a.get("href") or "" for a in page.all("a")]
    sources = [a.get("src") or "" for a in page.all("img")]
    return (
        {tag for tag, _ in page.tags} <= TAGS
        and {name for _, attributes in page.tags for name in attributes} <= ATTRIBUTES
        and all(link.startswith(("#", "https://", "http://")) for link in links)
        and all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    )


def card(text: str = "about 20") -> Card:
    evidence = pd.DataFrame({"reporter": [text], "median": [24.2]})
    claim = Claim.level(2021, 20, text=text, by=text, source=text, said_on="2021-09-30")
    return Card(
        claim, "fails", text, 0.004, text, evidence, (text,), (text,), claim.said_on
    )


def places(text: str) -> dict[str, dict]:
    """The text in every place of a report where data can stand."""
    frame = pd.DataFrame({"region": ["Omsk"], "trade": [1.5]})
    axis = frame.rename_axis(columns=text)
    return {
        "cell": {"a": frame.assign(region=text)},
        "column": {"a": frame.rename(columns={"trade": text})},
        "index": {"a": frame.set_index(pd.Index([text], name="key"))},
        "index name": {"a": frame.set_index(pd.Index(["x"], name=text))},
        "axis name": {"a": axis},
        "heading": {text: "words"},
        "paragraph": {"a": text, "b": Lead(text), "c": Note(f"- {text}")},
        "caption": {"a": Table(frame, text)},
        "facts": {"a": Facts({text: text})},
        "folded": {"a": Folded(text, text)},
        "picture": {"a": Picture(b"<svg/>", text, text)},
        "card": {"a": card(text)},
        "level of columns": {"a": pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([(text, "b")]))},
    }  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_from_data_is_shown_as_text_wherever_it_stands(payload):
    for place, sections in places(payload).items():
        page = Page(report("Trade", sections).html)
        assert is_harmless(page), place
        seen = " ".join(page.text.split()).replace(
            "https://", ""
        )  # links are shortened
        in_attributes = [a.get("alt") for a in page.all("img")]
        said = payload.replace("_", " ").replace("https://", "")
        assert said in seen or payload in in_attributes, place


@pytest.mark.parametrize("payload", PAYLOADS)
def test_title_subtitle_and_footer_are_text_too(payload):
    page = Page(report(payload, {"a": "b"}, subtitle=payload, footer=[payload]).html)
    assert is_harmless(page)
    said = payload.replace("https://", "")
    assert (
        page.text.replace("https://", "").count(said) == 4
    )  # window, heading, two lines


def test_the_browser_is_told_that_nothing_may_run_or_be_fetched():
    html = report("Trade", {"a": "b"}).html
    policy = next(a["content"] for a in Page(html).all("meta") if a.get("http-equiv"))
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert f"'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert "url(" not in style
    assert "@import" not in style


def figures() -> Releases:
    return Releases.from_frame(
        pd.DataFrame(
            {
                "period_start": ["2021-01-01"],
                "period_end": ["2021-07-31"],
                "value": [14_000.0],
                "growth": [0.34],
                "reporter": ["Russia"],
                "released": ["2021-09-30"],
            }
        ),
        measure="million USD",
    )


def test_every_kind_of_block_finds_its_way_onto_the_page():
    year = fc.nowcast(figures(), 2021, paths=200)
    outlook = Forecast(
        np.full((1, 2, 10), 7.0),
        pd.DataFrame({"pair": ["KZ–RU"]}),
        pd.period_range("2022", periods=2, freq="Y"),
        measure="billion USD",
    )
    figure, ax = blank_figure()
    ax.plot([0, 1], [0, 1])
    blocks = ["words", pd.DataFrame({"x": [1]}), card(), year, outlook, figure]
    page = Page(report("Trade", {"all": blocks}).html)
    assert is_harmless(page)
    assert len(page.all("img")) == 3
    assert "Nowcast of 2021" in page.text
    assert "✗ fails" in page.text
    svg = base64.b64decode(page.all("img")[0]["src"].partition(",")[2])
    assert svg.lstrip().startswith(b"<?xml")


def test_the_same_blocks_give_the_same_page():
    def make() -> str:
        return report("Trade", {"a": fc.nowcast(figures(), 2021, paths=200)}).html

    assert make() == make()


def test_sections_may_stand_apart():
    page = report("Trade", [Section("Later", ("words",), apart=True)]).html
    assert '<section id="s1" class="apart">' in page


def test_what_a_report_cannot_show_is_refused_by_name():
    with pytest.raises(ForecastError, match="F-720"):
        report("Trade", {"a": object()})


def test_without_jinja_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingPackageError, match=r"turnover-forecast\[study\]"):
        report("Trade", {"a": "b"})


def test_a_report_is_written_whole(tmp_path):
    path = tmp_path / "r.html"
    page = report("Trade", {"a": "Товарооборот"})
    page.write(path)
    assert path.read_text(encoding="utf-8") == page.html == str(page)


def test_addresses_become_links_and_stars_become_bold():
    page = Page(
        report("T", {"a": "see https://example.org/a?b=1&c=2, **twice**."}).html
    )
    assert page.all("a")[-1]["href"] == "https://example.org/a?b=1&c=2"
    assert len(page.all("strong")) == 1


def test_numbers_of_a_column_share_their_decimals_and_years_have_no_comma():
    frame = pd.DataFrame(
        {
            "year": [2021, 2022],
            "trade": [24211.557, 25.0],
            "share": [0.27, -0.09],
            "n": [1000, 2],
        }
    )
    text = [piece.strip() for piece in Page(html_table(frame)).pieces]
    assert [piece for piece in text if piece] == [
        *["year", "trade", "share", "n"],
        *["2021", "24,212", "0.27", "1,000"],
        *["2022", "25", "−0.09", "2"],
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (float("nan"), "–"),
        (None, "–"),
        (pd.NaT, "–"),
        (float("inf"), "∞"),
        (-0.0000001, "0.0000"),
        (True, "yes"),
        (pd.Timestamp("2021-09-30"), "2021-09-30"),
        (pd.Timestamp("2021-09-30 07:30"), "2021-09-30 07:30:00"),
        (pd.Period("2021-07", "M"), "2021-07"),
        (-1234, "−1,234"),
    ],
)
def test_single_values_read_as_people_write_them(value, text):
    assert shown(value) == text


def test_a_long_table_says_that_it_was_cut():
    frame = pd.DataFrame({"x": range(1000)})
    assert "The first 400 of 1,000 rows" in Page(html_table(frame)).text


def test_the_callers_frame_is_not_changed():
    frame = pd.DataFrame({"x": [1]}, index=pd.Index(["a"], name="key"))
    before = frame.copy(deep=True)
    html_table(frame)
    pd.testing.assert_frame_equal(frame, before)
