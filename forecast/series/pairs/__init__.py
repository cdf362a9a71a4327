"""Both directions of a pair together."""
