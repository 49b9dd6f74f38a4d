"""How a lower layer tells higher ones that something happened, without knowing them.

Events are names with ids: `publish("trade.completed", trade_id=...)`. Each subscriber gets a job of its own in the
publisher's transaction: all of them happen, or the event did not.
"""

from collections import defaultdict
from typing import Any

from localex.jobs import services
from localex.jobs.tasks import JobTask

_subscribers: dict[str, list[tuple[JobTask[Any, Any], dict[str, object]]]] = defaultdict(list)


def subscribe(name: str, task: JobTask[Any, Any], **constants: object) -> None:
    """Run `task` with the ids of every event called `name`, and with `constants` added; called in `AppConfig.ready`."""
    entry = (task, constants)
    if entry not in _subscribers[name]:
        _subscribers[name].append(entry)


def unsubscribe(name: str) -> None:
    """Undo every `subscribe` to `name`, for a test that leaves no trace."""
    _subscribers.pop(name, None)


def publish(name: str, **ids: object) -> None:
    """Tell everybody who subscribed to `name`: one job each, in the caller's transaction. BadPayload for non-ids."""
    services.enqueue_many(
        [services.Wanted(task=task, payload={**ids, **constants}) for task, constants in _subscribers.get(name, ())]
    )


def subscribed_names() -> frozenset[str]:
    """The names of the events that somebody listens to."""
    return frozenset(name for name, entries in _subscribers.items() if entries)
