"""Compiled kernels are quick to have, never stale, and never the reason of a crash."""

from __future__ import annotations

import importlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import textwrap
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import forecast
from forecast.kernels import cache_folder as keeping
from forecast.kernels import jit as jitting
from forecast.kernels import machine_code
from forecast.kernels.fingerprints import fingerprint

CALLER = """
import numpy as np
import tiny_constants
from forecast.kernels.jit import jit
from tiny_callee import halved

@jit
def total(values):
    result = 0.0
    for i in range(values.size):
        result += halved(values[i])
    return result

@jit
def scaled(values):
    result = np.empty(values.size)
    for i in range(values.size):
        result[i] = tiny_constants.FACTOR * values[i]
    return result

@jit
def spoilt(values, i):
    return values[i] / 0.0
"""
CALLEE = """
from forecast.kernels.jit import jit

@jit
def halved(value):
    return value / 2.0
"""
MODULES = {
    "tiny_caller": CALLER,
    "tiny_callee": CALLEE,
    "tiny_constants": "FACTOR = 3.0",
}
VALUES = np.arange(6.0)
SETTINGS = {"NUMBA_DISABLE_JIT", "NUMBA_BOUNDSCHECK"}  # of this process only

pytestmark = pytest.mark.skipif(
    os.environ.get("NUMBA_DISABLE_JIT", "0") != "0", reason="nothing is compiled"
)


class Workshop:
    """A folder of three small modules, and a folder where their kernels are kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept = folder / "kept"
        for name, text in MODULES.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        (self.folder / f"{name}.py").write_text(text)

    def load(self) -> ModuleType:
        """The kernels as a new process has them: nothing compiled yet."""
        for name in MODULES:
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        return importlib.import_module("tiny_caller")

    def files(self) -> list[Path]:
        return sorted(self.kept.glob("*/*"))

    def environment(self, **variables: str) -> dict[str, str]:
        return {
            **{name: os.environ[name] for name in os.environ if name not in SETTINGS},
            "PYTHONPATH": str(self.folder),
            "FORECAST_CACHE": str(self.kept),
            **variables,
        }

    def run(self, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `code` in another process."""
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            env=self.environment(**variables),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    made = Workshop(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # sources change in a second
    monkeypatch.setenv("FORECAST_CACHE", str(made.kept))
    monkeypatch.setattr(keeping, "_said", set())
    return made


# Compiling and loading


def test_a_second_process_loads_what_the_first_compiled(workshop: Workshop) -> None:
    code = """
        import json, sys
        import numpy as np
        import forecast, tiny_caller
        assert "numba" not in sys.modules, "importing kernels imports numba"
        values = np.arange(6.0)
        answers = [tiny_caller.total(values), tiny_caller.scaled(values).tolist()]
        from forecast.kernels.jit import warmup
        found = warmup()
        scipy = "scipy.linalg" in sys.modules
        print(json.dumps([answers, found.compiled, found.loaded, scipy]))
    """
    first, second = (json.loads(workshop.run(code).stdout) for _ in ("cold", "warm"))
    answers = [7.5, (3 * VALUES).tolist()]
    assert first == [answers, 3, 0, True]
    # `halved` is inside `total`. Loading needs nothing that only compiling needs.
    assert second == [answers, 0, 2, False]


def test_a_change_in_a_called_kernel_of_another_file_is_noticed(
    workshop: Workshop,
) -> None:
    assert workshop.load().total(VALUES) == 7.5
    workshop.write("tiny_callee", CALLEE.replace("/ 2.0", "/ 4.0"))
    changed = workshop.load()
    assert changed.total(VALUES) == 3.75
    assert changed.total.counts == (0, 1)


def test_a_change_in_a_constant_of_another_file_is_noticed(workshop: Workshop) -> None:
    assert workshop.load().scaled(VALUES)[1] == 3.0
    workshop.write("tiny_constants", "FACTOR = 5.0")
    assert workshop.load().scaled(VALUES)[1] == 5.0


def test_what_a_kernel_does_not_use_leaves_it_as_kept(workshop: Workshop) -> None:
    before = workshop.load()
    before.total(VALUES)
    workshop.write("tiny_constants", "FACTOR = 5.0")
    workshop.write("tiny_caller", "# A remark.\n" + CALLER.replace("/ 0.0", "/ 1.0"))
    after = workshop.load()
    assert after.total(VALUES) == 7.5
    assert after.total.counts == (1, 0)


def test_another_version_of_the_library_keeps_kernels_apart(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.load().total(VALUES)
    monkeypatch.setattr(forecast, "__version__", "99.0")
    machine_code._surroundings.cache_clear()
    other = workshop.load()
    other.total(VALUES)
    machine_code._surroundings.cache_clear()
    assert other.total.counts == (0, 1)
    assert any(path.parent.name.startswith("99.0-") for path in workshop.files())


def test_kernels_with_bounds_checks_are_kept_apart(workshop: Workshop) -> None:
    code = """
        import numpy as np
        from tiny_caller import spoilt
        print(spoilt(np.ones(3), {index}))
    """
    assert workshop.run(code.format(index=0)).stdout == "inf\n"
    checked = workshop.run(code.format(index=7), NUMBA_BOUNDSCHECK="1")
    assert "IndexError" in checked.stderr
    assert len({path.parent for path in workshop.files()}) == 2


def test_a_promise_that_arrays_lie_apart_is_kept_apart(workshop: Workshop) -> None:
    """The same function with the promise and without is compiled twice, both right."""
    answers = [workshop.load().scaled(VALUES).tolist()]
    promised = CALLER.replace("import jit\n", "import jit_apart as jit\n")
    workshop.write("tiny_caller", promised)
    caller = workshop.load()
    answers.append(caller.scaled(VALUES).tolist())
    assert caller.scaled.counts == (0, 1), "loaded what was compiled without it"
    (compiled,) = caller.scaled._ready.overloads.values()
    assert compiled.fndesc.noalias, "the compiler was not told"
    assert answers == [(3 * VALUES).tolist()] * 2


def test_the_same_bits_loaded_as_compiled(workshop: Workshop) -> None:
    values = np.random.default_rng(0).normal(size=10_001)
    compiled, loaded = workshop.load(), workshop.load()
    assert compiled.total(values) == loaded.total(values)
    assert (compiled.total.counts, loaded.total.counts) == ((0, 1), (1, 0))


def test_kernels_keep_name_text_and_place(workshop: Workshop) -> None:
    import pickle

    kernel = workshop.load().total
    assert repr(kernel) == "<kernel tiny_caller.total>"
    assert kernel.py_func(VALUES) == 7.5
    assert pickle.loads(pickle.dumps(kernel)) is kernel


def test_missing_and_infinite_values_keep_their_meaning(workshop: Workshop) -> None:
    kernels = workshop.load()
    assert np.isnan(kernels.total(np.array([1.0, np.nan])))
    assert np.isnan(kernels.total(np.array([np.inf, -np.inf])))
    assert kernels.total(np.array([np.inf, 1.0])) == np.inf
    assert kernels.spoilt(VALUES, 1) == np.inf


# Without the compiler


def test_without_numba_kernels_run_as_python(
    workshop: Workshop,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    jitting._numba_lock.cache_clear()
    monkeypatch.setitem(sys.modules, "numba", None)
    kernels = workshop.load()
    try:
        assert kernels.total(VALUES) == 7.5
        assert kernels.scaled(VALUES).tolist() == (3 * VALUES).tolist()
        assert kernels.spoilt(VALUES, 1) == np.inf  # as silent as compiled code
    finally:
        jitting._numba_lock.cache_clear()
    assert [r.message[:24] for r in caplog.records] == ["numba cannot be imported"]
    assert not workshop.files()


def test_compiling_can_be_turned_off(workshop: Workshop) -> None:
    code = """
        import numpy as np
        import tiny_caller
        print(tiny_caller.total(np.arange(6.0)), tiny_caller.total.counts)
    """
    assert workshop.run(code, NUMBA_DISABLE_JIT="1").stdout == "7.5 (0, 0)\n"
    assert not workshop.files()


# Where nothing can be kept


@pytest.mark.parametrize(
    "folder",
    [
        "off",
        "tiny_caller.py",  # a file
        "tiny_caller.py/below",
        "open to others",
        "/proc/nowhere",
        "name" * 100,
        "~nobody-of-this-name/cache",
    ],
)
def test_without_a_folder_kernels_run_and_one_line_says_why(
    workshop: Workshop,
    folder: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (workshop.folder / "open to others").mkdir()
    (workshop.folder / "open to others").chmod(0o777)
    monkeypatch.chdir(workshop.folder)
    monkeypatch.setenv("FORECAST_CACHE", folder)
    kernels = workshop.load()
    assert kernels.total(VALUES) == 7.5
    assert kernels.scaled(VALUES)[1] == 3.0
    said = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(said) == (folder != "off")
    assert {p.name for p in workshop.folder.iterdir()} == {
        *(f"{name}.py" for name in MODULES),
        "open to others",
    }


@pytest.mark.parametrize("error", [OSError(28, "No space left"), PermissionError(13)])
def test_a_full_or_read_only_disk_costs_one_line(
    workshop: Workshop,
    error: OSError,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise error

    kernels = workshop.load()
    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    assert kernels.total(VALUES) == 7.5
    assert kernels.scaled(VALUES)[1] == 3.0
    assert len(caplog.records) == 1
    assert not workshop.files()


def test_a_disk_that_fills_up_while_writing_leaves_nothing_behind(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError(28, "No space left")

    monkeypatch.setattr(Path, "replace", refuse)
    assert workshop.load().total(VALUES) == 7.5
    assert not workshop.files()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX has owners")
def test_a_user_without_a_home_runs_kernels(workshop: Workshop) -> None:
    code = """
        import os
        import numpy as np
        import tiny_caller
        print(tiny_caller.scaled(np.arange(6.0))[1])
        os.environ.pop("FORECAST_CACHE")
        if os.geteuid() == 0:  # nobody, with all modules of numba loaded before
            os.setuid(65534)
            os.environ.pop("HOME")
        print(tiny_caller.total(np.arange(6.0)))
    """
    done = workshop.run(
        code,
        FORECAST_CACHE="off",
        HOME="/proc/nowhere",
        NUMBA_CACHE_DIR="/proc/nowhere",
        XDG_CACHE_HOME="",
    )
    assert done.stdout == "3.0\n7.5\n", done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("Compiled kernels are not kept")


def test_kernels_from_a_zip_file_are_kept_too(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = workshop.folder / "library.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name in MODULES:
            file.write(workshop.folder / f"{name}.py", f"{name}.py")
            (workshop.folder / f"{name}.py").unlink()
    monkeypatch.syspath_prepend(archive)
    for counts in ((0, 1), (1, 0)):
        kernels = workshop.load()
        assert kernels.__file__.startswith(str(archive))
        assert kernels.total(VALUES) == 7.5
        assert kernels.total.counts == counts


# What is kept, and when it is believed


def test_kernels_are_kept_for_this_user_alone(workshop: Workshop) -> None:
    workshop.load().total(VALUES)
    assert len(workshop.files()) == 2
    if os.name == "posix":
        for path in [workshop.kept, workshop.files()[0].parent]:
            assert path.stat().st_mode & 0o777 == 0o700
        for path in workshop.files():
            assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_left_beside_the_sources(workshop: Workshop) -> None:
    workshop.load().total(VALUES)
    package = Path(forecast.__file__).parent
    for folder in (workshop.folder, package):
        left = [
            path
            for path in folder.rglob("*")
            if path.suffix in {".nbi", ".nbc", ".kernel"}
            and workshop.kept not in path.parents
        ]
        assert not left


@pytest.mark.skipif(os.name != "posix", reason="POSIX has owners")
@pytest.mark.parametrize("spoil", ["another's", "writable by others", "a folder"])
def test_a_planted_file_is_not_believed(workshop: Workshop, spoil: str) -> None:
    workshop.load().total(VALUES)
    for path in workshop.files():
        if spoil == "another's":
            if os.geteuid() != 0:
                pytest.skip("only the administrator can give files away")
            os.chown(path, 65534, 65534)
        elif spoil == "a folder":
            path.unlink()
            path.mkdir()
        else:
            path.chmod(0o666)
    again = workshop.load()
    assert again.total(VALUES) == 7.5
    assert again.total.counts == (0, 1)


@pytest.mark.skipif(os.name != "posix", reason="POSIX has owners")
def test_only_files_of_the_user_and_the_administrator_are_believed(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.load().total(VALUES)
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    again = workshop.load()
    assert again.total(VALUES) == 7.5
    assert again.total.counts == ((1, 0) if os.getuid() == 0 else (0, 1))


def test_damaged_files_are_compiled_anew(workshop: Workshop) -> None:
    """In a process of its own: LLVM would end it where no `except` can help."""
    code = """
        import importlib, os, pathlib, pickle, sys
        import numpy as np

        class Bomb:
            def __reduce__(self):
                return sys.exit, ("code of the file was run",)

        def flipped(content, place):
            return content[:place] + bytes([content[place] ^ 1]) + content[place + 1:]

        noise = np.random.default_rng(0).bytes(100_000)
        head = b"forecast kernel 1\\n"
        DAMAGE = {
            "empty": lambda c, other: b"",
            "half": lambda c, other: c[: len(c) // 2],
            "head only": lambda c, other: c[: len(head) + 32],
            "minus one byte": lambda c, other: c[:-1],
            "plus one byte": lambda c, other: c + b"x",
            "first bit": lambda c, other: flipped(c, 0),
            "bit of the checksum": lambda c, other: flipped(c, len(head) + 3),
            "bit in the middle": lambda c, other: flipped(c, len(c) // 2),
            "bit of the machine code": lambda c, other: flipped(c, c.find(b"ELF") + 900),
            "last bit": lambda c, other: flipped(c, len(c) - 1),
            "garbage": lambda c, other: noise,
            "zeros": lambda c, other: bytes(len(c)),
            "another kernel": lambda c, other: other,
            "a bare pickle": lambda c, other: pickle.dumps(Bomb()),
            "an unsigned pickle": lambda c, other: c[: len(head) + 32] + pickle.dumps(Bomb()),
        }

        def fresh():
            for name in ("tiny_caller", "tiny_callee"):
                sys.modules.pop(name, None)
            return importlib.import_module("tiny_caller")

        values = np.arange(6.0)
        kernels = fresh()
        kernels.total(values), kernels.scaled(values)
        files = {
            name: next(pathlib.Path(os.environ["FORECAST_CACHE"]).glob(f"*/*.{name}-*"))
            for name in ("total", "scaled")
        }
        whole = {name: path.read_bytes() for name, path in files.items()}
        survived = 0
        for damage in DAMAGE.values():
            for name, other in (("total", "scaled"), ("scaled", "total")):
                files[name].write_bytes(damage(whole[name], whole[other]))
            kernels = fresh()
            assert kernels.total(values) == 7.5
            assert kernels.scaled(values).tolist() == (3 * values).tolist()
            assert kernels.total.counts == kernels.scaled.counts == (0, 1)
            kernels = fresh()  # and the file is whole again
            assert kernels.total(values) == 7.5
            assert kernels.total.counts == (1, 0)
            survived += 2
        print(survived)
    """
    done = workshop.run(code)
    assert (done.returncode, done.stdout) == (0, "30\n"), done.stderr
    assert not done.stderr


def test_a_whole_file_of_something_else_is_compiled_anew(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(machine_code, "_pack", lambda _: b"not what numba expects")
        workshop.load().total(VALUES)
    again = workshop.load()
    assert again.total(VALUES) == 7.5
    assert again.total.counts == (0, 1)


def test_code_that_needs_an_unknown_symbol_waits_for_all_of_numba() -> None:
    pytest.importorskip("numba")
    assert machine_code._are_known(("malloc", "PyErr_Clear"))
    assert not machine_code._are_known(("malloc", "no_such_symbol_anywhere"))
    assert not machine_code._are_known(None)


def test_kernels_unused_for_long_are_removed(workshop: Workshop) -> None:
    kernels = workshop.load()
    kernels.total(VALUES)
    old = workshop.files()[0]
    os.utime(old, (0, 0))
    kernels.scaled(VALUES)  # something is written
    assert old not in workshop.files()
    assert len(workshop.files()) == 2


def test_a_kernel_that_is_used_is_not_removed(workshop: Workshop) -> None:
    workshop.load().total(VALUES)
    for path in workshop.files():
        os.utime(path, (0, 0))
    kernels = workshop.load()
    kernels.total(VALUES)
    kernels.scaled(VALUES)
    assert any(".total-" in path.name for path in workshop.files())


@pytest.mark.slow
def test_eight_cold_processes_share_one_folder(workshop: Workshop) -> None:
    code = "import numpy, tiny_caller; print(tiny_caller.total(numpy.arange(6.0)))"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env=workshop.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(8)
    ]
    outputs = [process.communicate(timeout=120)[0] for process in started]
    assert outputs == ["7.5\n"] * 8
    assert len(workshop.files()) == 2  # no drafts are left
    assert workshop.load().total(VALUES) == 7.5


def test_the_platform_says_where_kernels_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    tail = Path("turnover-forecast") / "kernels"
    assert keeping._users_folder() == tmp_path / ".cache" / tail
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    assert keeping._users_folder() == tmp_path / ".cache" / tail
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert keeping._users_folder() == tmp_path / "elsewhere" / tail
    monkeypatch.setattr(sys, "platform", "darwin")
    assert keeping._users_folder() == tmp_path / "Library" / "Caches" / tail
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert keeping._users_folder() == tmp_path / "local" / tail


# Fingerprints


def recursive(n: int) -> int:
    return n if n < 2 else recursive_kernel(n - 1) + recursive_kernel(n - 2)


recursive_kernel = jitting.jit(recursive)


def test_kernels_that_call_each_other_have_a_fingerprint() -> None:
    assert len(fingerprint(recursive)) == 64


def test_defaults_and_enclosed_values_are_part_of_a_fingerprint() -> None:
    def with_default(default: float):
        def kernel(x: float = default) -> float:
            return x

        return kernel

    def enclosing(value: object):
        def kernel() -> object:
            return value

        return kernel

    for make in (with_default, enclosing):
        same, equal, other = make(1.0), make(1.0), make(2.0)
        assert fingerprint(same) == fingerprint(equal) != fingerprint(other)
    tables = [np.zeros(3), np.zeros(3), np.zeros(4), np.zeros(3, np.float32)]
    prints = [fingerprint(enclosing(table)) for table in tables]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3


def test_a_kernel_named_through_packages_is_part_of_a_fingerprint() -> None:
    outer, inner = ModuleType("outer"), ModuleType("inner")
    outer.inner = inner

    namespace = {"__name__": "somewhere", "outer": outer}
    exec("def kernel(x): return outer.inner.halved(x)", namespace)
    prints = []
    for factor in (2.0, 2.0, 4.0):
        source = {"__name__": "inner", "factor": factor}
        exec("def halved(x): return x / factor", source)
        inner.halved = jitting.jit(source["halved"])
        prints.append(fingerprint(namespace["kernel"]))
    assert prints[0] == prints[1] != prints[2]


def test_fingerprints_do_not_depend_on_hash_seeds(workshop: Workshop) -> None:
    code = """
        from forecast.kernels.fingerprints import fingerprint
        def kernel(word):
            return word in {"one", "two", "three", "four", "five"}
        print(fingerprint(kernel))
    """
    prints = {workshop.run(code, PYTHONHASHSEED=seed).stdout for seed in "012"}
    assert len(prints) == 1


# Warming up


def test_warming_up_makes_the_registered_calls(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jitting, "_warmups", [])
    monkeypatch.setattr(jitting, "_kernels", [])
    kernels = workshop.load()

    @jitting.on_warmup
    def small_totals() -> None:
        kernels.total(VALUES)
        kernels.total(VALUES.astype(np.float32))

    found = jitting.warmup()
    assert (found.loaded, found.compiled, found.folder) == (0, 4, workshop.kept)
    assert str(found) == f"4 kernels compiled, 0 loaded; kept in {workshop.kept}"
    monkeypatch.setenv("FORECAST_CACHE", "off")
    assert str(jitting.warmup()).endswith("not kept")
