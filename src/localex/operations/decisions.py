"""What was decided about credits, for the operator page: the ledger's audit, and what coordinators changed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType

from localex.communities.models import Community
from localex.credits import health
from localex.lib.money import display
from localex.members.models import Member

MOST = 30
WORDS = {
    "credit_line": "Credit line",
    "ceiling": "Ceiling",
    "closed": "Account closed",
    "reopened": "Account opened again",
    "clearing_limit": "Limit towards another community",
    "stopped": "Postings stopped",
    "payee": "Payee of an old hold named",
    "resumed": "Postings let go on",
}
# What the system does without anybody; everything else without a member came from a command.
BY_ITSELF = frozenset({"credit_line", "payee"})


def describe_decisions() -> list[dict[str, Any]]:
    """The newest, as the page lists them: `member_id` is that of `whose`, `change` in credits. Five queries."""
    decided, changed = health.list_decisions(limit=MOST), _list_changes()
    numbers = {UUID(entry.object_id) for entry in changed if entry.object_id}
    numbers |= {number for row in decided for number in (row.community_id, row.owner) if number}
    names: dict[UUID, str] = dict(Community.objects.filter(pk__in=numbers).values_list("pk", "name"))
    people = _find_people([number for row in decided for number in (row.actor, row.owner) if number])
    rows = [*(_describe(row, names, people) for row in decided), *_describe_changes(changed, names)]
    return sorted(rows, key=lambda row: row["at"], reverse=True)[:MOST]


def _find_people(references: list[UUID]) -> dict[UUID, Member]:
    found = Member.objects.filter(ledger_ref__in=references) if references else Member.objects.none()
    return {member.ledger_ref: member for member in found}


def _list_changes() -> list[LogEntry]:
    """What coordinators changed of communities, the newest first: a small table, by its primary key."""
    kind = ContentType.objects.get_for_model(Community)
    return list(LogEntry.objects.filter(content_type=kind, action_flag=CHANGE).order_by("-id")[:MOST])


def _describe(row: health.Decision, names: Mapping[UUID, str], people: Mapping[UUID, Member]) -> dict[str, Any]:
    owner = people.get(row.owner) if row.owner else None
    actor = people.get(row.actor) if row.actor else None
    alone = "by itself" if row.what in BY_ITSELF else "no member"
    return {
        "at": row.at,
        "what": WORDS.get(row.what, row.what),
        "community": names.get(row.community_id, "") if row.community_id else "all",
        "whose": owner.display_name if owner else names.get(row.owner, str(row.owner)) if row.owner else "",
        "member_id": owner.pk if owner else None,
        "who": actor.display_name if actor else str(row.actor or alone),
        "change": _change(row),
        "words": row.words,
    }


def _change(row: health.Decision) -> str:
    if row.before is None and row.after is None:
        return ""
    return " → ".join("none" if value is None else display(value) for value in (row.before, row.after))


def _describe_changes(changed: Sequence[LogEntry], names: Mapping[UUID, str]) -> Iterable[dict[str, Any]]:
    staff: dict[Any, str] = dict(
        Member.objects.filter(user_id__in=[entry.user_id for entry in changed]).values_list("user_id", "display_name")
    )
    for entry in changed:
        yield {
            "at": entry.action_time,
            "what": "Community changed",
            "community": names.get(UUID(entry.object_id), "") if entry.object_id else "",
            "whose": "",
            "member_id": None,
            # Staff without a membership have an address only, which does not belong here.
            "who": staff.get(entry.user_id, f"Account {entry.user_id}"),
            "change": "",
            "words": entry.get_change_message(),
        }
