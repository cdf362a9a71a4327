"""Gravity models: PPML and least squares with high-dimensional fixed effects."""
