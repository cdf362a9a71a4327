"""Parquet files: typed already, so only their size and their types are checked."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from forecast.errors import FileError, MissingPackageError, NumberError
from forecast.reading.rawtables import refuse_many_columns, refuse_twins

__all__ = ["read_parquet_table"]

_PLAIN_TYPES = (
    *("integer", "floating", "decimal", "boolean", "date", "timestamp", "null"),
    *("string", "large_string", "string_view"),  # the last is not in older Arrow
)
# The name that pandas gives an index without one.
_NAMELESS_INDEX = re.compile(r"__index_level_\d+__")


def read_parquet_table(
    data: bytes, *, name: str, max_bytes: int, max_columns: int
) -> pd.DataFrame:
    """Read a Parquet file into a frame without index.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Its name, for messages.
    max_bytes, max_columns : int
        Limits on the unpacked columns.

    Returns
    -------
    DataFrame
        Dictionaries become plain columns, decimals become floats, integers with
        missing values become floats.

    Raises
    ------
    FileError
        F-614 too many columns, F-617 a column name twice, F-624 unpacks to too much,
        F-631 damaged, F-632 nested, binary or extension types.
    NumberError
        F-283 integers that a float cannot hold beside missing values.
    MissingPackageError
        When pyarrow is not installed.
    """
    try:
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingPackageError.of("pyarrow", "files", "reading Parquet") from error
    with _told_as_damage(name):
        file = pq.ParquetFile(io.BytesIO(data))
        metadata, schema = file.metadata, file.schema_arrow
        groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
        unpacked = sum(group.total_byte_size for group in groups)
        unpacked = max(unpacked, metadata.num_rows * len(schema.names))
    _check(schema, unpacked, _Room(name, max_bytes, max_columns))
    with _told_as_damage(name):
        table = file.read()
    kept = [n for n in table.column_names if not _NAMELESS_INDEX.fullmatch(n)]
    plain = [_plain(table.column(column), column) for column in kept]
    frame: pd.DataFrame = (
        type(table).from_arrays(plain, names=kept).to_pandas(date_as_object=False)
    )
    frame.attrs["reading"] = []
    return frame


@dataclass(frozen=True, slots=True)
class _Room:
    """How large a table may be."""

    name: str
    max_bytes: int
    max_columns: int


@contextlib.contextmanager
def _told_as_damage(name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # Arrow raises many kinds, some of them its own
        raise FileError(
            f"{name!r} is a damaged Parquet file ({error})".replace("\n", " "),
            code="F-631",
            remedy="Write or fetch it again.",
        ) from error


def _check(schema: Any, unpacked: int, room: _Room) -> None:
    """Judge a file by its schema and by what it says of its size."""
    if unpacked > room.max_bytes:
        raise FileError(
            f"{room.name!r} unpacks to {unpacked:,} bytes, more than"
            f" max_bytes={room.max_bytes:,}",
            code="F-624",
            remedy="If you trust the file, raise max_bytes.",
        )
    refuse_many_columns(len(schema.names), room.max_columns, room.name)
    refuse_twins(schema.names, room.name)
    strange = [f"{f.name}: {f.type}" for f in schema if not _is_plain(f.type)]
    if strange:
        raise FileError(
            f"{len(strange)} columns of {room.name!r} hold no plain values",
            code="F-632",
            count=len(strange),
            examples=strange,
            remedy="Write them as text, numbers or dates, one value in a cell.",
        )


def _is_plain(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return _is_plain(kind.value_type)
    judges = (getattr(pa.types, f"is_{name}", None) for name in _PLAIN_TYPES)
    return any(judge(kind) for judge in judges if judge is not None)


def _plain(column: Any, name: str) -> Any:
    """The column without dictionary, decimals, or integers that have gaps."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_decimal(column.type):
        return column.cast(pa.float64())
    if not pa.types.is_integer(column.type) or not column.null_count:
        return column
    try:
        return column.cast(pa.float64())
    except pa.ArrowInvalid as error:
        raise NumberError(
            f"column {name!r} holds integers that no float can hold, and missing values",
            code="F-283",
            column=name,
            remedy="If they are identifiers, write them as text.",
        ) from error
