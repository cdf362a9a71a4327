"""Compiled loops: arrays in, arrays out. Nothing above this floor knows numba.

Every kernel is a plain function under `forecast.kernels.jit.jit`; its twin, written with
NumPy and no thought of speed, stands in ``tests/naive.py``. Kernels check nothing:
whoever calls them has validated codes and shapes.
"""
