"""Models of series from which breaks or the calendar have been taken out."""
