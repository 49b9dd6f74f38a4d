"""How a context declares its tasks.

    @database_task()
    def expire_offer(offer_id: UUID) -> None: ...

    @outside_task(max_attempts=20)
    def send_mail(mail_id: UUID) -> None: ...

A database task runs inside the transaction that also finishes its job: its effect happens exactly once. An outside
task runs outside any transaction, because no network belongs inside one, and must be safe to run twice;
`services.claim_effect` helps. Arguments are named ids (UUID, str, int, bool or None); a task reads the
present state itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, Literal, ParamSpec, TypeVar, get_args, get_type_hints, overload
from uuid import UUID

from django.utils.module_loading import autodiscover_modules
from django_tasks import task as declare
from django_tasks.base import Task

from localex.jobs.errors import BadPayload, UnknownTask

P = ParamSpec("P")
T = TypeVar("T")

Payload = dict[str, str | int | bool | None]

MAX_TEXT_LENGTH = 200
MAX_ARGUMENTS = 12
DEFAULT_MAX_ATTEMPTS = 10
DEFAULT_TIME_LIMIT_S = 300

_known: dict[str, "JobTask[Any, Any]"] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTask(Task[P, T], Generic[P, T]):
    """A task of django-tasks that also says how the worker runs it."""

    kind: Literal["database", "outside"] = "database"
    max_attempts: int = DEFAULT_MAX_ATTEMPTS
    time_limit_s: int = DEFAULT_TIME_LIMIT_S


@overload
def database_task(func: Callable[P, T], /) -> JobTask[P, T]: ...
@overload
def database_task(
    *, queue: str = ..., priority: int = ..., max_attempts: int = ..., time_limit_s: int = ...
) -> Callable[[Callable[P, T]], JobTask[P, T]]: ...
def database_task(func: Callable[P, T] | None = None, /, **options: Any) -> Any:
    """Declare a task whose effects are rows: it runs in the transaction that finishes the job. With or without options.

    `queue`; `priority`, -100 to 100, higher first; `max_attempts`; `time_limit_s`, the seconds after which a run is
    ended, which counts as a failure.
    """
    return _declare("database", func, **options)


@overload
def outside_task(func: Callable[P, T], /) -> JobTask[P, T]: ...
@overload
def outside_task(
    *, queue: str = ..., priority: int = ..., max_attempts: int = ..., time_limit_s: int = ...
) -> Callable[[Callable[P, T]], JobTask[P, T]]: ...
def outside_task(func: Callable[P, T] | None = None, /, **options: Any) -> Any:
    """Declare a task that talks to something outside the database: mail, files, a child process.

    Options as for `database_task`.
    """
    return _declare("outside", func, **options)


def _declare(
    kind: Literal["database", "outside"],
    func: Callable[P, T] | None,
    *,
    queue: str = "default",
    priority: int = 0,
    max_attempts: int = DEFAULT_MAX_ATTEMPTS,
    time_limit_s: int = DEFAULT_TIME_LIMIT_S,
) -> JobTask[P, T] | Callable[[Callable[P, T]], JobTask[P, T]]:
    declare_this: Any = declare(
        queue_name=queue,
        priority=priority,
        kind=kind,
        max_attempts=max_attempts,
        time_limit_s=time_limit_s,
    )

    def wrapper(func: Callable[P, T]) -> JobTask[P, T]:
        made: JobTask[P, T] = declare_this(func)
        _known[made.module_path] = made
        return made

    return wrapper(func) if func else wrapper


def get_task(path: str) -> JobTask[Any, Any]:
    """The declared task with this dotted path. UnknownTask for any other: nothing is imported because a row says so."""
    if path not in _known:
        autodiscover_modules("tasks")
    try:
        return _known[path]
    except KeyError:
        raise UnknownTask(f"This release has no task called {path}.") from None


def pack(arguments: Mapping[str, object]) -> Payload:
    """The arguments as they are stored. BadPayload for anything that is not an id."""
    if len(arguments) > MAX_ARGUMENTS:
        raise BadPayload(f"A job takes at most {MAX_ARGUMENTS} ids.")
    packed: Payload = {}
    for name, value in arguments.items():
        if isinstance(value, UUID):
            packed[name] = str(value)
        elif (
            value is None
            or isinstance(value, (bool, int))
            or (isinstance(value, str) and len(value) <= MAX_TEXT_LENGTH)
        ):
            packed[name] = value
        else:
            raise BadPayload(f"A job's payload holds ids only, and {name} is {type(value).__name__}.")
    return packed


def unpack(task: JobTask[Any, Any], payload: Payload) -> dict[str, object]:
    """Stored arguments as the task function wants them: those annotated as UUID become UUIDs again."""
    ids = _uuid_names(task.func)
    return {name: UUID(value) if name in ids and isinstance(value, str) else value for name, value in payload.items()}


@cache
def _uuid_names(func: Callable[..., Any]) -> frozenset[str]:
    hints = get_type_hints(func)
    return frozenset(name for name, hint in hints.items() if hint is UUID or UUID in get_args(hint))
