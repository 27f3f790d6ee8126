"""The product run against itself: demo, replay, sim, bench. Never imported by the product."""
