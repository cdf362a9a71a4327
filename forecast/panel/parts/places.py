"""Columns over space: borders, pairs, and agreements between the two ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from forecast.errors import KeyColumnError
from forecast.panel.agreements import membership_of, share_of_members
from forecast.panel.borders import Country, by_border, by_period, country_ends
from forecast.panel.pair_ids import pair_ids
from forecast.panel.parts.record import PanelRecord

__all__ = ["Places"]


class Places(PanelRecord):
    """Panels with columns that look along space."""

    def with_border(self, name: str = "border", *, country: Country = None) -> Self:
        """Return the panel with a column that is 1 where a flow crosses a border.

        With domestic flows in the panel its coefficient is the border effect; by year
        (`by_period`) it takes up globalisation, which otherwise would be credited to
        agreements.

        Parameters
        ----------
        name : str
        country : mapping or function, optional
            Region to country. By default every region is a country of its own.

        Raises
        ------
        ColumnError
            F-115 a name that is taken.
        KeyColumnError
            F-309 units without direction, F-332 regions without a country.

        Examples
        --------
        >>> import pandas as pd
        >>> import forecast as fc
        >>> df = pd.DataFrame({"o": ["KZ-39", "RU-CHE"], "d": ["RU-OMS", "RU-OMS"],
        ...     "year": 2021, "usd": [1.0, 9.0]})
        >>> panel = fc.TradePanel.from_frame(
        ...     df, origin="o", destination="d", period="year", flow="usd")
        >>> panel.with_border(country=lambda code: code[:2]).to_frame()["border"].to_list()
        [1, 0]
        """
        ends = country_ends(self._ends("with_border"), country)
        return self._with_new({name: (~ends.domestic).astype(np.int64)})

    def by_border(self, column: str, *, country: Country = None) -> Self:
        """Return the panel with a column split in two: across and within borders.

        Parameters
        ----------
        column : str
            The flow or a covariate, such as ``log_dist``. The new columns
            ``log_dist_international`` and ``log_dist_domestic`` hold its values, or 0;
            they add up to it.
        country : mapping or function, optional
            As in `with_border`.

        Raises
        ------
        ColumnError, KeyColumnError
            As `with_border`, and F-111 no such column.
        NumberError
            F-202 for a column of text.
        """
        values = self._numbers(column)
        ends = country_ends(self._ends("by_border"), country)
        abroad, home = by_border(values, ends.domestic)
        names = (f"{column}_international", f"{column}_domestic")
        return self._with_new(dict(zip(names, (abroad, home), strict=True)))

    def by_period(self, column: str, *, base: Any = None) -> Self:
        """Return the panel with a column for each period: the values then, else 0.

        For effects that change over time: a border by year, the distance puzzle.

        Parameters
        ----------
        column : str
            The flow or a covariate. The new columns are called ``border_1994`` (months:
            ``border_2021_07``), one for each period that occurs.
        base : period-like, optional
            A period to leave out, which the others are then compared with: needed where
            pair effects absorb the sum of the columns. By default none.

        Raises
        ------
        ColumnError
            F-111 no such column, F-115 a new name that is taken.
        NumberError
            F-202 for a column of text.
        PeriodError
            F-442 a base that does not occur.

        Examples
        --------
        ``panel.with_border().by_period("border", base=1986)``
        """
        columns = by_period(self._numbers(column), self._row_periods, column, base)
        return self._with_new(columns)

    def with_home(
        self,
        name: str = "home",
        *,
        other: str = "international",
        country: Country = None,
    ) -> Self:
        """Return the panel with the country of domestic flows, one word for all others.

        A label for country-specific effects of home trade: ``... | home``.

        Parameters
        ----------
        name : str
        other : str
            The word for flows across a border.
        country : mapping or function, optional
            As in `with_border`.

        Raises
        ------
        ColumnError, KeyColumnError
            As `with_border`, and F-337 where `other` is the code of a country.
        """
        ends = country_ends(self._ends("with_home"), country)
        places = np.array([str(place) for place in ends.regions], dtype=object)
        if other in places:
            raise KeyColumnError(
                f"{other!r} is the code of a country",
                code="F-337",
                column=name,
                remedy="Choose another word: with_home(other=...).",
            )
        return self._with_new(
            {name: np.where(ends.domestic, places[ends.origin], other)}
        )

    def with_pair_ids(
        self, name: str = "pair", *, domestic: str = "own", separator: str = "-"
    ) -> Self:
        """Return the panel with a name for each pair, the same in both directions.

        For symmetric pair effects and for clusters: ``KAZ-RUS``, the smaller code first.

        Parameters
        ----------
        name : str
        domestic : {"own", "one"}
            Flows of a region to itself have ids of their own ("KAZ-KAZ") or one in
            common ("domestic").
        separator : str

        Raises
        ------
        ColumnError
            F-115 a name that is taken.
        KeyColumnError
            F-309 units without direction, F-337 one id for two pairs.
        TableError
            F-106 for another word in `domestic`.

        Examples
        --------
        >>> import pandas as pd
        >>> import forecast as fc
        >>> df = pd.DataFrame({"o": ["KAZ", "RUS"], "d": ["RUS", "KAZ"], "year": 2021,
        ...     "bn": [7.0, 17.6]})
        >>> panel = fc.TradePanel.from_frame(
        ...     df, origin="o", destination="d", period="year", flow="bn")
        >>> panel.with_pair_ids().to_frame()["pair"].to_list()
        ['KAZ-RUS', 'KAZ-RUS']
        """
        ends = self._ends("with_pair_ids")
        return self._with_new(
            {name: pair_ids(ends, domestic=domestic, separator=separator)}
        )

    def with_agreement(
        self,
        name: str,
        members: Mapping[Any, Any],
        *,
        counted: str = "end",
        country: Country = None,
    ) -> Self:
        """Return the panel with a column that is 1 where both ends are members.

        Parameters
        ----------
        name : str
            Name of the new column.
        members : mapping
            Code to the first day (or year) as a member, or to a pair with the first day
            (or year) outside again; None is always. Members that the panel does not
            have are left out and noted.
        counted : {"end", "whole", "share"}
            A period counts if both are members at its end, or throughout, or by the
            share of its days.
        country : mapping or function, optional
            Region to country, where the members are countries of the panel's regions.

        Returns
        -------
        TradePanel
            0 in flows within a region (a country): there is nothing to agree.

        Raises
        ------
        ColumnError
            F-115 a name that is taken.
        KeyColumnError
            F-309 units without direction, F-332 regions without a country, F-339 fewer
            than two members in the panel.
        PeriodError
            F-412 and others for days that are none, F-444 leaving before joining.
        TableError
            F-106 for another word in `counted`.

        Examples
        --------
        >>> import pandas as pd
        >>> import forecast as fc
        >>> df = pd.DataFrame({"o": "KZ", "d": "KG", "year": [2014, 2015, 2016], "usd": 1.0})
        >>> panel = fc.TradePanel.from_frame(
        ...     df, origin="o", destination="d", period="year", flow="usd")
        >>> eaeu = {"RU": 2015, "KZ": 2015, "BY": 2015, "AM": "2015-01-02", "KG": "2015-08-12"}
        >>> panel.with_agreement("eaeu", eaeu).to_frame()["eaeu"].to_list()
        [0, 1, 1]
        """
        ends = country_ends(self._ends("with_agreement"), country)
        membership = membership_of(members)
        share = share_of_members(
            membership,
            ends.regions,
            (ends.origin, ends.destination),
            self._row_periods,
            counted,
        )
        values = share if counted == "share" else share.astype(np.int64)
        absent = [str(c) for c in membership.codes if c not in ends.regions]
        told = f"{name!r}: members not in the panel: {', '.join(absent)}"
        return self._with_new({name: values}, *([told] if absent else []))
