-- How much, how far ahead, how many: what every function asks of its arguments. Run as ledger_writer.
--
-- No amount, no limit above 10^15 hundredths, no balance beyond 10^18 (a CHECK): sums and differences of these are far from
-- where a bigint ends, so nothing that reads or sweeps can be made to fail by what somebody booked.

SET LOCAL ROLE ledger_writer;

-- Whether an amount or limit lies between `p_least` and 10^15 hundredths; false for null.
CREATE FUNCTION ledger.is_amount(p_amount bigint, p_least bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT p_amount IS NOT NULL AND p_amount BETWEEN p_least AND 1000000000000000 $$;

-- Whether a deadline is to come, and within 400 days; false for null.
CREATE FUNCTION ledger.is_deadline(p_at timestamptz) RETURNS boolean
LANGUAGE sql STABLE
AS $$
    SELECT p_at IS NOT NULL AND isfinite(p_at) AND p_at > ledger.clock() AND p_at <= ledger.clock() + interval '400 days'
$$;

-- Whether an array is a plain list: one dimension, numbered from 1, not empty, without null. (An array may
-- begin at any number.)
CREATE FUNCTION ledger.is_list(p_list anyarray) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT coalesce(array_ndims(p_list) = 1 AND array_lower(p_list, 1) = 1, false) AND array_position(p_list, NULL) IS NULL
$$;

COMMENT ON FUNCTION ledger.is_amount(bigint, bigint) IS
    'Whether an amount or limit lies between `p_least` and 10^15 hundredths; false for null.';
COMMENT ON FUNCTION ledger.is_deadline(timestamptz) IS 'Whether a deadline is to come, and within 400 days; false for null.';
COMMENT ON FUNCTION ledger.is_list(anyarray) IS
    'Whether an array is a plain list: one dimension, numbered from 1, not empty, without null.';

-- As in 0001_operations.sql, within these bounds: for the release before, which names no payee and no fees.
CREATE OR REPLACE FUNCTION ledger.hold_credits(
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
    IF p_trade_id IS NULL OR NOT ledger.is_amount(p_amount, 1) OR NOT ledger.is_deadline(p_expires_at) THEN
        RAISE EXCEPTION 'a hold has a trade, a positive amount up to 10^15 and a deadline within 400 days' USING ERRCODE = 'LX006';
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

-- Moves the deadline of a hold, to at most 400 days from now; a deadline never comes nearer. Answers null, hold_ended or
-- hold_expired. Raises LX006 for no deadline, or one further ahead.
CREATE OR REPLACE FUNCTION ledger.extend_hold(p_trade_id uuid, p_expires_at timestamptz) RETURNS ledger.refusal
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_hold ledger.hold := ledger.get_hold(p_trade_id);
BEGIN
    IF p_expires_at IS NULL OR NOT isfinite(p_expires_at) OR p_expires_at > ledger.clock() + interval '400 days' THEN
        RAISE EXCEPTION 'a deadline is at most 400 days ahead' USING ERRCODE = 'LX006';
    END IF;
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

RESET ROLE;
