"""Prefect flows, thin: they call ``pipeline`` and report. What is done and what is left, the ledger knows."""
