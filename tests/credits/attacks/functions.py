"""The ledger's own functions, called with what they should not be called with."""
# ruff: noqa: E501 - one line an attack

from tests.credits.attacks.shape import Attack, attack

_DAY = "now() + interval '1 day'"
_GRANT = "SELECT reason::text FROM ledger.grant_credits({key}, :community, :member, {amount}, '{kind}', NULL)"
_HOLD = "SELECT reason::text FROM ledger.hold_credits(:fresh, {community}, {trade}, {payer}, {amount}, {expires}, NULL)"


def _grant(key: str = ":fresh", amount: str = "50", kind: str = "coordinator_grant") -> str:
    return _GRANT.format(key=key, amount=amount, kind=kind)


def _hold(
    amount: str = "7",
    *,
    community: str = ":community",
    trade: str = ":fresh",
    payer: str = ":member",
    expires: str = _DAY,
) -> str:
    return _HOLD.format(community=community, trade=trade, payer=payer, amount=amount, expires=expires)


_RELEASE = "SELECT reason::text FROM ledger.release_hold(:fresh, {trade}, {payee}, NULL)"
_REFUND = "SELECT reason::text FROM ledger.refund_hold(:fresh, {trade}, NULL)"

ATTACKS: tuple[Attack, ...] = (
    attack("grant a negative amount", "take credits away", _grant(amount="-50")),
    attack("grant nothing", "a posting without effect", _grant(amount="0")),
    attack("grant NULL", "an amount that compares with nothing", _grant(amount="NULL")),
    attack("grant more than a number holds", "wrap around", _grant(amount="9223372036854775807"), also="22003"),
    attack("grant more than there may be", "near the end of a bigint", _grant(amount="1000000000000001")),
    attack("two starter grants in a list from 2 on", "the once per member is looked for under another number", "SELECT count(*) FROM ledger.grant_many('[2:2]={01a00000-0000-7000-8000-000000000001}'::uuid[], :community, ('[2:2]={' || :member || '}')::uuid[], '[2:2]={5}'::bigint[], 'starter_grant', NULL)"),
    attack("hold for ever", "a deadline that nothing can read", _hold(expires="'infinity'")),
    attack("a credit line without an end", "sums that no bigint holds", "SELECT ledger.set_credit_line(:community, :member, 9223372036854775807, NULL, 'x')::text"),
    attack("sweep the holds of the future", "refusals without number", "SELECT count(*) FROM ledger.expire_holds(interval '-1 day', 9)"),
    attack("grant under the name of a release", "a kind that is none", _grant(kind="release")),
    attack("replay a key", "the same grant twice", "SELECT reason::text FROM ledger.grant_credits(:grant, :community, :member, 1000, 'starter_grant', NULL)"),
    attack("replay a key for something else", "the key of one request for another", _grant(key=":grant", amount="999")),
    attack("replay a key for another function", "the key of a grant for a refund", "SELECT ledger.refund_hold(:grant, :trade, NULL)"),
    attack("use an old key", "what everybody has forgotten", _grant(key="'01000000-0000-7000-8000-000000000001'")),
    attack("use a key of the far future", "never too old", _grant(key="'f0000000-0000-7000-8000-000000000001'")),
    attack("use a random key", "no time in it", _grant(key="gen_random_uuid()")),
    attack("use no key", "NULL is never repeated", _grant(key="NULL")),
    attack("the starter grant again", "twice under a new key", _grant(kind="starter_grant")),
    attack("hold more than there is", "an overdraft", _hold("1000000")),
    attack("hold a negative amount", "an escrow below zero", _hold("-7")),
    attack("hold without an end", "keep credits for ever", _hold(expires="NULL")),
    attack("hold until yesterday", "an expired hold", _hold(expires="now() - interval '1 day'")),
    attack("hold twice for one trade", "two escrows", _hold(trade=":trade")),
    attack("hold in another community", "credits of one town in another", _hold(community=":other")),
    attack("release twice", "paid twice", _RELEASE.format(trade=":done", payee=":payee")),
    attack("release what was refunded", "paid after all", _RELEASE.format(trade=":returned", payee=":payee")),
    attack("refund what was released", "both are paid", _REFUND.format(trade=":done")),
    attack("refund twice", "returned twice", _REFUND.format(trade=":returned")),
    attack("release to another community", "credits of one town in another", _RELEASE.format(trade=":trade", payee=":stranger")),
    attack("release to the trade itself", "an account of another kind", _RELEASE.format(trade=":trade", payee=":trade")),
    attack("release a trade that never was", "from nowhere", _RELEASE.format(trade=":fresh", payee=":payee")),
    attack("release to a closed account", "where nobody can take it out", _RELEASE.format(trade=":trade", payee=":closed")),
    attack("bring a deadline nearer", "make a hold expire", "SELECT ledger.extend_hold(:trade, now() - interval '1 day')"),
    attack("extend a hold that is done", "bring it back to life", "SELECT ledger.extend_hold(:done, now() + interval '9 days')::text"),
    attack("close an account with a hold", "credits with nowhere to go back to", "SELECT ledger.close_member(:community, :member)"),
    attack("open an account for nobody", "an owner of NULL", "SELECT ledger.open_member(:community, NULL)"),
    attack("open accounts again", "reset them", "SELECT ledger.open_member(:community, :member)", "SELECT ledger.open_community(:community)"),
    attack("post directly", "past what the functions ask", "SELECT ledger.post(:fresh, :community, 'coordinator_grant', NULL, NULL, '', ARRAY[:main::bigint, :issuer::bigint], ARRAY[500::bigint, -500::bigint])", also="42883"),
    attack("post without a sum of zero", "past what the functions ask", "SELECT ledger.post(:fresh, :community, 'coordinator_grant', NULL, NULL, '', ARRAY[:main::bigint, :issuer::bigint], ARRAY[500::bigint, -1::bigint])", also="42883"),
    attack("open an account directly", "an issuer of my own", "SELECT ledger.open_account(:community, 'clearing', :fresh)", also="42883"),
    attack("read the tables", "past the views", "SELECT * FROM ledger.balance"),
    attack("post under a forged search path", "find other functions first", "SET LOCAL search_path = pg_temp, public", _hold("1000000")),
    attack("post inside COPY", "a stack of its own", f"COPY ({_hold('1000000')}) TO STDOUT"),
    attack("post inside EXPLAIN ANALYZE", "a stack of its own", f"EXPLAIN ANALYZE {_hold('-7')}"),
    attack("post in a cursor, partly", "half of two postings", f"DECLARE c CURSOR FOR {_hold('-7')}", "FETCH c"),
    attack("post in a subtransaction and take it back", "keep the credits", "SAVEPOINT s", _hold("7"), "ROLLBACK TO s"),
)  # fmt: skip
