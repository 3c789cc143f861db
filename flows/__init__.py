"""Prefect flows, thin: they call ``pipeline`` and report. What is done and what is left, the ledger knows.

Importing this package says no to Prefect's telemetry before Prefect is loaded, unless the environment already says
something else. A process that Prefect starts by itself (server, worker, run of a deployment) has loaded Prefect before
it comes here: it gets the same words from ``deploy/prefect.env``.
"""

import os

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
