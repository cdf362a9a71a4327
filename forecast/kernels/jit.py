"""The one decorator that knows numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["jit"]

F = TypeVar("F", bound=Callable[..., Any])


def jit(function: F) -> F:
    """Compile `function` at its first call, without the GIL, and keep the result on disk."""
    import numba

    return numba.njit(
        function,
        cache=True,
        nogil=True,
        error_model="numpy",
        fastmath={"reassoc", "contract", "nsz", "arcp"},
    )
