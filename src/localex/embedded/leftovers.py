"""Ends what a supervisor that was killed could not end itself.

On Linux the kernel tells every part when the supervisor dies (see launch.py), so there is usually nothing left, or
something that is just about to stop. What the kernel cannot reach (a web process whose own parent was killed too, other
systems) is found by the state file: by pid and start time, or by process group and a marker in the environment.
"""

import contextlib
import secrets
import signal

from localex.embedded.directory import DataDirectory
from localex.embedded.processes import ProcessRecord, group_members, send, wait_until

MARKER = "LOCALEX_SUPERVISION"
PATIENCE_SECONDS = 6.0
KILL_SECONDS = 3.0


def new_marker() -> str:
    """A value of the variable MARKER that no other supervisor has."""
    return secrets.token_hex(8)


def end_leftovers(directory: DataDirectory) -> list[str]:
    """Stop the parts that the last supervisor of `directory` left; returns their names.

    Only for the holder of the directory's lock. PostgreSQL is left to `Cluster.end_leftover`, which reads its own pid
    file.
    """
    state = directory.read_state()
    marker = f"{MARKER}={state.get('marker', '')}"
    parts = state.get("parts")
    ended = []
    for name, entry in (parts if isinstance(parts, dict) else {}).items():
        with contextlib.suppress(KeyError, TypeError, ValueError):
            record = ProcessRecord(int(entry["pid"]), str(entry["started"]))
            if name != "postgres" and _end(record, marker):
                ended.append(name)
    return ended


def _end(record: ProcessRecord, marker: str) -> bool:
    """Stop one part with its group, first politely; returns whether there was anything."""
    members = [*([record.pid] if record.is_alive else []), *group_members(record, marker)]
    if not members:
        return False
    for number, seconds in ((signal.SIGTERM, PATIENCE_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
        for pid in {*members, *group_members(record, marker)}:
            send(pid, number)
        if wait_until(lambda: not record.is_alive and not any(group_members(record, marker)), seconds=seconds):
            break
    return True
