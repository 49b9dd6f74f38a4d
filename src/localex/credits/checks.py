"""The checker: asks the ledger for rows that break one of its invariants, over everything or over what is new."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import DatabaseError, OperationalError, connection, transaction

from localex.credits import catalogue, seals

# Of each community; and of all together ten times as many.
MAX_OFFENCES = 20
COMMUNITIES = 10
TIME_LIMIT = "20min"

CHECKS = {
    "I1": "The balances of each community sum to zero",
    "I2": "Every posting has legs that sum to zero, and nothing else has legs",
    "I3": "Every balance equals its entries",
    "I4": "Entries are numbered without a gap and later each time",
    "I5": "No balance is below its floor or above its ceiling",
    "I6": "Everything in escrow belongs to a hold that is under way",
    "I7": "The content hash of every posting recomputes",
    "I8": "The chain of seals recomputes, and its published copies agree",
}

# Not an invariant of rows: it names no community and stops none, but somebody should look.
STRUCTURE = "structure"
# What a check says that could not come to an end: something in the tables cannot even be reckoned with.
UNCHECKED = "the check itself"
STRUCTURE_WORDS = "Guards, functions and rights are as this release makes them"

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Offence:
    """One row that breaks an invariant; `community_id` is None when nobody can say whose it is."""

    community_id: UUID | None
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The outcome of one check: how many rows break it, the first of them, and how many there are of each community.

    `counts` has None for rows whose community is unknown. `notes` are sentences about what is odd but breaks
    nothing. `unpublished`: numbers of seals that have no published copy, which may be made when the check holds.
    """

    name: str
    words: str
    count: int
    offences: list[Offence]
    counts: Mapping[UUID | None, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unpublished: tuple[int, ...] = field(default=(), repr=False)

    @property
    def holds(self) -> bool:
        return self.count == 0

    @property
    def communities(self) -> frozenset[UUID | None]:
        """Of all rows that break it."""
        return frozenset(self.counts)


def run_check(
    name: str, *, since: datetime | None = None, community_id: UUID | None = None, limit: int = MAX_OFFENCES
) -> CheckResult:
    """Run the check `name` (a key of CHECKS) over one community or all. KeyError for another name.

    `since`: look only at what was booked after it, for I2, I3, I4, I7, I8 and, of I6, the holds that ended; None: at
    everything. Names at most `limit` rows of a community, ten times as many in all. I8 also reads the published seals,
    unless one community is asked for: seals belong to all. Changes and locks nothing; its time limit is twenty minutes
    instead of a request's.
    """
    words = CHECKS[name]
    with transaction.atomic(), connection.cursor() as cursor:
        # Until the transaction ends: a check runs in one of its own.
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [TIME_LIMIT])
        cursor.execute(
            """
            WITH broken AS MATERIALIZED (
                SELECT * FROM ledger.find_broken(%s, coalesce(%s::timestamptz, '-infinity'))
                WHERE %s::uuid IS NULL OR community_id = %s
            )
            SELECT community_id, subject, detail, of_it FROM (
                SELECT *, count(*) OVER (PARTITION BY community_id) AS of_it,
                       row_number() OVER (PARTITION BY community_id ORDER BY subject, detail) AS place
                FROM broken
            ) numbered
            WHERE place <= %s ORDER BY place > 1, subject, detail
            """,
            [name, since, community_id, community_id, limit],
        )
        # The first of each community come first: its number of rows is known however many communities there are.
        rows = cursor.fetchall()
    counts = {row[0]: row[3] for row in rows}
    offences = [Offence(*row[:3]) for row in rows[: limit * COMMUNITIES]]
    found = CheckResult(name, words, sum(counts.values()), offences, counts)
    return _add_published(found, since, limit) if name == "I8" and community_id is None else found


def _add_published(found: CheckResult, since: datetime | None, limit: int) -> CheckResult:
    """The same with what the published seals say: one that differs, or that the database lacks, is an offence."""
    compared = seals.compare_published(seals.publisher(), since=since)
    more = [Offence(None, subject, detail) for subject, detail in compared.offences]
    notes = tuple(f"The published file of seal {number} was missing." for number in compared.missing[:limit])
    return CheckResult(
        found.name,
        found.words,
        found.count + len(more),
        found.offences + more[:limit],
        {**found.counts, **({None: found.counts.get(None, 0) + len(more)} if more else {})},
        notes,
        tuple(sorted([*compared.missing, *compared.fresh])),
    )


def run_structure_check(*, limit: int = MAX_OFFENCES) -> CheckResult:
    """Compare how the schema is built with what this release makes: a guard that is switched off, a function changed.

    Holds in the middle of an upgrade, when the database is not at this release's migrations. One query.
    """
    with transaction.atomic():
        found = list(catalogue.compare(catalogue.find_lines())) if catalogue.is_at_this_release() else []
    return CheckResult(STRUCTURE, STRUCTURE_WORDS, len(found), [Offence(None, *row) for row in found[:limit]])


def _run_or_fail(name: str, *, since: datetime | None, community_id: UUID | None, limit: int) -> CheckResult:
    try:
        return run_check(name, since=since, community_id=community_id, limit=limit)
    except OperationalError:
        raise
    except (DatabaseError, OverflowError, ValueError) as error:
        # Nothing of what it read is repeated here but the server's own first line.
        offence = Offence(None, UNCHECKED, f"cannot be carried out: {str(error).splitlines()[0]}")
        return CheckResult(name, CHECKS[name], 1, [offence], {None: 1})


def run_checks(
    *,
    since: datetime | None = None,
    community_id: UUID | None = None,
    limit: int = MAX_OFFENCES,
    progress: Progress | None = None,
) -> list[CheckResult]:
    """Run all checks, I1 to I8, each naming at most `limit` offending rows of a community; see `run_check`.

    Then, unless one community is asked for, how the schema is built. A check that the database cannot carry out (a
    number beyond its type, a function that is gone) is broken by that itself, of nobody knows which community, and the
    others are run all the same; a server that goes away or runs out of time raises.

    `progress(done, of, words)` is called before each of them and after the last.
    """
    results = []
    for done, (name, words) in enumerate(CHECKS.items()):
        if progress:
            progress(done, len(CHECKS), f"{name} {words}")
        results.append(_run_or_fail(name, since=since, community_id=community_id, limit=limit))
    if community_id is None:
        results.append(run_structure_check(limit=limit))
    if progress:
        progress(len(CHECKS), len(CHECKS), "")
    return results
