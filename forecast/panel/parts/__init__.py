"""The methods of `TradePanel` by theme; they conduct, the functions beside compute."""
