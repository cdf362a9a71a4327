"""How a study tells what it is doing."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress"]

Progress = Callable[[str], None]
"""Is called with a few words before each step."""
