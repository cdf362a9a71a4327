"""What `import forecast` promises: quick, lazy, and never beside its namesake."""

from __future__ import annotations

import ast
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import forecast

HEAVY = ["matplotlib", "numba", "scipy", "statsmodels"]
OPTIONAL = ["jinja2", "openpyxl", "pooch", "rich"]
MODULES = ["datasets", "errors", "scores"]


def run_python(code: str, *, path: Path | None = None) -> subprocess.CompletedProcess:
    """Run `code` in a new interpreter, with `path` first on the import path."""
    env = dict(os.environ)
    if path is not None:
        env["PYTHONPATH"] = os.pathsep.join([str(path), env.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=env,
    )


def loaded_after(code: str) -> set[str]:
    """Top-level packages that a new interpreter holds after `code`."""
    tops = "{name.partition('.')[0] for name in sys.modules}"
    done = run_python(f"{code}\nimport json, sys\nprint(json.dumps(sorted({tops})))")
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def imports_for_type_checkers() -> dict[str, str]:
    """The `if TYPE_CHECKING:` block of the package as {name: module}."""
    tree = ast.parse(Path(forecast.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    return {
        alias.asname or alias.name: str(statement.module)
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }


def test_importing_the_package_alone_loads_not_even_pandas():
    heavy = {*HEAVY, *OPTIONAL, "numpy", "pandas"}
    assert loaded_after("import forecast").isdisjoint(heavy)


def test_all_public_names_together_load_no_estimation_or_drawing_library():
    loaded = loaded_after("from forecast import *")
    assert "pandas" in loaded
    assert loaded.isdisjoint({*HEAVY, *OPTIONAL})


def test_the_public_names_are_these_and_no_others():
    assert sorted(forecast.__all__) == [
        "ARIMA",
        "ARMA",
        "Almon",
        "Auto",
        "Backtest",
        "BiasCorrected",
        "CES",
        "CalendarAdjusted",
        "Card",
        "Claim",
        "Cleaned",
        "Clustered",
        "Column",
        "Combination",
        "Conformal",
        "Conley",
        "Count",
        "DampedTrend",
        "DepreciatingStock",
        "Drift",
        "DriscollKraay",
        "Dyadic",
        "DynamicTheta",
        "ETS",
        "Etable",
        "EventLog",
        "Forecast",
        "Fusion",
        "Gated",
        "Gravity",
        "GravityFit",
        "GravityFits",
        "Hierarchy",
        "Holt",
        "HoltWinters",
        "Iid",
        "InForce",
        "Koyck",
        "Lags",
        "Margins",
        "Naive",
        "NeweyWest",
        "Nowcast",
        "PhaseIn",
        "Regression",
        "Releases",
        "Robust",
        "RobustDrift",
        "RunRate",
        "SES",
        "Scenario",
        "ScoreBootstrap",
        "SeasonalNaive",
        "SmallSample",
        "Stock",
        "Study",
        "Theta",
        "TradeCost",
        "TradePanel",
        "UnobservedComponents",
        "VAR",
        "Window",
        "__version__",
        "asymmetry",
        "attribute",
        "backtest",
        "check",
        "compare",
        "datasets",
        "decompose",
        "errors",
        "etable",
        "gravity_scenario",
        "nowcast",
        "potential",
        "read_scenarios",
        "read_table",
        "reconcile",
        "reconcile_reporters",
        "report",
        "run_study",
        "scores",
    ]
    assert dir(forecast) == sorted(forecast.__all__)


@pytest.mark.parametrize("name", sorted(set(forecast.__all__) - {"__version__"}))
def test_every_public_name_resolves_to_a_thing_of_this_package(name):
    thing = getattr(forecast, name)
    home = thing.__name__ if inspect.ismodule(thing) else thing.__module__
    assert home.startswith("forecast.")
    assert getattr(forecast, name) is thing


def test_a_type_checker_sees_the_same_names_in_the_same_places():
    modules = dict.fromkeys(MODULES, "forecast")
    assert imports_for_type_checkers() == {**forecast._HOME_OF, **modules}
    assert {*forecast._HOME_OF, *MODULES, "__version__"} == set(forecast.__all__)


def test_a_misspelt_name_is_an_attribute_error_and_not_an_import_error():
    with pytest.raises(AttributeError, match="'TradePanle'"):
        _ = forecast.TradePanle


def install_namesake(folder: Path) -> None:
    """Write what pip leaves behind for the distribution `forecast` 0.1.0."""
    info = folder / "forecast-0.1.0.dist-info"
    info.mkdir()
    metadata = "Metadata-Version: 2.0\nName: forecast\nVersion: 0.1.0\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    (info / "top_level.txt").write_text("forecast\n", encoding="utf-8")


def test_beside_the_distribution_named_forecast_the_import_says_what_to_uninstall(
    tmp_path,
):
    install_namesake(tmp_path)
    code = "try:\n    import forecast\nexcept ImportError as clash:\n    print(clash)"
    done = run_python(code, path=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "F-901: the distribution 'forecast' 0.1.0 is installed"
    )
    assert "pip uninstall forecast" in done.stdout


def test_a_distribution_whose_name_only_begins_alike_is_no_clash(tmp_path):
    info = tmp_path / "forecast_tools-1.0.dist-info"
    info.mkdir()
    metadata = "Metadata-Version: 2.1\nName: forecast-tools\nVersion: 1.0\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    assert run_python("import forecast", path=tmp_path).returncode == 0
