"""Several fits in one table, in several languages."""
