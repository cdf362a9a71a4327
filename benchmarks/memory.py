"""How much more memory a process held at its peak than before.

On Linux the kernel keeps the high-water mark and lets it be reset, so nothing is
sampled and nothing missed. Elsewhere the mark of the whole life of the process stands
in: right unless loading the data took more than the fit.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

__all__ = ["Mark", "extra_megabytes", "set_mark"]

Mark = float | None
STATUS = re.compile(r"^(VmRSS|VmHWM):\s+(\d+) kB", re.MULTILINE)


def set_mark(process_id: int) -> Mark:
    """Megabytes that the process holds now, from where the peak is counted."""
    folder = Path(f"/proc/{process_id}")
    if folder.exists():
        (folder / "clear_refs").write_text("5")  # resets the high-water mark
        return held(folder)["VmRSS"]
    return life_peak(process_id)


def extra_megabytes(process_id: int, mark: Mark) -> float | None:
    """Peak since `set_mark` less what was held then; None where it cannot be told."""
    folder = Path(f"/proc/{process_id}")
    peak = held(folder)["VmHWM"] if folder.exists() else life_peak(process_id)
    return None if peak is None or mark is None else max(0.0, peak - mark)


def held(folder: Path) -> dict[str, float]:
    """Megabytes resident now and at the high-water mark."""
    found = STATUS.findall((folder / "status").read_text())
    return {name: int(kilobytes) / 1024 for name, kilobytes in found}


def life_peak(process_id: int) -> float | None:
    if process_id != os.getpid() or sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)
