"""Short digests that tell whether a slow step of the start has anything to do."""

import hashlib
import site
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
DIGEST_CHARACTERS = 32
# What else brings migrations: folders by the label that Django knows them under. A test compares with the settings.
OTHERS = {
    "account": "allauth/account",
    "admin": "django/contrib/admin",
    "auth": "django/contrib/auth",
    "contenttypes": "django/contrib/contenttypes",
    "sessions": "django/contrib/sessions",
}


def _packages() -> list[str]:
    """Every installed distribution with its version, by the names of their metadata folders."""
    folders = {Path(folder) for folder in [*site.getsitepackages(), site.getusersitepackages(), *sys.path] if folder}
    return sorted({found.name for folder in folders if folder.is_dir() for found in folder.glob("*.dist-info")})


def _digest(words: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for word in words:
        digest.update(len(word).to_bytes(8) + word)
    return digest.hexdigest()[:DIGEST_CHARACTERS]


def _other_folders() -> dict[str, Path]:
    """Where the other packages' migrations lie, by label; without importing them."""
    found = {}
    for label, folder in OTHERS.items():
        spec = find_spec(folder.partition("/")[0])
        if spec and spec.origin:
            found[label] = Path(spec.origin).parent.parent / folder / "migrations"
    return found


def _migrations_in(folder: Path) -> list[Path]:
    """What Django takes for migrations: not the modules that they share, whose names begin with a line."""
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))


def list_migrations(package: Path = PACKAGE) -> set[tuple[str, str]]:
    """Every migration that this code has, by label and name: our own and those of the packages that bring some."""
    own = {folder.parent.name: folder for folder in package.glob("*/migrations")}
    return {
        (label, path.stem) for label, place in {**_other_folders(), **own}.items() for path in _migrations_in(place)
    }


def schema_fingerprint(package: Path = PACKAGE) -> str:
    """Changes whenever a migration changes, our own with the SQL beside it or that of a package; not with any other."""
    files = sorted([*package.glob("*/migrations/*.py"), *package.glob("*/sql/**/*.sql")])
    own = [(str(path.relative_to(package)), path) for path in files]
    others = [
        (f"{label}/{path.name}", path) for label, place in _other_folders().items() for path in _migrations_in(place)
    ]
    return _digest(word for name, path in [*own, *others] for word in (name.encode(), path.read_bytes()))


def static_fingerprint(package: Path = PACKAGE) -> str:
    """Changes whenever a static file or an installed package changes; by size and time, since there are many."""
    files = sorted(path for path in package.glob("*/static/**/*") if path.is_file())
    facts = (f"{path.relative_to(package)} {path.stat().st_size} {path.stat().st_mtime_ns}".encode() for path in files)
    return _digest([*facts, *(name.encode() for name in _packages())])
