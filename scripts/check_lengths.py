"""Holds the limits of the house: files of at most 400 lines, functions of at most 50; the long tail is what hurts."""

import ast
import os
import sys
from pathlib import Path

MAX_FILE, MAX_FUNCTION = 400, 50
ENDINGS = {".py", ".html", ".css", ".js", ".sql", ".sh"}
LEFT_OUT = ("/vendor/", "/migrations/", "/data/", "/content/")
NOT_ENTERED = {".git", ".venv", "build", "dist", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache"}


def list_files() -> list[Path]:
    """The files below the present folder that somebody here wrote; works without git, as in an unpacked archive."""
    found = []
    for folder, folders, names in os.walk("."):
        folders[:] = sorted(name for name in folders if name not in NOT_ENTERED and not name.endswith(".egg-info"))
        found += [Path(folder, name) for name in sorted(names)]
    return [path for path in found if path.suffix in ENDINGS and path.is_file() and not _is_left_out(path)]


def _is_left_out(path: Path) -> bool:
    return any(part in f"/{path}" for part in LEFT_OUT)


def find_long_functions(path: Path) -> list[str]:
    """`file:line name is N lines` for each function over the limit, docstring included."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION:
                found.append(f"{path}:{node.lineno} {node.name} is {length} lines (at most {MAX_FUNCTION})")
    return found


def main() -> int:
    """Print every breach; 1 when there is one."""
    breaches = []
    for path in list_files():
        lines = path.read_text().count("\n")
        if lines > MAX_FILE:
            breaches.append(f"{path} is {lines} lines (at most {MAX_FILE})")
        if path.suffix == ".py":
            breaches += find_long_functions(path)
    print("\n".join(breaches) or "all within the limits")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
