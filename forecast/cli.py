"""The command ``turnover-forecast``: run | nowcast | check | gravity | backtest | data | warmup.

Exit codes: 0 done, 1 something is wrong with data or model, 2 with the call or the
study file, 130 interrupted. Errors are one sentence; ``--debug`` shows where they come
from.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.errors import ForecastError, StudyError
from forecast.terminal import say, show_table, telling

if TYPE_CHECKING:
    from forecast.releases import Releases

__all__ = ["main"]

DONE, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130
SHIPPED = "rus_kaz"
ERRORS = (
    "iid",
    "hc0",
    "hc1",
    "hc2",
    "hc3",
    "dyadic",
    "driscoll-kraay",
    "newey-west",
    "bias-corrected",
)
FIGURES = "a CSV, Excel or Parquet file of dated figures, or rus_kaz"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the process.

    Examples
    --------
    >>> main(["check", "rus_kaz", "--year", "2021", "--level", "20000", "--as-of", "2021-09-30"])
    ... # doctest: +ELLIPSIS
    Claim: the level of 2021 is about 20,000
      FAILS: Russia's figures of 7 months give ...
    0
    """
    chosen = _parser().parse_args(arguments)
    try:
        chosen.run(chosen)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("interrupted; nothing half-written is left", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except ForecastError as wrong:
        if chosen.debug:
            raise
        print(f"error: {wrong}", file=sys.stderr)
        return MISUSED if isinstance(wrong, StudyError) else FAILED
    except Exception as wrong:
        if chosen.debug:
            raise
        name = type(wrong).__name__
        print(
            f"error: F-000: {name}: {wrong}. Run again with --debug.", file=sys.stderr
        )
        return FAILED
    return DONE


# --- the verbs ---------------------------------------------------------------------


def _run(chosen: argparse.Namespace) -> None:
    from forecast.studies import Study

    study = Study.from_toml(chosen.study)
    target = study.output if chosen.output is None else Path(chosen.output)
    with telling(chosen.quiet) as tell:
        result = study.run(tell)
        tell("write the folder")
        result.write(target)
    if not chosen.quiet:
        say(*repr(result).split("\n"), f"Report: {target / 'report.html'}")


def _nowcast(chosen: argparse.Namespace) -> None:
    from forecast.nowcasting import nowcast

    figures = _figures(chosen)
    year = nowcast(
        figures, chosen.year, chosen.as_of, reporter=chosen.reporter, seed=chosen.seed
    )
    say(repr(year))
    table = year.to_frame((50, 80, 95)).drop(columns="period")
    show_table(table, title=f"{year.forecast.measure} ({year.forecast.quantity})")
    for bound in ("above", "below"):
        value = getattr(chosen, bound)
        if value is not None:
            said = "at most" if bound == "below" else "above"
            say(
                f"probability of {said} {value:,g}: {year.probability(**{bound: value}):.1%}"
            )
    if year.forecast.quantity == "level":
        rules = year.benchmarks.dropna(subset=["value"])[["rule", "value"]]
        show_table(rules, title="simple rules")
    say(*(f"note: {note}" for note in year.notes))


def _check(chosen: argparse.Namespace) -> None:
    from forecast.claims import Claim, check

    said = {"reporter": chosen.reporter}
    if chosen.level is not None:
        claim = Claim.level(
            chosen.year,
            chosen.level,
            record=chosen.record,
            relation=chosen.relation,
            **said,
        )
    elif chosen.growth is not None:
        claim = Claim.growth(
            chosen.year, chosen.growth, relation=chosen.relation, **said
        )
    elif chosen.record:
        claim = Claim.record(chosen.year, **said)
    else:
        raise StudyError(
            "nothing is claimed",
            code="F-707",
            remedy="Give --level, --growth (a fraction: 0.34) or --record.",
        )
    card = check(claim, _figures(chosen), as_of=chosen.as_of, seed=chosen.seed)
    say(*repr(card).split("\n"))


def _gravity(chosen: argparse.Namespace) -> None:
    from forecast.gravity import Gravity, etable
    from forecast.gravity.inference.from_words import vcov_of
    from forecast.gravity.saving import write_results
    from forecast.reading import read_table

    ends = {name: getattr(chosen, name) for name in ("origin", "destination", "period")}
    recipe = Gravity(
        chosen.formula,
        vcov_of(chosen.vcov, chosen.cluster, ssc=chosen.ssc, lags=chosen.lags, **ends),
        estimator=chosen.estimator,
        weights=chosen.weights,
        offset=chosen.offset,
        **ends,
    )
    fits = recipe.fit_all(read_table(chosen.table))
    for number, fit in enumerate(fits, 1):
        name = f"({number}) " if len(fits) > 1 else ""
        say(*f"{name}{fit.summary(chosen.level)}\n\n{fit.explain_se()}\n".split("\n"))
    if len(fits) > 1:
        say(*str(etable(fits, level=chosen.level)).split("\n"))
    if chosen.out is not None:
        name = Path(chosen.table).name
        write_results(fits, chosen.out, origin=name, level=chosen.level)
        say(f"Written: {chosen.out}")


def _backtest(chosen: argparse.Namespace) -> None:
    from forecast.backtesting.command import SHOWN, run
    from forecast.backtesting.saving import write_backtest
    from forecast.reading import read_table

    with telling(chosen.quiet) as tell:
        result = run(read_table(chosen.table), chosen, tell)
    say(repr(result))
    summary = result.summary()
    names = [name for name in summary.columns if name.startswith(SHOWN)]
    show_table(summary[names].round(3), title=f"skill is against {result.benchmark}")
    for _, failure in result.failures.iterrows():
        say(f"failed: {failure['model']} from {failure['origin']}: {failure['reason']}")
    say(*(f"note: {note}" for note in result.notes))
    if chosen.out is not None:
        write_backtest(result, chosen.out)
        say(f"Written: {chosen.out}")


def _warmup(chosen: argparse.Namespace) -> None:  # noqa: ARG001
    import forecast.fusion.warming
    import forecast.gravity.warming
    import forecast.series.warming  # noqa: F401
    from forecast.kernels.jit import warmup

    say(str(warmup()))


def _data(chosen: argparse.Namespace) -> None:
    from forecast import datasets

    facts, sets = datasets.catalogue(), datasets.available()
    if chosen.name is None:
        show_table(
            facts[["table", "rows", "content", "licence"]], title="facts that ship"
        )
        columns = ["name", "bytes", "public", "here", "licence"]
        show_table(sets[columns], title="larger sets (fetched on demand)")
    elif chosen.name in set(facts["table"]):
        table = getattr(datasets, chosen.name)(as_of=chosen.as_of)
        sys.stdout.write(_csv(table))
    elif chosen.name in set(sets["name"]):
        say(str(datasets.fetch(chosen.name)))
    else:
        raise StudyError(
            f"no data set {chosen.name!r}",
            code="F-708",
            examples=list(facts["table"]),
            remedy="`turnover-forecast data` lists them all.",
        )


# --- parts -------------------------------------------------------------------------


def _figures(chosen: argparse.Namespace) -> Releases:
    """Read the figures that a command was given."""
    from forecast.datasets import rus_kaz_figures
    from forecast.reading import read_table
    from forecast.releases import Releases

    if chosen.figures == SHIPPED:
        return rus_kaz_figures()
    return Releases.from_frame(read_table(chosen.figures), measure=chosen.measure)


def _csv(table: pd.DataFrame) -> str:
    """CSV as the library writes it, with no live formula."""
    from forecast.writing import write_csv

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write_csv(table, path)
        return path.read_text(encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    from forecast import __version__

    parser = argparse.ArgumentParser(
        prog="turnover-forecast",
        description="Nowcasts, forecasts and honest claims about trade turnover.",
    )
    parser.add_argument(
        "--version", action="version", version=f"%(prog)s {__version__}"
    )
    names = "run | nowcast | check | gravity | backtest | data | warmup"
    verbs = parser.add_subparsers(required=True, metavar=names)
    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument(
        "--debug", action="store_true", help="show where errors come from"
    )

    run = verbs.add_parser(
        "run", parents=[everywhere], help="run a study file, write its folder"
    )
    run.add_argument("study", metavar="STUDY.toml")
    run.add_argument(
        "--output", metavar="DIR", help="folder to write (default: as the study says)"
    )
    run.add_argument("--quiet", action="store_true", help="print nothing but errors")
    run.set_defaults(run=_run)

    figures = argparse.ArgumentParser(add_help=False, parents=[everywhere])
    figures.add_argument("figures", metavar="FIGURES", help=FIGURES)
    figures.add_argument("--year", type=int, required=True)
    figures.add_argument(
        "--as-of", metavar="DATE", help="use only what was known on that day"
    )
    figures.add_argument("--reporter", help="whose figures; needed where several speak")
    figures.add_argument(
        "--measure", default="million USD", help="unit (default: million USD)"
    )
    figures.add_argument("--seed", type=int, default=0)

    now = verbs.add_parser(
        "nowcast", parents=[figures], help="the year from a part of it"
    )
    now.add_argument(
        "--above", type=float, metavar="X", help="probability of more than X"
    )
    now.add_argument(
        "--below", type=float, metavar="X", help="probability of at most X"
    )
    now.set_defaults(run=_nowcast)

    check = verbs.add_parser(
        "check", parents=[figures], help="judge a claim about a year"
    )
    check.add_argument("--level", type=float, metavar="X", help="claimed total")
    check.add_argument(
        "--growth", type=float, metavar="G", help="claimed growth, a fraction"
    )
    check.add_argument("--record", action="store_true", help="it is called a record")
    relations = ("about", "at least", "at most")
    check.add_argument("--relation", default="about", choices=relations)
    check.set_defaults(run=_check)

    _gravity_options(verbs, everywhere)
    _backtest_options(verbs, everywhere)

    data = verbs.add_parser(
        "data", parents=[everywhere], help="list data sets, or print one"
    )
    data.add_argument("name", nargs="?", metavar="NAME")
    data.add_argument(
        "--as-of", metavar="DATE", help="only what was public on that day"
    )
    data.set_defaults(run=_data)

    warm = verbs.add_parser(
        "warmup", parents=[everywhere], help="compile all kernels and keep them"
    )
    warm.set_defaults(run=_warmup)
    return parser


def _gravity_options(verbs: Any, everywhere: argparse.ArgumentParser) -> None:
    """Add what ``gravity`` takes."""
    gravity = verbs.add_parser(
        "gravity", parents=[everywhere], help="fit a gravity model to a table of flows"
    )
    gravity.add_argument("table", metavar="DATA", help="a CSV, Excel or Parquet file")
    gravity.add_argument(
        "formula",
        metavar="FORMULA",
        help='"trade ~ rta | exporter^year + importer^year"',
    )
    gravity.add_argument("--estimator", choices=("ppml", "ols"), default="ppml")
    gravity.add_argument(
        "--cluster", nargs="+", default=(), metavar="COLUMN", help="ways of clusters"
    )
    gravity.add_argument("--vcov", choices=ERRORS, help="other standard errors")
    gravity.add_argument("--ssc", metavar="NAME", help="small-sample convention")
    gravity.add_argument("--lags", type=int, metavar="N", help="of serial dependence")
    for name in ("weights", "offset", "origin", "destination", "period"):
        gravity.add_argument(f"--{name}", metavar="COLUMN")
    gravity.add_argument(
        "--level", type=float, default=0.95, help="of intervals (default: 0.95)"
    )
    gravity.add_argument(
        "--out",
        metavar="DIR",
        help="folder for tidy.csv, dropped.csv, fit.json, etable.*",
    )
    gravity.set_defaults(run=_gravity)


def _backtest_options(verbs: Any, everywhere: argparse.ArgumentParser) -> None:
    """Add what ``backtest`` takes."""
    from forecast.backtesting.command import add_options

    back = verbs.add_parser(
        "backtest",
        parents=[everywhere],
        help="what models would have forecast in the past, and how far off",
    )
    add_options(back)
    back.set_defaults(run=_backtest)


if __name__ == "__main__":
    sys.exit(main())
