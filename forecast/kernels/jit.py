"""The one decorator that knows numba.

A kernel is compiled at its first call, not at import; only then is numba imported.
The compiled code is kept on disk (`forecast.kernels.machine_code`). Where numba cannot
be imported, or ``NUMBA_DISABLE_JIT=1``, the kernel runs as the plain Python it is
written in: slow, with the same numbers up to rounding.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from forecast.kernels.cache_folder import cache_folder, say_once
from forecast.kernels.machine_code import KernelCache

__all__ = ["Kernel", "Warmth", "jit", "jit_apart", "jit_exact", "on_warmup", "warmup"]

F = TypeVar("F", bound=Callable[..., Any])

# Sums may be regrouped and so use SIMD; NaN and infinity keep their meaning.
REGROUPED = frozenset({"reassoc", "contract", "nsz", "arcp"})
IN_ORDER = frozenset({"contract"})

_kernels: list[Kernel] = []
_warmups: list[Callable[[], object]] = []


def jit(function: F) -> F:
    """Compile `function` at its first call, without the GIL, and keep the result on disk.

    Sums may be regrouped, always in the same way for the same code and machine, so the
    result does not depend on the number of threads. That holds for loops that add up
    and store nothing: where a loop does both, compiled code looks at the addresses of
    arrays to choose between two ways. So store in one loop and add in the next. Division by zero gives infinity or
    NaN as in NumPy. Kernels may call kernels. They load quickest if they are loops:
    functions of NumPy on whole arrays (``np.sum``, ``np.sort``, ``np.dot``; not
    ``np.empty`` or ``np.exp`` of a number) make the first load 0.2 s longer.

    Parameters
    ----------
    function : function
        A plain one, of arrays and numbers. It raises nothing and checks nothing.

    Returns
    -------
    Kernel
        Called as the function; the function itself is its ``py_func``.

    Examples
    --------
    >>> @jit
    ... def total(values):
    ...     result = 0.0
    ...     for i in range(values.size):
    ...         result += values[i]
    ...     return result
    >>> total(np.arange(4.0))
    6.0
    """
    return cast(F, Kernel(function, REGROUPED))


def jit_apart(function: F) -> F:
    """As `jit`, for arrays that never overlap where one of them is written.

    The compiler is told so. Its loops then need no look at addresses, which takes as long
    as a short loop itself. Who passes two views of one memory, and writes to one, gets
    whatever comes out.
    """
    return cast(F, Kernel(function, REGROUPED, apart=True))


def jit_exact(function: F) -> F:
    """As `jit`, for arithmetic whose order matters: products and sums are not regrouped."""
    return cast(F, Kernel(function, IN_ORDER))


class Kernel:
    """A function that compiles itself when it is first called.

    Attributes
    ----------
    py_func : function
        The function as written.
    """

    __qualname__: str

    def __init__(
        self,
        function: Callable[..., Any],
        fastmath: frozenset[str],
        *,
        apart: bool = False,
    ) -> None:
        functools.update_wrapper(self, function)
        self.py_func = function
        self._fastmath = fastmath
        self._apart = apart
        self._ready: Callable[..., Any] | None = None
        self._call: Callable[..., Any] = self._first_call
        _kernels.append(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run compiled, or plainly where there is no numba."""
        return self._call(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<kernel {self.__module__}.{self.__qualname__}>"

    def __reduce__(self) -> str:
        """Pickled by name, as functions are."""
        return self.__qualname__

    @property
    def _numba_type_(self) -> Any:
        """What numba sees where another kernel calls this one."""
        from numba import types

        return types.Dispatcher(self._prepared())

    def _first_call(self, *args: Any, **kwargs: Any) -> Any:
        self._call = self._prepared()
        return self._call(*args, **kwargs)

    def _prepared(self) -> Callable[..., Any]:
        if self._ready is None:
            lock = _numba_lock()
            if lock is None:
                return _plain(self.py_func)
            with lock:  # two threads may be here; one dispatcher for both
                if self._ready is None:
                    self._ready = _dispatcher(
                        self.py_func, self._fastmath, apart=self._apart
                    )
        return self._ready

    @property
    def counts(self) -> tuple[int, int]:
        """How many signatures were loaded from disk and how many were compiled."""
        stats = getattr(self._ready, "stats", None)
        if stats is None:
            return 0, 0
        return sum(stats.cache_hits.values()), sum(stats.cache_misses.values())


@functools.cache
def _numba_lock() -> Any:
    """The lock of numba around compiling, or None where numba cannot be imported.

    A process forked while another thread compiles would wait for that thread for ever;
    so forking waits until nobody compiles.
    """
    try:
        import numba  # noqa: F401
        from numba.core.compiler_lock import global_compiler_lock as lock
    except (
        Exception
    ) as error:  # numba also refuses versions of NumPy, with other errors
        say_once(
            f"numba cannot be imported ({error}); kernels run as slow plain Python."
        )
        return None
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=lock.acquire,
            after_in_parent=lock.release,
            after_in_child=lock.release,
        )
    return lock


def _dispatcher(
    function: Callable[..., Any], fastmath: frozenset[str], *, apart: bool
) -> Callable[..., Any]:
    import numba

    pipeline: dict[str, Any] = {"pipeline_class": _compiler_apart()} if apart else {}
    compiled = numba.njit(
        function, nogil=True, error_model="numpy", fastmath=set(fastmath), **pipeline
    )
    if compiled is function:  # NUMBA_DISABLE_JIT
        return _plain(function)
    options = sorted(fastmath) + ["apart"] * apart
    compiled._cache = KernelCache(function, ",".join(options))
    return cast(Callable[..., Any], compiled)


@functools.cache
def _compiler_apart() -> type:
    """Numba's compiler with the promise that no two arguments share memory."""
    from numba.core.compiler import Compiler

    class CompilerApart(Compiler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)  # type: ignore[no-untyped-call]
            self.state.flags.noalias = True

    return CompilerApart


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """Run as Python, as silent about division by zero and overflow as compiled code."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*args, **kwargs)

    return run


@dataclass(frozen=True)
class Warmth:
    """What a `warmup` found.

    Attributes
    ----------
    loaded : int
        Kernels (one for each signature) that were taken from disk.
    compiled : int
        Kernels that had to be compiled.
    folder : Path or None
        Where they are kept; None if they are not.
    """

    loaded: int
    compiled: int
    folder: Path | None

    def __str__(self) -> str:
        where = f"kept in {self.folder}" if self.folder else "not kept"
        return f"{self.compiled} kernels compiled, {self.loaded} loaded; {where}"


def on_warmup(call: F) -> F:
    """Let `warmup` make `call()`, a small use of kernels at the types of real data.

    A decorator for the floors above, which know what such a use is.
    """
    _warmups.append(call)
    return call


def warmup() -> Warmth:
    """Make every registered small call, so that later processes find compiled kernels.

    Returns
    -------
    Warmth
        Counts since this process began.
    """
    for call in _warmups:
        call()
    counts = [kernel.counts for kernel in _kernels]
    return Warmth(
        loaded=sum(loaded for loaded, _ in counts),
        compiled=sum(compiled for _, compiled in counts),
        folder=cache_folder(),
    )
