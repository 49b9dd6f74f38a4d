"""Which folder `localex up` was told to keep the backups in, so that every other command looks there as well."""

import os
from pathlib import Path

from localex.embedded.directory import DataDirectory, replace_file

# A name with a dot is left out of every backup: a town that was restored ships nowhere unless it is told where.
FILE = ".backup-place"


def read_place(directory: DataDirectory) -> Path | None:
    """The folder that was last recorded; None when `localex up` was never told one."""
    try:
        found = (directory.root / FILE).read_text().strip()
    except (OSError, ValueError):
        return None
    return Path(found) if found else None


def record_place(directory: DataDirectory, folder: Path) -> bool:
    """Note `folder`, as `localex up` does with LOCALEX_BACKUP_DIR; False when it is noted already."""
    place = Path(os.path.realpath(folder.expanduser()))
    if place == read_place(directory):
        return False
    replace_file(directory.root / FILE, f"{place}\n")
    return True
