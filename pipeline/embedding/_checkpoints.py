"""What both model adapters need: the extra, the folder's digest, where and how precisely to compute.

torch and transformers take seconds to import, so they are imported when an encoder is opened. Nothing is ever
downloaded: a checkpoint is a folder, and the libraries are told that they are offline.
"""

import hashlib
import importlib
import os
import pickle  # for the name of its error; nothing is unpickled
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipeline.errors import Misconfigured, MissingExtra, one_line

__all__ = [
    "Compute",
    "batch_rows",
    "check_folder",
    "choose_compute",
    "folder_revision",
    "import_model_libraries",
    "load_model",
    "loading",
]

_WEIGHTS: Final = ("*.safetensors", "pytorch_model*.bin")
_SHAPING: Final = (*_WEIGHTS, "*.json", "*.model", "*.txt")
"""Files that shape a vector: weights, configuration, tokenizer."""


@dataclass(frozen=True, slots=True)
class Compute:
    """Where to compute (``cpu``, ``cuda``) and how precisely (``float32``, ``bfloat16``, ``float16``)."""

    device: str
    dtype: str


def import_model_libraries(needed_for: str) -> tuple[Any, Any]:
    """``torch`` and ``transformers``, offline. Raises ``MissingExtra``."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        return importlib.import_module("torch"), importlib.import_module("transformers")
    except ModuleNotFoundError as error:
        raise MissingExtra("models", needed_for) from error


@contextmanager
def loading(folder: Path, setting: str) -> Iterator[None]:
    """Whatever the libraries raise for a folder they cannot load becomes ``Misconfigured``, naming the setting."""
    safetensors = importlib.import_module("safetensors")
    known = (OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, EOFError, ImportError)
    try:
        yield
    except (*known, pickle.UnpicklingError, safetensors.SafetensorError) as error:
        raise Misconfigured(f"{setting}={str(folder)!r} cannot be loaded: {one_line(str(error))}") from error


def load_model(transformers: Any, torch: Any, folder: Path, compute: Compute) -> Any:
    """The model in ``folder``, ready to compute. Raises ``ValueError`` when the weights are not all there.

    The libraries fill missing weights with random numbers and go on; a head we do not use may be missing.
    """
    model, found = transformers.AutoModel.from_pretrained(
        str(folder),
        dtype=getattr(torch, compute.dtype),
        local_files_only=True,
        weights_only=True,
        trust_remote_code=False,
        output_loading_info=True,
    )
    missing = sorted(key for key in found["missing_keys"] if not key.startswith("pooler."))
    if missing:
        raise ValueError(f"{len(missing)} weights are missing, the first is {missing[0]!r}")
    return model.eval().to(compute.device)


def check_folder(folder: Path, setting: str) -> None:
    """Raise ``Misconfigured`` unless ``folder`` holds a configuration and weights."""
    if not folder.is_dir():
        raise Misconfigured(f"{setting}={str(folder)!r} is neither a built-in model nor a folder with a checkpoint")
    if not (folder / "config.json").is_file():
        raise Misconfigured(f"{setting}={str(folder)!r} holds no config.json: name the folder of a whole checkpoint")
    if not any(True for pattern in _WEIGHTS for _ in folder.glob(pattern)):
        raise Misconfigured(f"{setting}={str(folder)!r} holds no weights ({', '.join(_WEIGHTS)}): fetch them first")


def folder_revision(folder: Path) -> str:
    """Digest of every file that shapes a vector, so that exchanged weights are another model wherever they lie."""
    whole = hashlib.sha256()
    paths = {path.name: path for pattern in _SHAPING for path in folder.glob(pattern) if path.is_file()}
    for name, path in sorted(paths.items()):
        with path.open("rb") as file:
            whole.update(f"{name}:{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()[:16]


def choose_compute(torch: Any) -> Compute:
    """A GPU if there is one; bf16 where the processor computes it natively, never fp16 on a CPU (4 times slower)."""
    if torch.cuda.is_available():
        return Compute("cuda", "bfloat16" if torch.cuda.is_bf16_supported() else "float16")
    native = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    is_native = any(native.get(name, False) for name in ("avx512_bf16", "amx_bf16", "arm_bf16", "bf16"))
    return Compute("cpu", "bfloat16" if is_native else "float32")


def batch_rows(widths: list[int], *, budget: int, max_batch: int) -> Iterator[list[int]]:
    """Positions batch by batch, longest first, so that padding is small and the first batch is the heaviest.

    A batch's width times its rows stays within ``budget``, unless one row alone is wider.
    """
    order = sorted(range(len(widths)), key=lambda i: -widths[i])
    start = 0
    while start < len(order):
        rows = max(1, min(max_batch, budget // max(1, widths[order[start]])))
        yield order[start : start + rows]
        start += rows
