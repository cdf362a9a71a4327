"""Studies: a TOML file becomes one reproducible run with a report and a manifest.

`run_study` does all of it. `Study.from_toml` reads and checks the file, `Study.run`
finds the answer with what was known on the as-of date and looks back afterwards,
`StudyResult.write` writes the folder. A file with a table ``[panel]`` is a study of
pairs: `PairStudy`.
"""

from __future__ import annotations

from forecast.studies.facts import StudyFacts
from forecast.studies.pairs import PairFacts, PairStudy, PairStudyResult
from forecast.studies.study import Study, StudyResult, run_study

__all__ = [
    "PairFacts",
    "PairStudy",
    "PairStudyResult",
    "Study",
    "StudyFacts",
    "StudyResult",
    "run_study",
]
