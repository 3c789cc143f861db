"""Texts to vectors by a checkpoint of BGE-M3's shape (extra ``models``): the first token's state, of length 1.

The revision is a digest of the folder's files, so a fingerprint never takes one set of weights for another. Texts are
put into batches by length under a token budget; duplicates are computed once. Padding costs, order does not matter:
a text alone gives what it gives in company.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import structlog

from pipeline.embedding._checkpoints import (
    Compute,
    batch_rows,
    check_folder,
    choose_compute,
    folder_revision,
    import_model_libraries,
    load_model,
    loading,
)
from pipeline.embedding.port import Cut, Vectors
from pipeline.errors import BadInput

__all__ = ["BgeM3TextEmbedder"]

_BUDGET_CPU: Final = 4_096
_BUDGET_GPU: Final = 32_768
_MAX_BATCH: Final = 256
_log = structlog.get_logger(__name__)


class BgeM3TextEmbedder:
    """Dense vectors of a BGE-M3 shaped encoder in a local folder.

    Raises ``MissingExtra`` without torch and transformers, ``Misconfigured`` for a folder that is no such checkpoint.
    """

    def __init__(self, folder: Path, *, max_tokens: int, token_budget: int | None = None) -> None:
        check_folder(folder, "embedding.text_model")
        self._torch, transformers = import_model_libraries("embedding.text_model")
        self._compute: Compute = choose_compute(self._torch)
        with loading(folder, "embedding.text_model"):
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
            self._model = load_model(transformers, self._torch, folder, self._compute)
            self.max_tokens = min(max_tokens, _positions(self._model.config))
            self.dimensions = int(self._model.config.hidden_size)
            self.model_id = f"{self._model.config.model_type}-cls-{self.dimensions}"
        self.revision = folder_revision(folder)
        self.dtype = self._compute.dtype
        self.cut = Cut()
        self._budget = token_budget or (_BUDGET_CPU if self._compute.device == "cpu" else _BUDGET_GPU)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row per text, in order. Raises ``BadInput`` for a blank text."""
        unique = list(dict.fromkeys(texts))
        out = np.empty((len(unique), self.dimensions), dtype=np.float32)
        if unique:
            ids = self._tokens(unique)
            for rows in batch_rows([len(row) for row in ids], budget=self._budget, max_batch=_MAX_BATCH):
                out[rows] = self._halving([ids[i] for i in rows])
        position = {text: i for i, text in enumerate(unique)}
        return out[[position[text] for text in texts]]

    def _tokens(self, texts: list[str]) -> list[list[int]]:
        for text in texts:
            if not text.strip():
                raise BadInput("a blank text has no vector; leave the vector's name out")
        # Read whole and shortened here, not by the tokenizer, so that what is cut can be counted.
        whole: list[list[int]] = self._tokenizer(texts, add_special_tokens=False, truncation=False, verbose=False)[
            "input_ids"
        ]
        room = self.max_tokens - self._tokenizer.num_special_tokens_to_add()
        over = [len(ids) - room for ids in whole if len(ids) > room]
        if over:
            self.cut = self.cut.plus(len(over), sum(over))
            _log.warning("text_cut", inputs=len(over), tokens=sum(over), max_tokens=self.max_tokens)
        start, end = self._frame()
        return [[*start, *ids[:room], *end] for ids in whole]

    def _frame(self) -> tuple[list[int], list[int]]:
        """The special tokens before and after a text."""
        probe: list[int] = self._tokenizer("a", add_special_tokens=False)["input_ids"]
        framed: list[int] = self._tokenizer("a")["input_ids"]
        before = next(i for i in range(len(framed)) if framed[i : i + len(probe)] == probe)
        return framed[:before], framed[before + len(probe) :]

    def _halving(self, ids: list[list[int]]) -> Vectors:
        """The rows' vectors; a batch too large for the GPU is halved, and later calls start smaller."""
        try:
            return self._forward(ids)
        except self._torch.cuda.OutOfMemoryError:
            if len(ids) == 1:
                raise
            self._torch.cuda.empty_cache()
            self._budget = max(self.max_tokens, self._budget // 2)
            middle = len(ids) // 2
            return np.concatenate([self._halving(ids[:middle]), self._halving(ids[middle:])])

    def _forward(self, ids: list[list[int]]) -> Vectors:
        torch = self._torch
        batch = self._tokenizer.pad({"input_ids": ids}, padding=True, return_tensors="pt").to(self._compute.device)
        with torch.inference_mode():
            first = self._model(**batch).last_hidden_state[:, 0].float()
            rows: Vectors = torch.nn.functional.normalize(first, dim=-1).cpu().numpy()
        return rows


def _positions(config: Any) -> int:
    """Tokens the model has places for; RoBERTa-shaped models count their places from behind the padding's."""
    return int(config.max_position_embeddings) - int(config.pad_token_id or 0) - 1
