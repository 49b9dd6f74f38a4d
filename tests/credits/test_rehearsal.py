"""The ledger's clock stands still for everybody, unless its owner lets it follow Python's."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection

from localex.credits import errors, queries, rehearsal, services
from localex.lib import clock
from localex.lib.ids import new_id
from tests.credits.conftest import Town, in_days
from tests.servers import Servers

pytestmark = pytest.mark.usefixtures("committed_db")


def test_history_can_be_rehearsed_in_order(servers: Servers) -> None:
    from localex.embedded import roles

    town, payer, payee = Town(), uuid.uuid4(), uuid.uuid4()
    with rehearsal.following_python(servers.url(roles.OWNER)):
        with clock.shifted(timedelta(days=-40)):
            services.open_community(community_id=town.id)
            for owner in (payer, payee):
                services.open_member(community_id=town.id, owner=owner)
            granted = town.grant(payer, 100)
            assert abs(granted.booked_at - clock.now()) < timedelta(minutes=1)
        with clock.shifted(timedelta(days=-30)):
            trade, late = town.hold(payer, 30, days=4), town.hold(payer, 20, days=2)
        with clock.shifted(timedelta(days=-27)), pytest.raises(errors.HoldExpired):
            town.release(late, payee)
        with clock.shifted(timedelta(days=-27, seconds=1)):
            town.refund(late)
            services.extend_hold(trade_id=trade, expires_at=in_days(2))
            town.release(trade, payee)
    town.grant(payer, 1)
    town.check()
    page = queries.list_statement(community_id=town.id, owner=payer, cursor=None, limit=9)
    days = [(clock.now() - line.booked_at).days for line in page.items]
    assert days == [0, 26, 30, 30, 40]


def test_outside_a_rehearsal_nobody_moves_the_clock(committed_town: Town) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET localex.clock_shift = '-40 days'")
        cursor.execute("SELECT abs(extract(epoch FROM ledger.clock() - clock_timestamp())) < 60")
        assert cursor.fetchone() == (True,)
    with clock.shifted(timedelta(days=-40)):
        key = new_id()
    with pytest.raises(errors.KeyExpired):
        committed_town.grant(committed_town.member(), 5, key=key)
