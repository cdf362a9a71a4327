"""Tests of a fit's specification."""
