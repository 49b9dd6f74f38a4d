"""A copy of the database's files beside them, to go back to when an upgrade fails, and the note of how far it came.

The copy is made while PostgreSQL is stopped and needs neither a key nor the place of the backups: going back takes two
renames. It is a protection against a failed upgrade only, not against a lost disk.

The note `upgrade.json` says what an upgrade that was killed has to do next. Only the holder of the directory's lock may
call anything here but `find_note`.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from localex.embedded.directory import DataDirectory, replace_file, sync_folder
from localex.embedded.errors import ExitCode, StartError, disk_full, mentions_full_disk

NOTE = "upgrade.json"
COPIED, MIGRATED, GOING_BACK = "copied", "migrated", "going-back"
# PostgreSQL wants some room for its log while it migrates.
SPARE_BYTES = 300 * 1024 * 1024
LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class Note:
    """`step` is the last one that is complete; the versions are those of LocalEx."""

    step: str
    from_version: str
    to_version: str
    backup_id: str = ""
    why: str = ""


def find_note(directory: DataDirectory) -> Note | None:
    """How far an unfinished upgrade came, or None."""
    try:
        return Note(**json.loads((directory.root / NOTE).read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise StartError(
            f"{directory.root / NOTE}, the note of an unfinished upgrade, cannot be read ({error}).", ExitCode.DAMAGED
        ) from error


def write_note(directory: DataDirectory, note: Note) -> None:
    """Replace the note, durably."""
    replace_file(directory.root / NOTE, json.dumps(asdict(note), indent=1))
    sync_folder(directory.root)


def check_no_upgrade(directory: DataDirectory) -> None:
    """Raise StartError while an upgrade is unfinished: nobody may trade on a database that may be put back."""
    if find_note(directory) is not None:
        raise StartError(
            f"An upgrade of {directory.root} was interrupted. Run `localex upgrade` again: it goes on, or puts "
            "everything back.",
            ExitCode.MIGRATION_FAILED,
        )


def copy_of(directory: DataDirectory) -> Path:
    """Where the copy lies."""
    return directory.postgres.with_name(f"{directory.postgres.name}.before-upgrade")


def make_copy(directory: DataDirectory, report: Callable[[int, int], None] | None = None) -> None:
    """Copy the files of the stopped database; a copy or draft that an earlier attempt left is removed first.

    `report` is told the bytes that are there and those that there will be, every quarter of a second.
    Raises StartError when the disk has no room for it; then nothing was changed.
    """
    remove_copy(directory)
    size = _size_of(directory.postgres)
    directory.check_space(size + SPARE_BYTES)
    draft = _draft(directory)
    # `cp` keeps owners and rights, and on file systems that can, shares blocks instead of writing them again.
    words = ["cp", "-Rp", *(["--reflink=auto"] if sys.platform.startswith("linux") else [])]
    tell = report or _say_nothing
    trouble = _run([*words, str(directory.postgres), str(draft)], look=lambda: tell(min(_size_of(draft), size), size))
    if trouble is not None:
        shutil.rmtree(draft, ignore_errors=True)
        if mentions_full_disk(trouble):
            raise disk_full(directory.root)
        raise StartError(f"The database could not be copied: {trouble.strip()[-300:]}", ExitCode.FAILED)
    os.sync()
    draft.rename(copy_of(directory))
    sync_folder(directory.postgres_home)


def _run(words: list[str], *, look: Callable[[], None]) -> str | None:
    """Run a command and `look` while it does; what it said when it failed, None when it did not. It ends with us."""
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        try:
            while True:
                look()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    _, said = running.communicate(timeout=LOOK_SECONDS)
                    look()
                    return said if running.returncode else None
        except BaseException:
            running.kill()
            raise


def _say_nothing(_done: int, _total: int) -> None:
    pass


def _size_of(folder: Path) -> int:
    """The bytes of the files below `folder`; 0 while it is not there."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_symlink())


def put_back(directory: DataDirectory) -> None:
    """Make the copy the database again; may be killed anywhere and called again."""
    failed = directory.postgres.with_name(f"{directory.postgres.name}.failed-upgrade")
    if copy_of(directory).exists():
        if directory.postgres.exists():
            shutil.rmtree(failed, ignore_errors=True)
            directory.postgres.rename(failed)
        copy_of(directory).rename(directory.postgres)
        sync_folder(directory.postgres_home)
    shutil.rmtree(failed, ignore_errors=True)


def remove_copy(directory: DataDirectory) -> None:
    """Take away the copy and what a killed attempt left of one."""
    for path in (copy_of(directory), _draft(directory)):
        shutil.rmtree(path, ignore_errors=True)


def forget(directory: DataDirectory) -> None:
    """The upgrade is over: take away the note first, because a copy without one means nothing."""
    (directory.root / NOTE).unlink(missing_ok=True)
    sync_folder(directory.root)
    remove_copy(directory)


def _draft(directory: DataDirectory) -> Path:
    return directory.postgres.with_name(f"{directory.postgres.name}.copying")
