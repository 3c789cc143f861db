"""Who may import whom, and that every room stands in the book."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"


def test_no_import_goes_up() -> None:
    """Rooms import along the edges drawn in ``pyproject.toml``, and only flows know Prefect."""
    done = subprocess.run([sys.executable, "-c", _LINT], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "0 broken" in done.stdout


def test_the_linter_sees_a_broken_edge(tmp_path: Path) -> None:
    """The check can fail: a low room that imports a high one is named."""
    for name, content in {"low.py": "from rooms import high\n", "high.py": "", "__init__.py": ""}.items():
        (tmp_path / "rooms").mkdir(exist_ok=True)
        (tmp_path / "rooms" / name).write_text(content)
    (tmp_path / ".importlinter").write_text(
        "[importlinter]\nroot_package = rooms\n[importlinter:contract:1]\nname = Layers\ntype = layers\n"
        "layers =\n    rooms.high\n    rooms.low\n"
    )
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, '.'); {_LINT}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "rooms.low is not allowed to import rooms.high" in done.stdout


def test_every_room_is_in_the_architecture() -> None:
    """The table of rooms names every folder of the house, and no other."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    table = re.findall(r"^\| (`[^|]+`) \|", text, re.MULTILINE)
    named = {name for cell in table for name in re.findall(r"`(\w+)`", cell)}
    folders = {p.parent.name for p in (ROOT / "pipeline").glob("*/__init__.py")}
    single = {p.stem for p in (ROOT / "pipeline").glob("*.py") if p.stem != "__init__"}
    assert named == folders | single | {"flows"}


def test_every_platform_folder_holds_the_same_files() -> None:
    """A platform is added by adding a folder of known files."""
    for folder in sorted(p.parent for p in (ROOT / "pipeline" / "platforms").glob("*/__init__.py")):
        assert {"adapter.py", "convert.py", "payload.py", "requests.py"} <= {p.name for p in folder.glob("*.py")}, (
            folder
        )
