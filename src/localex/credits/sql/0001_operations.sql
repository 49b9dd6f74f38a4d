-- What the application may do with credits. Run as ledger_writer.
--
-- Each function is one statement for the caller and one round trip. Amounts are hundredths. Each answers with a
-- ledger.outcome; `reason` null means posted. A refusal is an ordinary row, not an error, so it stays when the caller's
-- transaction commits, and goes when it rolls back, together with everything else that the caller did.

SET LOCAL ROLE ledger_writer;

-- The id of an account, or null. Index: account_one_of_a_kind, which IS NOT DISTINCT FROM could not use.
CREATE FUNCTION ledger.find_account(p_community_id uuid, p_kind ledger.account_kind, p_owner uuid) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_account_id bigint;
BEGIN
    IF p_owner IS NULL THEN
        SELECT account_id INTO v_account_id FROM ledger.account
        WHERE community_id = p_community_id AND owner IS NULL AND kind = p_kind;
    ELSE
        SELECT account_id INTO v_account_id FROM ledger.account
        WHERE community_id = p_community_id AND owner = p_owner AND kind = p_kind;
    END IF;
    RETURN v_account_id;
END
$$;

-- The id of an account that must be there. Raises LX004.
CREATE FUNCTION ledger.get_account(p_community_id uuid, p_kind ledger.account_kind, p_owner uuid) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_account_id constant bigint := ledger.find_account(p_community_id, p_kind, p_owner);
BEGIN
    IF v_account_id IS NULL THEN
        RAISE EXCEPTION 'community % has no % account of owner %', p_community_id, p_kind, p_owner
            USING ERRCODE = 'LX004';
    END IF;
    RETURN v_account_id;
END
$$;

-- The account of this kind and owner, opened when there is none. Locks: nothing but the new row.
CREATE FUNCTION ledger.open_account(p_community_id uuid, p_kind ledger.account_kind, p_owner uuid) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_account_id bigint := ledger.find_account(p_community_id, p_kind, p_owner);
BEGIN
    IF v_account_id IS NOT NULL THEN
        RETURN v_account_id;
    END IF;
    INSERT INTO ledger.account (account_id, community_id, owner, kind, opened_at)
    VALUES (CASE WHEN p_owner IS NULL THEN nextval('ledger.system_account_id') ELSE nextval('ledger.account_id') END,
            p_community_id, p_owner, p_kind, ledger.clock())
    ON CONFLICT (community_id, owner, kind) DO NOTHING
    RETURNING account_id INTO v_account_id;
    IF v_account_id IS NULL THEN
        RETURN ledger.get_account(p_community_id, p_kind, p_owner);  -- another session opened it and has committed
    END IF;
    -- Credits come from the issuer, so only its balance may go below zero without limit: what it lacks is what exists.
    INSERT INTO ledger.balance (balance_id, community_id, floor)
    VALUES (v_account_id, p_community_id, CASE WHEN p_kind = 'issuer' THEN NULL ELSE 0 END);
    RETURN v_account_id;
END
$$;

-- Opens issuer, fees and protection of a community. Calling it again changes nothing.
CREATE FUNCTION ledger.open_community(p_community_id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    PERFORM ledger.open_account(p_community_id, 'protection', NULL);
    PERFORM ledger.open_account(p_community_id, 'fees', NULL);
    PERFORM ledger.open_account(p_community_id, 'issuer', NULL);
END
$$;

-- Opens the main and gift accounts of a member. Calling it again changes nothing.
CREATE FUNCTION ledger.open_member(p_community_id uuid, p_owner uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    IF p_owner IS NULL THEN
        RAISE EXCEPTION 'a member account has an owner' USING ERRCODE = 'LX006';
    END IF;
    PERFORM ledger.open_account(p_community_id, 'gift', p_owner);
    PERFORM ledger.open_account(p_community_id, 'main', p_owner);
END
$$;

-- Closes a member's accounts to further postings; what lies there stays. Raises LX007 while credits are held.
-- Locks: both balances, so that no hold can begin in between.
CREATE FUNCTION ledger.close_member(p_community_id uuid, p_owner uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_accounts constant bigint[] := ARRAY[ledger.get_account(p_community_id, 'gift', p_owner),
                                          ledger.get_account(p_community_id, 'main', p_owner)];
BEGIN
    PERFORM FROM ledger.balance WHERE balance_id = ANY (v_accounts) ORDER BY balance_id FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM ledger.hold WHERE community_id = p_community_id AND payer = p_owner AND state = 'held') THEN
        RAISE EXCEPTION 'credits of this member are held' USING ERRCODE = 'LX007';
    END IF;
    UPDATE ledger.balance SET is_open = false WHERE balance_id = ANY (v_accounts);
END
$$;

-- Gives credits from the issuer to a member's gift account. `p_kind`: starter_grant, referral_bonus, coordinator_grant.
-- Refuses: account_closed, limit_reached.
CREATE FUNCTION ledger.grant_credits(
    p_key uuid, p_community_id uuid, p_owner uuid, p_amount bigint, p_kind ledger.journal_kind, p_actor uuid
) RETURNS ledger.outcome
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    IF p_amount IS NULL OR p_amount <= 0 OR p_kind NOT IN ('starter_grant', 'referral_bonus', 'coordinator_grant') THEN
        RAISE EXCEPTION 'a grant has a positive amount and a kind of grant' USING ERRCODE = 'LX006';
    END IF;
    RETURN ledger.post(p_key, p_community_id, p_kind, p_actor, NULL,
        ledger.request_hash(p_kind::text, p_community_id::text, p_owner::text, p_amount::text, p_actor::text),
        ARRAY[ledger.get_account(p_community_id, 'gift', p_owner), ledger.get_account(p_community_id, 'issuer', NULL)],
        ARRAY[p_amount, -p_amount]);
END
$$;

-- Sets credits of the payer aside for a trade, gift credits first, in an escrow account of the trade's own.
-- Refuses: account_closed, hold_exists, insufficient_credits. Raises LX006 for a deadline that has passed.
-- A refused hold leaves the empty escrow account, which the next try for the same trade uses.
CREATE FUNCTION ledger.hold_credits(
    p_key uuid, p_community_id uuid, p_trade_id uuid, p_payer uuid, p_amount bigint, p_expires_at timestamptz,
    p_actor uuid
) RETURNS ledger.outcome
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_hash    constant bytea := ledger.request_hash('hold', p_community_id::text, p_trade_id::text, p_payer::text,
                                                    p_amount::text, p_actor::text);
    v_outcome ledger.outcome := ledger.find_outcome(p_key, v_hash);
    v_escrow  bigint;
BEGIN
    IF v_outcome.journal_id IS NOT NULL THEN
        RETURN v_outcome;  -- before anything is opened, and even when the deadline has passed meanwhile
    END IF;
    IF p_amount IS NULL OR p_amount <= 0 OR p_trade_id IS NULL
        OR p_expires_at IS NULL OR p_expires_at <= ledger.clock() THEN
        RAISE EXCEPTION 'a hold has a positive amount, a trade and a deadline to come' USING ERRCODE = 'LX006';
    END IF;
    v_escrow := ledger.open_account(p_community_id, 'escrow', p_trade_id);
    v_outcome := ledger.post(p_key, p_community_id, 'hold', p_actor, p_trade_id, v_hash,
        ARRAY[ledger.get_account(p_community_id, 'gift', p_payer), ledger.get_account(p_community_id, 'main', p_payer),
              v_escrow],
        ARRAY[NULL, NULL, p_amount]);
    IF v_outcome.reason IS NULL AND NOT v_outcome.repeated THEN
        INSERT INTO ledger.hold (trade_id, community_id, escrow_id, payer, from_gift, from_main, expires_at, held_by)
        VALUES (p_trade_id, p_community_id, v_escrow, p_payer, -v_outcome.amounts[1], -v_outcome.amounts[2],
                p_expires_at, p_key);
    END IF;
    RETURN v_outcome;
END
$$;

-- The hold of a trade. Its amounts never change; its state and deadline only under the lock of its escrow's balance.
CREATE FUNCTION ledger.get_hold(p_trade_id uuid) RETURNS ledger.hold
LANGUAGE plpgsql
AS $$
DECLARE
    v_hold ledger.hold;
BEGIN
    SELECT * INTO v_hold FROM ledger.hold WHERE trade_id = p_trade_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'trade % has no hold', p_trade_id USING ERRCODE = 'LX005';
    END IF;
    RETURN v_hold;
END
$$;

-- Moves the deadline of a hold; a deadline never comes nearer. Answers null, hold_ended or hold_expired.
CREATE FUNCTION ledger.extend_hold(p_trade_id uuid, p_expires_at timestamptz) RETURNS ledger.refusal
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_hold ledger.hold := ledger.get_hold(p_trade_id);
BEGIN
    PERFORM FROM ledger.balance WHERE balance_id = v_hold.escrow_id FOR NO KEY UPDATE;
    v_hold := ledger.get_hold(p_trade_id);
    IF v_hold.state <> 'held' THEN
        RETURN 'hold_ended';
    ELSIF v_hold.expires_at <= ledger.clock() THEN
        RETURN 'hold_expired';
    END IF;
    UPDATE ledger.hold SET expires_at = p_expires_at WHERE trade_id = p_trade_id AND expires_at < p_expires_at;
    RETURN NULL;
END
$$;

-- Gives what is held to the payee's main account. Refuses: account_closed, hold_ended, hold_expired (by this database's
-- clock, however late the one who returns expired holds may be), limit_reached.
CREATE FUNCTION ledger.release_hold(p_key uuid, p_trade_id uuid, p_payee uuid, p_actor uuid) RETURNS ledger.outcome
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_hold    constant ledger.hold := ledger.get_hold(p_trade_id);
    v_amount  constant bigint := v_hold.from_gift + v_hold.from_main;
    v_outcome ledger.outcome;
BEGIN
    v_outcome := ledger.post(p_key, v_hold.community_id, 'release', p_actor, p_trade_id,
        ledger.request_hash('release', p_trade_id::text, p_payee::text, p_actor::text),
        ARRAY[v_hold.escrow_id, ledger.get_account(v_hold.community_id, 'main', p_payee)],
        ARRAY[-v_amount, v_amount]);
    IF v_outcome.reason IS NULL AND NOT v_outcome.repeated THEN
        UPDATE ledger.hold SET state = 'released', ended_by = p_key WHERE trade_id = p_trade_id;
    END IF;
    RETURN v_outcome;
END
$$;

-- Gives what is held back to the accounts that it came from, at any time. Refuses: hold_ended.
CREATE FUNCTION ledger.refund_hold(p_key uuid, p_trade_id uuid, p_actor uuid) RETURNS ledger.outcome
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_hold    constant ledger.hold := ledger.get_hold(p_trade_id);
    v_outcome ledger.outcome;
BEGIN
    v_outcome := ledger.post(p_key, v_hold.community_id, 'refund', p_actor, p_trade_id,
        ledger.request_hash('refund', p_trade_id::text, p_actor::text),
        ARRAY[v_hold.escrow_id, ledger.get_account(v_hold.community_id, 'gift', v_hold.payer),
              ledger.get_account(v_hold.community_id, 'main', v_hold.payer)],
        ARRAY[-(v_hold.from_gift + v_hold.from_main), v_hold.from_gift, v_hold.from_main]);
    IF v_outcome.reason IS NULL AND NOT v_outcome.repeated THEN
        UPDATE ledger.hold SET state = 'refunded', ended_by = p_key WHERE trade_id = p_trade_id;
    END IF;
    RETURN v_outcome;
END
$$;

RESET ROLE;
SET LOCAL ROLE ledger_owner;
REVOKE CREATE ON SCHEMA ledger FROM ledger_writer;
RESET ROLE;
