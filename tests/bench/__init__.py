"""How fast the suite is, as ratios to its bare parts, measured in one run: ``make bench``."""
