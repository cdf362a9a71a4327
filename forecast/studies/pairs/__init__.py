"""Studies of pairs: gravity, forecasts, backtests and scenarios from one TOML file.

A study file with a table ``[panel]`` is one. `Study.from_toml` and `run_study` take it as
they take any other; each further table is a part that `forecast.studies.pairs.parts`
answers.
"""

from __future__ import annotations

from forecast.studies.pairs.known import Known
from forecast.studies.pairs.part import Part
from forecast.studies.pairs.sources import PairFacts
from forecast.studies.pairs.study import PairStudy, PairStudyResult

__all__ = ["Known", "PairFacts", "PairStudy", "PairStudyResult", "Part"]
