"""Which moments can be restored, in words; for `localex backup list`, `verify` and `restore`."""

from datetime import datetime
from typing import TYPE_CHECKING

from localex.backup.stores import Store
from localex.cli.output import say

if TYPE_CHECKING:
    from localex.backup.catalogue import Stretch


def say_stretches(stretches: "list[Stretch]") -> None:
    """What can be restored and what cannot, in order."""
    following: list[Stretch | None] = [*stretches[1:], None]
    for stretch, later in zip(stretches, following, strict=True):
        first, last = _exact(stretch.first), _exact(stretch.last)
        until = f"before {_exact(later.first)}" if later else "before the next backup ends"
        if stretch.gap:
            say(
                f"Any time from {first} up to a gap in the log can be restored; the gap lies after {last}. "
                "Whether a time is before it, `localex restore --to` says."
            )
            say(f"GAP: segment {stretch.gap} of the log is missing. Nothing behind it {until} can be restored.")
            continue
        if stretch.first == stretch.last:
            say(f"Only {first} can be restored, a backup's own moment: no log follows it.")
        else:
            say(f"Any time from {first} to {last} can be restored.")
        if later:
            say(f"GAP: the log of what came after that is not here. Nothing after it {until} can be restored.")


def spell_alone(store: Store, moment: datetime) -> str:
    """The warning for a backup that no log follows: it may just have been made, or everything after it is lost."""
    place = store.place
    return (
        f"WARNING: Only its own moment, {spell_time(moment)}, can be restored: no log that follows is in {place}. "
        "While LocalEx runs it comes within a minute; if the backup is older than that, what was booked since is lost, "
        "or its log is kept in another folder."
    )


def _exact(moment: datetime) -> str:
    """To the microsecond, because what is said to be possible must be possible."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S.%f %z")


def spell_time(moment: datetime) -> str:
    """To the second, in this machine's zone."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
