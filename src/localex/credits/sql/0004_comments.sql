-- What the functions of this migration are for, in the database itself, as 0003_comments.sql says it of the others. Run by
-- the migrating role.

COMMENT ON FUNCTION ledger.find_broken IS
    'The rows that break an invariant, over everything or over what was booked after a time. For the checker.';
COMMENT ON FUNCTION ledger.find_inclusion IS
    'Where a posting is in its seal, with the inclusion proof; no row while it is not sealed. Gives away digests of other rows, nothing else.';
COMMENT ON FUNCTION ledger.how_asked IS
    'How a hold was asked for by the posting that made it: whole, or before (by the release before, which named no payee); '
    'null: not as the hold says now. Reads no table.';
COMMENT ON FUNCTION ledger.list_legs IS
    'The entries of a member''s gift and main account, newest first, with kind and reference of their postings: of each '
    'account at most `p_limit`, numbered up to `p_tops` and above `p_bottoms` (of gift and of main). For statements.';
COMMENT ON FUNCTION ledger.merkle_level IS 'The next level of a Merkle tree.';
COMMENT ON FUNCTION ledger.merkle_path IS 'Inclusion proof of the leaf at a place (from 0), lowest sibling first, by RFC 9162.';
COMMENT ON FUNCTION ledger.merkle_root IS 'Root of the Merkle tree over these leaves, by RFC 9162.';
COMMENT ON FUNCTION ledger.microseconds IS 'A time as whole microseconds since 1970; ''-'' for the beginning of time.';
COMMENT ON FUNCTION ledger.resume_postings IS
    'Lets a community post again and says why; whether it was stopped. An audit row.';
COMMENT ON FUNCTION ledger.seal_digest IS 'The digest of a seal, of what it says and of the digest before it.';
COMMENT ON FUNCTION ledger.seal_leaves IS
    'What is sealed of a span of time: accounts opened, audit rows, journal rows, each with its digest.';
COMMENT ON FUNCTION ledger.seal_step IS
    'Makes the next step towards the next seal, as a transaction of its own: cut, barrier, waiting, sealed N, empty or busy.';
COMMENT ON FUNCTION ledger.stop_postings IS
    'Stops all postings of a community (null: of all) and says why; how many were stopped now. An audit row for each.';
