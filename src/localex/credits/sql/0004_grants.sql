-- Who may use what is new. Run by the migrating role, which has the rights of the owners.

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;

GRANT EXECUTE ON FUNCTION ledger.seal_step, ledger.stop_postings, ledger.resume_postings, ledger.find_inclusion,
    ledger.list_legs, ledger.find_broken TO ledger_app;
-- What runs as ledger_auditor calls these.
GRANT EXECUTE ON FUNCTION ledger.microseconds, ledger.seal_leaves, ledger.merkle_root, ledger.merkle_level,
    ledger.merkle_path, ledger.seal_digest, ledger.content_hash TO ledger_auditor;
-- A view calls functions with the rights of who reads it.
GRANT EXECUTE ON FUNCTION ledger.request_hash TO ledger_owner, ledger_auditor, ledger_app;
GRANT EXECUTE ON FUNCTION ledger.how_asked TO ledger_owner, ledger_app;

SET LOCAL ROLE ledger_owner;
REVOKE CREATE ON SCHEMA ledger FROM ledger_writer, ledger_auditor;
RESET ROLE;
