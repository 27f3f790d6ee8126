"""Sổ Cái: accounting for companies with many offices and bad internet. The floors are in pyproject.toml."""

__version__ = "0.1.0"
