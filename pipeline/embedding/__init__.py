"""What text and which picture goes into which of the 14 vectors, and the encoders behind one port.

Importing this package loads neither numpy nor a model; opening an encoder does.
"""

from pipeline.embedding.inputs import INPUT_VERSION, vector_images, vector_texts
from pipeline.embedding.loading import load_image_embedder, load_text_embedder
from pipeline.embedding.missing import EmbeddedImages, embed_missing, embed_missing_images
from pipeline.embedding.names import IMAGE_VECTORS, TEXT_VECTORS, VECTORS
from pipeline.embedding.port import Cut, Embedder, ImageEmbedder, TextEmbedder, Vector, Vectors, fingerprint, identity

__all__ = [
    "IMAGE_VECTORS",
    "INPUT_VERSION",
    "TEXT_VECTORS",
    "VECTORS",
    "Cut",
    "EmbeddedImages",
    "Embedder",
    "ImageEmbedder",
    "TextEmbedder",
    "Vector",
    "Vectors",
    "embed_missing",
    "embed_missing_images",
    "fingerprint",
    "identity",
    "load_image_embedder",
    "load_text_embedder",
    "vector_images",
    "vector_texts",
]
