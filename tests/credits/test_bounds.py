"""What every function of the ledger asks of its arguments: amounts, deadlines, lists. Beyond, nothing is booked."""

import uuid
from collections.abc import Iterator

import pytest
from psycopg import Error

from localex.embedded import roles
from tests.credits.books import Books, new_books
from tests.servers import Servers

MOST = 10**15
A, B, TRADE = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
GRANTS = "SELECT count(*) FROM ledger.grant_many({keys}, {town}, {owners}, {amounts}, {kind}, NULL)"
KEYS, OWNERS = "ARRAY[uuidv7(), uuidv7()]", f"ARRAY['{A}', '{B}']::uuid[]"


def many(keys: str = KEYS, owners: str = OWNERS, amounts: str = "'{5,5}'", kind: str = "'coordinator_grant'") -> str:
    return GRANTS.format(keys=keys, town=":town", owners=owners, amounts=amounts, kind=kind)


def hold(price: str = "5", fee: str = "0", expires: str = "now() + interval '1 day'") -> str:
    return f"SELECT ledger.hold_credits(uuidv7(), :town, uuidv7(), '{A}', '{B}', {price}, {fee}, 0, {expires}, NULL)"


SHIFTED = f"'[2:3]={{{A},{A}}}'::uuid[]"
REFUSED = {
    "starter grants from the number 2 on": many(owners=SHIFTED, kind="'starter_grant'"),
    "amounts from the number 0 on": many(amounts="'[0:1]={5,5}'"),
    "amounts of two dimensions": many(amounts="'{{5},{5}}'"),
    "no keys": many(keys="NULL"),
    "no owners": many(owners="NULL"),
    "no amounts": many(amounts="NULL"),
    "no kind": many(kind="NULL"),
    "an amount that is none": many(amounts="'{5,NULL}'"),
    "empty lists": many(keys="'{}'", owners="'{}'", amounts="'{}'"),
    "a large amount among many": many(amounts=f"'{{5,{MOST + 1}}}'"),
    "a large grant": f"SELECT ledger.grant_credits(uuidv7(), :town, '{A}', {MOST + 1}, 'coordinator_grant', NULL)",
    "a grant of no kind": f"SELECT ledger.grant_credits(uuidv7(), :town, '{A}', 5, NULL, NULL)",
    "a grant of no kind, for somebody": f"SELECT ledger.grant_credits(uuidv7(), :town, '{A}', 5, NULL, NULL, '{B}')",
    "a large credit line": f"SELECT ledger.set_credit_line(:town, '{A}', {MOST + 1}, NULL, 'x')",
    "the largest credit line there is": f"SELECT ledger.set_credit_line(:town, '{A}', 9223372036854775807, NULL, 'x')",
    "a large ceiling": f"SELECT ledger.set_ceiling(:town, '{A}', {MOST + 1}, NULL, 'x')",
    "a large clearing limit": f"SELECT ledger.open_clearing(:town, '{B}', {MOST + 1}, NULL)",
    "a large price": hold(price=str(MOST + 1)),
    "a large fee": hold(fee="9223372036854775807"),
    "a hold for ever": hold(expires="'infinity'"),
    "a hold until the year 290000": hold(expires="'290000-01-01'"),
    "a hold for 401 days": hold(expires="now() + interval '401 days'"),
    "a hold of the release before, for ever": f"SELECT ledger.hold_credits(uuidv7(), :town, uuidv7(), '{A}', 5,"
    " 'infinity', NULL)",
    "a large hold of the release before": f"SELECT ledger.hold_credits(uuidv7(), :town, uuidv7(), '{A}', {MOST + 1},"
    " now() + interval '1 day', NULL)",
    "extended for ever": f"SELECT ledger.extend_hold('{TRADE}', 'infinity')",
    "extended by years": f"SELECT ledger.extend_hold('{TRADE}', now() + interval '2 years')",
    "extended by nothing": f"SELECT ledger.extend_hold('{TRADE}', NULL)",
    "a large funding": f"SELECT ledger.fund_protection(uuidv7(), :town, {MOST + 1}, 'issuer', NULL)",
    "a large pay-out": f"SELECT ledger.pay_protection(uuidv7(), :town, '{A}', {MOST + 1}, NULL, NULL)",
    "a sweep of a long time": "SELECT ledger.expire_holds(interval '178000000 years', 5)",
    "a sweep of the future": "SELECT ledger.expire_holds(interval '-1 hour', 5)",
    "a sweep of no time": "SELECT ledger.expire_holds(NULL, 5)",
    "a sweep of fewer than none": "SELECT ledger.expire_holds(interval '0', -5)",
    "a sweep without a limit": "SELECT ledger.expire_holds(interval '0', NULL)",
}


@pytest.fixture(scope="module")
def town(servers: Servers) -> Iterator[Books]:
    with new_books(servers) as books:
        books.run("SELECT ledger.open_member(%s, %s)", books.id, A)
        books.run("SELECT ledger.open_member(%s, %s)", books.id, B)
        books.grant(A)
        books.run(
            "SELECT ledger.hold_credits(uuidv7(), %s, %s, %s, %s, 5, 0, 0, now() + interval '1 day', NULL)",
            *(books.id, TRADE, A, B),
        )
        yield books


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_out_of_bounds_is_rejected(town: Books, name: str) -> None:
    before = town.run("SELECT count(*) FROM ledger.journals")
    with pytest.raises(Error) as caught:
        town.run(REFUSED[name].replace(":town", f"'{town.id}'"))
    assert caught.value.sqlstate == "LX006", caught.value
    assert town.run("SELECT count(*) FROM ledger.journals") == before


def test_the_bounds_themselves_are_within(town: Books) -> None:
    for sql in (
        many(),
        f"SELECT ledger.grant_credits(uuidv7(), :town, '{A}', {MOST}, 'coordinator_grant', NULL)",
        f"SELECT ledger.set_credit_line(:town, '{A}', {MOST}, NULL, 'x')",
        f"SELECT ledger.set_ceiling(:town, '{B}', {MOST}, NULL, 'x')",
        hold(price=str(MOST), fee="7", expires="now() + interval '399 days'"),
        "SELECT * FROM ledger.accounts",
        "SELECT * FROM ledger.totals",
    ):
        assert town.run(sql.replace(":town", f"'{town.id}'"))
    assert town.broken() == {}


# As if somebody's gift account could take no more: its CHECK raises.
FULL = "posted = 1000000000000000000"


@pytest.mark.parametrize(
    ("damage", "why"), [(FULL, "balance_within_limits"), ("is_open = false", "it is refused: account_closed")]
)
def test_one_hold_that_cannot_be_returned_keeps_no_other(servers: Servers, damage: str, why: str) -> None:
    with new_books(servers) as books:
        owner, other = books.member(), books.member()
        books.grant(owner)
        books.grant(other)
        trades = [uuid.uuid4(), uuid.uuid4()]
        for trade, payer in zip(trades, (owner, other), strict=True):
            books.run(
                "SELECT ledger.hold_credits(uuidv7(), %s, %s, %s, %s, 5, 0, 0, clock_timestamp()"
                " + interval '50 ms', NULL)",
                *(books.id, trade, payer, uuid.uuid4()),
            )
        books.run("SELECT pg_sleep(0.1)")
        with books.connect(roles.SUPER) as superuser:
            superuser.execute("ALTER TABLE ledger.balance DISABLE TRIGGER USER")
            superuser.execute(
                f"UPDATE ledger.balance SET {damage} WHERE balance_id ="
                " (SELECT account_id FROM ledger.account WHERE owner = %s AND kind = 'gift')",
                [owner],
            )
            superuser.execute("ALTER TABLE ledger.balance ENABLE ALWAYS TRIGGER refuse_outside")
        warnings: list[str] = []
        with books.connect() as app:
            app.add_notice_handler(lambda notice: warnings.append(f"{notice.severity}: {notice.message_primary}"))
            for returned in [(trades[1],)], [], []:
                assert app.execute("SELECT trade_id FROM ledger.expire_holds(interval '0', 1)").fetchall() == returned
        # One at each sweep, and nothing is booked.
        assert len(warnings) == 3
        assert all(
            text.startswith(f"WARNING: the hold of trade {trades[0]} cannot be returned: ") and why in text
            for text in warnings
        )
        assert books.run("SELECT count(*) FROM ledger.journals WHERE kind = 'expiry'") == [(1,)]
