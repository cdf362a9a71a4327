"""The parts of a study of pairs, one module for each table of the file.

Each has ``KEYS``, a frozen record of what was asked, and
``find(plan, known, tell) -> Part``; `forecast.studies.pairs.registry` lists them.
"""
