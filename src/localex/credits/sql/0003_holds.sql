-- Holds, completed. Run as ledger_writer. See 0001_operations.sql for what all of them have in common.

SET LOCAL ROLE ledger_writer;

-- Posts a hold and writes its row, and its deadline into the audit, where it stays when somebody changes the row.
-- `p_payee` is null in a hold of the release before. Both forms of hold_credits say what it refuses and raises.
CREATE FUNCTION ledger.set_aside(
    p_key uuid, p_community_id uuid, p_trade_id uuid, p_payer uuid, p_payee uuid, p_price bigint, p_buyer_fee bigint,
    p_seller_fee bigint, p_expires_at timestamptz, p_actor uuid, p_hash bytea
) RETURNS ledger.outcome
LANGUAGE plpgsql
AS $$
DECLARE
    v_outcome ledger.outcome := ledger.find_outcome(p_key, p_hash);
    v_escrow  bigint;
BEGIN
    IF v_outcome.journal_id IS NOT NULL THEN
        RETURN v_outcome;  -- before anything is opened, and even when the deadline has passed meanwhile
    END IF;
    IF p_trade_id IS NULL OR NOT ledger.is_amount(p_price, 1) OR NOT ledger.is_amount(p_buyer_fee, 0)
        OR NOT ledger.is_amount(p_seller_fee, 0) OR p_seller_fee > p_price OR NOT ledger.is_deadline(p_expires_at)
        OR p_payee = p_payer THEN
        RAISE EXCEPTION 'a hold has a trade, a payee who is not its payer, a positive price, fees within it, a deadline ahead'
            USING ERRCODE = 'LX006';
    END IF;
    v_escrow := ledger.open_account(p_community_id, 'escrow', p_trade_id);
    v_outcome := ledger.post(p_key, p_community_id, 'hold', p_actor, p_trade_id, p_hash,
        ARRAY[ledger.get_account(p_community_id, 'gift', p_payer), ledger.get_account(p_community_id, 'main', p_payer),
              v_escrow],
        ARRAY[NULL, NULL, p_price + p_buyer_fee]);
    IF v_outcome.reason IS NULL AND NOT v_outcome.repeated THEN
        WITH said AS (
            INSERT INTO ledger.audit (at, what, community_id, account_id, after, actor)
            VALUES (v_outcome.booked_at, 'deadline', p_community_id, v_escrow,
                    extract(epoch FROM p_expires_at) * 1000000, p_actor)
        )
        INSERT INTO ledger.hold (trade_id, community_id, escrow_id, payer, from_gift, from_main, expires_at, held_by,
                                 payee, buyer_fee, seller_fee)
        VALUES (p_trade_id, p_community_id, v_escrow, p_payer, -v_outcome.amounts[1], -v_outcome.amounts[2],
                p_expires_at, p_key, p_payee, p_buyer_fee, p_seller_fee);
    END IF;
    RETURN v_outcome;
END
$$;

-- Sets the price and the buyer's fee aside for a trade, gift credits first, in an escrow account of the trade's own.
-- `p_payee`: the only member to whom they can go; of another community for release_across. `p_seller_fee` is taken from
-- the price when it is paid. Refuses and raises as the other form, and LX006 without a payee.
CREATE FUNCTION ledger.hold_credits(
    p_key uuid, p_community_id uuid, p_trade_id uuid, p_payer uuid, p_payee uuid, p_price bigint, p_buyer_fee bigint,
    p_seller_fee bigint, p_expires_at timestamptz, p_actor uuid
) RETURNS ledger.outcome
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    IF p_payee IS NULL THEN
        RAISE EXCEPTION 'a hold has a payee' USING ERRCODE = 'LX006';
    END IF;
    RETURN ledger.set_aside(p_key, p_community_id, p_trade_id, p_payer, p_payee, p_price, p_buyer_fee, p_seller_fee,
        p_expires_at, p_actor, ledger.request_hash('hold', p_community_id::text, p_trade_id::text, p_payer::text,
            p_payee::text, p_price::text, p_buyer_fee::text, p_seller_fee::text, p_actor::text));
END
$$;

-- As in 0001_operations.sql, within bounds: for the release before, which names no payee and no fees.
CREATE OR REPLACE FUNCTION ledger.hold_credits(
    p_key uuid, p_community_id uuid, p_trade_id uuid, p_payer uuid, p_amount bigint, p_expires_at timestamptz,
    p_actor uuid
) RETURNS ledger.outcome
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN ledger.set_aside(p_key, p_community_id, p_trade_id, p_payer, NULL, p_amount, 0, 0, p_expires_at, p_actor,
        ledger.request_hash('hold', p_community_id::text, p_trade_id::text, p_payer::text, p_amount::text, p_actor::text));
END
$$;

-- Moves the deadline of a hold, to at most 400 days from now; a deadline never comes nearer. Answers null, hold_ended or
-- hold_expired. Raises LX006 for no deadline, or one further ahead. Leaves an audit row when it moved. Locks: the escrow's
-- balance.
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
    IF FOUND THEN
        PERFORM ledger.write_audit('deadline', v_hold.community_id, v_hold.escrow_id,
            (extract(epoch FROM v_hold.expires_at) * 1000000)::bigint,
            (extract(epoch FROM p_expires_at) * 1000000)::bigint, NULL, NULL);
    END IF;
    RETURN NULL;
END
$$;

-- Says to whom a hold of the release before that is still held can go, once: answers whether it was said now. Whoever was named stays named.
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

-- The part of a fee that belongs to a part of the price, in whole hundredths, half to even: fee * part / price.
CREATE FUNCTION ledger.share_of_fee(p_fee bigint, p_part bigint, p_price bigint) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    v_share constant bigint := div(p_fee::numeric * p_part, p_price);
    v_rest  constant numeric := p_fee::numeric * p_part - v_share::numeric * p_price;
BEGIN
    RETURN v_share + CASE WHEN 2 * v_rest > p_price OR (2 * v_rest = p_price AND v_share % 2 = 1) THEN 1 ELSE 0 END;
END
$$;

-- Why a hold cannot go to this payee, or null.
CREATE FUNCTION ledger.check_payee(p_hold ledger.hold, p_payee uuid) RETURNS ledger.refusal
LANGUAGE sql IMMUTABLE
AS $$ SELECT CASE WHEN p_hold.payee <> p_payee THEN 'other_payee'::ledger.refusal END $$;

-- How much of `p_amount` the payer's main account can take below its ceiling; the rest of what comes back goes to gift.
-- A ceiling must not keep credits in escrow: they are the payer's. Locks: the balances of the posting to come, all of
-- them, in the order of their ids.
CREATE FUNCTION ledger.room_in_main(p_balance_ids bigint[], p_main bigint, p_amount bigint) RETURNS bigint
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM FROM ledger.balance WHERE balance_id = ANY (p_balance_ids) ORDER BY balance_id FOR NO KEY UPDATE;
    RETURN (SELECT greatest(least(p_amount, ceiling - posted), 0) FROM ledger.balance WHERE balance_id = p_main);
END
$$;

-- Pays a part of the price (or all) out of escrow: the part less the seller's fee to the payee's main account, both fees
-- in proportion to the part to the fees account, the rest back to the payer, to main first (below its ceiling), then to gift.
CREATE FUNCTION ledger.pay_out(
    p_key uuid, p_hold ledger.hold, p_payee uuid, p_part bigint, p_actor uuid, p_hash bytea
) RETURNS ledger.outcome
LANGUAGE plpgsql
AS $$
DECLARE
    v_held       constant bigint := p_hold.from_gift + p_hold.from_main;
    v_price      constant bigint := v_held - p_hold.buyer_fee;
    v_buyer_fee  bigint := 0;
    v_seller_fee bigint := 0;
    v_back       bigint;
    v_payer_main bigint;
    v_payer_gift bigint;
    v_to_main    bigint;
    v_accounts   bigint[] := ARRAY[p_hold.escrow_id, ledger.get_account(p_hold.community_id, 'main', p_payee)];
    v_amounts    bigint[] := ARRAY[-v_held, 0];
    v_outcome    ledger.outcome;
BEGIN
    IF p_part IS NULL OR p_part NOT BETWEEN 1 AND v_price THEN
        RAISE EXCEPTION 'what is captured is positive and at most the price of %', v_price USING ERRCODE = 'LX006';
    END IF;
    IF p_hold.buyer_fee + p_hold.seller_fee > 0 THEN
        v_buyer_fee := ledger.share_of_fee(p_hold.buyer_fee, p_part, v_price);
        v_seller_fee := least(p_part, ledger.share_of_fee(p_hold.seller_fee, p_part, v_price));
        v_accounts := v_accounts || ledger.get_account(p_hold.community_id, 'fees', NULL);
        v_amounts := v_amounts || (v_buyer_fee + v_seller_fee);
    END IF;
    v_amounts[2] := p_part - v_seller_fee;
    v_back := v_held - p_part - v_buyer_fee;
    v_to_main := least(v_back, p_hold.from_main);
    IF v_back > 0 THEN
        v_payer_main := ledger.get_account(p_hold.community_id, 'main', p_hold.payer);
        v_payer_gift := ledger.get_account(p_hold.community_id, 'gift', p_hold.payer);
        IF v_payer_main = v_accounts[2] THEN
            v_amounts[2] := v_amounts[2] + v_to_main;
        ELSE
            v_to_main := ledger.room_in_main(v_accounts || v_payer_main || v_payer_gift, v_payer_main, v_to_main);
            IF v_to_main > 0 THEN
                v_accounts := v_accounts || v_payer_main;
                v_amounts := v_amounts || v_to_main;
            END IF;
        END IF;
        IF v_back > v_to_main THEN
            v_accounts := v_accounts || v_payer_gift;
            v_amounts := v_amounts || (v_back - v_to_main);
        END IF;
    END IF;
    -- Whoever is named stays named; a hold without a payee may get one while the locks are waited for.
    IF v_amounts = ARRAY[-v_held, v_held] AND p_hold.payee IS NOT NULL THEN
        v_outcome := ledger.post_pair(p_key, p_hold.community_id, 'release', p_actor, p_hold.trade_id, p_hash,
            v_accounts[1], v_accounts[2], v_held, p_hold.expires_at, ledger.check_payee(p_hold, p_payee));
    ELSE
        v_outcome := ledger.post(p_key, p_hold.community_id, 'release', p_actor, p_hold.trade_id, p_hash, v_accounts,
            v_amounts, ledger.check_payee(p_hold, p_payee), p_payee);
    END IF;
    IF v_outcome.reason IS NULL AND NOT v_outcome.repeated THEN
        UPDATE ledger.hold SET state = 'released', ended_by = p_key WHERE trade_id = p_hold.trade_id;
    END IF;
    RETURN v_outcome;
END
$$;

-- Gives what is held to the payee's main account, less the seller's fee; fees go to the fees account. Refuses:
-- account_closed, hold_ended, hold_expired (by this database's clock, however late the one who returns expired holds may
-- be), limit_reached, other_payee.
CREATE OR REPLACE FUNCTION ledger.release_hold(p_key uuid, p_trade_id uuid, p_payee uuid, p_actor uuid)
RETURNS ledger.outcome
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_hold constant ledger.hold := ledger.get_hold(p_trade_id);
BEGIN
    RETURN ledger.pay_out(p_key, v_hold, p_payee, v_hold.from_gift + v_hold.from_main - v_hold.buyer_fee, p_actor,
        ledger.request_hash('release', p_trade_id::text, p_payee::text, p_actor::text));
END
$$;

-- Gives `p_amount` hundredths of the price to the payee's main account, the fees in proportion (half to even) to the fees
-- account, and the rest back to the payer, to main first, then to gift. Ends the hold. Refuses as release_hold; raises
-- LX006 unless 0 < p_amount <= price.
CREATE FUNCTION ledger.capture_hold(p_key uuid, p_trade_id uuid, p_payee uuid, p_amount bigint, p_actor uuid)
RETURNS ledger.outcome
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN ledger.pay_out(p_key, ledger.get_hold(p_trade_id), p_payee, p_amount, p_actor,
        ledger.request_hash('capture', p_trade_id::text, p_payee::text, p_amount::text, p_actor::text));
END
$$;

-- Gives what is held back to the accounts that it came from, as a posting of the kind refund or expiry. What main cannot
-- take below its ceiling goes back to gift.
CREATE FUNCTION ledger.give_back(
    p_key uuid, p_trade_id uuid, p_kind ledger.journal_kind, p_actor uuid, p_hash bytea
) RETURNS ledger.outcome
LANGUAGE plpgsql
AS $$
DECLARE
    v_hold     constant ledger.hold := ledger.get_hold(p_trade_id);
    v_held     constant bigint := v_hold.from_gift + v_hold.from_main;
    v_accounts constant bigint[] := ARRAY[v_hold.escrow_id,
        ledger.get_account(v_hold.community_id, 'gift', v_hold.payer),
        ledger.get_account(v_hold.community_id, 'main', v_hold.payer)];
    v_to_main  bigint;
    v_outcome  ledger.outcome;
BEGIN
    v_to_main := ledger.room_in_main(v_accounts, v_accounts[3], v_hold.from_main);
    v_outcome := ledger.post(p_key, v_hold.community_id, p_kind, p_actor, p_trade_id, p_hash, v_accounts,
        ARRAY[-v_held, v_held - v_to_main, v_to_main]);
    IF v_outcome.reason IS NULL AND NOT v_outcome.repeated THEN
        UPDATE ledger.hold SET state = 'refunded', ended_by = p_key WHERE trade_id = p_trade_id;
    END IF;
    RETURN v_outcome;
END
$$;

-- Gives all that is held back to the payer, fees included, at any time. Refuses: account_closed, hold_ended.
CREATE OR REPLACE FUNCTION ledger.refund_hold(p_key uuid, p_trade_id uuid, p_actor uuid) RETURNS ledger.outcome
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN ledger.give_back(p_key, p_trade_id, 'refund', p_actor,
        ledger.request_hash('refund', p_trade_id::text, p_actor::text));
END
$$;

-- Gives all that is held back to the payer because the deadline has passed, by this database's clock.
-- Refuses: account_closed, hold_ended, hold_not_expired.
CREATE FUNCTION ledger.expire_hold(p_key uuid, p_trade_id uuid) RETURNS ledger.outcome
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN ledger.give_back(p_key, p_trade_id, 'expiry', NULL, ledger.request_hash('expiry', p_trade_id::text));
END
$$;

-- Returns holds whose deadline passed more than `p_older_than` ago, the oldest first, at most `p_limit`; which ones, and
-- under which keys. Several may sweep at once, and none waits: a trade of which a balance is locked is left for later,
-- so this cannot be part of a deadlock. A hold that cannot be returned, whatever the error or refusal, keeps no other from
-- it: a WARNING says which, nothing is written, and up to 1000 such holds are passed over. Raises LX006 unless
-- 0 <= p_older_than <= 10 years and 1 <= p_limit <= 10000. Locks: the balances of the holds that it returns.
CREATE FUNCTION ledger.expire_holds(p_older_than interval, p_limit integer)
RETURNS TABLE (trade_id uuid, journal_id uuid)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE
    v_hold     record;
    v_locked   integer;
    v_accounts bigint[];
    v_outcome  ledger.outcome;
    v_returned integer := 0;
BEGIN
    IF (p_older_than BETWEEN interval '0' AND interval '10 years') IS NOT TRUE
        OR (p_limit BETWEEN 1 AND 10000) IS NOT TRUE THEN
        RAISE EXCEPTION 'a sweep is for deadlines of at most 10 years ago, and returns 1 to 10000 holds'
            USING ERRCODE = 'LX006';
    END IF;
    FOR v_hold IN
        SELECT h.trade_id, h.community_id, h.escrow_id, h.payer FROM ledger.hold h
        JOIN ledger.community c ON c.community_id = h.community_id AND c.stopped_at IS NULL
        WHERE h.state = 'held' AND h.expires_at <= ledger.clock() - p_older_than
        ORDER BY h.expires_at LIMIT p_limit + 1000
    LOOP
        v_accounts := ARRAY[v_hold.escrow_id, ledger.find_account(v_hold.community_id, 'gift', v_hold.payer),
                            ledger.find_account(v_hold.community_id, 'main', v_hold.payer)];
        PERFORM FROM ledger.balance WHERE balance_id = ANY (v_accounts) ORDER BY balance_id
            FOR NO KEY UPDATE SKIP LOCKED;
        GET DIAGNOSTICS v_locked = ROW_COUNT;
        CONTINUE WHEN v_locked < 3
            OR NOT EXISTS (SELECT FROM ledger.hold h WHERE h.trade_id = v_hold.trade_id AND h.state = 'held');
        BEGIN
            v_outcome := ledger.give_back(uuidv7(ledger.clock() - clock_timestamp()), v_hold.trade_id, 'expiry', NULL,
                                          ledger.request_hash('expiry', v_hold.trade_id::text));
            IF v_outcome.reason IS NOT NULL THEN
                -- Undoes the refusal: no key will ever ask for it again, and there would be one more at each sweep.
                RAISE EXCEPTION 'it is refused: %', v_outcome.reason;
            END IF;
        EXCEPTION WHEN OTHERS THEN
            RAISE WARNING 'the hold of trade % cannot be returned: % (%)', v_hold.trade_id, SQLERRM, SQLSTATE;
            CONTINUE;
        END;
        trade_id := v_hold.trade_id;
        journal_id := v_outcome.journal_id;
        RETURN NEXT;
        v_returned := v_returned + 1;
        EXIT WHEN v_returned >= p_limit;
    END LOOP;
END
$$;

RESET ROLE;
