.PHONY: check lint types floors test docs bench study

check: lint types floors test docs

lint:
	ruff check .
	ruff format --check .
types:
	mypy
floors:
	lint-imports
test:
	pytest
docs:
	sphinx-build -q -W --keep-going docs docs/_build/html
bench:
	pytest -o addopts= --benchmark-only benchmarks/bench_*.py
study:
	turnover-forecast run examples/russia_kazakhstan/study.toml
