"""How long `import forecast` takes beside `import pandas`, each in a new interpreter.

Run with ``make bench``. The promise is that the first row is never slower than the
second; the third shows what the first touch of every public name adds.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

STATEMENTS = ["import forecast", "import pandas", "from forecast import *"]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_import(benchmark, statement):
    command = [sys.executable, "-c", statement]
    benchmark.pedantic(subprocess.run, [command], {"check": True}, rounds=10)
