"""Working scales, spreads, seasons and weighed candidates: what models share."""
