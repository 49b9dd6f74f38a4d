-- Communities, accounts and their limits. Run as ledger_writer.

SET LOCAL ROLE ledger_writer;

-- As in 0001_operations.sql, at a moment after the horizon; a clearing account is a system account with an owner.
CREATE OR REPLACE FUNCTION ledger.open_account(p_community_id uuid, p_kind ledger.account_kind, p_owner uuid)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_account_id bigint := ledger.find_account(p_community_id, p_kind, p_owner);
    v_moment     timestamptz;
BEGIN
    IF v_account_id IS NOT NULL THEN
        RETURN v_account_id;
    END IF;
    v_moment := ledger.next_moment();
    INSERT INTO ledger.account (account_id, community_id, owner, kind, opened_at)
    VALUES (CASE WHEN p_kind IN ('issuer', 'fees', 'protection', 'clearing')
                 THEN nextval('ledger.system_account_id') ELSE nextval('ledger.account_id') END,
            p_community_id, p_owner, p_kind, v_moment)
    ON CONFLICT (community_id, owner, kind) DO NOTHING
    RETURNING account_id INTO v_account_id;
    IF v_account_id IS NULL THEN
        RETURN ledger.get_account(p_community_id, p_kind, p_owner);  -- another session opened it and has committed
    END IF;
    INSERT INTO ledger.balance (balance_id, community_id, floor)
    VALUES (v_account_id, p_community_id, CASE WHEN p_kind = 'issuer' THEN NULL ELSE 0 END);
    RETURN v_account_id;
END
$$;

-- Writes down what was decided about an account or a community. `p_words`: at most 500 letters.
CREATE FUNCTION ledger.write_audit(
    p_what text, p_community_id uuid, p_account_id bigint, p_before bigint, p_after bigint, p_actor uuid, p_words text
) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_moment constant timestamptz := ledger.next_moment();
BEGIN
    INSERT INTO ledger.audit (at, what, community_id, account_id, before, after, actor, words)
    VALUES (v_moment, p_what, p_community_id, p_account_id, p_before, p_after, p_actor, p_words);
END
$$;

-- Which of the eight issuers of a community gives what is granted under a key, by the key's last digit: the number of the
-- issuer, 1 to 8, in the place of an owner. A repeated key meets the same one.
CREATE FUNCTION ledger.issuer_of(p_key uuid) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT pg_catalog.lpad(((pg_catalog.get_byte(pg_catalog.uuid_send(p_key), 15) & 7) + 1)::text, 32, '0')::uuid
$$;

-- Opens issuers, fees and protection of a community. Calling it again changes nothing.
--
-- The issuer takes part in every grant, and its lock is held until the commit is on disk, so one alone would let grants
-- pass one by one. It has no floor, so nobody ever has to know what all of it is before posting: eight more share the
-- grants. The first, without a number, has what the release before granted, and funds the protection.
CREATE OR REPLACE FUNCTION ledger.open_community(p_community_id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_moment constant timestamptz := ledger.next_moment();
BEGIN
    INSERT INTO ledger.community (community_id, opened_at) VALUES (p_community_id, v_moment) ON CONFLICT DO NOTHING;
    PERFORM ledger.open_account(p_community_id, 'protection', NULL);
    PERFORM ledger.open_account(p_community_id, 'fees', NULL);
    PERFORM ledger.open_account(p_community_id, 'issuer', NULL);
    FOR v_number IN 1 .. 8 LOOP
        PERFORM ledger.open_account(p_community_id, 'issuer', lpad(v_number::text, 32, '0')::uuid);
    END LOOP;
END
$$;

-- Those of the release before get theirs.
SELECT ledger.open_community(community_id) FROM ledger.community;

-- Opens or closes both accounts of a member, with an audit row. Raises LX007 for closing while credits are held. Locks: both
-- balances, so that no hold can begin in between.
CREATE FUNCTION ledger.set_open(p_community_id uuid, p_owner uuid, p_is_open boolean, p_actor uuid) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_main     constant bigint := ledger.get_account(p_community_id, 'main', p_owner);
    v_accounts constant bigint[] := ARRAY[ledger.get_account(p_community_id, 'gift', p_owner), v_main];
BEGIN
    PERFORM FROM ledger.balance WHERE balance_id = ANY (v_accounts) ORDER BY balance_id FOR NO KEY UPDATE;
    IF NOT p_is_open AND EXISTS (
        SELECT FROM ledger.hold WHERE community_id = p_community_id AND payer = p_owner AND state = 'held') THEN
        RAISE EXCEPTION 'credits of this member are held' USING ERRCODE = 'LX007';
    END IF;
    UPDATE ledger.balance SET is_open = p_is_open WHERE balance_id = ANY (v_accounts) AND is_open <> p_is_open;
    IF FOUND THEN
        PERFORM ledger.write_audit(CASE WHEN p_is_open THEN 'reopened' ELSE 'closed' END, p_community_id, v_main,
            NULL, NULL, p_actor, NULL);
    END IF;
END
$$;

-- Closes a member's accounts to further postings; what lies there stays. Raises LX007 while credits are held.
-- Locks: both balances, so that no hold can begin in between.
CREATE OR REPLACE FUNCTION ledger.close_member(p_community_id uuid, p_owner uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    PERFORM ledger.set_open(p_community_id, p_owner, false, NULL);
END
$$;

-- Opens a member's accounts again after close_member. Calling it again changes nothing. Locks: both balances.
CREATE FUNCTION ledger.reopen_member(p_community_id uuid, p_owner uuid, p_actor uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    PERFORM ledger.set_open(p_community_id, p_owner, true, p_actor);
END
$$;

-- Gives an account other bounds, and writes an audit row of this name. `p_what`: credit_line (it may go down to minus
-- `p_limit`), ceiling (it holds at most `p_limit`; null: any amount), clearing_limit (both). Raises LX011 when the balance is
-- beyond them, LX006 for a limit below zero or above 10^15. Locks: the balance.
CREATE FUNCTION ledger.set_limit(
    p_what text, p_community_id uuid, p_account_id bigint, p_limit bigint, p_actor uuid, p_words text
) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_balance ledger.balance;
    v_floor   bigint := -p_limit;
    v_ceiling bigint := p_limit;
BEGIN
    IF NOT ledger.is_amount(p_limit, 0) AND (p_what <> 'ceiling' OR p_limit IS NOT NULL) THEN
        RAISE EXCEPTION 'a % is zero or more, and at most 10^15', p_what USING ERRCODE = 'LX006';
    END IF;
    SELECT * INTO v_balance FROM ledger.balance WHERE balance_id = p_account_id FOR NO KEY UPDATE;
    IF p_what = 'ceiling' THEN
        v_floor := v_balance.floor;
    ELSIF p_what = 'credit_line' THEN
        v_ceiling := v_balance.ceiling;
    END IF;
    IF v_balance.posted < v_floor OR v_balance.posted > v_ceiling THEN
        RAISE EXCEPTION 'the balance is %, which a % of % does not allow', v_balance.posted, p_what, p_limit
            USING ERRCODE = 'LX011';
    END IF;
    UPDATE ledger.balance SET floor = v_floor, ceiling = v_ceiling WHERE balance_id = p_account_id;
    PERFORM ledger.write_audit(p_what, p_community_id, p_account_id,
        CASE p_what WHEN 'credit_line' THEN -v_balance.floor ELSE v_balance.ceiling END, p_limit, p_actor, p_words);
END
$$;

-- Lets a member's main account go down to minus `p_credit_limit` hundredths; 0 takes the credit line away.
-- Raises LX011 when more than that is in use, LX006 for a limit below zero or above 10^15. Locks: the balance. Leaves an audit row.
CREATE FUNCTION ledger.set_credit_line(
    p_community_id uuid, p_owner uuid, p_credit_limit bigint, p_actor uuid, p_words text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    PERFORM ledger.set_limit('credit_line', p_community_id, ledger.get_account(p_community_id, 'main', p_owner),
        p_credit_limit, p_actor, p_words);
END
$$;

-- Lets a member's main account hold at most `p_ceiling` hundredths; null takes the ceiling away. Raises LX011 when there
-- is more than that, LX006 for one below zero or above 10^15. Locks: the balance. Leaves an audit row.
CREATE FUNCTION ledger.set_ceiling(p_community_id uuid, p_owner uuid, p_ceiling bigint, p_actor uuid, p_words text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    PERFORM ledger.set_limit('ceiling', p_community_id, ledger.get_account(p_community_id, 'main', p_owner),
        p_ceiling, p_actor, p_words);
END
$$;

-- Opens the account in which a community keeps what its members got from or paid to another one, or changes its limit:
-- it stays between minus and plus `p_credit_limit` hundredths. Each side opens its own. Raises LX011 when more than that
-- is in use, LX004 when the community is not open, LX006 for a limit below zero or above 10^15. Leaves an audit row.
CREATE FUNCTION ledger.open_clearing(p_community_id uuid, p_counterpart uuid, p_credit_limit bigint, p_actor uuid)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    IF p_counterpart IS NULL OR p_counterpart = p_community_id THEN
        RAISE EXCEPTION 'clearing is with another community' USING ERRCODE = 'LX006';
    END IF;
    PERFORM ledger.get_account(p_community_id, 'issuer', NULL);
    PERFORM ledger.set_limit('clearing_limit', p_community_id,
        ledger.open_account(p_community_id, 'clearing', p_counterpart), p_credit_limit, p_actor, NULL);
END
$$;

-- The balance of an account at a moment, in hundredths: after the last entry that was booked then or before; 0 before
-- the first, null for an unknown account. Looks up about log2(n) entries by their numbers, because later entries have
-- later times, each only in the months between the times that are known by then. Changes and locks nothing.
CREATE FUNCTION ledger.balance_at(p_account_id bigint, p_at timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
BEGIN
    IF p_at IS NULL THEN
        RETURN NULL;
    END IF;
    -- Binary search in one statement: `below` is the highest number known to be early enough (0: before the first),
    -- `above` the lowest known to be too late; `since` and `until` are their times. A statement for each look-up would
    -- open every partition each time.
    RETURN (
        WITH RECURSIVE search (below, above, since, until, balance) AS (
            SELECT 0::bigint, seq + 1, '-infinity'::timestamptz, 'infinity'::timestamptz, 0::bigint
            FROM ledger.balance WHERE balance_id = p_account_id
            UNION ALL
            SELECT CASE WHEN e.booked_at <= p_at THEN e.seq ELSE s.below END,
                   CASE WHEN e.booked_at <= p_at THEN s.above ELSE e.seq END,
                   CASE WHEN e.booked_at <= p_at THEN e.booked_at ELSE s.since END,
                   CASE WHEN e.booked_at <= p_at THEN s.until ELSE e.booked_at END,
                   CASE WHEN e.booked_at <= p_at THEN e.balance_after ELSE s.balance END
            FROM search s CROSS JOIN LATERAL (
                SELECT seq, booked_at, balance_after FROM ledger.entry
                WHERE balance_id = p_account_id AND seq = s.below + (s.above - s.below) / 2
                  AND booked_at >= s.since AND booked_at <= s.until
                LIMIT 1
            ) e
            WHERE s.above - s.below > 1
        )
        SELECT balance FROM search WHERE above - below = 1
    );
END
$$;

RESET ROLE;
