"""Models without a structure: the benchmarks that every other one must beat."""
