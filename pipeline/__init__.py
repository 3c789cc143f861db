"""Anime catalogue enrichment: from a catalogue row to a searchable point, every field with its reason."""

__version__ = "0.1.0"
