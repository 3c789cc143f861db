"""Pictures to vectors by a checkpoint of SigLIP's shape (extra ``models``), of length 1.

The dimension is the checkpoint's (1152 and 768 exist beside 1024) and is never cut. Pictures are opened and checked
as everywhere (``pictures``), then prepared by the checkpoint's own processor.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from pipeline.embedding._checkpoints import (
    Compute,
    check_folder,
    choose_compute,
    folder_revision,
    import_model_libraries,
    load_model,
    loading,
)
from pipeline.embedding.pictures import open_picture
from pipeline.embedding.port import Cut, Vectors

__all__ = ["SiglipImageEmbedder"]

_BATCH_CPU: Final = 1
"""On a CPU bf16 won at batch 1 and lost at batch 4."""
_BATCH_GPU: Final = 64


class SiglipImageEmbedder:
    """Image vectors of a SigLIP shaped model in a local folder. Raises as ``BgeM3TextEmbedder``."""

    max_tokens: Final = None
    cut: Final = Cut()

    def __init__(self, folder: Path) -> None:
        check_folder(folder, "embedding.image_model")
        self._torch, transformers = import_model_libraries("embedding.image_model")
        self._compute: Compute = choose_compute(self._torch)
        with loading(folder, "embedding.image_model"):
            self._processor: Any = transformers.AutoImageProcessor.from_pretrained(
                str(folder), backend="pil", local_files_only=True
            )
            self._model = load_model(transformers, self._torch, folder, self._compute)
            self.dimensions = int(self._model.config.vision_config.hidden_size)
            self.model_id = f"{self._model.config.model_type}-{self.dimensions}"
        self.revision = folder_revision(folder)
        self.dtype = self._compute.dtype
        self._batch = _BATCH_CPU if self._compute.device == "cpu" else _BATCH_GPU

    def embed(self, images: Sequence[bytes]) -> Vectors:
        """One row per picture, in order. Raises ``BadInput`` for one that cannot be read."""
        out = np.empty((len(images), self.dimensions), dtype=np.float32)
        for start in range(0, len(images), self._batch):
            pictures = [open_picture(content) for content in images[start : start + self._batch]]
            out[start : start + len(pictures)] = self._halving(pictures)
        return out

    def _halving(self, pictures: list[Image.Image]) -> Vectors:
        try:
            return self._forward(pictures)
        except self._torch.cuda.OutOfMemoryError:
            if len(pictures) == 1:
                raise
            self._torch.cuda.empty_cache()
            middle = len(pictures) // 2
            self._batch = max(1, middle)
            return np.concatenate([self._halving(pictures[:middle]), self._halving(pictures[middle:])])

    def _forward(self, pictures: list[Image.Image]) -> Vectors:
        torch = self._torch
        pixels = self._processor(images=pictures, return_tensors="pt")["pixel_values"]
        pixels = pixels.to(device=self._compute.device, dtype=getattr(torch, self.dtype))
        with torch.inference_mode():
            found = self._model.get_image_features(pixel_values=pixels).pooler_output.float()
            rows: Vectors = torch.nn.functional.normalize(found, dim=-1).cpu().numpy()
        return rows
