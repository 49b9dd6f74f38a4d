"""What the pages of credits show, in the words that people use."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.timezone import localdate

from localex.credits import chart, health, queries, references
from localex.credits.fates import find_fates
from localex.credits.forms import StatementForm
from localex.credits.statements import StatementLine
from localex.credits.wording import describe_line, find_fee
from localex.lib import clock

LINES_PER_PAGE = 30
LINES_TO_PRINT = 200
SEALED_EVERY = timedelta(minutes=15)
EPOCH = datetime.fromtimestamp(0, tz=UTC)
# Postings that are always about a trade, also when nobody knows its name.
OF_TRADES = frozenset({"hold", "release", "refund", "expiry"})
# Those that a coordinator gives a reason for.
BY_STAFF = frozenset({"coordinator_grant", "protection"})


@dataclass(frozen=True, slots=True)
class Row:
    """One line as it is shown. `fee`: what of it is one; `trade_id` is None when there is nothing to link to.

    `more` are remarks that stand on lines of their own; `reason` is what a coordinator wrote, else "".
    """

    icon: str
    words: str
    note: str
    more: tuple[str, ...]
    reason: str
    amount: int
    fee: int
    balance_after: int
    when: datetime
    trade_id: UUID | None
    journal_id: UUID
    kind: str
    partner: str


@dataclass(frozen=True, slots=True)
class Day:
    """The lines of one day in the time zone in force, newest first."""

    when: datetime
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose statement it is."""

    community_id: UUID
    owner: UUID
    zone: ZoneInfo


def describe_statement(who: Asker, address: Any) -> dict[str, Any]:
    """The context of statement.html: `balance`, `form`, `page`, `days`, `chart`, and from when on lines have proofs.

    Seven queries: partners, dates and chart, lines, names, fates, balance, seal. One more with a partner, one with a
    chart of more than 90 days, and at most three when few lines fit.
    """
    form = read_form(who, address)
    filters = filters_of(who, form)
    course = chart.find_course(
        community_id=who.community_id,
        owner=who.owner,
        span=address.get("chart", ""),
        zone=who.zone,
        also=filters.moments,
    )
    page = queries.list_statement(
        community_id=who.community_id,
        owner=who.owner,
        cursor=address.get("cursor"),
        limit=LINES_PER_PAGE,
        filters=filters,
        places=course.places,
    )
    seal = health.find_last_seal()
    rows = describe_lines(who, page.items)
    days = [list(found) for _, found in groupby(rows, lambda row: localdate(row.when))]
    return {
        "balance": queries.find_balance(community_id=who.community_id, owner=who.owner),
        "form": form,
        "page": page,
        **describe_sealing(rows, seal.until if seal else None),
        "days": [Day(found[0].when, found) for found in days],
        "chart": chart.build_chart(course),
        "spans": chart.list_spans(course),
    }


def describe_sealing(rows: Sequence[Row], sealed_until: datetime | None) -> dict[str, Any]:
    """Up to when lines have a proof, whether some of these have none yet, and when they will.

    Nothing is promised when a seal is overdue.
    """
    now = clock.now()
    unsealed = [row.when for row in rows if sealed_until is None or row.when > sealed_until]
    is_overdue = sealed_until is not None and any(when < now - SEALED_EVERY for when in unsealed)
    return {
        "sealed_until": sealed_until,
        "has_unsealed": bool(unsealed),
        "proofs_at": None if is_overdue else find_next_seal(now),
    }


def find_next_seal(now: datetime) -> datetime:
    """When what was booked just now will be sealed: at the next quarter of an hour, as the jobs are planned."""
    return now + SEALED_EVERY - (now - EPOCH) % SEALED_EVERY


def read_form(who: Asker, address: Any) -> StatementForm:
    """The filters of an address, with the partners that the member may choose from."""
    return StatementForm(address, partners=references.list_partners(community_id=who.community_id, owner=who.owner))


def filters_of(who: Asker, form: StatementForm) -> queries.Filters:
    """The filters as the ledger understands them."""
    return form.filters(community_id=who.community_id, owner=who.owner, zone=who.zone)


def describe_lines(who: Asker, lines: Sequence[StatementLine]) -> list[Row]:
    """Lines with what they were about and what became of it. At most three queries, however many lines."""
    ids = {line.reference for line in lines if line.reference}
    given = {line.journal_id for line in lines if line.kind in BY_STAFF}
    abouts = references.describe(owner=who.owner, references=ids, postings=given)
    fates = find_fates(community_id=who.community_id, owner=who.owner, references=ids)
    rows = []
    for line in lines:
        about = abouts.get(line.reference) if line.reference else None
        fate = fates.get(line.reference) if line.reference else None
        given_for = abouts.get(line.journal_id)
        reason = given_for.reason if given_for else ""
        said = describe_line(line, about, fate, reason)
        rows.append(
            Row(
                icon=said.icon,
                words=said.words,
                note=said.note,
                more=said.more,
                reason=reason,
                amount=line.amount,
                fee=find_fee(line, fate),
                balance_after=line.balance_after,
                when=line.booked_at,
                trade_id=line.reference if about or line.kind in OF_TRADES else None,
                journal_id=line.journal_id,
                kind=line.kind,
                partner=about.partner if about else "",
            )
        )
    return rows
