"""Times of bookings go on, whatever the machine's clock does, and stay behind the horizon of the seals."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from localex.credits import rehearsal
from localex.embedded import roles
from tests.servers import Servers

Session = psycopg.Connection[Any]
COMMUNITY, OWNER = uuid.uuid4(), uuid.uuid4()


@pytest.fixture(scope="module")
def place(servers: Servers) -> Iterator[str]:
    """A database whose ledger has a clock that the session `localex.clock_shift` can set back or forth."""
    with servers.scratch_database() as name:
        with servers.connect(roles.OWNER, name) as owner:
            owner.execute(rehearsal.SHIFTED)
        with servers.connect(roles.APP, name) as app:
            app.execute("SELECT ledger.open_community(%s)", [COMMUNITY])
            app.execute("SELECT ledger.open_member(%s, %s)", [COMMUNITY, OWNER])
        yield name


@pytest.fixture
def app(servers: Servers, place: str) -> Iterator[Session]:
    with servers.connect(roles.APP, place) as connection:
        yield connection


def shift(session: Session, by: str) -> None:
    session.execute("SELECT set_config('localex.clock_shift', %s, false)", [by])


def grant(session: Session) -> datetime:
    row = session.execute(
        "SELECT booked_at FROM ledger.grant_credits(uuidv7(), %s, %s, 1, 'coordinator_grant', NULL)", [COMMUNITY, OWNER]
    ).fetchone()
    assert row is not None
    found: datetime = row[0]
    return found


def test_times_of_a_balance_go_up_when_the_clock_is_set_back(app: Session) -> None:
    moments = [grant(app)]
    for hours in (-1, -48, -2, -3):
        shift(app, f"{hours} hours")
        moments += [grant(app), grant(app)]
    assert moments == sorted(set(moments))
    assert moments[-1] - moments[0] == timedelta(microseconds=8)
    assert app.execute("SELECT * FROM ledger.broken_i4").fetchall() == []


def test_nothing_is_booked_before_the_horizon(servers: Servers, place: str, app: Session) -> None:
    with servers.connect(roles.SUPER, place) as superuser, superuser.transaction():
        superuser.execute("ALTER TABLE ledger.sealing DISABLE TRIGGER USER")
        superuser.execute("UPDATE ledger.sealing SET horizon = clock_timestamp() + interval '1 hour'")
        superuser.execute("ALTER TABLE ledger.sealing ENABLE ALWAYS TRIGGER refuse_outside")
    member = uuid.uuid4()
    shift(app, "-1 day")
    app.execute("SELECT ledger.open_member(%s, %s)", [COMMUNITY, member])
    app.execute("SELECT ledger.set_credit_line(%s, %s, 5, NULL, 'x')", [COMMUNITY, member])
    booked = [grant(app)]
    for (many,) in app.execute(
        "SELECT booked_at FROM ledger.grant_many(ARRAY[uuidv7(), uuidv7()], %s, %s, '{1,2}', 'starter_grant', NULL)",
        [COMMUNITY, [OWNER, member]],
    ):
        booked.append(many)
    (refused,) = app.execute(
        "SELECT booked_at FROM ledger.grant_credits(uuidv7(), %s, %s, 1, 'starter_grant', NULL)", [COMMUNITY, member]
    ).fetchone()  # type: ignore[misc]
    booked.append(refused)
    for table, column in (("accounts", "opened_at"), ("audits", "at")):
        (moment,) = app.execute(f"SELECT max({column}) FROM ledger.{table}".encode()).fetchone()  # type: ignore[misc]
        booked.append(moment)
    with servers.connect(roles.SUPER, place) as superuser:
        (horizon,) = superuser.execute("SELECT horizon FROM ledger.sealing").fetchone()  # type: ignore[misc]
    assert all(moment > horizon for moment in booked)
    assert len(set(booked[:2])) == 2


def test_a_hold_expires_by_the_ledgers_clock(app: Session) -> None:
    shift(app, "0")
    trade = uuid.uuid4()
    app.execute(
        "SELECT ledger.hold_credits(uuidv7(), %s, %s, %s, 1, now() + interval '2 days', NULL)",
        [COMMUNITY, trade, OWNER],
    )
    shift(app, "3 days")
    refused = app.execute("SELECT reason::text FROM ledger.release_hold(uuidv7(), %s, %s, NULL)", [trade, OWNER])
    assert refused.fetchone() == ("hold_expired",)
    assert len(app.execute("SELECT * FROM ledger.expire_holds('1 hour', 10)").fetchall()) == 1
