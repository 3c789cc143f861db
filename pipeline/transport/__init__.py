"""One polite HTTP client for all platforms: budget, breaker, retry. The only room that touches the network."""

from pipeline.transport.client import Check, HttpTransport
from pipeline.transport.images import ImageFetcher
from pipeline.transport.state import open_state, state_label

__all__ = ["Check", "HttpTransport", "ImageFetcher", "open_state", "state_label"]
