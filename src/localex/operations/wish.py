"""The wish of an operator that a community posts again: kept as a status, fulfilled by a job that checks everything.

Such a check may take many minutes, which is no time for a request. The status is named after the community; its state
is `waiting`, `refused` (the check found something), `failed` (the check could not be made) or `done`.
"""

from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from localex.credits import inspection
from localex.lib import clock
from localex.operations.models import Status

PREFIX = "resume."
WAITING, REFUSED, FAILED, DONE = "waiting", "refused", "failed", "done"


def make_wish(community_id: UUID, *, actor: UUID | None, words: str, despite: bool) -> None:
    """Keep the wish and enqueue the job, together. `actor`: the member's pseudonym there, if there is one."""
    from localex.operations.tasks import resume_community

    detail = {"state": WAITING, "actor": str(actor) if actor else None, "words": words, "despite": despite}
    with transaction.atomic():
        Status.objects.update_or_create(name=_name(community_id), defaults={"at": clock.now(), "detail": detail})
        resume_community.enqueue(community_id=community_id)


def list_wishes() -> dict[UUID, Status]:
    """The newest wish of each community; few rows, by their primary key."""
    rows = Status.objects.filter(name__startswith=PREFIX).order_by("name")[:200]
    return {UUID(row.name.removeprefix(PREFIX)): row for row in rows}


def fulfil(community_id: UUID) -> None:
    """Check everything and let the community post, or keep why not. Nothing without a wish that waits.

    See credits.inspection.resume. What goes wrong is kept as well, and raised.
    """
    wish = Status.objects.filter(name=_name(community_id), detail__state=WAITING).first()
    if wish is None:
        return
    actor = wish.detail["actor"]
    try:
        inspection.resume(
            community_id=community_id,
            actor=UUID(actor) if actor else None,
            words=wish.detail["words"],
            despite=wish.detail["despite"],
            progress=partial(_tell, wish),
        )
    except inspection.ChecksFail as error:
        _answer(wish, REFUSED, f"{error.message} {error.kept}")
    except Exception as error:
        _answer(wish, FAILED, f"The check could not be made ({type(error).__name__}). Postings stay stopped.")
        raise
    else:
        _answer(wish, DONE, "")


def _tell(wish: Status, done: int, of: int, words: str) -> None:
    """Keep how far the check is, for the page; between two checks no transaction is open, so it is seen at once."""
    progress = {"done": done, "of": of, "words": words}
    Status.objects.filter(name=wish.name, at=wish.at).update(detail={**wish.detail, "progress": progress})


def _answer(wish: Status, state: str, answer: str) -> None:
    """Unless a newer wish came meanwhile, which has a job of its own."""
    detail: dict[str, Any] = {**wish.detail, "state": state, "answer": answer}
    Status.objects.filter(name=wish.name, at=wish.at).update(at=clock.now(), detail=detail)


def _name(community_id: UUID) -> str:
    return PREFIX + community_id.hex
