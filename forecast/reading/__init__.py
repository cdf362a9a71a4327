"""Readers for the files that analysts really have: CSV, Excel, Parquet.

`read_table` is the door; `parse_numbers` reads one column of numbers in local
notation; `bundle_member` gives a path that cannot leave its folder. Whatever is found
out or repaired is told in ``frame.attrs["reading"]``; whatever cannot be read in one
way only is a named error.
"""

from __future__ import annotations

from forecast.reading.numerals import parse_numbers
from forecast.reading.snapshots import bundle_member, read_bytes
from forecast.reading.tables import read_table

__all__ = ["bundle_member", "parse_numbers", "read_bytes", "read_table"]
