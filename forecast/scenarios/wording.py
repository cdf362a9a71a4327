"""Numbers in sentences."""

from __future__ import annotations

__all__ = ["number"]


def number(value: float, form: str = ",.4g") -> str:
    """Write a number with a minus that is one.

    Examples
    --------
    >>> number(-1234.5, "+,.1f")
    '−1,234.5'
    """
    return f"{value:{form}}".replace("-", "−")
