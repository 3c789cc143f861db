"""What a module offers: ``__all__`` is sorted, holds what is there, and a package's holds all its public names."""

import ast
import importlib
from pathlib import Path

import pytest

from tests.house._code import MODULES, PACKAGES, ROOT, imported_by, name_of, tree_of


def _declared(path: Path) -> list[str] | None:
    for node in tree_of(path).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return list(ast.literal_eval(node.value))
    return None


def _defined(path: Path) -> set[str]:
    """Public names a module's top level defines or assigns; type variables aside."""
    found: set[str] = set()
    for node in tree_of(path).body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if not _is_type_variable(value):
                found.add(name)
    return {name for name in found if not name.startswith("_")}


def _taken_in(path: Path) -> set[str]:
    """Public names a module imports from our own modules."""
    nodes = [n for n in tree_of(path).body if isinstance(n, ast.ImportFrom)]
    ours = [n for n in nodes if (n.module or "").startswith(("pipeline", "flows"))]
    return {alias.asname or alias.name for node in ours for alias in node.names}


def _is_type_variable(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "TypeVar"


def _sort_key(name: str) -> tuple[int, str]:
    """CONSTANTS, then Classes, then functions, as the linter sorts them."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)


def test_exports_are_sorted() -> None:
    """Every declared name stands once, in order."""
    unsorted = [
        name_of(p) for p in MODULES if (names := _declared(p) or []) != sorted(dict.fromkeys(names), key=_sort_key)
    ]
    assert unsorted == []


def test_exports_are_there() -> None:
    """Nobody declares what he neither defines nor has of our own."""
    missing = {name_of(p): set(_declared(p) or []) - _defined(p) - _taken_in(p) for p in MODULES}
    assert {name: names for name, names in missing.items() if names} == {}


@pytest.mark.parametrize("path", PACKAGES, ids=name_of)
def test_a_package_exports_all_it_offers(path: Path) -> None:
    """A package that only collects offers all it collects; one with code of its own offers that code at least."""
    own, taken, declared = _defined(path) - {"__version__"}, _taken_in(path), set(_declared(path) or [])
    assert declared == taken if not own else own <= declared <= own | taken
    module = importlib.import_module(".".join(path.relative_to(ROOT).parts[:-1]))
    assert all(hasattr(module, name) for name in declared)


def test_a_module_with_public_names_declares_them() -> None:
    """Whoever opens a module sees at once what it is for others."""
    special = ("__init__.py", "__main__.py")
    silent = [name_of(p) for p in MODULES if p.name not in special and _defined(p) and _declared(p) is None]
    assert [name for name in silent if "/_" not in name] == []


def test_private_modules_stay_in_their_room() -> None:
    """A module whose name begins with ``_`` is imported only from beside it or below."""
    astray = [f"{name_of(p)} imports {module}" for p in MODULES for module in imported_by(p) if _is_astray(p, module)]
    assert astray == []


def _is_astray(path: Path, module: str) -> bool:
    *room, name = module.split(".")
    is_private = name.startswith("_") and not name.startswith("__") and room[:1] in (["pipeline"], ["flows"])
    return is_private and path.relative_to(ROOT).parts[: len(room)] != tuple(room)


def test_a_stray_import_is_recognised() -> None:
    """The check can fail."""
    assert _is_astray(ROOT / "pipeline" / "cli" / "app.py", "pipeline.platforms._text")
    assert not _is_astray(ROOT / "pipeline" / "platforms" / "jikan" / "convert.py", "pipeline.platforms._text")
