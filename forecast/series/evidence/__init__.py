"""What held-out periods of all units say: choice, weights, intervals, the gate."""
