"""Exponential smoothing, Theta, complex smoothing, unobserved components."""
