-- Who may use what is new. Run by the migrating role, which has the rights of the owners.

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;

GRANT SELECT, INSERT ON ledger.community, ledger.audit, ledger.bonus TO ledger_writer;
GRANT SELECT ON ledger.sealing TO ledger_writer;
GRANT UPDATE (stopped_at, stopped_why) ON ledger.community TO ledger_writer;
GRANT UPDATE (horizon, barrier) ON ledger.sealing TO ledger_writer;
GRANT UPDATE (floor, ceiling) ON ledger.balance TO ledger_writer;

GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO ledger_auditor;
GRANT SELECT ON ledger.communities, ledger.audits, ledger.bonuses TO ledger_app;
