"""A study: one TOML file, one run, one folder that can be made again bit by bit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.claims import Card
from forecast.nowcasting import Nowcast
from forecast.reporting import Report
from forecast.studies.answer import find_answer
from forecast.studies.config import parse_study
from forecast.studies.digests import text_hash
from forecast.studies.documents import parse_toml, read_source
from forecast.studies.drawing import Drawing
from forecast.studies.drawn import draw_answer, draw_hindsight
from forecast.studies.facts import StudyFacts, load_facts
from forecast.studies.folder import write_folder
from forecast.studies.gravity_half.record import GravityHalf
from forecast.studies.hindsight import look_back
from forecast.studies.manifest import answer_digest, manifest_of, version
from forecast.studies.method import as_table, method_fields
from forecast.studies.page import lay_out
from forecast.studies.pairs import PairFacts, PairStudy, PairStudyResult
from forecast.studies.pairs.config import parse_pair_study
from forecast.studies.plan import StudyPlan
from forecast.studies.progress import Progress

__all__ = ["Study", "StudyResult", "run_study"]


@dataclass(frozen=True)
class StudyResult:
    """What a study found.

    Attributes
    ----------
    title : str
    nowcasts : mapping of str to Nowcast
        By reporter, those with a level first.
    cards : tuple of Card
        In the order of the claims.
    tables : mapping of str to DataFrame
        Names that begin with ``hindsight_`` look back; all others are the answer.
    figures : mapping of str to Drawing
        SVG and PNG bytes; names as in `tables`.
    report : Report
    manifest : dict
        Versions, hashes, seed, as-of dates, digest of the answer.
    gravity : GravityHalf or None
        Growth shared out, the next year and scenarios; None unless the study asks.
    """

    title: str
    nowcasts: Mapping[str, Nowcast]
    cards: tuple[Card, ...]
    tables: Mapping[str, pd.DataFrame] = field(repr=False)
    figures: Mapping[str, Drawing] = field(repr=False)
    report: Report = field(repr=False)
    manifest: Mapping[str, Any] = field(repr=False)
    gravity: GravityHalf | None = field(default=None, repr=False)

    @property
    def answer_digest(self) -> str:
        """SHA-256 over every table of the answer and the paths of its nowcasts."""
        return str(self.manifest["answer_digest"])

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Write report, tables, figures and manifest; the folder appears whole or not at all.

        Parameters
        ----------
        folder : path
            Replaced if an earlier run has written it; anything else there is refused.

        Returns
        -------
        Path

        Raises
        ------
        FileError
            The folder holds other things or cannot be written.
        MissingPackageError
            openpyxl is not installed (F-900).
        """
        return write_folder(
            folder, self.tables, self.figures, self.report, self.manifest
        )

    def __repr__(self) -> str:
        lines = [f"Study {self.title!r}"]
        lines += [f"  {name}: {year!r}" for name, year in self.nowcasts.items()]
        lines += [
            f"  {part.verdict.upper()}: {part.headline}" for part in self._parts()
        ]
        return "\n".join(lines)

    def _parts(self) -> list[Card]:
        return [part for card in self.cards for part in (card.parts or (card,))]


@dataclass(frozen=True, repr=False)
class Study:
    """A study that has been read and checked, and not yet run.

    Attributes
    ----------
    plan : StudyPlan
    folder : Path
        Where the study file lies; names of files in it are relative to this.
    source_hash : str
        SHA-256 of the study file.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "study.toml"
    ...     _ = path.write_text(
    ...         '''
    ... [study]
    ... title = "The year 2021 on its 30th of September"
    ... as_of = 2021-09-30
    ... [data]
    ... figures = "rus_kaz"
    ... [nowcast]
    ... year = 2021
    ... reporters = ["Russia"]
    ... '''
    ...     )
    ...     study = Study.from_toml(path)
    >>> study
    Study: The year 2021 on its 30th of September, as of 2021-09-30, 0 claims
    """

    plan: StudyPlan
    folder: Path
    source_hash: str

    def __repr__(self) -> str:
        plan, many = self.plan, len(self.plan.claims)
        claims = f"{many} claim{'' if many == 1 else 's'}"
        return f"Study: {plan.title}, as of {plan.as_of:%Y-%m-%d}, {claims}"

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str]) -> Study | PairStudy:
        """Read and check a study file.

        Parameters
        ----------
        path : path

        Returns
        -------
        Study or PairStudy
            A file with a table ``[panel]`` is a study of pairs.

        Raises
        ------
        StudyError
            Names the key and the line (F-701 to F-705, F-710).
        """
        file = Path(path)
        source = read_source(file)
        if "panel" in parse_toml(source, file.name):
            plan = parse_pair_study(source, file.name)
            return PairStudy(plan, file.parent, text_hash(source))
        return cls(parse_study(source, file.name), file.parent, text_hash(source))

    @property
    def output(self) -> Path:
        """The folder that the study file names."""
        return self.folder / self.plan.output

    def load(self) -> StudyFacts:
        """Load all facts that the study names, later ones too; `run` cuts them."""
        return load_facts(self.plan.data, self.folder)

    def run(
        self, progress: Progress | None = None, *, facts: StudyFacts | None = None
    ) -> StudyResult:
        """Find the answer with what was known, then look back if the study says so.

        Parameters
        ----------
        progress : callable, optional
            Called with a few words before each step.
        facts : StudyFacts, optional
            Default: those that the study names.

        Returns
        -------
        StudyResult

        Raises
        ------
        ForecastError
            Whatever is wrong with data, claims or files, in one sentence.
        """
        tell = progress or (lambda _: None)
        plan = self.plan
        tell("read the facts")
        everything = facts or self.load()
        known = everything.known_by(plan.last_day)
        answer = find_answer(plan, known, tell)
        tables = answer.tables | {
            "method": as_table(method_fields(plan, known, answer))
        }
        tell("draw the figures")
        drawings = draw_answer(plan, answer)
        digest = answer_digest(tables, answer.nowcasts)
        tell("look back")
        later = look_back(plan, everything, answer)
        if later is not None:
            tables |= later.tables
            drawings |= draw_hindsight(plan, answer, later)
        tell("lay out the report")
        page = lay_out(plan, known, answer, later, drawings, version())
        return StudyResult(
            title=plan.title,
            nowcasts=answer.nowcasts,
            cards=answer.cards,
            tables=tables,
            figures=drawings,
            report=page,
            manifest=manifest_of(
                plan,
                known,
                everything,
                digest=digest,
                source_hash=self.source_hash,
            ),
            gravity=answer.gravity,
        )


def run_study(
    path: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    progress: Progress | None = None,
    facts: StudyFacts | PairFacts | None = None,
) -> StudyResult | PairStudyResult:
    """Run a study file and write its folder.

    Parameters
    ----------
    path : path
        The TOML file.
    output : path, optional
        The folder; default: the one that the file names, beside it.
    progress : callable, optional
        Called with a few words before each step.
    facts : StudyFacts or PairFacts, optional
        Instead of those that the file names.

    Returns
    -------
    StudyResult or PairStudyResult
        A file with a table ``[panel]`` is a study of pairs.

    Raises
    ------
    ForecastError
        Whatever is wrong with the file, data or claims, in one sentence.

    Examples
    --------
    >>> result = run_study("examples/russia_kazakhstan/study.toml")  # doctest: +SKIP
    >>> [card.verdict for card in result.cards]  # doctest: +SKIP
    ['fails', 'fails', 'not supported']
    """
    study: Any = Study.from_toml(path)
    result: StudyResult | PairStudyResult = study.run(progress, facts=facts)
    if progress is not None:
        progress("write the folder")
    result.write(study.output if output is None else output)
    return result
