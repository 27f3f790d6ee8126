"""The simulator: seeded worlds of offices, one cloud and workers, on the decisions of production."""
