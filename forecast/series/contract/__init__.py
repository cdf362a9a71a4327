"""What every model of series promises, and the samples that models are fitted to."""
