"""Short digests that tell whether a slow step of the start has anything to do."""

import hashlib
import site
import sys
from collections.abc import Iterable
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
DIGEST_CHARACTERS = 32


def _packages() -> list[str]:
    """Every installed distribution with its version, by the names of their metadata folders."""
    folders = {Path(folder) for folder in [*site.getsitepackages(), site.getusersitepackages(), *sys.path] if folder}
    return sorted({found.name for folder in folders if folder.is_dir() for found in folder.glob("*.dist-info")})


def _digest(words: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for word in words:
        digest.update(len(word).to_bytes(8) + word)
    return digest.hexdigest()[:DIGEST_CHARACTERS]


def schema_fingerprint(package: Path = PACKAGE) -> str:
    """Changes whenever a migration, the SQL beside it, or an installed package changes."""
    files = sorted([*package.glob("*/migrations/*.py"), *package.glob("*/sql/**/*.sql")])
    contents = (word for path in files for word in (str(path.relative_to(package)).encode(), path.read_bytes()))
    return _digest([*contents, *(name.encode() for name in _packages())])


def static_fingerprint(package: Path = PACKAGE) -> str:
    """Changes whenever a static file or an installed package changes; by size and time, since there are many."""
    files = sorted(path for path in package.glob("*/static/**/*") if path.is_file())
    facts = (f"{path.relative_to(package)} {path.stat().st_size} {path.stat().st_mtime_ns}".encode() for path in files)
    return _digest([*facts, *(name.encode() for name in _packages())])
