-- What the functions of 0004 and 0005 are for, in the database itself, as 0003_comments.sql says it of the others.
-- docs/engineers/database.md is made from both.

SET LOCAL ROLE ledger_writer;

COMMENT ON FUNCTION ledger.name_payee IS
    'Names the payee of a hold that the release before made without one; whether it did. A payee that is named stays.';
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
