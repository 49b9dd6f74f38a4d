"""Partitions of journal and entries by month, made ahead."""

from localex.credits.services.calls import call

STEPS = 3


def cut_partitions() -> int:
    """Make the partitions of the next months ahead, once there are more than 10 million entries; how many were made.

    A daily job, outside a transaction: each of the three steps commits by itself. Each waits at most a second for its
    locks; OperationalError then, and the next call goes on where this one stopped.
    """
    return sum(int(call("SELECT ledger.cut_partitions()", [])[0]) for _ in range(STEPS))
