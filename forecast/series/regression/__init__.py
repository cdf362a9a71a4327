"""Dynamic regression on indicators, and what becomes of their future."""
