"""One polite HTTP client for all platforms: budget, breaker, retry. The only room that touches the network.

And what it heard, as a folder: a run may write its recording, a replay reads it.
"""

from pipeline.transport.client import Check, HttpTransport
from pipeline.transport.images import ImageFetcher, check_image
from pipeline.transport.recording import MANIFEST, PICTURES, Manifest, Recorder, Recording, below, masked

__all__ = [
    "MANIFEST",
    "PICTURES",
    "Check",
    "HttpTransport",
    "ImageFetcher",
    "Manifest",
    "Recorder",
    "Recording",
    "below",
    "check_image",
    "masked",
]
