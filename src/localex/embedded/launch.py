"""A trampoline: becomes another user, asks to die with its parent, and turns into the server.

Run by path with `python -I -S`, so it may import only the standard library, and does so before it changes user, because
the new user may not be able to read Python's own files. This is not done in `preexec_fn`, which is unsafe in a process
with threads. Usage: launch.py PARENT_PID DEATH_SIGNAL UID GID GROUPS COMMAND...; with `?` as COMMAND: exit 0 if the new
user can enter or run each following path.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def _die_with_parent(parent: int, death_signal: int) -> None:
    if not sys.platform.startswith("linux"):
        return  # elsewhere the next `up` stops what a killed supervisor left behind
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        # The parent died before the kernel knew that we care.
        sys.exit(1)


def main() -> None:
    """Read the arguments described above and act on them; does not return."""
    parent, death_signal, uid, gid = (int(word) for word in sys.argv[1:5])
    groups = [int(word) for word in sys.argv[5].split(",") if word]
    command = sys.argv[6:]
    if uid >= 0:
        os.setgroups(groups)
        os.setgid(gid)
        os.setuid(uid)
    if command[0] == "?":
        sys.exit(0 if all(os.access(path, os.X_OK) for path in command[1:]) else 1)
    # After setuid: the kernel forgets the death signal when the user changes.
    _die_with_parent(parent, death_signal)
    for number in (signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    os.execvp(command[0], command)  # noqa: S606 -- a list, no shell


if __name__ == "__main__":
    main()
