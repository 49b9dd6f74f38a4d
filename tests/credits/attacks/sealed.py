"""Partitions, seals, the audit, stopped communities, bonuses: the newer tables, and everything about the newer functions."""
# ruff: noqa: E501 - one line an attack

from tests.credits.attacks.shape import Attack, asleep, attack, unseen

_JOURNAL = "INSERT INTO ledger.journal_first (booked_at, journal_id, community_id, kind, request_hash, content_hash)"
_HOLD_FOR = (
    "SELECT reason::text FROM ledger.hold_credits(:fresh, :community, :fresh, :member, {payee}, {price}, {buyer_fee},"
    " {seller_fee}, now() + interval '1 day', NULL)"
)
_CAPTURE = "SELECT reason::text FROM ledger.capture_hold(:fresh, {trade}, {payee}, {amount}, NULL)"


def _hold_for(payee: str = ":payee", price: str = "7", buyer_fee: str = "0", seller_fee: str = "0") -> str:
    return _HOLD_FOR.format(payee=payee, price=price, buyer_fee=buyer_fee, seller_fee=seller_fee)


def _capture(trade: str = ":promised", payee: str = ":payee", amount: str = "10") -> str:
    return _CAPTURE.format(trade=trade, payee=payee, amount=amount)


_CHANGE = "UPDATE ledger.hold SET"
_AS_APP = "SET LOCAL ROLE localex_app"
_RELEASE = "SELECT reason::text FROM ledger.release_hold(:fresh, :promised, {payee}, NULL)"
_REFUND = "SELECT reason::text FROM ledger.refund_hold(:fresh, :promised, NULL)"

_SEAL_AGAIN = (
    "UPDATE ledger.seal SET leaves = (SELECT count(*) FROM ledger.seal_leaves(after, until)), root = (SELECT"
    " ledger.merkle_root(array_agg(leaf ORDER BY at, type, id)) FROM ledger.seal_leaves(after, until)), marks = (SELECT"
    " string_agg(substr(leaf, 1, 4), NULL ORDER BY at, type, id) FROM ledger.seal_leaves(after, until))"
)

ATTACKS: tuple[Attack, ...] = (
    attack("update a partition", "past the parent's guard", "UPDATE ledger.entry_first SET amount = 999 WHERE balance_id = :gift"),
    attack("delete from a partition", "past the parent's guard", "DELETE FROM ledger.entry_first WHERE balance_id = :gift"),
    attack("truncate a partition", "past the parent's guard", "TRUNCATE ledger.journal_first"),
    attack("insert into a partition", "past the parent's guard", f"{_JOURNAL} VALUES (now(), :fresh, :community, 'hold', '', '')"),
    attack("COPY into a partition", "past the parent's guard", ("COPY ledger.entry_first (balance_id, seq, amount, balance_after, booked_at, journal_id) FROM STDIN", ":main\t999\t500\t500\t2026-01-01\t:grant\n")),
    attack("detach a partition", "the past disappears from the parent", "ALTER TABLE ledger.entry DETACH PARTITION ledger.entry_first"),
    attack("detach, change, attach", "the partition is nobody's meanwhile", "ALTER TABLE ledger.journal DETACH PARTITION ledger.journal_first", "ALTER TABLE ledger.journal_first DISABLE TRIGGER USER", "UPDATE ledger.journal_first SET kind = 'referral_bonus' WHERE journal_id = :grant", "ALTER TABLE ledger.journal_first ENABLE ALWAYS TRIGGER USER", "ALTER TABLE ledger.journal ATTACH PARTITION ledger.journal_first FOR VALUES FROM (MINVALUE) TO (MAXVALUE)", also="42601"),
    attack("a partition of my own", "rows that no guard saw", "ALTER TABLE ledger.entry DETACH PARTITION ledger.entry_first", "CREATE TABLE ledger.mine (LIKE ledger.entry_first INCLUDING CONSTRAINTS)", "INSERT INTO ledger.mine SELECT balance_id, seq, amount + 1, balance_after + 1, booked_at, journal_id FROM ledger.entry_first", "ALTER TABLE ledger.entry ATTACH PARTITION ledger.mine FOR VALUES FROM (MINVALUE) TO (MAXVALUE)"),
    attack("drop a partition", "forget", "DROP TABLE ledger.journal_first CASCADE"),
    attack("put only a partition's guards to sleep", "then write to it", "ALTER TABLE ledger.entry_first DISABLE TRIGGER USER", "UPDATE ledger.entry_first SET balance_after = balance_after + 1 WHERE balance_id = :gift"),
    attack("move the horizon back", "book what is older than the seals", "UPDATE ledger.sealing SET horizon = '-infinity'"),
    attack("move the horizon far ahead", "every posting is dated then", "UPDATE ledger.sealing SET horizon = now() + interval '10 years'"),
    attack("remove the horizon", "nothing is sealed any more", "DELETE FROM ledger.sealing"),
    attack("forge a seal", "swear to something else", "INSERT INTO ledger.seal (seal_no, after, until, leaves, root, previous, digest, sealed_at, marks) VALUES (999, now() - interval '1 s', now(), 1, '', '', '', now(), '')"),
    attack("change a seal", "swear to something else", "UPDATE ledger.seal SET root = '\\x00'"),
    attack("delete the seals", "swear to nothing", "DELETE FROM ledger.seal"),
    attack("truncate the seals", "swear to nothing", "TRUNCATE ledger.seal"),
    attack("seal again from the first seal on", "roots that fit the changed rows", *asleep("journal", "seal"), "UPDATE ledger.journal SET actor = :payee WHERE journal_id = :grant", _SEAL_AGAIN),
    attack("take the last seal away", "and what it sealed is free again", *asleep("seal", "sealing"), "DELETE FROM ledger.seal WHERE seal_no = (SELECT max(seal_no) FROM ledger.seal)"),
    attack("move the horizon back, guards off", "book what is older than the seals", *asleep("sealing"), "UPDATE ledger.sealing SET horizon = '-infinity', sealed = '-infinity'"),
    attack("slip a refusal under a seal", "a row dated before the horizon", *asleep("journal"), "INSERT INTO ledger.journal (booked_at, journal_id, community_id, kind, reason, request_hash, content_hash) SELECT at, :fresh, :community, 'hold', 'hold_ended', '\\x00', ledger.content_hash(:fresh, :community, 'hold', 'hold_ended', at, NULL, NULL, '\\x00', NULL) FROM (SELECT min(until) - interval '1 microsecond' AS at FROM ledger.seal) s"),
    attack("step of sealing inside a transaction", "a horizon that was never committed", "SELECT pg_current_xact_id()", "SELECT ledger.seal_step()"),
    attack("forge an audit row", "somebody else decided it", "INSERT INTO ledger.audit (at, community_id, what) VALUES (now(), :community, 'resumed')"),
    attack("change the audit", "somebody else decided it", "UPDATE ledger.audit SET actor = :payee"),
    attack("delete the audit", "nobody decided it", "DELETE FROM ledger.audit"),
    attack("truncate the audit", "nobody decided it", "TRUNCATE ledger.audit"),
    attack("change the audit, guards off", "somebody else decided it", *asleep("audit"), "UPDATE ledger.audit SET actor = :fresh"),
    attack("delete the audit, guards off", "nobody decided it", *asleep("audit"), "DELETE FROM ledger.audit"),
    attack("let a stopped community post by hand", "past the operator", "UPDATE ledger.community SET stopped_at = NULL, stopped_why = NULL"),
    attack("stop a community by hand", "nobody can pay", "UPDATE ledger.community SET stopped_at = now(), stopped_why = 'x'"),
    attack("forge a community", "one that was never opened", "INSERT INTO ledger.community (community_id, opened_at) VALUES (:fresh, now())"),
    attack("delete a community", "one that cannot be stopped", "DELETE FROM ledger.community"),
    attack("forget a bonus", "have it again", "DELETE FROM ledger.bonus"),
    attack("change a bonus", "have it again", "UPDATE ledger.bonus SET owner = :fresh"),
    attack("forge a bonus", "keep it from somebody", "INSERT INTO ledger.bonus (community_id, owner, about, journal_id, kind) VALUES (:community, :quiet, :quiet, :fresh, 'starter_grant')"),
    attack("forget a bonus, unseen", "have it again", *unseen("bonus", "DELETE FROM ledger.bonus WHERE owner = :member"), "SET LOCAL ROLE localex_app", "SELECT reason::text FROM ledger.grant_credits(:fresh, :community, :member, 50, 'starter_grant', NULL)"),
    attack("change whom a hold is for, unseen", "be paid instead", *unseen("hold", "UPDATE ledger.hold SET payee = :quiet WHERE trade_id = :promised")),
    attack("name a payee of an old hold, unseen", "be paid instead", *unseen("hold", "UPDATE ledger.hold SET payee = :quiet WHERE trade_id = :trade")),
    attack("change whom a hold is for, then release", "paid before a check comes", *unseen("hold", f"{_CHANGE} payee = :quiet WHERE trade_id = :promised"), _AS_APP, _RELEASE.format(payee=":quiet")),
    attack("change whom a hold is for, release, change it back", "paid, and the hold looks right", *unseen("hold", f"{_CHANGE} payee = :quiet WHERE trade_id = :promised"), _AS_APP, _RELEASE.format(payee=":quiet"), "RESET ROLE", *unseen("hold", f"{_CHANGE} payee = :payee WHERE trade_id = :promised")),
    attack("change who gets a refund, then refund", "returned to me before a check comes", *unseen("hold", f"{_CHANGE} payer = :payee, payee = NULL WHERE trade_id = :promised"), _AS_APP, _REFUND),
    attack("change who gets a refund, refund, change it back", "returned to me, and the hold looks right", *unseen("hold", f"{_CHANGE} payer = :payee, payee = NULL WHERE trade_id = :promised"), _AS_APP, _REFUND, "RESET ROLE", *unseen("hold", f"{_CHANGE} payer = :member, payee = :payee WHERE trade_id = :promised")),
    attack("take a fee away, release, put it back", "pay less", *unseen("hold", f"{_CHANGE} seller_fee = 0 WHERE trade_id = :promised"), _AS_APP, _RELEASE.format(payee=":payee"), "RESET ROLE", *unseen("hold", f"{_CHANGE} seller_fee = 2 WHERE trade_id = :promised")),
    attack("turn gift into main by a refund, change it back", "what was given becomes earned", *unseen("hold", f"{_CHANGE} from_gift = from_gift - 1, from_main = from_main + 1 WHERE trade_id = :promised"), _AS_APP, _REFUND, "RESET ROLE", *unseen("hold", f"{_CHANGE} from_gift = from_gift + 1, from_main = from_main - 1 WHERE trade_id = :promised")),
    attack("name a payee of an old hold, then release", "paid before a check comes", *unseen("hold", f"{_CHANGE} payee = :quiet WHERE trade_id = :trade"), _AS_APP, "SELECT reason::text FROM ledger.release_hold(:fresh, :trade, :quiet, NULL)"),
    attack("change who gets a refund, unseen", "a refund to myself", *unseen("hold", "UPDATE ledger.hold SET payer = :payee WHERE trade_id = :promised")),
    attack("change a fee, unseen", "pay less", *unseen("hold", "UPDATE ledger.hold SET seller_fee = 0 WHERE trade_id = :promised")),
    attack("turn gift into main, unseen", "what was given becomes earned", *unseen("hold", "UPDATE ledger.hold SET from_gift = from_gift - 1, from_main = from_main + 1 WHERE trade_id = :promised")),
    attack("move a deadline, unseen", "keep credits from their owner", *unseen("hold", "UPDATE ledger.hold SET expires_at = expires_at + interval '1 year'")),
    attack("move a deadline, return it, move it back", "give back before the time", *unseen("hold", f"{_CHANGE} expires_at = expires_at - interval '2 days' WHERE trade_id = :promised"), _AS_APP, "SELECT reason::text FROM ledger.expire_hold(:fresh, :promised)", "RESET ROLE", *unseen("hold", f"{_CHANGE} expires_at = expires_at + interval '2 days' WHERE trade_id = :promised")),
    attack("forget a deadline, unseen", "then move it", *unseen("audit", "DELETE FROM ledger.audit WHERE what = 'deadline'"), *unseen("hold", "UPDATE ledger.hold SET expires_at = expires_at + interval '1 year'")),
    attack("lower a floor, unseen", "spend what one does not have", *unseen("balance", "UPDATE ledger.balance SET floor = -100000 WHERE balance_id = :main")),
    attack("set a ceiling, unseen", "keep somebody from being paid", *unseen("balance", "UPDATE ledger.balance SET ceiling = posted WHERE balance_id = :main")),
    attack("take a ceiling away, unseen", "earn more than was decided", *unseen("balance", "UPDATE ledger.balance SET ceiling = NULL WHERE ceiling IS NOT NULL")),
    attack("open a closed account, unseen", "spend again", *unseen("balance", "UPDATE ledger.balance SET is_open = true WHERE NOT is_open")),
    attack("close an account, unseen", "shut a member out", *unseen("balance", "UPDATE ledger.balance SET is_open = false WHERE balance_id = :main")),
    attack("turn the clock of a balance, unseen", "date every later posting", *unseen("balance", "UPDATE ledger.balance SET last_at = now() + interval '1 year' WHERE balance_id = :main")),
    attack("let a stopped community post, unseen", "past the operator", "SELECT ledger.stop_postings(:community, 'x')", *unseen("community", "UPDATE ledger.community SET stopped_at = NULL, stopped_why = NULL")),
    attack("stop a community, unseen", "nobody can pay", *unseen("community", "UPDATE ledger.community SET stopped_at = now(), stopped_why = 'x'")),
    attack("move the horizon back, unseen", "book what is older than the seals", *unseen("sealing", "UPDATE ledger.sealing SET horizon = '-infinity', sealed = '-infinity'")),
    attack("move the horizon ahead, unseen", "date every later posting", *unseen("sealing", "UPDATE ledger.sealing SET horizon = now() + interval '10 years'")),
    attack("change an actor, unseen", "blame somebody else", *unseen("journal_first", "UPDATE ledger.journal_first SET actor = :payee WHERE journal_id = :grant")),
    attack("forget a posting, unseen", "a payment that never was", *unseen("journal_first", "DELETE FROM ledger.journal_first WHERE journal_id = :grant")),
    attack("forget a refusal, unseen", "a row that nothing else names", *unseen("journal_first", "DELETE FROM ledger.journal_first WHERE reason IS NOT NULL")),
    attack("forget a decision, unseen", "nobody set this limit", *unseen("audit", "DELETE FROM ledger.audit WHERE what = 'ceiling'")),
    attack("change an entry, unseen", "another amount in the books", *unseen("entry_first", "UPDATE ledger.entry_first SET amount = amount + 1 WHERE balance_id = :gift AND seq = 1")),
    attack("change the marks of a seal, unseen", "nobody can say which row was changed", *unseen("seal", "UPDATE ledger.seal SET marks = '\\x00'")),
    attack("delete the communities, unseen", "none can be stopped", *unseen("community", "DELETE FROM ledger.community")),
    attack("open a community earlier, unseen", "an older town", *unseen("community", "UPDATE ledger.community SET opened_at = opened_at - interval '1 year'")),
    attack("give a stop another reason, unseen", "it was something else", "SELECT ledger.stop_postings(:community, 'x')", *unseen("community", "UPDATE ledger.community SET stopped_why = 'y' WHERE stopped_at IS NOT NULL")),
    attack("give a stop another time, unseen", "it was long ago", "SELECT ledger.stop_postings(:community, 'x')", *unseen("community", "UPDATE ledger.community SET stopped_at = stopped_at - interval '1 day' WHERE stopped_at IS NOT NULL")),
    attack("forget a hold that has ended, unseen", "nobody was paid for this trade", *unseen("hold", "DELETE FROM ledger.hold WHERE trade_id = :done")),
    attack("forget a referral bonus, unseen", "have it again for the same newcomer", *unseen("bonus", "DELETE FROM ledger.bonus WHERE kind = 'referral_bonus'")),
    attack("name another newcomer, unseen", "have it again for the same newcomer", *unseen("bonus", "UPDATE ledger.bonus SET about = :fresh WHERE kind = 'referral_bonus'")),
    attack("hand a referral bonus over, unseen", "somebody else is down for it", *unseen("bonus", "UPDATE ledger.bonus SET owner = :payee WHERE kind = 'referral_bonus'")),
    attack("forge a starter grant over another's posting, unseen", "keep it from somebody", *unseen("bonus", "INSERT INTO ledger.bonus (community_id, owner, about, journal_id, kind) SELECT community_id, :closed, :closed, journal_id, kind FROM ledger.bonus WHERE owner = :payee AND kind = 'starter_grant'")),
    attack("forge a second newcomer of one bonus, unseen", "keep a bonus from somebody", *unseen("bonus", "INSERT INTO ledger.bonus (community_id, owner, about, journal_id, kind) SELECT community_id, owner, :fresh, journal_id, kind FROM ledger.bonus WHERE kind = 'referral_bonus'")),
    attack("have a starter grant twice, unseen", "the first one is down again", *unseen("bonus", "DELETE FROM ledger.bonus WHERE owner = :member AND kind = 'starter_grant'"), _AS_APP, "SELECT reason::text FROM ledger.grant_credits(:fresh, :community, :member, 50, 'starter_grant', NULL)", "RESET ROLE", *unseen("bonus", "UPDATE ledger.bonus SET journal_id = :grant WHERE journal_id = :fresh")),
    attack("change a seal, unseen", "swear to something else", *unseen("seal", "UPDATE ledger.seal SET sealed_at = sealed_at - interval '1 day'")),
    attack("post in a stopped community", "past the stop", "SELECT ledger.stop_postings(:community, 'x')", "SELECT reason::text FROM ledger.grant_credits(:fresh, :community, :member, 5, 'coordinator_grant', NULL)"),
    attack("post in REPEATABLE READ", "not see what others did", "ROLLBACK", "BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT reason::text FROM ledger.grant_credits(:fresh, :community, :member, 5, 'coordinator_grant', NULL)"),
    attack("release to somebody else", "what was promised to another", "SELECT reason::text FROM ledger.release_hold(:fresh, :promised, :quiet, NULL)"),
    attack("capture for somebody else", "what was promised to another", _capture(payee=":quiet")),
    attack("capture more than the price", "over-capture", _capture(amount="100000")),
    attack("capture nothing", "end the hold for nothing", _capture(amount="0")),
    attack("capture a negative amount", "pay backwards", _capture(amount="-10")),
    attack("capture twice in two parts", "the rest as well", _capture(), "SELECT reason::text FROM ledger.capture_hold(:spare_key, :promised, :payee, 10, NULL)"),
    attack("capture a done hold", "paid twice", _capture(trade=":done")),
    attack("expire a hold before its time", "the buyer changes their mind", "SELECT reason::text FROM ledger.expire_hold(:fresh, :promised)"),
    attack("sweep holds that have not expired", "a negative age", "SELECT * FROM ledger.expire_holds('-1 year', 100)"),
    attack("a negative fee", "a discount from the fees account", _hold_for(buyer_fee="-5")),
    attack("a fee above the price", "the seller pays", _hold_for(seller_fee="100")),
    attack("a hold for oneself", "launder gift credits into main ones", _hold_for(payee=":member")),
    attack("a credit line below zero", "a floor above zero", "SELECT ledger.set_credit_line(:community, :member, -5, NULL, 'x')"),
    attack("a credit line for the issuer", "an owner of NULL", "SELECT ledger.set_credit_line(:community, NULL, 5, NULL, 'x')"),
    attack("a ceiling below the balance", "a balance that breaks its own rule", "SELECT ledger.set_ceiling(:community, :member, 1, NULL, 'x')"),
    attack("pay out of an empty protection", "an overdraft", "SELECT reason::text FROM ledger.pay_protection(:fresh, :community, :member, 100000, NULL, NULL)"),
    attack("fund the protection from a member", "a source that is none", "SELECT reason::text FROM ledger.fund_protection(:fresh, :community, 5, 'main', NULL)"),
    attack("fund the protection with a negative amount", "take it out again", "SELECT reason::text FROM ledger.fund_protection(:fresh, :community, -5, 'issuer', NULL)"),
    attack("clear with oneself", "credits out of nothing", "SELECT ledger.open_clearing(:community, :community, 500, NULL)"),
    attack("clear without an account", "a community that agreed to nothing", "SELECT ledger.release_across(:fresh, :spare_key, :promised, :other, :stranger, NULL)"),
    attack("many grants with one key", "twice in one batch", "SELECT count(*) FROM ledger.grant_many(ARRAY[:grant, :grant]::uuid[], :community, ARRAY[:member, :member]::uuid[], ARRAY[500, 500]::bigint[], 'starter_grant', NULL)"),
    attack("many grants with arrays of two lengths", "an amount for nobody", "SELECT count(*) FROM ledger.grant_many(ARRAY[:fresh]::uuid[], :community, ARRAY[:member, :payee]::uuid[], ARRAY[5]::bigint[], 'coordinator_grant', NULL)"),
    attack("many grants, one of them negative", "one pays the other", "SELECT count(*) FROM ledger.grant_many(ARRAY[:fresh, :spare_key]::uuid[], :community, ARRAY[:member, :payee]::uuid[], ARRAY[5, -5]::bigint[], 'coordinator_grant', NULL)"),
    attack("post a batch directly", "past what the functions ask", "SELECT * FROM ledger.post_batch(ARRAY[ROW(:fresh, :community, 'coordinator_grant', NULL, NULL, '', ARRAY[:main, :issuer], ARRAY[500, -500], NULL)::ledger.request], false)"),
    attack("guard a table of one's own", "a function that alters tables", "SELECT ledger.guard_table('ledger.journal', true, 'STATEMENT')", also="42710"),
    attack("cut partitions at will", "shuffle the past", "SELECT ledger.cut_partitions()"),
)  # fmt: skip
