"""The house's code, read once for all tests of it."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(p for room in ("pipeline", "flows") for p in (ROOT / room).rglob("*.py"))
PACKAGES = [p for p in MODULES if p.name == "__init__.py"]


def name_of(path: Path) -> str:
    """The path as a person writes it."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    """A module's syntax."""
    return ast.parse(path.read_bytes())


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Every node of it."""
    return tuple(ast.walk(tree_of(path)))


def imported_by(path: Path) -> set[str]:
    """Modules it imports, wherever it does."""
    nodes = nodes_of(path)
    found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return found | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
