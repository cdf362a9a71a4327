"""Formulas: their grammar, and the equations they state."""
