"""The backend of django-tasks: `TASK.enqueue(...)` writes a row in the caller's transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task, TaskError, TaskResult, TaskResultStatus
from django_tasks.exceptions import TaskResultDoesNotExist

from localex.jobs.errors import BadPayload
from localex.jobs.tasks import JobTask, get_task, pack

_STATUS = {
    "ready": TaskResultStatus.READY,
    "running": TaskResultStatus.RUNNING,
    "done": TaskResultStatus.SUCCESSFUL,
    "dead": TaskResultStatus.FAILED,
}


class OutboxBackend(BaseTaskBackend):
    """Tasks are jobs in PostgreSQL. Results are states only: a task's outcome is what it changed."""

    task_class = JobTask
    supports_defer = True
    supports_get_result = True
    supports_priority = True

    def enqueue(self, task: Task[Any, Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> TaskResult[Any]:
        """Insert the job. BadPayload for positional arguments and for anything that is not an id."""
        from localex.jobs import services

        if args:
            raise BadPayload("A job's arguments are named, so that its row explains itself.")
        self.validate_task(task)
        job_id = services.enqueue(task, payload=kwargs, run_at=task.run_after, priority=task.priority)
        return TaskResult(
            task=task,
            id=str(job_id),
            status=TaskResultStatus.READY,
            enqueued_at=None,
            started_at=None,
            last_attempted_at=None,
            finished_at=None,
            args=[],
            kwargs=pack(kwargs),
            backend=self.alias,
            errors=[],
            worker_ids=[],
        )

    def get_result(self, result_id: str) -> TaskResult[Any]:
        """Where the job with this id is; TaskResultDoesNotExist once it is pruned. Primary key."""
        from localex.jobs.models import Job

        job = Job.objects.filter(id=result_id).first()
        if job is None:
            raise TaskResultDoesNotExist(result_id)
        errors = (
            [TaskError(exception_class_path="builtins.Exception", traceback=job.last_error)] if job.last_error else []
        )
        return TaskResult(
            task=get_task(job.task),
            id=str(job.id),
            status=_STATUS[job.state],
            enqueued_at=job.created_at,
            started_at=None,
            last_attempted_at=None,
            finished_at=job.finished_at,
            args=[],
            kwargs=job.payload,
            backend=self.alias,
            errors=errors,
            worker_ids=[""] * job.attempts,
        )
