"""Which encoder the settings name. A missing extra or folder is an error that says so, never another model."""

from pathlib import Path
from typing import Final

from pipeline.embedding.port import ImageEmbedder, TextEmbedder
from pipeline.settings import EmbeddingSettings

__all__ = ["load_image_embedder", "load_text_embedder"]

_HASH_NGRAM: Final = "hash-ngram-1024"
_IMAGE_LAYOUT: Final = "image-layout-1024"

# The adapters are imported where they are chosen: numpy, Pillow and torch load only for who embeds.


def load_text_embedder(settings: EmbeddingSettings) -> TextEmbedder:
    """The encoder of ``embedding.text_model``. Raises ``Misconfigured``, ``MissingExtra``."""
    if settings.text_model == _HASH_NGRAM:
        from pipeline.embedding.hash_ngram import HashNgramEmbedder  # noqa: PLC0415  # see above

        return HashNgramEmbedder()
    from pipeline.embedding.bge_m3 import BgeM3TextEmbedder  # noqa: PLC0415  # see above

    return BgeM3TextEmbedder(Path(settings.text_model), max_tokens=settings.max_tokens)


def load_image_embedder(settings: EmbeddingSettings) -> ImageEmbedder:
    """The encoder of ``embedding.image_model``. Raises ``Misconfigured``, ``MissingExtra``."""
    if settings.image_model == _IMAGE_LAYOUT:
        from pipeline.embedding.image_layout import ImageLayoutEmbedder  # noqa: PLC0415  # see above

        return ImageLayoutEmbedder()
    from pipeline.embedding.siglip import SiglipImageEmbedder  # noqa: PLC0415  # see above

    return SiglipImageEmbedder(Path(settings.image_model))
