"""What each step is made of, as digests of code: kept in ``pipeline/enrich/versions.lock.json``, checked by a test.

A step's result is kept under the version of its code. A change that may give another result needs another version; a
change that cannot (a new name, a faster loop) needs only the lock written anew::

    python tests/house/versions.py
"""

import ast
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.assembly import ASSEMBLE_VERSION, QUALITY_VERSION
from pipeline.embedding import INPUT_VERSION
from pipeline.enrich.fetch.adapters import make_adapters
from pipeline.preprocess import ALIGN_VERSION
from pipeline.preprocess.learning import LEARN_VERSION
from pipeline.settings import Settings
from pipeline.stages import STAGES

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "pipeline" / "enrich" / "versions.lock.json"

_ROOMS = tuple(f"pipeline.{room}" for room in ("platforms", "preprocess", "stages", "assembly", "embedding", "domain"))
_HOW_IT_IS_ASKED = ("requests", "_http", "port")
"""Modules that shape what is asked, not what is made of the answer."""
_HAS_BODY = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def steps() -> dict[str, tuple[int, str]]:
    """Every step's version, and the module its code begins in."""
    adapters = make_adapters(Settings())
    found = {f"convert:{p.value}": (a.convert_version, type(a).__module__) for p, a in adapters.items()}
    found["learn"] = (LEARN_VERSION, "pipeline.preprocess.learning")
    found["align"] = (ALIGN_VERSION, "pipeline.preprocess")
    found |= {f"stage:{name}": (stage.version, f"pipeline.stages.{name}") for name, stage in STAGES.items()}
    found["assemble"] = (ASSEMBLE_VERSION, "pipeline.assembly.assembling")
    found["quality"] = (QUALITY_VERSION, "pipeline.assembly.quality")
    found["embedding inputs"] = (INPUT_VERSION, "pipeline.embedding.inputs")
    return found


def locked() -> dict[str, dict[str, Any]]:
    """The lock as it is checked in."""
    return json.loads(LOCK.read_text())


@cache
def current() -> dict[str, dict[str, Any]]:
    """The lock as it would be written now."""
    return {step: {"version": version, "code": code_digest(module)} for step, (version, module) in steps().items()}


def code_digest(module: str) -> str:
    """Digest of a module and all it imports within the rooms that shape results; comments and docstrings aside."""
    digest = hashlib.sha256()
    for name, path in sorted(_closure(module, {}).items()):
        tree = ast.parse(path.read_bytes())
        digest.update(f"{name}\0{shape(tree)!r}\0".encode())
        for file in sorted(_data_files(tree, path)):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def shape(node: Any) -> Any:
    """A syntax tree as plain values, equal in every version of Python."""
    if isinstance(node, list):
        return [shape(child) for child in node]
    if not isinstance(node, ast.AST):
        return (type(node).__name__, repr(node))
    fields = {name: value for name, value in ast.iter_fields(node) if value not in (None, []) and name != "ctx"}
    if isinstance(node, _HAS_BODY):
        fields["body"] = [child for child in node.body if not _is_text(child)]
    return (type(node).__name__, [(name, shape(value)) for name, value in sorted(fields.items())])


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _closure(module: str, found: dict[str, Path]) -> dict[str, Path]:
    path = _path_of(module)
    if path is None or module in found or module.rpartition(".")[2] in _HOW_IT_IS_ASKED:
        return found
    found[module] = path
    for name in _imports(ast.parse(path.read_bytes())):
        if name.startswith(_ROOMS):
            _closure(name, found)
    return found


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _path_of(module: str) -> Path | None:
    place = ROOT / module.replace(".", "/")
    return next((p for p in (place.with_suffix(".py"), place / "__init__.py") if p.is_file()), None)


def _data_files(tree: ast.Module, path: Path) -> set[Path]:
    """Tables that lie beside a module and are named in it."""
    texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return {file for text in texts if text.endswith(".json") and (file := path.with_name(text)).is_file()}


if __name__ == "__main__":
    LOCK.write_text(json.dumps(current(), indent=2) + "\n")
