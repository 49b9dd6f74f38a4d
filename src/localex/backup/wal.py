"""The write-ahead log in a store: its names, and whether it reaches from a backup to now without a gap."""

import json
import re
from dataclasses import dataclass
from datetime import datetime

from localex.backup.errors import BackupDamaged
from localex.backup.keys import Keys
from localex.backup.manifest import Manifest
from localex.backup.sealed import read_small, read_small_compressed
from localex.backup.stores import Store

FOLDER = "wal"
SUFFIX = ".zst.age"
PARTIAL = ".partial"
SEGMENT = re.compile(r"[0-9A-F]{24}")
HISTORY = re.compile(r"[0-9A-F]{8}\.history")


def parse_lsn(text: str) -> int:
    """`16/B374D848` as a number."""
    high, _, low = text.partition("/")
    return int(high, 16) << 32 | int(low, 16)


def format_lsn(lsn: int) -> str:
    """A number as PostgreSQL writes it."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


def segment_name(timeline: int, number: int, segment_size: int) -> str:
    """The file name of the segment `number` (LSN divided by the size) on a timeline."""
    per_log = (1 << 32) // segment_size
    return f"{timeline:08X}{number // per_log:08X}{number % per_log:08X}"


def segment_number(name: str, segment_size: int) -> int:
    """The other way round."""
    return int(name[8:16], 16) * ((1 << 32) // segment_size) + int(name[16:24], 16)


def wal_object(system: str, file: str) -> str:
    """The name in the store of a file of the log, such as a segment's, with `.partial` or a `.history`."""
    return f"{FOLDER}/{system}/{file}{SUFFIX}"


def newest_object(system: str, timeline: int) -> str:
    """The name of the note up to when the log of a timeline is complete."""
    return f"{FOLDER}/{system}/newest-{timeline:08X}.json.age"


@dataclass(frozen=True)
class Newest:
    """Everything that was booked until `at`, by the database's clock, lies before `lsn` and is in the store."""

    timeline: int
    lsn: int
    at: datetime

    def to_json(self) -> bytes:
        """For the store."""
        return json.dumps({"timeline": self.timeline, "lsn": self.lsn, "at": self.at.isoformat()}).encode()


def read_newest(store: Store, keys: Keys, system: str, timeline: int) -> Newest | None:
    """The note of a timeline, None when its log was never shipped."""
    name = newest_object(system, timeline)
    if store.size(name) is None:
        return None
    try:
        found = json.loads(read_small(store, keys, name))
        return Newest(int(found["timeline"]), int(found["lsn"]), datetime.fromisoformat(found["at"]))
    except (ValueError, KeyError, TypeError) as error:
        raise BackupDamaged(f"{name} cannot be read ({error}).") from error


@dataclass(frozen=True)
class Chain:
    """The log from a backup to the newest moment.

    `segments` are those that a recovery will ask for, by name, with their objects; `missing` are the gaps. The backup
    brings its own log up to `Manifest.stop_lsn`. Everything until `newest` is reachable when nothing is missing.
    """

    timeline: int
    segments: dict[str, str]
    histories: dict[str, str]
    missing: tuple[str, ...]
    newest: Newest
    # Segments were shipped, and the note up to when they are complete is not there.
    lacks_note: bool = False

    @property
    def objects(self) -> list[str]:
        """Every object of it."""
        return [*self.histories.values(), *self.segments.values()]


def find_chain(store: Store, keys: Keys, manifest: Manifest) -> Chain:
    """The log that follows a backup, on the newest timeline that descends from the backup's."""
    system, size = manifest.system_identifier, manifest.segment_size
    prefix = f"{FOLDER}/{system}/"
    stored = {
        entry.name.removeprefix(prefix).removesuffix(SUFFIX): entry.name
        for entry in store.list(prefix)
        if entry.name.endswith(SUFFIX)
    }
    histories = {name: found for name, found in stored.items() if HISTORY.fullmatch(name)}
    switches = _find_switches(store, keys, manifest, histories)
    timeline = switches[-1][0] if switches else manifest.timeline
    newest = _find_newest(store, keys, manifest, timeline)
    segments: dict[str, str] = {}
    missing: list[str] = []
    # The backup itself brings its last segment whole, since PostgreSQL ends a segment with a base backup.
    first, last = manifest.stop_lsn // size, _last_segment(stored, timeline, size, newest)
    for number in range(first, last + 1):
        name = segment_name(_timeline_at(number, size, manifest.timeline, switches), number, size)
        partial = f"{name}{PARTIAL}"
        if name in stored:
            segments[name] = stored[name]
        elif partial in stored and number == last:
            # A partial one that is older than the backup's own copy must not be offered instead of it.
            if newest.lsn >= manifest.stop_lsn:
                segments[name] = stored[partial]
        elif first < number and number * size < newest.lsn:
            missing.append(name)
    has_note = store.size(newest_object(system, timeline)) is not None
    return Chain(timeline, segments, histories, tuple(missing), newest, lacks_note=bool(segments) and not has_note)


def _find_switches(store: Store, keys: Keys, manifest: Manifest, histories: dict[str, str]) -> list[tuple[int, int]]:
    """The timelines after the backup's, each with the LSN where it began, on the way to the newest one."""
    for name in sorted(histories, reverse=True):
        lines = _read_history(store, keys, histories[name])
        path = [(timeline, lsn) for timeline, lsn in lines if timeline >= manifest.timeline]
        # The backup's own timeline must be an ancestor, left after the backup had ended.
        if path and path[0][0] == manifest.timeline and path[0][1] >= manifest.stop_lsn:
            following = [timeline for timeline, _ in path[1:]] + [int(name[:8], 16)]
            return [(timeline, lsn) for timeline, (_, lsn) in zip(following, path, strict=True)]
    return []


def _read_history(store: Store, keys: Keys, name: str) -> list[tuple[int, int]]:
    text = read_small_compressed(store, keys, name).decode(errors="replace")
    rows = [line.split("\t") for line in text.splitlines()]
    return [(int(row[0]), parse_lsn(row[1])) for row in rows if len(row) >= 2 and row[0].strip().isdigit()]


def _find_newest(store: Store, keys: Keys, manifest: Manifest, timeline: int) -> Newest:
    """Up to when the log is complete, never before the end of the backup itself."""
    found = read_newest(store, keys, manifest.system_identifier, timeline)
    own = Newest(manifest.timeline, manifest.stop_lsn, manifest.stopped_at)
    if found is None or found.lsn < own.lsn:
        return own
    return found if found.at >= own.at else Newest(found.timeline, found.lsn, own.at)


def _last_segment(stored: dict[str, str], timeline: int, size: int, newest: Newest) -> int:
    """The number of the last segment that is there or should be."""
    names = [name.removesuffix(PARTIAL) for name in stored]
    numbers = [
        segment_number(name, size) for name in names if SEGMENT.fullmatch(name) and int(name[:8], 16) == timeline
    ]
    return max([*numbers, (newest.lsn - 1) // size])


def _timeline_at(number: int, size: int, first: int, switches: list[tuple[int, int]]) -> int:
    """The timeline under whose name a segment is looked for: the last that began in it or before."""
    timeline = first
    for following, lsn in switches:
        if lsn // size <= number:
            timeline = following
    return timeline
