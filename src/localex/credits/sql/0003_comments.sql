-- What each function does, for whoever looks at the database instead of the source. Run by the migrating role.

COMMENT ON FUNCTION ledger.balance_at(bigint, timestamptz) IS
    'The balance of an account at a moment, in hundredths: after the last entry that was booked then or before; 0 '
    'before the first, null for an unknown account. Looks up about log2(n) entries by their numbers, because '
    'later entries have later times. Changes and locks nothing.';
COMMENT ON FUNCTION ledger.bound(text, timestamptz) IS
    'A moment as a bound of a partition of `p_table`, quoted; null for null.';
COMMENT ON FUNCTION ledger.capture_hold(uuid, uuid, uuid, bigint, uuid) IS
    'Gives `p_amount` hundredths of the price to the payee''s main account, the fees in proportion (half to even) '
    'to the fees account, and the rest back to the payer, to main first, then to gift. Ends the hold. Refuses as '
    'release_hold; raises LX006 unless 0 < p_amount <= price.';
COMMENT ON FUNCTION ledger.check_isolation() IS
    'Raises LX006 in a transaction that would not see what others commit while it waits: it could post under a '
    'key that was used meanwhile, or earlier than the horizon.';
COMMENT ON FUNCTION ledger.check_key(uuid) IS
    'Raises LX003 unless the key is a UUIDv7, LX002 when its time is more than 7 days ago (a request as old as '
    'that is never executed: its first try may have been forgotten by everybody else) or more than 31 days ahead.';
COMMENT ON FUNCTION ledger.check_payee(ledger.hold, uuid) IS
    'Why a hold cannot go to this payee, or null.';
COMMENT ON FUNCTION ledger.clock() IS
    'The ledger''s only clock. Postings are stamped and holds expire by the database''s time, never by the '
    'caller''s.';
COMMENT ON FUNCTION ledger.close_member(uuid, uuid) IS
    'Closes a member''s accounts to further postings; what lies there stays. Raises LX007 while credits are held. '
    'Locks: both balances, so that no hold can begin in between.';
COMMENT ON FUNCTION ledger.content_hash(uuid, uuid, ledger.journal_kind, ledger.refusal, timestamptz, uuid, uuid, bytea, text) IS
    'Digest of what was booked: SHA-256 over the journal row and its legs, ''balance:seq:amount:after'' in the '
    'order of balance ids, joined by semicolons. Times count as microseconds since 1970.';
COMMENT ON FUNCTION ledger.cut_partitions(bigint) IS
    'Takes one step towards the next month''s partitions, once there are more than `p_above` entries; how many it '
    'made, or null when there is nothing to do. Alters one table only, journal or entry.';
COMMENT ON FUNCTION ledger.cut_partitions() IS
    'Takes one step towards the next month''s partitions, once there are more than 10 million entries; how many it '
    'made (0 or 1), or null when there is nothing to do. A daily job calls it until then, each time in a transaction '
    'of its own, for three steps each of journal and entry; a call alters one of them only. Waits at most a second '
    'for a lock and raises 55P03 then: call it again later.';
COMMENT ON FUNCTION ledger.cut_table(text) IS
    'Takes one of three steps towards one partition more of journal or entry; the number of partitions made, 0 or '
    '1, and null when there was nothing to do, and no lock taken.';
COMMENT ON FUNCTION ledger.expire_hold(uuid, uuid) IS
    'Gives all that is held back to the payer because the deadline has passed, by this database''s clock. '
    'Refuses: account_closed, hold_ended, hold_not_expired.';
COMMENT ON FUNCTION ledger.expire_holds(interval, integer) IS
    'Returns holds whose deadline passed more than `p_older_than` ago, the oldest first, at most `p_limit`; which '
    'ones, and under which keys. Several may sweep at once, and none waits: a trade of which a balance is locked '
    'is left for later, so this cannot be part of a deadlock. A hold that cannot be returned, whatever the error or '
    'refusal, keeps no other from it: a WARNING says which, nothing is written, and up to 1000 such holds are passed '
    'over. Raises LX006 unless 0 <= p_older_than <= 10 years and 1 <= p_limit <= 10000. Locks: the balances of the '
    'holds that it returns.';
COMMENT ON FUNCTION ledger.extend_hold(uuid, timestamptz) IS
    'Moves the deadline of a hold, to at most 400 days from now; a deadline never comes nearer. Answers null, '
    'hold_ended or hold_expired. Raises LX006 for no deadline, or one further ahead. Leaves an audit row when it '
    'moved. Locks: the balance of the escrow.';
COMMENT ON FUNCTION ledger.find_account(uuid, ledger.account_kind, uuid) IS
    'The id of an account, or null.';
COMMENT ON FUNCTION ledger.find_grant(uuid, uuid, uuid) IS
    'The accounts of a grant: the member''s gift account, and the issuer that gives under this key. Raises LX004.';
COMMENT ON FUNCTION ledger.find_outcome(uuid, bytea) IS
    'The outcome of an earlier posting under this key, or null when there was none. Raises LX001 when the key was '
    'used for another request.';
COMMENT ON FUNCTION ledger.fund_protection(uuid, uuid, bigint, ledger.account_kind, uuid) IS
    'Moves credits to the protection account, from `p_source`: fees or issuer. Refuses: insufficient_credits.';
COMMENT ON FUNCTION ledger.get_account(uuid, ledger.account_kind, uuid) IS
    'The id of an account that must be there. Raises LX004.';
COMMENT ON FUNCTION ledger.get_hold(uuid) IS
    'The hold of a trade. Raises LX005 when there is none.';
COMMENT ON FUNCTION ledger.give_back(uuid, uuid, ledger.journal_kind, uuid, bytea) IS
    'Gives what is held back to the accounts that it came from, as a posting of the kind refund or expiry.';
COMMENT ON FUNCTION ledger.grant_credits(uuid, uuid, uuid, bigint, ledger.journal_kind, uuid) IS
    'Gives credits from the issuer to a member''s gift account. `p_kind`: starter_grant (once per member) or '
    'coordinator_grant. Refuses: account_closed, already_granted, limit_reached.';
COMMENT ON FUNCTION ledger.grant_credits(uuid, uuid, uuid, bigint, ledger.journal_kind, uuid, uuid) IS
    'Gives credits from the issuer to a member''s gift account. p_kind: starter_grant (once per member), '
    'coordinator_grant, or referral_bonus (once per member and newcomer, who is p_about; null otherwise). '
    'Refuses: account_closed, already_granted, limit_reached.';
COMMENT ON FUNCTION ledger.grant_many(uuid[], uuid, uuid[], bigint[], ledger.journal_kind, uuid) IS
    'Many grants of one kind at once (not referral_bonus), at most 1000: one outcome per key, in their order. A '
    'member who is named twice for a starter grant gets the first. Refuses, one by one: as grant_credits. Locks: '
    'all gift accounts, then one of the issuers, in one pass.';
COMMENT ON FUNCTION ledger.grant_once(uuid, uuid, uuid, bigint, ledger.journal_kind, uuid, uuid, bytea) IS
    'Gives what is given once (`p_about`: the owner of a starter grant, the newcomer of a referral bonus) from the '
    'issuer to a member''s gift account. Locks: the gift account first, under which the one bonus is looked for, '
    'then the issuer: the order of their ids.';
COMMENT ON FUNCTION ledger.guard_table(regclass, boolean, text) IS
    'Puts the guards on a table: `p_level` STATEMENT for a partitioned one (its partitions have their own), ROW '
    'for any other. `p_is_final`: its rows never change either. ENABLE ALWAYS, as in 0001_guards.sql.';
COMMENT ON FUNCTION ledger.hold_credits(uuid, uuid, uuid, uuid, bigint, timestamptz, uuid) IS
    'Sets credits of the payer aside for a trade, gift credits first; the form of the release before: no payee, '
    'no fees. Refuses: account_closed, hold_exists, insufficient_credits. Raises LX006 for a deadline that has '
    'passed.';
COMMENT ON FUNCTION ledger.hold_credits(uuid, uuid, uuid, uuid, uuid, bigint, bigint, bigint, timestamptz, uuid) IS
    'Sets the price and the buyer''s fee aside for a trade, gift credits first, in an escrow account of the '
    'trade''s own. p_payee is the only member to whom they can go; of another community for release_across. '
    'p_seller_fee is taken from the price when it is paid. Refuses: account_closed, hold_exists, '
    'insufficient_credits. Raises LX006 for a deadline that has passed, or fees beyond the price.';
COMMENT ON FUNCTION ledger.hold_forbids(ledger.journal_kind, uuid, timestamptz) IS
    'Why the state of a hold forbids a posting of this kind at this moment, or null. Called under the locks of '
    'the posting.';
COMMENT ON FUNCTION ledger.is_amount(bigint, bigint) IS
    'Whether an amount or limit lies between `p_least` and 10^15 hundredths; false for null.';
COMMENT ON FUNCTION ledger.is_deadline(timestamptz) IS 'Whether a deadline is to come, and within 400 days; false for null.';
COMMENT ON FUNCTION ledger.is_list(anyarray) IS
    'Whether an array is a plain list: one dimension, numbered from 1, not empty, without null.';
COMMENT ON FUNCTION ledger.issuer_of(uuid) IS
    'The number, 1 to 8, of the issuer that gives what is granted under a key: by the key''s last digit.';
COMMENT ON FUNCTION ledger.link_refusals(ledger.request[], ledger.refusal[]) IS
    'The same requests, for a second try: those without a reason are refused because another one was.';
COMMENT ON FUNCTION ledger.lowest_key(timestamptz) IS
    'The lowest key of a moment: a UUIDv7 begins with the milliseconds since 1970.';
COMMENT ON FUNCTION ledger.name_payee(uuid, uuid) IS
    'Names the payee of a hold that the release before made without one; whether it did. A payee that is named stays.';
COMMENT ON FUNCTION ledger.next_moment() IS
    'A moment for what is booked without a balance: later than the horizon of the seals. The transaction''s '
    'number is taken first, so that whoever moves the horizon can wait for everybody who may not have seen it.';
COMMENT ON FUNCTION ledger.open_account(uuid, ledger.account_kind, uuid) IS
    'The account of this kind and owner, opened when there is none. Locks nothing but the new row.';
COMMENT ON FUNCTION ledger.open_clearing(uuid, uuid, bigint, uuid) IS
    'Opens the account in which a community keeps what its members got from or paid to another one, or changes '
    'its limit: it stays between minus and plus `p_credit_limit` hundredths. Each side opens its own. Raises '
    'LX011 when more than that is in use, LX004 when the community is not open, LX006 for a limit below zero. '
    'Leaves an audit row.';
COMMENT ON FUNCTION ledger.open_community(uuid) IS
    'Opens issuers, fees and protection of a community. Calling it again changes nothing.';
COMMENT ON FUNCTION ledger.open_member(uuid, uuid) IS
    'Opens the main and gift accounts of a member. Calling it again changes nothing.';
COMMENT ON FUNCTION ledger.pay_out(uuid, ledger.hold, uuid, bigint, uuid, bytea) IS
    'Pays a part of the price (or all) out of escrow: the part less the seller''s fee to the payee''s main '
    'account, both fees in proportion to the part to the fees account, the rest back to the payer, to main first, '
    'then to gift.';
COMMENT ON FUNCTION ledger.pay_protection(uuid, uuid, uuid, bigint, uuid, uuid) IS
    'Pays a member out of the protection account, to main. `p_reference`: the trade that it is about, or null. '
    'Refuses: account_closed, insufficient_credits, limit_reached.';
COMMENT ON FUNCTION ledger.post(uuid, uuid, ledger.journal_kind, uuid, uuid, bytea, bigint[], bigint[], ledger.refusal, uuid) IS
    'Posts one transfer, or records why it was refused; moves credits, as post_pair and post_batch do. '
    'Balances take part once each; an amount of null gives what is missing, as far as its balance reaches. Locks '
    'the balances in the order of their ids. Raises LX001 key used for another request, LX002 key too old, LX003 '
    'not a key, LX004 unknown balance, LX006 legs that make no transfer, LX010 postings are stopped.';
COMMENT ON FUNCTION ledger.post_batch(ledger.request[], boolean) IS
    'Posts many transfers, or records why each was refused; one outcome per request, in the order asked for.  A '
    'later request sees what the earlier ones did: a balance that they drained, a key that they used. No '
    'savepoints: a request that is refused leaves the others as they are. What ledger.post rejects (LX...) '
    'rejects the whole batch, for it is a defect of the caller. `p_linked`: all or none; when one is refused, the '
    'others are refused as linked_refused.  Locks: the balances of all requests in the order of their ids, FOR NO '
    'KEY UPDATE, until the transaction ends.';
COMMENT ON FUNCTION ledger.post_pair(uuid, uuid, ledger.journal_kind, uuid, uuid, bytea, bigint, bigint, bigint, timestamptz,
    ledger.refusal) IS
    'Moves an amount from one balance to another when nothing stands in the way, with what ledger.post guarantees, and '
    'leaves the rest to it: refusals, repeated keys, what ends at `p_before`. Called by the functions below only.';
COMMENT ON FUNCTION ledger.refund_hold(uuid, uuid, uuid) IS
    'Gives all that is held back to the payer, fees included, at any time. Refuses: account_closed, hold_ended.';
COMMENT ON FUNCTION ledger.refuse_change() IS
    'Refuses what nobody may do to an append-only table: a trigger.';
COMMENT ON FUNCTION ledger.refuse_outside() IS
    'Lets a statement through only when it runs inside one of the public functions of the ledger, by the call '
    'stack that PostgreSQL reports: a trigger.';
COMMENT ON FUNCTION ledger.refuse_stopped(uuid, timestamptz) IS
    'Raises LX010 while nothing may be posted in a community.';
COMMENT ON FUNCTION ledger.release_across(uuid, uuid, uuid, uuid, uuid, uuid) IS
    'Releases a hold to a member of another community, one to one: in the payer''s community out of escrow into '
    'the clearing account for the other one (fees into fees), in the payee''s community out of its clearing '
    'account into the payee''s main account. Both postings or neither; two outcomes, under `p_key_out` and '
    '`p_key_in`. Refuses: account_closed, hold_ended, hold_expired, limit_reached (also when a clearing limit '
    'is), other_payee; the posting on the other side is refused as linked_refused. Raises LX004 unless both '
    'communities have opened clearing. Locks: the balances of both sides in one pass, in the order of their ids.';
COMMENT ON FUNCTION ledger.release_hold(uuid, uuid, uuid, uuid) IS
    'Gives what is held to the payee''s main account, less the seller''s fee; fees go to the fees account. '
    'Refuses: account_closed, hold_ended, hold_expired (by this database''s clock, however late the one who '
    'returns expired holds may be), limit_reached, other_payee.';
COMMENT ON FUNCTION ledger.reopen_member(uuid, uuid, uuid) IS
    'Opens a member''s accounts again after close_member. Calling it again changes nothing. Locks: both balances.';
COMMENT ON FUNCTION ledger.request_hash(text[]) IS
    'Half of a SHA-256 over the parts of a request, joined by bars; null parts as a hyphen. The checks recompute it.';
COMMENT ON FUNCTION ledger.room_in_main(bigint[], bigint, bigint) IS
    'How much of an amount the main account of a payer can take below its ceiling, under the locks of the posting to come.';
COMMENT ON FUNCTION ledger.set_aside(uuid, uuid, uuid, uuid, uuid, bigint, bigint, bigint, timestamptz, uuid, bytea) IS
    'Posts a hold, writes its row, and its deadline into the audit, for both forms of hold_credits.';
COMMENT ON FUNCTION ledger.set_ceiling(uuid, uuid, bigint, uuid, text) IS
    'Lets a member''s main account hold at most `p_ceiling` hundredths; null takes the ceiling away. Raises LX011 '
    'when there is more than that, LX006 for a negative ceiling. Locks: the balance. Leaves an audit row.';
COMMENT ON FUNCTION ledger.set_credit_line(uuid, uuid, bigint, uuid, text) IS
    'Lets a member''s main account go down to minus `p_credit_limit` hundredths; 0 takes the credit line away. '
    'Raises LX011 when more than that is in use, LX006 for a negative limit. Locks: the balance. Leaves an audit '
    'row.';
COMMENT ON FUNCTION ledger.set_limit(text, uuid, bigint, bigint, uuid, text) IS
    'Gives an account other bounds, and writes an audit row: credit_line (floor), ceiling, clearing_limit (both). Raises '
    'LX011 when the balance is beyond them, LX006 for a limit below zero or above 10^15. Locks: the balance.';
COMMENT ON FUNCTION ledger.set_open(uuid, uuid, boolean, uuid) IS
    'Opens or closes both accounts of a member, with an audit row. Raises LX007 for closing while credits are held. Locks: '
    'both balances.';
COMMENT ON FUNCTION ledger.share_of_fee(bigint, bigint, bigint) IS
    'The part of a fee that belongs to a part of the price, in whole hundredths, half to even: fee * part / '
    'price.';
COMMENT ON FUNCTION ledger.shortage(ledger.journal_kind) IS
    'What lacks for a posting of this kind when an account with a floor has too little: an escrow that is empty '
    'has been released or returned, a clearing account has reached what the two communities agreed on.';
COMMENT ON FUNCTION ledger.write_audit(text, uuid, bigint, bigint, bigint, uuid, text) IS
    'Writes down what was decided about an account or a community. `p_words`: at most 500 letters.';
