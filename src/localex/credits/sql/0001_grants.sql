-- Who may use what. Run by the migrating role, which has the rights of both owners.

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;

GRANT USAGE ON SCHEMA ledger TO ledger_app, ledger_auditor;
GRANT SELECT ON
    ledger.accounts, ledger.journals, ledger.entries, ledger.holds, ledger.totals,
    ledger.broken_i1, ledger.broken_i2, ledger.broken_i3, ledger.broken_i4, ledger.broken_i5, ledger.broken_i6
TO ledger_app;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO ledger_auditor;
GRANT EXECUTE ON FUNCTION ledger.clock, ledger.content_hash TO ledger_writer, ledger_app, ledger_auditor;
GRANT EXECUTE ON FUNCTION
    ledger.open_community, ledger.open_member, ledger.close_member, ledger.grant_credits, ledger.hold_credits,
    ledger.extend_hold, ledger.release_hold, ledger.refund_hold
TO ledger_app;
