"""Blocks over threads: the same bits as one thread, whatever else happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from forecast.errors import ModelError
from forecast.kernels import threads
from forecast.kernels.threads import (
    limit_threads,
    run_blocks,
    set_threads,
    thread_count,
)

KERNEL = """
from forecast.kernels.jit import jit

@jit
def total(values):
    result = 0.0
    for i in range(values.size):
        result += values[i]
    return result

@jit
def largest(values):
    result = values[0]
    for i in range(values.size):
        result = max(result, values[i])
    return result
"""
LAYERS = ["workqueue", "omp", "tbb"]  # the last is usually not installed


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("threads")
    (folder / "tiny_sums.py").write_text(KERNEL)
    return folder


def run(folder: Path, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)],
        env={
            **os.environ,
            "PYTHONPATH": str(folder),
            "FORECAST_CACHE": str(folder / "kept"),
            "NUMBA_DISABLE_JIT": "0",
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# Results


def test_results_come_in_the_order_of_blocks() -> None:
    def slow_at_first(block: int) -> int:
        time.sleep(0.01 if block < 3 else 0)
        return block

    def slow_in_helpers(block: int) -> int:
        is_main = threading.current_thread() is threading.main_thread()
        time.sleep(0.001 if is_main else 0.05)
        return block

    with limit_threads(3):
        assert run_blocks(slow_at_first, 20) == list(range(20))
        assert run_blocks(slow_in_helpers, 20) == list(range(20))
        assert run_blocks(slow_at_first, 1) == [0]
        assert run_blocks(slow_at_first, 0) == []


def test_a_sum_has_the_same_bits_for_any_number_of_threads() -> None:
    values = np.random.default_rng(1).lognormal(sigma=5, size=40_000)
    blocks = np.array_split(values, 16)
    sums = set()
    for n in (1, 2, 3, 8):
        with limit_threads(n):
            sums.add(sum(run_blocks(lambda block: blocks[block].sum(), 16)))
    assert len(sums) == 1


def test_as_many_threads_work_as_are_asked_for() -> None:
    meeting = threading.Barrier(5, timeout=30)  # broken if fewer than five come
    with limit_threads(5):
        run_blocks(lambda _: meeting.wait(), 10)


@pytest.mark.parametrize("n_rows", [10, threads.LONG])
def test_columns_come_back_in_their_order_however_long_they_are(n_rows: int) -> None:
    columns = [np.full(n_rows, float(k)) for k in range(5)]
    means = threads.run_columns(np.mean, columns, n_rows)
    assert means == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_long_columns_are_shared_among_threads() -> None:
    meeting = threading.Barrier(2)
    with threads.limit_threads(2):  # two that wait for each other must run at once
        met = threads.run_columns(lambda _: meeting.wait(20), [0, 1], threads.LONG)
    assert sorted(met) == [0, 1]


def test_a_block_that_runs_blocks_does_so_serially() -> None:
    def who(block: int) -> int:
        time.sleep(0.005)
        return threading.get_ident()

    with limit_threads(8):  # the pool has more threads than the outer blocks need
        assert len(set(run_blocks(who, 16))) > 2
        inside = run_blocks(lambda _: set(run_blocks(who, 8)), 2)
        assert [len(threads) for threads in inside] == [1, 1]
    with limit_threads(3):
        meeting = threading.Barrier(3, timeout=30)  # and afterwards as before
        run_blocks(lambda _: meeting.wait(), 3)


def test_several_python_threads_may_run_blocks_at_once() -> None:
    def many(seed: int) -> bool:
        rows = np.random.default_rng(seed).normal(size=(16, 100))
        expected = [row.sum() for row in rows]
        with limit_threads(2 + seed % 3):  # the pool grows while others use it
            return all(
                run_blocks(lambda block: rows[block].sum(), 16) == expected
                for _ in range(100)
            )

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(many, range(6)))


def test_settings_of_numpy_hold_in_every_thread() -> None:
    if np.lib.NumpyVersion(np.__version__) < "2.0.0":
        pytest.skip("NumPy 1 keeps them by thread")
    meeting = threading.Barrier(3, timeout=30)

    def divide(block: int) -> float:
        meeting.wait()
        return float(np.float64(1.0) / np.float64(0.0))  # a warning would be an error

    with limit_threads(3), np.errstate(divide="ignore"):
        assert run_blocks(divide, 3) == [np.inf] * 3


# Errors and interrupts


def test_the_first_error_in_the_order_of_blocks_is_raised() -> None:
    def fail(block: int) -> None:
        if block == 5:
            time.sleep(0.05)  # later than its successors
        if block >= 5:
            raise ValueError(block)

    for n in (1, 2, 4, 8):
        with limit_threads(n), pytest.raises(ValueError, match=r"^5$"):
            run_blocks(fail, 40)


def test_after_an_error_few_blocks_begin_and_none_runs_on() -> None:
    begun, ended = [], []

    def work(block: int) -> None:
        begun.append(block)
        if block == 3:
            raise ValueError
        time.sleep(0.02)
        ended.append(block)

    with limit_threads(4), pytest.raises(ValueError, match=r"^$"):
        run_blocks(work, 1_000)
    assert len(begun) < 20
    assert sorted(begun) == sorted([*ended, 3])


@pytest.mark.parametrize("n", [1, 3])
def test_an_interrupt_is_answered_between_blocks(n: int) -> None:
    begun, ended = [], []

    def work(block: int) -> None:
        begun.append(block)
        if block == 10:
            signal.raise_signal(signal.SIGINT)
        time.sleep(0.005)
        ended.append(block)

    with limit_threads(n), pytest.raises(KeyboardInterrupt):
        run_blocks(work, 2_000)
    assert len(begun) < 100
    assert len(begun) - len(ended) <= 1  # the block at hand is cut in the main thread
    count = len(begun)
    with limit_threads(3):
        assert run_blocks(lambda block: block, 50) == list(range(50))
    assert len(begun) == count


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs POSIX signals")
def test_an_interrupt_waits_for_the_blocks_that_have_begun() -> None:
    meeting = threading.Barrier(2, timeout=30)
    ended = []

    def work(block: int) -> None:
        meeting.wait()
        if threading.current_thread() is not threading.main_thread():
            time.sleep(0.05)  # until the main thread has nothing left but to wait
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            time.sleep(0.05)
        ended.append(block)

    with limit_threads(2), pytest.raises(KeyboardInterrupt):
        run_blocks(work, 2)
    assert sorted(ended) == [0, 1]


def test_what_is_no_exception_is_not_lost_in_a_thread() -> None:
    meeting = threading.Barrier(2, timeout=30)

    def leave(block: int) -> None:
        meeting.wait()
        if threading.current_thread() is not threading.main_thread():
            raise SystemExit(3)

    with limit_threads(2), pytest.raises(SystemExit):
        run_blocks(leave, 2)
    meeting.reset()
    with limit_threads(2):  # not serial from now on
        run_blocks(lambda _: meeting.wait(), 2)


def test_where_no_thread_can_be_started_the_caller_does_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    threads._pool.forget()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with limit_threads(4):
        assert run_blocks(lambda block: block, 9) == list(range(9))
    monkeypatch.undo()
    meeting = threading.Barrier(4, timeout=30)
    with limit_threads(4):
        run_blocks(lambda _: meeting.wait(), 4)


# How many threads


def test_the_nearest_wish_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORECAST_THREADS", raising=False)
    if hasattr(os, "sched_getaffinity"):
        assert thread_count() == len(os.sched_getaffinity(0))
    monkeypatch.setenv("FORECAST_THREADS", "5")
    assert thread_count() == 5
    try:
        set_threads(4)
        assert thread_count() == 4
        with limit_threads(3):
            with limit_threads(7):
                assert thread_count() == 7
            assert thread_count() == 3
            with ThreadPoolExecutor(1) as pool:  # another thread has its own limits
                assert pool.submit(thread_count).result() == 4
        assert thread_count() == 4
    finally:
        set_threads(None)
    assert thread_count() == 5


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "", "two", None, "²"])
def test_a_number_of_threads_is_a_whole_number_from_one(
    wrong: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelError, match="F-546"), limit_threads(wrong):
        pass
    if wrong is not None:
        with pytest.raises(ModelError, match="F-546"):
            set_threads(wrong)
    if wrong not in {None, ""}:
        monkeypatch.setenv("FORECAST_THREADS", str(wrong))
        with pytest.raises(ModelError, match=r"F-546.*FORECAST_THREADS"):
            thread_count()


# Hazards of threads, forks and numba's threading layers, each in a process of its own


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows does not fork")
@pytest.mark.parametrize("layer", LAYERS)
def test_threads_and_forks_under_every_threading_layer(
    workshop: Path, layer: str
) -> None:
    code = """
        import atexit, multiprocessing, os, threading
        import numpy as np
        from tiny_sums import largest, total
        from forecast.kernels.threads import run_blocks, set_threads

        set_threads(3)
        blocks = np.array_split(np.random.default_rng(0).normal(size=40_000), 8)

        def fit(_=None):
            return sum(run_blocks(lambda block: total(blocks[block]), 8))

        def refit(_):  # in a child: also a kernel that the parent has not used
            run_blocks(lambda block: largest(blocks[block]), 8)
            return fit()

        right = sum(total(block) for block in blocks)
        sums = []
        threads = [
            threading.Thread(target=lambda: sums.extend(fit() for _ in range(200)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        child = os.fork()  # while the others compute
        if child == 0:
            os._exit(refit(0) != right)
        assert os.waitpid(child, 0)[1] == 0, "a forked child failed"
        for thread in threads:
            thread.join()
        assert sums == [right] * 800, "threads disagree"
        with multiprocessing.get_context("fork").Pool(3) as pool:
            assert pool.map(refit, range(12)) == [right] * 12, "a fork pool disagrees"

        import numba
        try:
            print("started", numba.threading_layer())
        except ValueError:
            print("no layer was started")
        atexit.register(lambda: print(fit() == right))  # when no thread can start
    """
    done = run(workshop, code, NUMBA_THREADING_LAYER=layer)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "no layer was started\nTrue\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows does not fork")
def test_a_fork_while_another_thread_compiles_does_not_hang(workshop: Path) -> None:
    code = """
        import os, signal, threading, time
        import numpy as np
        from tiny_sums import largest, total

        values = np.arange(6.0)
        total(values)
        threading.Thread(
            target=lambda: [largest(values.astype(t)) for t in "bhilfd"]
        ).start()
        for _ in range(5):
            time.sleep(0.05)
            child = os.fork()
            if child == 0:
                signal.alarm(30)  # waiting for ever is death
                os._exit(total(values.astype("f")) != 15)
            assert os.waitpid(child, 0)[1] == 0, "a forked child hung"
        print("done")
    """
    done = run(workshop, code, FORECAST_CACHE="off")
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="Linux counts pages")
def test_ten_thousand_calls_take_no_memory(workshop: Path) -> None:
    code = """
        import gc
        from pathlib import Path
        import numpy as np
        from tiny_sums import total
        from forecast.kernels.threads import run_blocks, set_threads

        def resident():
            gc.collect()
            return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

        def fail(block):
            total(values)
            raise ValueError(values[block:].copy())

        def calls(n):
            for i in range(n):
                run_blocks(lambda block: total(values), 4)
                try:
                    run_blocks(fail, 4)
                except ValueError:
                    pass

        set_threads(2)
        values = np.ones(10_000)
        calls(500)
        before = resident()
        calls(10_000)
        print(resident() - before)
    """
    done = run(workshop, code)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 4  # MiB; with an array kept by each call, 780
