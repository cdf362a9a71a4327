"""Public data sets that are too large to ship, each checked by its SHA-256.

The folder named by the environment variable ``FORECAST_DATA`` is looked at first, and
then no network is needed. Files that are byte-identical to a public file are fetched
from there (at a fixed commit) by pooch when the folder does not hold them. Files that
were reshaped for this project have no public address of their own: the registry knows
their hash and their origin, and they come from ``FORECAST_DATA`` only.
"""

from __future__ import annotations

import difflib
import hashlib
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pandas as pd

from forecast.errors import FileError, MissingPackageError

__all__ = ["available", "fetch"]

VARIABLE = "FORECAST_DATA"
CACHE = "turnover-forecast"
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class PublicFile:
    """One line of the registry ``data/downloads.csv``.

    Attributes
    ----------
    name : str
        Path below ``FORECAST_DATA``, for example ``"us_monthly/....parquet"``.
    sha256 : str
    url : str
        Empty where the file was reshaped and has no public address.
    source : str
        Where the data come from, at a fixed commit.
    """

    name: str
    sha256: str
    url: str
    source: str


def available() -> pd.DataFrame:
    """List the data sets that `fetch` knows.

    Returns
    -------
    DataFrame
        `name`, `bytes`, `public` (True: it can be downloaded; False: it comes from
        ``FORECAST_DATA`` only), `here` (True: it lies in ``FORECAST_DATA``; its hash
        is checked by `fetch`), `form` ("as published" or "reshaped"), `licence`,
        `content`, `source`, `sha256`.

    Raises
    ------
    FileError
        F-694: ``FORECAST_DATA`` is set to something that is no folder.

    Examples
    --------
    >>> from forecast import datasets
    >>> sets = datasets.available().set_index("name")
    >>> bool(sets.loc["avw_feenstra/raw_trade_93.csv", "public"])
    True
    """
    table = _registry()
    folder = _folder()
    here = [folder is not None and (folder / name).is_file() for name in table["name"]]
    columns = [
        "name",
        "bytes",
        "public",
        "here",
        "form",
        "licence",
        "content",
        "source",
    ]
    listed = table.assign(public=table["url"] != "", here=here)
    return listed.astype({"bytes": "int64"})[[*columns, "sha256"]]


def fetch(name: str) -> Path:
    """Path of a public data set on this machine, after its hash was checked.

    Parameters
    ----------
    name : str
        As listed by `available`, for example ``"separation/fe1.csv"``.

    Returns
    -------
    Path
        The file below ``FORECAST_DATA``, or in pooch's cache.

    Raises
    ------
    FileError
        F-690 unknown name; F-691 the file in ``FORECAST_DATA`` is another one (its
        hash differs); F-692 it is not there and has no public address; F-693 the
        download failed; F-694 ``FORECAST_DATA`` is no folder.
    MissingPackageError
        F-900: a download needs pooch.

    Examples
    --------
    >>> from forecast import datasets
    >>> path = datasets.fetch("separation/fe1.csv")  # doctest: +SKIP
    """
    wanted = _look_up(name)
    folder = _folder()
    if folder is not None and (folder / name).is_file():
        return _verified(folder / name, wanted)
    if not wanted.url:
        raise FileError(
            f"data set {name!r} is not on this machine and has no public address",
            code="F-692",
            remedy=f"{_advice(folder)} It was reshaped from {wanted.source}.",
        )
    return _download(wanted, folder)


def _registry() -> pd.DataFrame:
    path = resources.files("forecast.datasets") / "data" / "downloads.csv"
    with path.open(encoding="utf-8") as file:
        return pd.read_csv(file, dtype=str, keep_default_na=False)


def _look_up(name: str) -> PublicFile:
    table = _registry()
    found = table[table["name"] == name]
    if found.empty:
        near = difflib.get_close_matches(str(name), table["name"], n=3, cutoff=0.4)
        meant = f"Did you mean {near}? " if near else ""
        raise FileError(
            f"no data set {name!r} in the registry",
            code="F-690",
            remedy=f"{meant}datasets.available() lists all {len(table)}.",
        )
    row = found.iloc[0]
    return PublicFile(row["name"], row["sha256"], row["url"], row["source"])


def _folder() -> Path | None:
    """Folder of ``FORECAST_DATA``, or None where the variable is not set."""
    value = os.environ.get(VARIABLE, "")
    if not value:
        return None
    folder = Path(value)
    if not folder.is_dir():
        raise FileError(
            f"{VARIABLE} is set to {value!r}, which is no folder",
            code="F-694",
            remedy="Point it to a folder that holds the data sets, or unset it.",
        )
    return folder


def _verified(path: Path, wanted: PublicFile) -> Path:
    got = _sha256(path)
    if got != wanted.sha256:
        raise FileError(
            f"{path.name!r} in {VARIABLE} is not the data set {wanted.name!r}",
            code="F-691",
            examples=[f"SHA-256 {got[:12]}… instead of {wanted.sha256[:12]}…"],
            remedy="The file was changed or cut off; copy it again or remove it.",
        )
    return path


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _download(wanted: PublicFile, folder: Path | None) -> Path:
    """Let pooch fetch the file into its cache and check the hash."""
    try:
        import pooch
    except ImportError as error:
        raise MissingPackageError.of("pooch", "data", "downloading data") from error
    try:
        path = pooch.retrieve(
            wanted.url,
            known_hash=f"sha256:{wanted.sha256}",
            fname=wanted.name.replace("/", "-"),
            path=pooch.os_cache(CACHE),
        )
    except Exception as error:  # requests, urllib3, OSError, ValueError for the hash
        raise FileError(
            f"data set {wanted.name!r} could not be downloaded from {wanted.url}",
            code="F-693",
            examples=[f"{type(error).__name__}: {error}"],
            remedy=_advice(folder),
        ) from error
    return Path(path)


def _advice(folder: Path | None) -> str:
    if folder is None:
        return f"Set {VARIABLE} to a folder that holds it."
    return f"The folder of {VARIABLE} does not hold it: put it there."
