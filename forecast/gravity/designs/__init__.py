"""From a table to the arrays of one equation."""
