"""When an operator has to be told something about backups. One set of rules, for the console, the log and the page.

Pure functions: nothing here asks a database, a disk or a clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

# A drill runs every day; two hours are for a machine that was busy, or was started late.
PROOF_AGE = timedelta(hours=26)
BACKUP_AGE = timedelta(hours=26)
SHIPPING_LAG = timedelta(seconds=60)
# The part says something every 30 seconds (keeper.STATUS_EVERY).
SILENCE = timedelta(minutes=5)
# The first backup and the first drill of a new installation come within this time.
FIRST_PROOF = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that an operator has to do: `code` for programs, what is wrong, and what helps.

    `is_grave` means that credits or pictures could be lost today.
    """

    code: str
    words: str
    remedy: str
    is_grave: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about backups. `detail` is what the backup part said at `said_at` (see keeper.Keeper).

    `last_proof_at` is the newest moment that a drill brought back from the own store (see proof.judge).
    """

    said_at: datetime | None
    detail: Mapping[str, Any]
    last_backup_at: datetime | None
    last_proof_at: datetime | None
    last_drill_failed: bool = False


def find_problems(facts: Facts, *, now: datetime) -> list[Problem]:
    """What is wrong, the gravest first; an empty list when an operator may sleep well."""
    if facts.detail.get("off"):
        return []
    if facts.detail.get("store_gone") and not _is_silent(facts, now):
        # Everything else about the store follows from this.
        remedy = (
            "Mount the disk or put the folder back, and everything goes on by itself. Only if the old backups are "
            "lost: begin anew there with `localex backup accept-store`."
        )
        words = "The backups are gone from their place, so nothing is being kept safe: " + str(facts.detail["store"])
        how = "is there, but is not the store that was used" if facts.detail.get("store_is_there") else "is not there"
        gone = Problem("store_gone", f"{words} {how}.", remedy)
        return [gone, *_about_proof(facts, now)]
    found = [*_about_the_part(facts, now), *_about_backups(facts, now), *_about_proof(facts, now)]
    if facts.said_at is not None:
        found += _about_the_place(facts.detail)
    return sorted(found, key=lambda problem: not problem.is_grave)


def _is_silent(facts: Facts, now: datetime) -> bool:
    return facts.said_at is None or now - facts.said_at > SILENCE


def _about_the_part(facts: Facts, now: datetime) -> list[Problem]:
    if facts.said_at is None:
        words = "The backup part has never reported here."
        return [Problem("never_ran", words, "Start LocalEx with `localex up`, without LOCALEX_BACKUP=off.")]
    if now - facts.said_at > SILENCE:
        words = f"The backup part has said nothing for {spell(now - facts.said_at)}."
        return [Problem("silent", words, "Look into logs/backup.log; `localex up` starts the part again.")]
    if facts.detail.get("error"):
        return [Problem("failing", f"The last attempt failed: {facts.detail['error']}", "logs/backup.log says more.")]
    lag = timedelta(seconds=float(facts.detail.get("lag_s") or 0))
    if lag > SHIPPING_LAG:
        words = f"The log of the database reaches the backups {spell(lag)} late; at most 60 seconds are promised."
        return [Problem("lag", words, "Look whether the disk or network of the backups is slow or full.")]
    return []


def _is_new(facts: Facts, now: datetime) -> bool:
    """Whether this installation is so young that its first backup and drill may still be under way."""
    first = facts.detail.get("first_seen_at")
    return bool(first) and now - datetime.fromisoformat(str(first)) < FIRST_PROOF


def _about_backups(facts: Facts, now: datetime) -> list[Problem]:
    if facts.last_backup_at is None:
        if facts.said_at is None or _is_new(facts, now):
            return []
        return [Problem("no_backup", "There is no complete backup.", "Run `localex backup` and read what it says.")]
    age = now - facts.last_backup_at
    if age > BACKUP_AGE:
        return [Problem("old_backup", f"The last backup is {spell(age)} old.", "Run `localex backup`.")]
    if facts.detail.get("retention"):
        words = f"Old backups are not being removed: {facts.detail['retention']}"
        remedy = "`localex verify ID` says what is damaged; remove that backup's folder, or put it back from a copy."
        return [Problem("retention", words, remedy, is_grave=False)]
    return []


def _about_proof(facts: Facts, now: datetime) -> list[Problem]:
    remedy = "Run `localex drill` and read what it says."
    if facts.last_drill_failed:
        return [Problem("drill_failed", "The last restore drill failed: the backups may be of no use.", remedy)]
    if facts.last_proof_at is None:
        if facts.said_at is None or _is_new(facts, now):
            return []
        return [Problem("never_proven", "No restore has ever been proven here.", remedy)]
    age = now - facts.last_proof_at
    if age > PROOF_AGE:
        return [Problem("old_proof", f"The last proven restore is {spell(age)} old; it should be daily.", remedy)]
    return []


def _about_the_place(detail: Mapping[str, Any]) -> list[Problem]:
    found = []
    if not detail.get("key_confirmed"):
        words = "Nobody has confirmed a copy of the backup key. Without the key every backup is worthless."
        remedy = "Keep the key somewhere else (`localex backup key show`), then run `localex backup key confirm`."
        found.append(Problem("key_not_confirmed", words, remedy))
    if detail.get("same_disk"):
        # What an older LocalEx wrote down does not name the disk.
        where = f" ({detail.get('store')}, on the disk mounted at {detail['disk']})" if detail.get("disk") else ""
        words = f"The backups lie on the same disk as the database{where}: if the disk dies, both are gone."
        remedy = "Start LocalEx once with LOCALEX_BACKUP_DIR set to a folder on another disk; it is remembered."
        found.append(Problem("same_disk", words, remedy, is_grave=False))
    return found


def spell(length: timedelta) -> str:
    """A length of time as people say it: `40 seconds`, `5 minutes`, `27 hours`, `3 days`."""
    seconds = int(length.total_seconds())
    for size, word, limit in ((86400, "day", 172800), (3600, "hour", 7200), (60, "minute", 120)):
        if seconds >= limit:
            return f"{seconds // size} {word}s"
    return f"{seconds} seconds" if seconds != 1 else "1 second"
