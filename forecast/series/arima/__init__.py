"""ARIMA with orders, differences and scales weighed by their likelihood."""
