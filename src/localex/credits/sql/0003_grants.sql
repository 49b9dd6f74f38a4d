-- Who may use what is new. Run by the migrating role, which has the rights of the owners.

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;

GRANT UPDATE (stopped_at, stopped_why) ON ledger.community TO ledger_writer;
GRANT UPDATE (horizon, barrier) ON ledger.sealing TO ledger_writer;
GRANT UPDATE (floor, ceiling) ON ledger.balance TO ledger_writer;
GRANT UPDATE (payee) ON ledger.hold TO ledger_writer;

GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO ledger_auditor;
GRANT SELECT ON ledger.communities, ledger.audits, ledger.bonuses TO ledger_app;
GRANT EXECUTE ON FUNCTION
    ledger.open_community(uuid), ledger.open_member(uuid, uuid), ledger.close_member(uuid, uuid),
    ledger.reopen_member(uuid, uuid, uuid), ledger.set_credit_line(uuid, uuid, bigint, uuid, text),
    ledger.set_ceiling(uuid, uuid, bigint, uuid, text), ledger.open_clearing(uuid, uuid, bigint, uuid),
    ledger.grant_credits(uuid, uuid, uuid, bigint, ledger.journal_kind, uuid),
    ledger.grant_credits(uuid, uuid, uuid, bigint, ledger.journal_kind, uuid, uuid),
    ledger.grant_many(uuid[], uuid, uuid[], bigint[], ledger.journal_kind, uuid),
    ledger.hold_credits(uuid, uuid, uuid, uuid, bigint, timestamptz, uuid),
    ledger.hold_credits(uuid, uuid, uuid, uuid, uuid, bigint, bigint, bigint, timestamptz, uuid),
    ledger.extend_hold(uuid, timestamptz), ledger.name_payee(uuid, uuid), ledger.release_hold(uuid, uuid, uuid, uuid),
    ledger.capture_hold(uuid, uuid, uuid, bigint, uuid), ledger.refund_hold(uuid, uuid, uuid),
    ledger.expire_hold(uuid, uuid), ledger.expire_holds(interval, integer),
    ledger.fund_protection(uuid, uuid, bigint, ledger.account_kind, uuid),
    ledger.pay_protection(uuid, uuid, uuid, bigint, uuid, uuid),
    ledger.release_across(uuid, uuid, uuid, uuid, uuid, uuid), ledger.balance_at(bigint, timestamptz),
    ledger.cut_partitions()
TO ledger_app;
GRANT EXECUTE ON FUNCTION ledger.balance_at(bigint, timestamptz) TO ledger_auditor;

SET LOCAL ROLE ledger_owner;
REVOKE CREATE ON SCHEMA ledger FROM ledger_writer;
RESET ROLE;
