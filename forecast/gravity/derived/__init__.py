"""What follows from a fit: effects, predictions, hypotheses."""
