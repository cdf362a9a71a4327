"""The cache that numba asks before it compiles a kernel.

numba's own cache raises where nothing can be written, ends the process on damaged files
and does not notice that a called kernel has changed. `KernelCache` takes its place: one
file for each kernel and signature, found by a key that names everything the machine code
depends on (`forecast.kernels.fingerprints`), believed only if whole
(`forecast.kernels.cache_folder`).
"""

from __future__ import annotations

import functools
import hashlib
import logging
import pickle
import platform
import re
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import numpy as np

from forecast.kernels.cache_folder import SUFFIX, cache_folder, keep_file, read_file
from forecast.kernels.fingerprints import fingerprint

__all__ = ["KernelCache"]

log = logging.getLogger("forecast.kernels")

# Settings of numba that change the code but are not in the signature.
SETTINGS = (
    "BOUNDSCHECK",
    "CPU_FEATURES",
    "CPU_NAME",
    "DEBUGINFO_DEFAULT",
    "DISABLE_INTEL_SVML",
    "ENABLE_AVX",
    "LLVM_REFPRUNE_PASS",
    "LOOP_VECTORIZE",
    "NRT_STATS",
    "OPT",
    "SLP_VECTORIZE",
    "USING_SVML",
)


class KernelCache:
    """Compiled signatures of one kernel, in the form that numba's dispatcher asks for.

    Parameters
    ----------
    function : function
        The kernel as written.
    options : str
        How it is compiled.
    """

    cache_path = None

    def __init__(self, function: Callable[..., Any], options: str) -> None:
        self._function = function
        self._options = options

    @functools.cached_property
    def _fingerprint(self) -> str:
        return fingerprint(self._function)

    def load_overload(self, signature: object, context: Any) -> Any:
        """The compiled kernel for `signature`, or None if it is not kept whole."""
        place = self._place(signature, context)
        content = read_file(*place) if place else None
        if content is None:
            return None
        try:
            return _unpack(content, context)
        except Exception:  # of whatever kind: then compile
            log.debug("Kernel %s is compiled anew", place, exc_info=True)
            return None

    def save_overload(self, signature: object, result: Any) -> None:
        """Keep a compiled kernel, if its code does not hold addresses of this process."""
        if result.lifted or result.library.has_dynamic_globals:
            return
        place = self._place(signature, result.target_context)
        if place:
            keep_file(*place, _pack(result))

    def flush(self) -> None:
        """Nothing: a kernel compiled anew takes the place of the old one."""

    def _place(self, signature: object, context: Any) -> tuple[Path, str] | None:
        """File and key of `signature`; None where nothing is kept."""
        folder = cache_folder()
        text = repr(signature)
        if folder is None or " at 0x" in text:  # an address: of this process only
            return None
        name = f"{self._function.__module__}.{self._function.__qualname__}"
        key = f"{name}\n{text}\n{self._options}\n{self._fingerprint}\n"
        readable = re.sub(r"[^\w.]", "", name)[-80:]
        file = f"{readable}-{hashlib.sha256(key.encode()).hexdigest()[:24]}{SUFFIX}"
        surroundings, digest = _surroundings(context)
        return folder / surroundings / file, key + digest


@functools.lru_cache(maxsize=1)
def _surroundings(context: Any) -> tuple[str, str]:
    """Name of the folder for this library, Python, numba, machine and settings."""
    import numba

    version = sys.modules["forecast"].__version__  # above all floors, so not imported
    parts = (
        version,
        sys.implementation.cache_tag,
        getattr(sys, "abiflags", ""),
        platform.machine(),
        numba.__version__,
        import_module("llvmlite").__version__,
        np.__version__,
        context.codegen().magic_tuple(),  # the CPU and what it can do
        [(name, getattr(numba.config, name, None)) for name in SETTINGS],
    )
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()
    tag = sys.implementation.cache_tag
    return f"{version}-{tag}-numba-{numba.__version__}-{digest[:12]}", digest


def _pack(result: Any) -> bytes:
    parts = (_outside_symbols(result.library), result._reduce())
    return cast(bytes, import_module("numba.core.serialize").dumps(parts))


def _unpack(content: bytes, context: Any) -> Any:
    """The compiled kernel from what `_pack` made of it.

    numba would first load its whole knowledge of NumPy (0.2-0.4 s, SciPy's linear
    algebra included), which only compiling needs. Loaded code needs the run-time
    library; whether anything else is missing is seen from the names of the symbols, as
    a missing one ends the process.
    """
    symbols, parts = pickle.loads(content)
    import_module("numba.core.runtime").rtsys.initialize(context)
    if not _are_known(symbols):
        context.refresh()
    return import_module("numba.core.compiler").CompileResult._rebuild(context, *parts)


def _outside_symbols(library: Any) -> tuple[str, ...] | None:
    """Names that the machine code takes from elsewhere; None if that cannot be told."""
    try:
        module = library._final_module
        named = [*module.functions, *module.global_variables]
        outside = {value.name for value in named if value.is_declaration}
    except AttributeError:
        return None
    return tuple(sorted(name for name in outside if not name.startswith("llvm.")))


def _are_known(symbols: Iterable[str] | None) -> bool:
    if symbols is None:
        return False
    return all(map(import_module("llvmlite.binding").address_of_symbol, symbols))
