"""Columns of size: internal distances, masses, remoteness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np

from forecast.errors import KeyColumnError, TableError
from forecast.panel.distances import (
    AREA_RULES,
    area_of,
    from_area,
    from_neighbour,
    refuse_unknown_distance,
    refuse_unknown_rule,
)
from forecast.panel.groupings import Ends, group_value, side_groups
from forecast.panel.masses import (
    refuse_holes,
    remoteness,
    totals_by_side,
    world_shares,
    worlds_of,
)
from forecast.panel.number_columns import Floats
from forecast.panel.parts.record import PanelRecord

__all__ = ["Sizes"]


class Sizes(PanelRecord):
    """Panels with columns that say how large and how far."""

    def with_internal_distance(
        self,
        distance: str,
        rule: str = "head-mayer",
        *,
        area: str | Mapping[Any, float] | None = None,
    ) -> Self:
        r"""Return the panel with the distances of regions to themselves by a rule.

        Parameters
        ----------
        distance : str
            Column of distances. Replaced in all domestic rows; a note counts values
            that were known.
        rule : str
            By area A: "head-mayer" :math:`0.67 \sqrt{A/\pi}` (Head and Mayer 2002, also
            CEPII), "redding-venables" 0.66 (2004), "redding-venables-half" 0.33,
            "leamer" 1 (1997). By the distance to the nearest other region of the panel:
            "wei" a quarter (1996), "wolf" a half (2000).
        area : str or mapping, optional
            Column with the area of the origin, or region to area: square km for
            distances in km.

        Raises
        ------
        ColumnError
            F-111 no such column.
        KeyColumnError
            F-309 units without direction, F-330 a region without area or neighbour,
            F-331 several areas of one region, F-333 no domestic flows.
        NumberError
            F-202 for a column of text.
        TableError
            F-106 for another rule, or a rule by area without areas.

        Examples
        --------
        >>> import pandas as pd
        >>> import forecast as fc
        >>> df = pd.DataFrame({"o": ["KZ", "KZ"], "d": ["KZ", "RU"], "year": 2021,
        ...     "usd": [90.0, 7.0], "dist": [None, 2280.0]})
        >>> panel = fc.TradePanel.from_frame(
        ...     df, origin="o", destination="d", period="year", flow="usd")
        >>> panel.with_internal_distance("dist", "wei").to_frame()["dist"].to_list()
        [570.0, 2280.0]
        """
        refuse_unknown_rule(rule)
        values = self._numbers(distance).astype(float)
        ends = self._ends("with_internal_distance")
        if not ends.domestic.any():
            raise KeyColumnError(
                "the panel has no domestic flows",
                code="F-333",
                column=self.origin,
                remedy="Add them first: panel.with_domestic(output).",
            )
        if rule in AREA_RULES:
            found = from_area(self._areas(area, ends), rule)
        else:
            found = from_neighbour(values, ends, rule)
        refuse_unknown_distance(found, ends, rule)
        replaced = int((ends.domestic & ~np.isnan(values)).sum())
        inside = np.where(ends.domestic, found[ends.origin], values)
        return self._replaced(distance, inside, replaced, rule)

    def _areas(self, area: str | Mapping[Any, float] | None, ends: Ends) -> Floats:
        """Return the area of each region, shape (regions,)."""
        if area is None:
            raise TableError(
                "a rule by area needs areas",
                code="F-106",
                remedy='Pass area={"KZ": 2_724_900, ...} or the name of a column, or take '
                'a rule by neighbours: "wei".',
            )
        if not isinstance(area, str):
            return area_of(area, ends.regions)
        values = group_value(
            self._numbers(area),
            ends.origin,
            column=area,
            within=str(self.origin),
            names=[str(ends.regions[i]) for i in ends.origin],
        )
        return np.append(values, np.full(len(ends.regions) - values.size, np.nan))

    def _replaced(self, column: str, values: Floats, known: int, rule: str) -> Self:
        frame = self._frame.assign(**{column: values})
        told = f"{column!r} of domestic flows follows the rule {rule!r}"
        if known:
            told += f", {known:,} values that were known were replaced"
        return replace(self, _frame=frame, notes=(*self.notes, told))

    def with_masses(self, names: tuple[str, str] = ("output", "expenditure")) -> Self:
        r"""Return the panel with the totals that each origin sells and destination buys.

        :math:`y_{it} = \sum_j X_{ijt}` and :math:`e_{jt} = \sum_i X_{ijt}` over the rows
        of the panel: output and expenditure if domestic flows are among them, exports
        and imports if not. So build them before dropping any rows. Sectors and
        reporters are kept apart; a missing flow makes its totals missing.

        Parameters
        ----------
        names : pair of str

        Raises
        ------
        ColumnError
            F-115 a name that is taken.
        KeyColumnError
            F-309 units without direction.
        PeriodError
            F-427 for several releases.

        Examples
        --------
        >>> import pandas as pd
        >>> import forecast as fc
        >>> df = pd.DataFrame({"o": ["KZ", "KZ", "RU", "RU"], "d": ["KZ", "RU", "KZ", "RU"],
        ...     "year": 2021, "bn": [90.0, 7.0, 17.6, 900.0]})
        >>> panel = fc.TradePanel.from_frame(
        ...     df, origin="o", destination="d", period="year", flow="bn")
        >>> panel.with_masses().to_frame()["expenditure"].to_list()
        [107.6, 907.0, 107.6, 907.0]
        """
        ends = self._ends("with_masses")
        self._refuse_several_releases("with_masses")
        totals = totals_by_side(self._frame, self.roles, ends)
        return self._with_new(dict(zip(names, totals, strict=True)))

    def with_remoteness(
        self,
        distance: str,
        *,
        masses: tuple[str, str] | None = None,
        form: str = "head",
    ) -> Self:
        r"""Return the panel with the remoteness of both ends of each flow.

        A stand-in for multilateral resistance where exporter-year and importer-year
        effects cannot be used. With the distances :math:`d_{ij}` and the share
        :math:`s_{jt}` of j in the world's mass, the remoteness of exporter i is

        - "head": :math:`\sum_j d_{ij} / s_{jt}` (Head 2003; Yotov et al. 2016, eq. 1-6),
        - "average": :math:`\sum_j s_{jt} d_{ij}`,
        - "market": :math:`1 / \sum_j (s_{jt} / d_{ij})` (Baldwin and Harrigan 2011),

        and of importer j the same over i. The world is the rows of the panel, domestic
        flows included if there are any.

        Parameters
        ----------
        distance : str
            Column of distances.
        masses : pair of str, optional
            Columns with the mass of the origin and of the destination, such as GDP. By
            default the totals of `with_masses`.
        form : {"head", "average", "market"}

        Returns
        -------
        TradePanel
            New columns ``remoteness_exporter`` and ``remoteness_importer``, after the
            names of the key columns. Missing where a partner's distance or mass is.

        Raises
        ------
        ColumnError
            F-111 no such column, F-115 a new name that is taken.
        KeyColumnError
            F-309 units without direction, F-331 several masses of a region in one
            period, F-338 pairs that are absent in a period.
        NumberError
            F-202 for a column of text.
        PeriodError
            F-427 for several releases.
        TableError
            F-106 for another form.

        Examples
        --------
        ``panel.with_remoteness("dist", masses=("gdp_exporter", "gdp_importer"))``
        """
        values = self._numbers(distance).astype(float)
        ends = self._ends("with_remoteness")
        self._refuse_several_releases("with_remoteness")
        refuse_holes(self._frame, self.roles, ends)
        sides = ("origin", "destination")
        groups = [side_groups(self._frame, self.roles, ends, side) for side in sides]
        given = self._masses(masses, ends)
        worlds = worlds_of(self._frame, self.roles)
        share = [world_shares(m, g, worlds) for m, g in zip(given, groups, strict=True)]
        found = {
            f"remoteness_{self.origin}": remoteness(values, share[1], groups[0], form),
            f"remoteness_{self.destination}": remoteness(
                values, share[0], groups[1], form
            ),
        }
        lost = [f"{name!r}" for name, v in found.items() if np.isnan(v).any()]
        told = (
            f"{' and '.join(lost)}: missing where a distance or a mass is, or is zero"
        )
        return self._with_new(found, *([told] if lost else []))

    def _masses(
        self, names: tuple[str, str] | None, ends: Ends
    ) -> tuple[Floats, Floats]:
        """Return the masses of both ends of each row, shapes (n,)."""
        if names is None:
            return totals_by_side(self._frame, self.roles, ends)
        found = []
        for name, side, key in zip(
            names,
            ("origin", "destination"),
            (self.origin, self.destination),
            strict=True,
        ):
            groups = side_groups(self._frame, self.roles, ends, side)
            codes = ends.origin if side == "origin" else ends.destination
            values = group_value(
                self._numbers(name),
                groups,
                column=name,
                within=f"{key} and {self.period}",
                names=[str(ends.regions[i]) for i in codes],
            )
            found.append(values[groups])
        return found[0], found[1]
