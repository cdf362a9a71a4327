"""What the machine code of a kernel depends on, as one short text.

numba keeps a compiled function until the file that defines it changes. A kernel also
depends on the kernels it calls, which may stand in other files, and on constants of
other modules. The fingerprint covers all of these, and nothing else: a comment or a
kernel that is not called leaves it as it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from types import CodeType, ModuleType
from typing import Any

import numpy as np

__all__ = ["fingerprint"]

PLAIN = (bool, int, float, complex, str, bytes, type(None), np.generic)


def fingerprint(function: Callable[..., Any]) -> str:
    """Digest of `function`, of all kernels that it calls and of the constants they use.

    Parameters
    ----------
    function : function
        A plain one; whatever it calls that has an attribute ``py_func`` is a kernel.

    Returns
    -------
    str
        SHA-256 in hexadecimal digits, the same in every process.

    Examples
    --------
    >>> def twice(x):
    ...     return 2 * x
    >>> fingerprint(twice) == fingerprint(twice), len(fingerprint(twice))
    (True, 64)
    """
    digest = hashlib.sha256()
    for part in _parts(function, set()):
        digest.update(f"{len(part)}:".encode())
        digest.update(part)
    return digest.hexdigest()


def _parts(function: Callable[..., Any], seen: set[object]) -> Iterator[bytes]:
    """Byte strings that together determine the machine code of `function`."""
    if id(function) in seen:  # kernels may call each other
        return
    seen.add(id(function))
    code = function.__code__
    names = tuple(sorted(set(_names(code))))
    used = [
        function.__defaults__,
        *(cell.cell_contents for cell in function.__closure__ or ()),
        *(function.__globals__.get(name) for name in names),
    ]
    yield f"{function.__module__}.{function.__qualname__}".encode()
    yield from _code_parts(code)
    for value in used:
        yield from _value_parts(value, names, seen)


def _code_parts(code: CodeType) -> Iterator[bytes]:
    """Instructions, names and literals, without line numbers and file names."""
    yield code.co_code
    yield repr((code.co_names, code.co_varnames, code.co_freevars)).encode()
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code_parts(constant)
        elif isinstance(constant, frozenset):  # printed in an order of its own
            yield repr(sorted(map(repr, constant))).encode()
        else:
            yield repr(constant).encode()


def _value_parts(
    value: object, names: tuple[str, ...], seen: set[object]
) -> Iterator[bytes]:
    """A kernel, a constant that numba freezes into the code, or a name."""
    inner = getattr(value, "py_func", None)
    if inner is not None:
        yield from _parts(inner, seen)
    elif isinstance(value, ModuleType):  # `module.kernel(...)`: what of it is named
        if (id(value), names) not in seen:
            seen.add((id(value), names))
            for name in names:
                yield from _value_parts(vars(value).get(name), names, seen)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _value_parts(item, names, seen)
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype.str}{value.shape}".encode()
        yield value.tobytes()
    elif isinstance(value, PLAIN):
        yield f"{type(value).__name__} {value!r}".encode()
    else:  # a type or a function of NumPy or Python; their versions are known elsewhere
        yield str(getattr(value, "__qualname__", type(value).__qualname__)).encode()


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
