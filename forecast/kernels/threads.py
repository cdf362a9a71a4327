"""Blocks of work over a few threads; results in block order.

Kernels release the GIL, so plain Python threads run them side by side; numba's own
threads, which do not survive a fork and stop the process when two threads call them,
are never started. The thread that calls takes part in the work itself. So nothing is
ever waited for that has not begun, whoever else uses the threads at the same time.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any, Generic, TypeVar

from forecast.errors import ModelError

__all__ = [
    "are_long",
    "limit_threads",
    "run_blocks",
    "run_columns",
    "set_threads",
    "thread_count",
]

T = TypeVar("T")
S = TypeVar("S")

VARIABLE = "FORECAST_THREADS"
LONG = 200_000  # rows of a column that take longer than handing it to a thread

_at_work: ContextVar[bool] = ContextVar("_at_work", default=False)
_limit: ContextVar[int | None] = ContextVar("_limit", default=None)


def run_blocks(function: Callable[[int], T], n_blocks: int) -> list[T]:
    """Call ``function(block)`` for each block, in threads; results in block order.

    Whoever adds the results up in this order gets the same bits for any number of
    threads. Within a block the same call runs serially. Whatever happens, no block runs
    any more when this returns; an interrupt waits for the blocks that have begun, so
    keep them below half a second.

    Parameters
    ----------
    function : callable of one int
        Of blocks that do not depend on each other: each writes to places of its own.
    n_blocks : int
        Blocks are numbered from 0; cut them independently of the number of threads.

    Returns
    -------
    list of length n_blocks

    Raises
    ------
    Exception
        What `function` raised first in the order of blocks.

    Examples
    --------
    >>> run_blocks(lambda block: block * block, 5)
    [0, 1, 4, 9, 16]
    """
    n_threads = 1 if n_blocks < 2 or _at_work.get() else thread_count()
    n_threads = min(n_threads, n_blocks)
    if n_threads == 1 or n_blocks < 1:
        return [function(block) for block in range(n_blocks)]
    work = _Work(function, n_blocks)
    token = _at_work.set(True)
    try:
        _share(work, n_threads - 1)
    finally:
        _at_work.reset(token)
    return work.outcome()


def run_columns(
    function: Callable[[T], S], columns: Sequence[T], n_rows: int
) -> list[S]:
    """Call ``function(column)`` for each column, in threads where columns are long.

    Parameters
    ----------
    function : callable
    columns : sequence
        Columns of n rows, or what stands for them.
    n_rows : int

    Examples
    --------
    >>> run_columns(max, [[1, 3], [2, 0]], 2)
    [3, 2]
    """
    if not are_long(n_rows):
        return [function(column) for column in columns]
    return run_blocks(lambda place: function(columns[place]), len(columns))


def are_long(n_rows: int) -> bool:
    """Whether work on so many rows takes longer than handing it to a thread."""
    return n_rows >= LONG and thread_count() > 1


def thread_count() -> int:
    """How many threads `run_blocks` uses at most.

    The first that is given of: `limit_threads` around this call, `set_threads`, the
    variable ``FORECAST_THREADS``, the processors that this process may run on.

    Raises
    ------
    ModelError
        F-546 if ``FORECAST_THREADS`` is not a whole number from 1.
    """
    given = _limit.get() or _pool.setting
    if given is None:
        text = os.environ.get(VARIABLE, "").strip()
        given = _checked(text, VARIABLE) if text else _processors()
    return given


def set_threads(n: int | None) -> None:
    """Let `run_blocks` use `n` threads in this process; None for the default.

    Raises
    ------
    ModelError
        F-546 if `n` is not a whole number from 1.
    """
    _pool.setting = None if n is None else _checked(n, "set_threads")


@contextmanager
def limit_threads(n: int) -> Iterator[None]:
    """Let `run_blocks` use `n` threads inside a ``with``, in the calling thread only.

    Raises
    ------
    ModelError
        F-546 if `n` is not a whole number from 1.

    Examples
    --------
    >>> with limit_threads(3):
    ...     thread_count()
    3
    """
    token = _limit.set(_checked(n, "limit_threads"))
    try:
        yield
    finally:
        _limit.reset(token)


class _Work(Generic[T]):
    """Blocks that wait, results and errors of those that ran."""

    def __init__(self, function: Callable[[int], T], n_blocks: int) -> None:
        self.function = function
        self.n_blocks = n_blocks
        self.waiting = deque(range(n_blocks))
        self.results: dict[int, T] = {}
        self.errors: dict[int, Exception] = {}

    def run(self) -> None:
        """Take the next block until none waits; several threads do this at once."""
        while True:
            try:
                block = self.waiting.popleft()
            except IndexError:
                return
            try:
                self.results[block] = self.function(block)
            except Exception as error:  # raised again by `outcome`
                self.errors[block] = error
                self.waiting.clear()

    def outcome(self) -> list[T]:
        if self.errors:
            # Blocks begin in their order, so the first that fails has always run.
            error = self.errors[min(self.errors)]
            self.errors.clear()
            try:
                raise error
            finally:  # an error that holds itself holds the arrays of the block too
                del error
        return [self.results[block] for block in range(self.n_blocks)]


class _Pool:
    """The helping threads of this process; a forked child starts its own."""

    def __init__(self) -> None:
        self.setting: int | None = None
        self.forget()

    def forget(self) -> None:
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._size = 0

    def start(
        self, run: Callable[[], None], count: int, helpers: list[Future[None]]
    ) -> None:
        """Ask `count` threads to `run`, or fewer where no more can be had.

        They are added to `helpers` one by one, so that an interrupt in between leaves
        none unknown.
        """
        with self._lock:
            try:
                executor = self._grown(count)
                helpers.extend(  # each in a copy: limits and np.errstate hold
                    executor.submit(copy_context().run, run) for _ in range(count)
                )
            except RuntimeError:  # at the end of the interpreter, or no more threads
                self._close()

    def _grown(self, size: int) -> ThreadPoolExecutor:
        if self._executor is None or self._size < size:
            self._close()
            self._executor = ThreadPoolExecutor(size, thread_name_prefix="forecast")
            self._size = size
        return self._executor

    def _close(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
        self._executor = None


_pool = _Pool()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.forget)


def _share(work: _Work[Any], n_helpers: int) -> None:
    """Work on the blocks with helpers until none runs."""
    helpers: list[Future[None]] = []
    try:
        _pool.start(work.run, n_helpers, helpers)
        work.run()
    finally:
        work.waiting.clear()
        _wait_for(helpers)


def _wait_for(helpers: list[Future[None]]) -> None:
    """Until none of `helpers` runs. A first interrupt waits, a second one does not."""
    begun = [helper for helper in helpers if not helper.cancel()]
    try:
        wait(begun)
    except BaseException:
        wait(begun)
        raise
    for helper in begun:
        helper.result()  # what is no Exception, such as SystemExit, comes from here


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _checked(n: Any, where: str) -> int:
    text = str(n)
    if isinstance(n, bool) or not text.isdecimal() or int(text) < 1:
        raise ModelError(
            f"{n!r} in {where} is no number of threads",
            code="F-546",
            remedy="Give a whole number from 1, or nothing for all processors.",
        )
    return int(text)
