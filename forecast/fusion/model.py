"""`Fusion`: gravity's level and dynamics over time in one forecast of pairs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from forecast.errors import ModelError
from forecast.fusion.fit import FusionFit
from forecast.fusion.flows import read_flows
from forecast.fusion.levels import check_level, gaps_to_level
from forecast.fusion.margins import Margins
from forecast.fusion.points import learn
from forecast.fusion.rivals import Rivals, check_rival
from forecast.fusion.split import SplitFit, fit_parts
from forecast.fusion.structure import prepare_steps
from forecast.fusion.totals import read_totals
from forecast.gravity import Gravity
from forecast.gravity.formulas.terms import parts_of
from forecast.panel import TradePanel
from forecast.series.contract.model import Recipe

__all__ = ["Fusion"]


@dataclass(frozen=True, slots=True)
class Fusion:
    """Gravity says who trades with whom, series say how much there is to share.

    Totals of exporters and importers, which stand for their effects in each year, are
    forecast over time; last year's flows, corrected towards the level that gravity gives
    to a pair, are scaled to them. All speeds and weights are estimated from what was
    known at the origin; so are the intervals. See "Gravity and series in one forecast".

    Parameters
    ----------
    level : Gravity, optional
        Gives each pair its level: PPML, usually with effects of exporter-year,
        importer-year and pair. Without it the level is the pair's own last years.
    dynamics : Margins or a series recipe
        How totals move: `Margins` (the default), or a model of one series such as
        ``Theta()``, fitted to each total.
    rival : "trees", regressor or None
        A learner of scikit-learn on the same features as a rival of the linear
        structure; see `forecast.fusion.rivals`. ``"trees"`` are extremely randomised
        trees, which learn from 2,000 pair-years on. What it forecast at the last origins
        decides its share, which may be nothing; `FusionFit.params` and the summary tell
        it.
    classes : int
        Size classes of pairs with errors of their own.
    origins : int
        The most earlier origins whose errors make intervals.

    Raises
    ------
    ModelError
        F-850 a level that gives none, F-851 dynamics that are none, F-857 a rival that
        is no regressor, F-526 another option that is not possible.

    Examples
    --------
    >>> import forecast as fc
    >>> flows = fc.datasets.simulate_trade(8, 12, seed=1).frame
    >>> panel = fc.TradePanel.from_frame(flows, origin="origin",
    ...     destination="destination", period="period", flow="flow")
    >>> fit = Fusion().fit(panel)
    >>> fit.point(1).shape
    (56, 1)
    """

    level: Gravity | None = None
    dynamics: Margins | Recipe = field(default_factory=Margins)
    rival: Any = "trees"
    classes: int = 6
    origins: int = 20

    def __post_init__(self) -> None:
        check_level(self.level)
        check_rival(self.rival)
        if not isinstance(self.dynamics, (Margins, Recipe)):
            raise ModelError(
                f"a {type(self.dynamics).__name__} does not say how totals move",
                code="F-851",
                remedy="Give Margins() or a series model such as Theta() or Drift().",
            )
        options: dict[str, Any] = {"classes": self.classes, "origins": self.origins}
        for name, value in options.items():
            whole = isinstance(value, int) and not isinstance(value, bool)
            if not (whole and value >= 1):
                raise ModelError(
                    f"{name}={value!r} is not possible",
                    code="F-526",
                    remedy="Give a whole number from 1.",
                )

    @property
    def name(self) -> str:
        """What the model is called in forecasts."""
        parts = ["gravity"] if self.level is not None else []
        if isinstance(self.dynamics, Recipe):
            parts.append(self.dynamics.name)
        if self.rival is not None and not isinstance(self.rival, str):
            parts.append(type(self.rival).__name__)
        return f"Fusion of {' and '.join(parts)}" if parts else "Fusion"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the level's regressors: what a forecast may be told of the future."""
        if self.level is None:
            return ()
        names = [
            name
            for equation in self.level.equations
            for part in parts_of(equation)
            for name in part.columns
        ]
        offset = [] if self.level.offset is None else [self.level.offset]
        return tuple(dict.fromkeys([*names, *offset]))

    def fit(self, panel: TradePanel) -> FusionFit | SplitFit:
        """Estimate everything from one panel.

        Parameters
        ----------
        panel : TradePanel
            Directed flows, of several sectors if the panel has them. Months and quarters
            are added up to years; forecasts of years are split again.

        Returns
        -------
        FusionFit
            A `SplitFit` of months and quarters.

        Raises
        ------
        ModelError, KeyColumnError, PeriodError
            What `read_flows` refuses (F-520, F-521, F-852 to F-854), and what the level
            refuses.
        """
        if getattr(panel, "freq", "Y") != "Y":
            return fit_parts(self, panel)
        return self.fit_years(panel)

    def fit_years(self, panel: TradePanel) -> FusionFit:
        """Do so for a panel of years; what `fit` raises."""
        flows = read_flows(panel)
        gaps, level = None, None
        if self.level is not None:
            gaps, level = gaps_to_level(self.level, panel, flows)
        totals = read_totals(flows)
        steps, last = prepare_steps(flows, gaps), len(flows.periods) - 1
        rivals = None if self.rival is None else Rivals(flows, steps, self.rival)
        return FusionFit(
            recipe=self,
            panel=panel,
            flows=flows,
            totals=totals,
            level=level,
            steps=tuple(steps),
            learned=learn(flows, totals, steps, self.dynamics, last, rivals),
            rivals=rivals,
        )
