-- What each function is for, in the database itself: docs/engineers/database.md is made from this. Run as the owners.
--
-- All that post answer with ledger.outcome: reason null means posted, else why it was refused. All of them raise LX001 (key
-- used for another request), LX002 (key too old), LX003 (not a key), LX004 (no such account), LX006 (makes no sense) and
-- LX010 (postings are stopped), and lock the balances that take part, in the order of their ids, until the end.

SET LOCAL ROLE ledger_owner;

COMMENT ON FUNCTION ledger.clock IS 'The ledger''s only clock: the database''s.';
COMMENT ON FUNCTION ledger.cut_partitions() IS
    'Takes one step towards the next monthly partition once there are more than ten million entries; how many were made. Each step is a transaction of its own with brief locks: call it again until it answers 0.';

SET LOCAL ROLE ledger_writer;

COMMENT ON FUNCTION ledger.balance_at IS
    'The balance of an account after the last entry booked at or before a moment, in hundredths; 0 before the first, null for an unknown account. About log2(n) look-ups by key.';
COMMENT ON FUNCTION ledger.content_hash IS
    'SHA-256 of a journal row and its legs (''balance:seq:amount:after'', in the order of balance ids, joined by semicolons). Times are whole microseconds since 1970.';
COMMENT ON FUNCTION ledger.open_community IS 'Opens issuer, fees and protection of a community. Again: no change.';
COMMENT ON FUNCTION ledger.open_member IS 'Opens the main and gift accounts of a member. Again: no change.';
COMMENT ON FUNCTION ledger.close_member IS
    'Closes a member''s accounts to further postings; what lies there stays. Raises LX007 while credits are held. An audit row.';
COMMENT ON FUNCTION ledger.reopen_member IS 'Opens a member''s accounts again. Again: no change. An audit row.';
COMMENT ON FUNCTION ledger.grant_credits(uuid, uuid, uuid, bigint, ledger.journal_kind, uuid) IS
    'Gives credits from the issuer to a member''s gift account: starter_grant (once per member) or coordinator_grant. Refuses account_closed, already_granted, limit_reached.';
COMMENT ON FUNCTION ledger.grant_credits(uuid, uuid, uuid, bigint, ledger.journal_kind, uuid, uuid) IS
    'The same, also for a referral_bonus: p_about is the newcomer, for whom a member gets one bonus.';
COMMENT ON FUNCTION ledger.grant_many IS
    'Up to 1000 grants of one kind with one pass of locks; one outcome per key, in their order. One that is refused leaves the others as they are.';
COMMENT ON FUNCTION ledger.hold_credits(uuid, uuid, uuid, uuid, uuid, bigint, bigint, bigint, timestamptz, uuid) IS
    'Sets price and buyer''s fee aside for a trade until a deadline, gift credits first. Only p_payee can get them. Refuses account_closed, hold_exists, insufficient_credits.';
COMMENT ON FUNCTION ledger.hold_credits(uuid, uuid, uuid, uuid, bigint, timestamptz, uuid) IS
    'For the release before: a hold without payee and fees. Goes with the next release.';
COMMENT ON FUNCTION ledger.name_payee IS
    'Names the payee of a hold that the release before made without one; whether it did. A payee that is named stays.';
COMMENT ON FUNCTION ledger.extend_hold IS
    'Moves the deadline of a hold; it never comes nearer. Null, or hold_ended or hold_expired.';
COMMENT ON FUNCTION ledger.release_hold IS
    'Gives the price less the seller''s fee to the payee, both fees to the fees account. Refuses account_closed, hold_ended, hold_expired, limit_reached, other_payee.';
COMMENT ON FUNCTION ledger.capture_hold IS
    'Gives a part of the price to the payee, the fees in proportion (half to even), the rest back to the payer: to main first, then to gift. Ends the hold. Refuses as release_hold.';
COMMENT ON FUNCTION ledger.refund_hold IS
    'Gives all that is held back to where it came from, at any time. Refuses account_closed, hold_ended.';
COMMENT ON FUNCTION ledger.expire_hold IS
    'Gives all that is held back because the deadline has passed by this clock. Refuses account_closed, hold_ended, hold_not_expired.';
COMMENT ON FUNCTION ledger.expire_holds IS
    'Returns holds whose deadline passed more than p_older_than ago, the oldest first, at most p_limit; which, and under which keys. Several may sweep at once: what is locked is left for later.';
COMMENT ON FUNCTION ledger.fund_protection IS
    'Moves credits to the protection account, from fees or issuer. Refuses insufficient_credits.';
COMMENT ON FUNCTION ledger.pay_protection IS
    'Pays a member out of the protection account, to main. Refuses account_closed, insufficient_credits, limit_reached.';
COMMENT ON FUNCTION ledger.open_clearing IS
    'Opens what a community keeps with another one, or changes its limit: the balance stays between minus and plus the limit. Raises LX011 when more is in use. An audit row.';
COMMENT ON FUNCTION ledger.release_across IS
    'Releases a hold to a member of another community, one to one, through both clearing accounts: both postings or neither. Two outcomes; linked_refused says that the other one was refused.';
COMMENT ON FUNCTION ledger.set_credit_line IS
    'Lets a member''s main account go down to minus the limit. Raises LX011 when more is in use. An audit row.';
COMMENT ON FUNCTION ledger.set_ceiling IS
    'Lets a member''s main account hold at most so much; null: no ceiling. Raises LX011 when there is more. An audit row.';
COMMENT ON FUNCTION ledger.seal_step IS
    'Makes the next step towards the next seal, as a transaction of its own: cut, barrier, waiting, sealed N, empty or busy.';
COMMENT ON FUNCTION ledger.stop_postings IS
    'Stops all postings of a community (null: of all) and says why; how many were stopped now. An audit row for each.';
COMMENT ON FUNCTION ledger.resume_postings IS
    'Lets a community post again and says why; whether it was stopped. An audit row.';
COMMENT ON FUNCTION ledger.microseconds IS 'A time as whole microseconds since 1970; ''-'' for the beginning of time.';
COMMENT ON FUNCTION ledger.seal_leaves IS
    'What is sealed of a span of time: accounts opened, audit rows, journal rows, each with its digest.';
COMMENT ON FUNCTION ledger.merkle_root IS 'Root of the Merkle tree over these leaves, by RFC 9162.';
COMMENT ON FUNCTION ledger.merkle_level IS 'The next level of a Merkle tree.';
COMMENT ON FUNCTION ledger.merkle_path IS 'Inclusion proof of the leaf at a place (from 0), lowest sibling first, by RFC 9162.';
COMMENT ON FUNCTION ledger.seal_digest IS 'The digest of a seal, of what it says and of the digest before it.';

SET LOCAL ROLE ledger_auditor;

COMMENT ON FUNCTION ledger.find_inclusion IS
    'Where a posting is in its seal, with the inclusion proof; no row while it is not sealed. Gives away digests of other rows, nothing else.';

RESET ROLE;
