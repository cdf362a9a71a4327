"""The benchmarks: their worlds are as described, their judge and their table are right."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import duels
from benchmarks.base_against_head import Comparison
from benchmarks.crew import ROOT, TimeLimitError, WorkerError, find_libraries, hire
from benchmarks.duels import Fit, Line, Plan, Task, duel, exact_setting, judge
from benchmarks.memory import extra_megabytes, set_mark
from benchmarks.problems import Problem, fingerprint, parse_problem
from benchmarks.reference import load_reference, solve_reference
from benchmarks.rivals import LIBRARIES, Answer, Setting, fixest_r, load_rival
from benchmarks.tables import comparison_table
from benchmarks.worker import Bench, read_frame, write_frame

# ------------------------------------------------------------------ the worlds


@pytest.fixture(scope="module")
def small() -> pd.DataFrame:
    return parse_problem("S-K20").frame()


@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [("S", 50_000, 7), ("S-nodomestic", 49_000, 7), ("XS-K20-text", 864, 25)],
)
def test_a_gravity_world_has_every_pair_in_every_year_and_45_percent_zeros(
    name, rows, columns
):
    frame = parse_problem(name).frame()
    assert frame.shape == (rows, columns)
    assert not frame.duplicated(["exporter", "importer", "year"]).any()
    assert (frame["trade"] == 0).mean() == pytest.approx(0.45, abs=0.02)
    assert (frame["trade"] % 1 == 0).all()


def test_sectors_multiply_the_rows_and_enter_every_effect():
    problem = Problem("L")
    assert problem.shape.sectors == 3
    assert all("sector" in effect for effect in problem.effects)
    assert "exporter^importer^sector" in problem.formula


@pytest.mark.parametrize("domestic", [True, False])
def test_regions_trade_with_themselves_only_where_asked(domestic):
    frame = Problem("XS", domestic=domestic).frame()
    assert (frame["exporter"] == frame["importer"]).any() == domestic


def test_text_keys_name_the_same_world_as_numbers():
    numbers, texts = parse_problem("XS").frame(), parse_problem("XS-text").frame()
    assert (texts["exporter"] == numbers["exporter"].map("R{:03d}".format)).all()
    assert (texts["trade"] == numbers["trade"]).all()


def test_the_first_two_of_twenty_regressors_are_the_two(small):
    two = parse_problem("S").frame()
    for term in parse_problem("S").terms:
        assert (small[term] == two[term]).all()


def test_agreements_and_documents_accumulate_and_visits_are_counts(small):
    by_pair = small.sort_values(["pair", "year"], kind="stable").groupby("pair")
    for term in ("agreement0", "agreement6", "documents2", "documents8"):
        assert (by_pair[term].diff().dropna() >= 0).all()
    assert set(small["agreement6"]) == {0, 1}
    assert set(small["visits1"]) <= set(range(13))
    assert small["visits1"].max() > 3


def test_every_other_agreement_binds_both_directions(small):
    reverse = small.rename(columns={"exporter": "importer", "importer": "exporter"})
    both = small.merge(reverse, on=["exporter", "importer", "year"], validate="1:1")
    assert (both["agreement0_x"] == both["agreement0_y"]).all()
    assert (both["agreement6_x"] != both["agreement6_y"]).any()


def test_on_the_ring_a_worker_sees_ten_firms_in_a_row():
    frame = parse_problem("XH").frame()
    firms = frame["firm"].nunique()
    assert (len(frame), frame["worker"].nunique(), firms) == (20_000, 2_000, 87)
    steps = frame.groupby("worker")["firm"].diff().dropna() % firms
    assert (steps == 1).all()
    assert parse_problem("H").shape.firms == 4_348
    assert parse_problem("H").shape.workers == 100_000


@pytest.mark.parametrize("name", ["XS-K20-text", "XH"])
def test_a_problem_is_the_same_in_every_process(name):
    code = (
        "from benchmarks.problems import *;"
        f"print(fingerprint(parse_problem({name!r}).frame()))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    said = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == fingerprint(parse_problem(name).frame())


def test_a_changed_value_changes_the_fingerprint():
    frame = parse_problem("XS-K20").frame()
    found = {fingerprint(frame)}
    for column in ("trade", "agreement0", "documents2"):
        changed = frame.copy()
        changed.loc[100, column] += 1
        found.add(fingerprint(changed))
    assert len(found) == 4


@pytest.mark.parametrize(
    "name", ["S", "M-K20", "L-2way", "H", "S-K3-0way-nodomestic-text"]
)
def test_a_name_says_everything(name):
    assert parse_problem(name).name == name


@pytest.mark.parametrize("name", ["Q", "S-", "S-K", "S-1way", "S-fast"])
def test_a_name_that_means_nothing_is_refused(name):
    with pytest.raises(ValueError, match=r"No size|none of"):
        parse_problem(name)


def test_a_frame_survives_the_way_to_another_process(tmp_path):
    frame = parse_problem("XS-text").frame()
    write_frame(frame, tmp_path / "data.npz")
    found = read_frame(tmp_path / "data.npz")
    pd.testing.assert_frame_equal(found, frame, check_dtype=False)
    assert fingerprint(found) == fingerprint(frame)


# ------------------------------------------------------------------ the answers


@pytest.mark.parametrize("name", ["XS", "XS-2way", "XS-0way"])
def test_the_reference_is_what_writing_the_dummies_out_gives(name):
    problem = parse_problem(name)
    frame = problem.frame()
    reference = solve_reference(problem, frame)
    twin = load_rival("statsmodels")
    answer = twin.estimate(twin.prepare(problem, frame, 1), twin.DEFAULT)
    for term in problem.terms:
        assert answer.coefficients[term] == pytest.approx(
            reference.coefficients[term], abs=1e-9
        )
        assert answer.errors[term] == pytest.approx(reference.errors[term], rel=1e-7)


def test_stored_references_are_what_the_solver_finds():
    for name in ("XS", "XH"):
        problem = parse_problem(name)
        frame = problem.frame()
        stored, found = load_reference(problem, frame), solve_reference(problem, frame)
        assert stored is not None
        assert stored.clusters == found.clusters
        assert stored.coefficients == pytest.approx(found.coefficients, abs=1e-10)
        assert stored.errors == pytest.approx(found.errors, rel=1e-8)


def test_a_reference_made_from_other_data_is_not_used():
    problem = parse_problem("XS")
    frame = problem.frame()
    frame.loc[0, "trade"] += 1
    assert load_reference(problem, frame) is None


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_library_that_is_here_gives_the_same_answer(library, tmp_path):
    rivals = os.environ.get("FORECAST_RIVALS_PYTHON", sys.executable)
    pythons = [sys.executable] if library == "ours" else [sys.executable, rivals]
    found, missing = find_libraries({library: pythons})
    if library in missing:
        pytest.skip(f"{library} is not installed: {missing[library]}")
    # Dummies of the larger problem take statsmodels minutes.
    problem = parse_problem("XS" if library == "statsmodels" else "S")
    frame = problem.frame()
    write_frame(frame, tmp_path / "data.npz")
    reference = load_reference(problem, frame) or solve_reference(problem, frame)
    with hire(library, 1, python=found[library]) as worker:
        worker.ask(120, "load", problem=problem.name, path=str(tmp_path / "data.npz"))
        options = dict(load_rival(library).DEFAULT.options)
        fit = judge(worker.ask(120, "fit", options=options), reference)
    assert fit.coefficient_error < 1e-6
    assert fit.relative_se_error < 1e-3


# ------------------------------------------------------------------ the judge

XS = parse_problem("XS")


@pytest.fixture(scope="module")
def task() -> Task:
    frame = XS.frame()
    return Task(XS, Path("nowhere"), solve_reference(XS, frame), 1)


def reply_of(task: Task, seconds: float = 1.0, off: float = 0.0) -> dict:
    coefficients = dict(task.reference.coefficients)
    coefficients["visits1"] += off
    errors = dict(task.reference.errors)
    return {
        "coefficients": coefficients,
        "errors": errors,
        "seconds": seconds,
        "megabytes": 10.0,
    }


class Fake:
    """A worker that answers at once and writes down when it was asked."""

    def __init__(self, who, task, diary, seconds=(1.0,), off=None):
        self.who, self.task, self.diary = who, task, diary
        self.seconds, self.off = list(seconds), off or (lambda _: 0.0)

    def ask(self, limit, do, options, warm):
        assert do == "fit"
        self.diary.append(f"{self.who}, warm" if warm else self.who)
        seconds = self.seconds.pop(0) if len(self.seconds) > 1 else self.seconds[0]
        if seconds > limit:
            raise TimeLimitError(f"> {limit:g} s")
        return reply_of(self.task, seconds, self.off(options))


def plan(**changes) -> Plan:
    return replace(Plan(3, 100.0, 60.0, {"fereg": "python"}, {}), **changes)


def test_an_error_is_the_largest_distance_from_the_reference(task):
    reply = reply_of(task, off=-3e-5)
    reply["errors"]["agreement0"] *= 1.01
    fit = judge(reply, task.reference)
    assert fit.coefficient_error == pytest.approx(3e-5)
    assert fit.relative_se_error == pytest.approx(0.01)


def test_an_answer_about_fewer_terms_is_no_answer(task):
    reply = reply_of(task)
    del reply["coefficients"]["visits1"]
    with pytest.raises(WorkerError, match="dropped visits1"):
        judge(reply, task.reference)


@pytest.mark.parametrize("trouble", ["missing", "refused", "failed"])
def test_trouble_is_passed_on_in_the_librarys_own_words(task, trouble):
    with pytest.raises(WorkerError, match="out of cheese"):
        judge({trouble: "out of cheese"}, task.reference)


def test_a_duel_goes_in_turn_and_forgets_the_first_fit(task):
    diary: list[str] = []
    ours = Fake("ours", task, diary, seconds=[2.0])
    rival = Fake("rival", task, diary, seconds=[9.0, 3.0, 4.0, 5.0])
    between, fits, first = duel(ours, rival, task, Setting("x"), plan())
    assert diary == ["rival", *["ours", "rival"] * 3]
    assert [fit.seconds for fit in fits] == [3.0, 4.0, 5.0]
    assert [fit.seconds for fit in between] == [2.0] * 3
    assert first.seconds == 9.0


def test_each_library_warms_up_before_a_timed_fit_if_asked_to(task):
    diary: list[str] = []
    ours, rival = (Fake(who, task, diary) for who in ("ours", "rival"))
    duel(ours, rival, task, Setting("x"), plan(repeats=2, warm=True))
    assert diary == ["rival", *["ours, warm", "rival, warm"] * 2]


def test_a_worker_that_warms_up_fits_twice_and_tells_of_the_second():
    bench = Bench("statsmodels", 1)
    told = iter(["first", "second", "third"])

    class Counting:
        def estimate(self, _prepared, _setting):
            return Answer({next(told): 0.0}, {})

    bench.rival = Counting()
    assert list(bench.fit({})["coefficients"]) == ["first"]
    assert list(bench.fit({}, warm=True)["coefficients"]) == ["third"]


def test_a_slow_rival_stops_when_its_budget_is_used_up(task):
    diary: list[str] = []
    rival = Fake("rival", task, diary, seconds=[20.0])
    _, fits, _ = duel(None, rival, task, Setting("x"), plan(repeats=9, budget=50.0))
    assert len(fits) == 3
    assert len(diary) == 4
    _, fits, first = duel(None, rival, task, Setting("x"), plan(repeats=9, budget=10.0))
    assert fits == [first]
    assert len(diary) == 5


def at_the_bench(monkeypatch, worker):
    @contextmanager
    def open_worker(library, task, plan):
        yield worker, "1.0"

    monkeypatch.setattr(duels, "open_worker", open_worker)


def test_the_setting_for_equal_accuracy_is_the_loosest_that_is_exact(monkeypatch, task):
    def off(options):
        return options["tolerance"] / 1000

    # By chance the tighter ones run faster.
    at_the_bench(monkeypatch, Fake("fereg", task, [], [5.0, 4.0, 3.0, 2.0, 1.0], off))
    assert exact_setting("fereg", task, plan()).options["tolerance"] == 1e-5


def test_a_library_that_never_gets_there_says_how_close_it_came(monkeypatch, task):
    at_the_bench(monkeypatch, Fake("fereg", task, [], off=lambda _: 2e-7))
    with pytest.raises(WorkerError, match="at best 2e-07 off"):
        exact_setting("fereg", task, plan())


def test_a_library_that_takes_too_long_is_told_and_not_left_out(monkeypatch, task):
    at_the_bench(monkeypatch, Fake("fereg", task, [], seconds=[101.0]))
    lines, _ = duels.meet_rival("fereg", None, task, plan())
    assert [line.note for line in lines] == ["> 100 s", "> 100 s"]


def test_a_library_that_is_not_there_is_told_and_not_left_out(task):
    absent = plan(pythons={}, missing={"fereg": "No module named 'fereg'"})
    (line,), _ = duels.meet_rival("fereg", None, task, absent)
    assert line.note == "not installed (No module named 'fereg')"


# ------------------------------------------------------------------ the table


def fits(*seconds: float) -> tuple[Fit, ...]:
    return tuple(Fit(second, 4e-11, 2e-9, 10.0) for second in seconds)


def test_the_table_gives_medians_of_ratios_and_the_worst_errors():
    worst = (*fits(3.0, 5.0), Fit(100.0, 7e-9, 3e-6, 20.0))
    line = Line("S", 1, "fereg", "0.4", "1e-08", worst, (1.0, 12.5, 20.0), 80.0)
    assert line.seconds == 5.0
    ours = Line("S", 1, "ours", "0.1", "default", fits(0.25), (), 20.0)
    text = comparison_table([ours, line]).splitlines()
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in text]
    assert cells[2][2:] == [
        "ours 0.1",
        "default",
        "0.25",
        "1",
        "4e-11",
        "2e-09",
        "20",
        "1",
        "1",
    ]
    assert cells[3][2:] == [
        "fereg 0.4",
        "1e-08",
        "5",
        "12.5",
        "7e-09",
        "3e-06",
        "80",
        "4",
        "3",
    ]


def test_a_library_without_figures_has_its_reason_in_the_table():
    line = Line("S", 2, "fixest", note="not installed (no Rscript on the path)")
    row = comparison_table([line]).splitlines()[-1]
    assert "not installed (no Rscript on the path)" in row
    assert row.count("|") == 12


def test_lines_can_be_stored_as_they_are():
    line = Line("S", 1, "fereg", fits=fits(1.0), ratios=(2.0,))
    assert asdict(line)["fits"][0]["coefficient_error"] == 4e-11


@pytest.mark.parametrize(
    ("base", "head", "slower"),
    [
        ((1.0, 1.0, 1.0), (1.2, 1.2, 1.2), True),
        ((1.0, 1.0, 1.0), (1.1, 1.1, 1.1), False),  # less than 15 %
        ((0.1, 0.1, 0.1), (0.14, 0.14, 0.14), False),  # less than 0.05 s
        ((1.0, 1.0, 1.0), (1.0, 1.0, 9.0), False),  # once is chance
        ((1.0, 2.0, 4.0), (1.3, 2.6, 5.2), True),  # the machine slows, the ratio not
    ],
)
def test_head_is_slower_only_by_share_and_by_seconds(base, head, slower):
    assert Comparison("S", base, head).slower == slower


# ------------------------------------------------------------------ the workers


def test_a_worker_that_takes_too_long_is_stopped():
    with hire("statsmodels", 1) as worker:
        with pytest.raises(TimeLimitError, match=r"> 0\.01 s"):
            worker.ask(0.01, "meet")
        assert worker._process.poll() is not None


def test_a_worker_that_dies_leaves_its_last_words():
    with hire("nobody", 1) as worker, pytest.raises(WorkerError, match="KeyError"):
        worker.ask(60, "meet")


def test_a_library_that_is_not_installed_is_found_nowhere(monkeypatch):
    monkeypatch.setenv("PATH", "")
    found, missing = find_libraries({"fixest": [sys.executable]})
    assert found == {}
    assert missing == {"fixest": "no Rscript on the path"}


@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="needs Linux's memory marks"
)
def test_memory_given_back_before_the_end_still_counts():
    mark = set_mark(os.getpid())
    block = np.ones(12_500_000)
    block += 1
    del block
    assert extra_megabytes(os.getpid(), mark) == pytest.approx(95.4, abs=5)
    assert extra_megabytes(os.getpid(), set_mark(os.getpid())) < 5


FAKE_R = """#!{python}
import sys
print("ok", flush=True)
for line in sys.stdin:
    outer, inner = line.split()
    if float(inner) < 1e-9:
        print("failed\\tno convergence", flush=True)
    else:
        print(f"ok\\t0.5\\tx0 x1\\t{{inner}} -2\\t0.25 {{outer}}", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a script stands in for Rscript")
def test_the_r_process_is_understood_line_by_line(tmp_path, monkeypatch):
    script = tmp_path / "Rscript"
    script.write_text(FAKE_R.format(python=sys.executable))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    problem = parse_problem("XS")
    held = fixest_r.prepare(problem, problem.frame(), 1)
    try:
        setting = Setting("", {"outer": 1e-8, "inner": 1e-6})
        answer = fixest_r.estimate(held, setting)
        assert answer.coefficients == {"x0": 1e-6, "x1": -2.0}
        assert answer.errors == {"x0": 0.25, "x1": 1e-8}
        assert answer.seconds == 0.5
        with pytest.raises(RuntimeError, match="no convergence"):
            fixest_r.estimate(held, Setting("", {"outer": 1e-8, "inner": 1e-12}))
    finally:
        held.process.stdin.close()
        held.process.wait(10)
        held.process.stdout.close()
