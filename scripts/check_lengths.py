"""Holds the limits of the house: files of at most 400 lines, functions of at most 50; the long tail is what hurts."""

import ast
import subprocess
import sys
from pathlib import Path

MAX_FILE, MAX_FUNCTION = 400, 50
ENDINGS = {".py", ".html", ".css", ".js", ".sql", ".sh"}
LEFT_OUT = ("/vendor/", "/migrations/", "/data/", "/content/")


def list_files() -> list[Path]:
    """The files under version control or about to be, that somebody here wrote."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True, check=True
    )
    paths = [Path(line) for line in listed.stdout.splitlines()]
    return [path for path in paths if path.suffix in ENDINGS and path.is_file() and not _is_left_out(path)]


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
