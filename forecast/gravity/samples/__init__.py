"""Which rows and regressors have a unique finite estimate."""
