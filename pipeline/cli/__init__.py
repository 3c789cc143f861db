"""``anime-enrich``: everything an operator does, from a shell. Commands load what they need when they run."""

from pipeline.cli.app import main

__all__ = ["main"]
