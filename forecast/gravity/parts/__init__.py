"""The methods of `GravityFit`, by what they are for."""
