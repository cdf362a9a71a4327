"""Fetching public sets: the folder first, the hash always, the network last."""

from __future__ import annotations

import builtins
import hashlib
import subprocess
import sys

import pytest

from forecast import datasets
from forecast.datasets import downloads
from forecast.errors import FileError, MissingPackageError

PUBLIC = "separation/fe1.csv"
RESHAPED = "us_monthly/us_monthly_trade_1985_2010.parquet"
# A published case of separation (ppmlhdfe, MIT licence), byte for byte.
FE1 = (
    "y,x1,x2,i,j\n2,0,0,2,1\n0,0,0,4,2\n0,0,0,1,1\n1,1,0,4,3\n0,0,1,2,2\n0,0,0,2,2\n"
    "1,0,0,5,4\n0,1,2,2,3\n1,0,0,1,1\n0,0,0,2,2\n0,2,0,1,3\n0,0,0,1,3\n0,1,0,2,2\n"
    "0,0,1,5,2\n0,0,1,2,4\n0,0,0,1,2\n0,0,0,1,1\n2,0,0,1,2\n"
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder of FORECAST_DATA."""
    monkeypatch.setenv("FORECAST_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def no_folder(monkeypatch):
    monkeypatch.delenv("FORECAST_DATA", raising=False)


def put(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def never(*args, **options):
    raise AssertionError("the network was asked")


# ------------------------------------------------------------- the registry


def test_the_registry_knows_hash_licence_and_origin_of_every_set():
    table = datasets.available()
    assert table["name"].is_unique
    assert table["sha256"].str.fullmatch(r"[0-9a-f]{64}").all()
    assert (table["bytes"] > 0).all()
    assert (table[["licence", "content", "source", "form"]] != "").all(axis=None)


def test_only_files_as_published_are_public_and_at_a_fixed_commit():
    table = downloads._registry()
    public = table[table["url"] != ""]
    assert (public["form"] == "as published").all()
    assert public["url"].str.contains(r"^https://.*/[0-9a-f]{40}/").all()
    assert not public["licence"].str.contains("GPL|do not").any()
    assert PUBLIC in set(public["name"])


def test_available_tells_what_lies_in_the_folder(folder):
    put(folder, PUBLIC, FE1)
    here = datasets.available().set_index("name")["here"]
    assert here[PUBLIC]
    assert here.sum() == 1


# ------------------------------------------------------------- from the folder


def test_a_set_in_the_folder_needs_no_network(folder, monkeypatch):
    path = put(folder, PUBLIC, FE1)
    monkeypatch.setattr(downloads, "_download", never)
    assert datasets.fetch(PUBLIC) == path


def test_a_changed_file_in_the_folder_is_refused_and_not_replaced(folder, monkeypatch):
    path = put(folder, PUBLIC, FE1.replace("2,0,0,2,1", "3,0,0,2,1"))
    before = path.read_bytes()
    monkeypatch.setattr(downloads, "_download", never)
    with pytest.raises(FileError, match=r"F-691: 'fe1.csv' in FORECAST_DATA"):
        datasets.fetch(PUBLIC)
    assert path.read_bytes() == before


def test_a_reshaped_set_that_is_not_there_says_where_it_would_come_from(folder):
    with pytest.raises(FileError, match="F-692") as caught:
        datasets.fetch(RESHAPED)
    assert "folder of FORECAST_DATA does not hold it" in str(caught.value)
    assert "unrealwork/atsd-use-cases@" in str(caught.value)


def test_without_a_folder_the_remedy_is_to_name_one(no_folder):
    with pytest.raises(FileError, match=r"F-692.*Set FORECAST_DATA"):
        datasets.fetch(RESHAPED)


def test_a_folder_that_is_none_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("FORECAST_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileError, match="F-694"):
        datasets.fetch(PUBLIC)
    with pytest.raises(FileError, match="F-694"):
        datasets.available()


@pytest.mark.parametrize("name", ["", "us_monthly", "../secrets", "separation/fe9.csv"])
def test_an_unknown_name_is_refused(name, folder):
    with pytest.raises(FileError, match="F-690"):
        datasets.fetch(name)


def test_an_unknown_name_is_met_with_a_guess():
    with pytest.raises(FileError, match=r"Did you mean \['separation/fe1.csv'"):
        datasets.fetch("seperation/fe1.csv")


# ------------------------------------------------------------- from the network


@pytest.fixture
def pooch(monkeypatch, tmp_path):
    """The real pooch, with a cache of its own."""
    package = pytest.importorskip("pooch")
    monkeypatch.setattr(package, "os_cache", lambda name: tmp_path / "cache" / name)
    return package


def test_a_public_set_is_asked_for_with_its_hash(
    no_folder, pooch, monkeypatch, tmp_path
):
    asked = {}

    def retrieve(url, known_hash, fname, path):
        asked.update(url=url, known_hash=known_hash, fname=fname, path=path)
        return str(tmp_path / "file")

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    assert datasets.fetch(PUBLIC) == tmp_path / "file"
    assert asked["known_hash"] == "sha256:" + hashlib.sha256(FE1.encode()).hexdigest()
    assert asked["url"].endswith("/guides/csv/fe1.csv")


def test_a_set_in_the_cache_is_not_downloaded_again(folder, pooch):
    put(pooch.os_cache("turnover-forecast"), "separation-fe1.csv", FE1)
    path = datasets.fetch(PUBLIC)
    assert path.read_bytes() == FE1.encode()


def test_without_a_network_the_error_says_what_to_do(
    no_folder, pooch, network_attempts
):
    with pytest.raises(FileError, match=r"F-693.*could not be downloaded") as caught:
        datasets.fetch(PUBLIC)
    assert "Set FORECAST_DATA" in str(caught.value)
    assert network_attempts
    network_attempts.clear()


def test_without_pooch_the_error_names_the_extra(no_folder, monkeypatch):
    original = builtins.__import__

    def refuse(name, *args, **options):
        if name == "pooch":
            raise ImportError(name)
        return original(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingPackageError, match=r"turnover-forecast\[data\]"):
        datasets.fetch(PUBLIC)


def test_importing_loads_neither_pooch_nor_statsmodels_nor_scipy():
    script = (
        "import sys, forecast.datasets; "
        "print([m for m in ('pooch', 'requests', 'scipy', 'statsmodels') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


# ------------------------------------------------------------- the real files


@pytest.mark.reference
def test_every_registered_set_lies_in_the_folder_with_its_hash(reference_data):
    reference_data("separation")
    names = datasets.available()["name"]
    assert all(datasets.fetch(name).is_file() for name in names)
