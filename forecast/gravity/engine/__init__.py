"""PPML and least squares with absorbed effects: arrays in, an `Estimate` out."""
