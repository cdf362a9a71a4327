"""Several fits in one table, as journals print them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from forecast.errors import ModelError
from forecast.gravity.fit import GravityFit
from forecast.gravity.tables import table_markup
from forecast.gravity.tables.table_notes import note_lines
from forecast.gravity.tables.table_rows import (
    BELOW,
    STATISTICS,
    Cell,
    Row,
    coefficient_rows,
    effect_rows,
    heading_rows,
    statistic_rows,
)
from forecast.gravity.tables.table_terms import (
    labelled_terms,
    select_terms,
    terms_in_order,
)

__all__ = ["STARS", "Etable", "etable"]

STARS = {"*": 0.1, "**": 0.05, "***": 0.01}
SHOWN = ("nobs", "dropped", "r2", "pseudo_r_squared")
WHERE_DIFFERENT = ("vcov", "convention")


@dataclass(frozen=True, repr=False)
class Etable:
    r"""A table of models; `etable` makes one.

    Attributes
    ----------
    head : tuple of Row
        Number, name, outcome and estimator of each model.
    blocks : tuple of tuple of Row
        Coefficients; effects; statistics.
    notes : tuple of str
        Below the table.

    Examples
    --------
    >>> import forecast as fc
    >>> flows = fc.datasets.simulate_trade(8, 5, seed=1).frame
    >>> gravity = fc.Gravity("flow ~ agreement | origin^period + destination^period")
    >>> fc.etable(gravity.fit(flows)).to_latex().splitlines()[0]
    '\\begin{threeparttable}'
    """

    head: tuple[Row, ...]
    blocks: tuple[tuple[Row, ...], ...]
    notes: tuple[str, ...]

    def to_text(self) -> str:
        """Plain text, aligned."""
        return table_markup.text(self.head, self.blocks, self.notes)

    def to_markdown(self) -> str:
        """A table in Markdown's pipes, escaped."""
        return table_markup.markdown(self.head, self.blocks, self.notes)

    def to_html(self) -> str:
        """A table in HTML, escaped."""
        return table_markup.html(self.head, self.blocks, self.notes)

    def to_latex(self, *, caption: str = "", label: str = "") -> str:
        r"""A table in LaTeX, escaped; needs the packages booktabs and threeparttable.

        Parameters
        ----------
        caption : str
            With one, the table floats (``table``).
        label : str
            For ``\ref``.
        """
        return table_markup.latex(
            self.head, self.blocks, self.notes, caption=caption, label=label
        )

    def to_frame(self) -> pd.DataFrame:
        """The cells as text.

        Returns
        -------
        DataFrame
            ``row`` (the label, also in lines below an estimate), ``what`` ("estimate",
            "std_error", "effect", "nobs", ...) and a column for each model, ``(1)``,
            ``(2)``, ... Numbers are in ``GravityFits.tidy`` and ``glance``.
        """
        models = [cell.text for cell in self.head[0].cells]
        records, label = [], ""
        for row in (*self.head[1:], *(row for block in self.blocks for row in block)):
            label = row.label if row.what not in BELOW else label
            texts = [cell.text + cell.stars for cell in row.cells]
            records.append([label, row.what, *texts])
        return pd.DataFrame(records, columns=["row", "what", *models])

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.to_html()


def etable(
    *fits: GravityFit | Sequence[GravityFit],
    below: str | Sequence[str] = "std_error",
    stars: bool | Mapping[str, float] = True,
    statistics: Sequence[str] | None = None,
    keep: Sequence[str] = (),
    drop: Sequence[str] = (),
    order: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
    models: Sequence[str] = (),
    rows: Mapping[str, Sequence[object]] | None = None,
    notes: Sequence[str] = (),
    digits: int = 3,
    level: float = 0.95,
) -> Etable:
    """Set several fits side by side.

    Parameters
    ----------
    *fits : GravityFit or sequence of GravityFit
    below : str or sequence of str
        What stands below an estimate: "std_error", "statistic", "p_value", "interval";
        () for nothing.
    stars : bool or mapping of str to float
        By default ``*`` below 0.1, ``**`` below 0.05, ``***`` below 0.01, which the notes
        tell.
    statistics : sequence of str, optional
        "nobs", "dropped", "r2" (least squares), "pseudo_r_squared" (PPML, McFadden):
        these by default, with "vcov" and "convention" where models differ in them.
        Further "r_squared" (squared correlation of outcome and fit), "zeros", "llf",
        "deviance", "clusters". What no model has is left out.
    keep, drop, order : sequence of str
        Terms that alone are shown, that are not, that come first. ``*`` stands for any
        text: ``keep=["border*"]``.
    names : mapping of str to str, optional
        Labels for terms, effects, outcomes and statistics. Terms of different models
        with the same label share a row.
    models : sequence of str
        A name for each model.
    rows : mapping of str to sequence, optional
        Further rows: a label, and what each model has there.
    notes : sequence of str
        Further notes.
    digits : int
        Decimals of coefficients; more are shown where standard errors are small.
    level : float
        Of intervals.

    Returns
    -------
    Etable

    Raises
    ------
    ModelError
        F-593 no fits; F-594 a term that no model has; F-595 an option that is not
        known; F-596 two terms of a model with the same label; F-597 names or rows that
        do not match the number of models.

    Examples
    --------
    >>> import forecast as fc
    >>> flows = fc.datasets.simulate_trade(10, 6, seed=2).frame
    >>> fits = fc.Gravity(
    ...     "flow ~ sw(agreement, agreement + log_distance) "
    ...     "| origin^period + destination^period"
    ... ).fit_all(flows)
    >>> etable(fits, statistics=["nobs"], names={"agreement": "Agreement"})
    ---------------------------------------
                            (1)      (2)
    Outcome                flow     flow
    Estimator              PPML     PPML
    ---------------------------------------
    Agreement             0.144    0.232*
                        (0.187)  (0.131)
    log_distance                  -1.135***
                                 (0.094)
    ---------------------------------------
    origin^period           yes      yes
    destination^period      yes      yes
    ---------------------------------------
    Observations            540      540
    ---------------------------------------
    Standard errors in parentheses.
    Standard errors clustered by pair, ppmlhdfe (G/(G-1));
    p-values from the normal distribution.
    * p < 0.1, ** p < 0.05, *** p < 0.01.
    """
    found = _flat(fits)
    below = (below,) if isinstance(below, str) else tuple(below)
    starred = dict(STARS) if stars is True else dict(stars or {})
    wanted = _default_statistics(found) if statistics is None else tuple(statistics)
    _refuse_unknown("below", below, BELOW)
    _refuse_unknown("statistics", wanted, STATISTICS)
    _check_stars(starred)
    _check_options(digits, level)
    extra = {label: tuple(map(str, cells)) for label, cells in (rows or {}).items()}
    _check_counts(len(found), models, extra)
    names = names or {}
    everything = terms_in_order(found)
    shown = select_terms(everything, keep, drop, order)
    blocks = (
        coefficient_rows(
            found, labelled_terms(found, shown, names), below, starred, digits, level
        ),
        effect_rows(found, names),
        (
            *(
                Row(label, "row", tuple(map(Cell, cells)))
                for label, cells in extra.items()
            ),
            *statistic_rows(found, wanted, names),
        ),
    )
    said = note_lines(found, below, starred, level, len(everything) - len(shown))
    return Etable(
        heading_rows(found, models, names),
        tuple(block for block in blocks if block),
        (*said, *notes),
    )


# ---------------------------------------------------------------------------- the door


def _flat(fits: Iterable[Any]) -> list[GravityFit]:
    """The fits, those of sequences one by one."""
    flat: list[Any] = []
    for fit in fits:
        several = isinstance(fit, Sequence) and not isinstance(fit, str)
        flat += fit if several else [fit]
    wrong = [type(fit).__name__ for fit in flat if not isinstance(fit, GravityFit)]
    if wrong or not flat:
        raise ModelError(
            f"{len(wrong)} of {len(flat)} things are no fits" if wrong else "no fits",
            code="F-593",
            count=len(wrong),
            examples=wrong,
            remedy="Give what Gravity(...).fit(data) or fit_all(data) returns.",
        )
    return flat


def _default_statistics(fits: Sequence[GravityFit]) -> tuple[str, ...]:
    """What is shown unless told otherwise."""
    differ = [
        name
        for name in WHERE_DIFFERENT
        if len({STATISTICS[name].text(fit) for fit in fits}) > 1
    ]
    return (*differ, *SHOWN)


def _refuse_unknown(option: str, given: Sequence[str], known: Iterable[str]) -> None:
    known = list(known)
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ModelError(
            f"{option}={unknown[0]!r} is not known",
            code="F-595",
            count=len(unknown),
            examples=unknown,
            remedy=f"It takes {', '.join(known)}.",
        )


def _check_stars(stars: Mapping[str, float]) -> None:
    wrong = {sign: p for sign, p in stars.items() if not 0 < p < 1}
    if wrong:
        raise ModelError(
            "a p-value for stars lies between 0 and 1",
            code="F-595",
            count=len(wrong),
            examples=[f"{sign}: {p}" for sign, p in wrong.items()],
            remedy='Such as stars={"*": 0.05, "**": 0.01}, or stars=False.',
        )


def _check_options(digits: int, level: float) -> None:
    if not 0 < level < 1 or not 0 <= digits <= 15:
        raise ModelError(
            f"digits={digits!r} and level={level!r} make no table",
            code="F-595",
            remedy="Give 0 to 15 decimals and a level such as 0.95.",
        )


def _check_counts(
    count: int, models: Sequence[str], rows: Mapping[str, Sequence[str]]
) -> None:
    """Refuse names and rows that do not match the models."""
    given = {"models": models, **rows} if models else dict(rows)
    wrong = {label: len(cells) for label, cells in given.items() if len(cells) != count}
    if wrong:
        raise ModelError(
            f"there are {count} models",
            code="F-597",
            count=len(wrong),
            examples=[f"{label}: {size} entries" for label, size in wrong.items()],
            remedy="Give one entry for each model.",
        )
