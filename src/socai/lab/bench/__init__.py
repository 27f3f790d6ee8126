"""Benches: how fast each part of the product is on this machine, with ratios within one run."""
