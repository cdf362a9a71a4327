"""When and where figures were measured: no figure without them."""

from __future__ import annotations

import datetime as dt
import os
import platform
from pathlib import Path

__all__ = ["describe_machine"]


def describe_machine() -> dict[str, str]:
    """Date, processor, memory and system; figures of other machines do not compare."""
    import numba
    import numpy as np
    import pandas as pd

    return {
        "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{os.cpu_count()} x {processor()}",
        "memory": memory(),
        "system": platform.platform(terse=True),
        "python": f"{platform.python_version()}, numpy {np.__version__}, "
        f"pandas {pd.__version__}, numba {numba.__version__}",
        "load before": busy(),
    }


def processor() -> str:
    """The model, which `platform` tells on few systems."""
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for line in listed.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def memory() -> str:
    try:
        size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return "unknown"
    return f"{size / 1024**3:.0f} GiB"


def busy() -> str:
    """How many processes ran in the last minute: above 0.5, figures are not to be kept."""
    return f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"
