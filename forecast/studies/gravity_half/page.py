"""The section "What gravity says" of a report."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from forecast.reporting import Block, Folded, Note, Section, Table
from forecast.studies.drawing import Drawing
from forecast.studies.gravity_half.record import GravityHalf
from forecast.studies.gravity_half.sentences import (
    growth_text,
    outlook_text,
    panel_text,
    single_text,
)

__all__ = ["gravity_section"]

SHOWN = [
    "model",
    "term",
    "effect_%",
    "low_%",
    "high_%",
    "nobs",
    "first_year",
    "verdict",
]


def gravity_section(
    half: GravityHalf | None,
    year: int,
    measure: str,
    drawings: Mapping[str, Drawing],
) -> list[Section]:
    """Lay the section out; none where the study does not ask."""
    if half is None:
        return []
    tables = half.tables
    blocks: list[Block] = [
        panel_text(half),
        growth_text(half, year, measure),
        *_picture(drawings, "gravity_growth_low"),
        *_picture(drawings, "gravity_growth_top"),
        Table(
            tables["gravity_effects"][SHOWN],
            "Effects of agreements on the panel, all shipped models; the verdict is that of "
            "the checks.",
        ),
        *_table(
            tables,
            "gravity_soft_events",
            "Soft events of the year beside what the literature has found for their kind.",
        ),
        single_text(half),
        Folded(
            "What is identified, item by item",
            tables["gravity_identification"],
        ),
        outlook_text(half, measure),
        *_table(tables, "scenarios", "The next year, baseline and scenarios."),
        Note(_note(half)),
    ]
    return [Section("What gravity says", tuple(b for b in blocks if b != ""))]


def _picture(drawings: Mapping[str, Drawing], name: str) -> list[Block]:
    return [drawings[name].picture] if name in drawings else []


def _table(tables: Mapping[str, pd.DataFrame], name: str, caption: str) -> list[Block]:
    if name not in tables or tables[name].empty:
        return []
    return [Table(tables[name].dropna(axis=1, how="all"), caption)]


def _note(half: GravityHalf) -> str:
    if half.estimates is None:
        return ""
    row = half.estimates.table.iloc[0]
    return (
        f"Estimates: {row['source']}; {row['data']}, SHA-256 {str(row['data_sha256'])[:16]}; "
        f"licence {row['licence']}; made on {row['estimated_on']} with version "
        f"{row['library_version']}; standard errors {row['convention']}. {row['quality']}."
    )
