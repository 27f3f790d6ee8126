"""The cloud's statements: each named, set-based, commented. The only SQL of this tier."""
