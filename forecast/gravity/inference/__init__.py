"""Standard errors: recipes, and the account of how each was made."""
