-- Names the payee of holds that the release before made without one. Run as ledger_writer.
--
-- Expand: 0003 added hold.payee, null for whatever the release before still makes. Backfill: a job calls this in small
-- batches (trading.name_payees). Contract: the release after makes the column NOT NULL and drops this function.

SET LOCAL ROLE ledger_owner;
GRANT CREATE ON SCHEMA ledger TO ledger_writer;
GRANT UPDATE (payee) ON ledger.hold TO ledger_writer;
RESET ROLE;
SET LOCAL ROLE ledger_writer;

-- Says to whom a hold that is still held can go, once: answers whether it was said now. Whoever was named stays named.
-- Leaves an audit row that names the trade.
-- Raises LX004 for somebody without an account there, LX005 without a hold, LX006 for the payer. Locks: the escrow's balance.
CREATE FUNCTION ledger.name_payee(p_trade_id uuid, p_payee uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_hold constant ledger.hold := ledger.get_hold(p_trade_id);
    v_main constant bigint := ledger.get_account(v_hold.community_id, 'main', p_payee);
BEGIN
    IF p_payee = v_hold.payer THEN
        RAISE EXCEPTION 'nobody pays themselves' USING ERRCODE = 'LX006';
    END IF;
    PERFORM FROM ledger.balance WHERE balance_id = v_hold.escrow_id FOR NO KEY UPDATE;
    UPDATE ledger.hold SET payee = p_payee WHERE trade_id = p_trade_id AND state = 'held' AND payee IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM ledger.write_audit('payee', v_hold.community_id, v_main, NULL, NULL, NULL, p_trade_id::text);
    RETURN true;
END
$$;

RESET ROLE;
REVOKE ALL ON FUNCTION ledger.name_payee(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.name_payee(uuid, uuid) TO ledger_app;
SET LOCAL ROLE ledger_owner;
REVOKE CREATE ON SCHEMA ledger FROM ledger_writer;
RESET ROLE;
