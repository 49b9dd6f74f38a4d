"""What can go wrong with a job."""

from localex.lib.errors import LocalExError


class JobError(LocalExError):
    """The root of this context's errors. They are for logs and staff, not for members."""

    code = "job_error"


class BadPayload(JobError):
    """A task was given something that is not an id: a programmer's mistake, found at enqueue."""

    code = "bad_payload"


class UnknownTask(JobError):
    """A job names a task that this release does not have; it is retried, a newer worker may know it."""

    code = "unknown_task"


class LeaseLost(JobError):
    """Another worker has the job now: whatever this one did in the database must roll back."""

    code = "lease_lost"


class TimeLimitPassed(JobError):
    """The task ran longer than it may."""

    code = "time_limit_passed"


class GiveUp(JobError):
    """Raised by a task that knows that trying again is useless: the job is dead at once."""

    code = "gave_up"
