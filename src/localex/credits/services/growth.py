"""Partitions of journal and entries by month, made ahead."""

from django.db import connection, transaction

from localex.credits.services.calls import call

# Three of journal and three of entry; should there be more, the next day's call takes them.
STEPS = 6
TIME_LIMIT = "10min"  # one of the steps reads a partition; postings go on beside it


def cut_partitions() -> int:
    """Make the partitions of the next months ahead, once there are more than 10 million entries; how many were made.

    Outside a transaction: each step commits by itself, and alters one of the two tables. Each waits at most a second
    for its locks; OperationalError then, and the next call goes on where this one stopped.
    """
    made = 0
    for _ in range(STEPS):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [TIME_LIMIT])
            (step,) = call("SELECT ledger.cut_partitions()", [])
        if step is None:
            break
        made += int(step)
    return made
