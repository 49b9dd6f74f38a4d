-- The function that moves credits, completed: stopped communities, the horizon of the seals, reasons found by the caller.
-- Run as ledger_writer. Replaces ledger.post of 0001_posting.sql; the arguments and locks are described there.

SET LOCAL ROLE ledger_owner;
GRANT CREATE ON SCHEMA ledger TO ledger_writer;
SET LOCAL ROLE ledger_writer;

-- A moment for what is booked without a balance: later than the horizon of the seals. The transaction's number is taken
-- first, so that whoever moves the horizon can wait for everybody who may not have seen it.
CREATE FUNCTION ledger.next_moment() RETURNS timestamptz
LANGUAGE plpgsql
AS $$
DECLARE
    v_moment timestamptz;
BEGIN
    PERFORM pg_current_xact_id();
    SELECT greatest(ledger.clock(), horizon + interval '1 microsecond') INTO v_moment FROM ledger.sealing WHERE only_row;
    PERFORM ledger.check_isolation();
    RETURN v_moment;
END
$$;

-- Raises LX006 in a transaction that would not see what others commit while it waits: it could post under a key that was
-- used meanwhile, or earlier than the horizon.
CREATE FUNCTION ledger.check_isolation() RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'credits move only in READ COMMITTED transactions' USING ERRCODE = 'LX006';
    END IF;
END
$$;

-- Raises LX010 while nothing may be posted in a community.
CREATE FUNCTION ledger.refuse_stopped(p_community_id uuid, p_stopped_at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF p_stopped_at IS NOT NULL THEN
        RAISE EXCEPTION 'postings of community % are stopped since %', p_community_id, p_stopped_at
            USING ERRCODE = 'LX010';
    END IF;
END
$$;

-- What lacks for a posting of this kind when an account with a floor has too little: an escrow that is empty has been
-- released or returned, a clearing account has reached what the two communities agreed on.
CREATE FUNCTION ledger.shortage(p_kind ledger.journal_kind) RETURNS ledger.refusal
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT (CASE WHEN p_kind IN ('release', 'refund', 'expiry', 'clearing_out') THEN 'hold_ended'
                 WHEN p_kind = 'clearing_in' THEN 'limit_reached' ELSE 'insufficient_credits' END)::ledger.refusal
$$;

-- Why the state of a hold forbids a posting at this moment, or null. Called under the locks of the posting.
CREATE FUNCTION ledger.hold_forbids(p_kind ledger.journal_kind, p_trade_id uuid, p_at timestamptz) RETURNS ledger.refusal
LANGUAGE plpgsql
AS $$
DECLARE
    v_expires_at timestamptz;
BEGIN
    SELECT expires_at INTO v_expires_at FROM ledger.hold WHERE trade_id = p_trade_id;
    RETURN CASE WHEN v_expires_at IS NULL THEN NULL
                WHEN p_kind = 'hold' THEN 'hold_exists'
                WHEN p_kind IN ('release', 'clearing_out') AND v_expires_at <= p_at THEN 'hold_expired'
                WHEN p_kind = 'expiry' AND v_expires_at > p_at THEN 'hold_not_expired' END;
END
$$;

-- Kept under another name until the next release: a posting that is under way knows it by its number, and would find
-- nothing ("cache lookup failed for function") when it goes on after this transaction.
ALTER FUNCTION ledger.post(uuid, uuid, ledger.journal_kind, uuid, uuid, bytea, bigint[], bigint[])
    -- squawk-ignore renaming-object
    RENAME TO post_of_release_0_1_0;
COMMENT ON FUNCTION ledger.post_of_release_0_1_0 IS
    'The release before''s ledger.post, for postings that were under way while the schema changed. Nobody calls it.';

-- As described in 0001_posting.sql, and:
--
--   p_refused   why the caller knows that this cannot be; recorded as the reason unless the key was used before
--   p_payee     to whom the hold of the trade p_reference goes: refused when it has come to name somebody else, which
--               only one without a payee can, while the locks were waited for; null: not asked
--
-- Raises as well: LX010 while postings of the community are stopped. The key is looked up once, after the locks were
-- granted, in a statement that also reads the horizon: whoever moves it waits for transactions that had taken a number
-- (with the locks) before. Rights, search path and kind of plan are those of the public function around it: to set them
-- once more would cost a twentieth of the posting rate.
CREATE FUNCTION ledger.post(
    p_key uuid, p_community_id uuid, p_kind ledger.journal_kind, p_actor uuid, p_reference uuid,
    p_request_hash bytea, p_balance_ids bigint[], p_amounts bigint[], p_refused ledger.refusal DEFAULT NULL,
    p_payee uuid DEFAULT NULL
) RETURNS ledger.outcome
LANGUAGE plpgsql
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    v_balance   record;
    v_found     record;
    v_ids       constant bigint[] := array_sort(p_balance_ids);
    v_id        bigint;
    v_before    bigint;
    v_leg       integer;
    v_amounts   bigint[] := p_amounts;
    v_posted    bigint[] := p_amounts;      -- what each has, and how many entries
    v_seqs      bigint[] := p_amounts;
    v_room      bigint[] := p_amounts;      -- what each may give; null without a floor
    v_space     bigint[] := p_amounts;      -- what each may still receive; null without a ceiling
    v_missing   bigint := 0;
    v_draws     boolean := false;
    v_take      bigint;
    v_last_at   timestamptz := '-infinity';
    v_booked_at timestamptz;
    v_reason    ledger.refusal := p_refused;
    -- What moves, in the order of ids, and its text for the digest.
    v_moved     bigint[] := '{}';
    v_numbers   bigint[] := '{}';
    v_moves     bigint[] := '{}';
    v_afters    bigint[] := '{}';
    v_legs      text;
BEGIN
    -- One by one: a key look-up into a record costs half of what a loop over a query does.
    FOREACH v_id IN ARRAY v_ids LOOP
        SELECT posted, floor, ceiling, seq, last_at, community_id, is_open INTO v_balance
        FROM ledger.balance WHERE balance_id = v_id FOR NO KEY UPDATE;
        IF NOT FOUND OR v_id = v_before THEN
            RAISE EXCEPTION 'balance % of this posting is unknown or named twice', v_id USING ERRCODE = 'LX004';
        ELSIF v_balance.community_id <> p_community_id THEN
            RAISE EXCEPTION 'balance % belongs to another community', v_id USING ERRCODE = 'LX004';
        ELSIF NOT v_balance.is_open THEN
            v_reason := 'account_closed';
        END IF;
        v_leg := array_position(p_balance_ids, v_id);
        v_posted[v_leg] := v_balance.posted;
        v_seqs[v_leg] := v_balance.seq + 1;
        v_room[v_leg] := v_balance.posted - v_balance.floor;
        v_space[v_leg] := v_balance.ceiling - v_balance.posted;
        v_last_at := greatest(v_last_at, v_balance.last_at);
        v_before := v_id;
    END LOOP;
    IF cardinality(v_ids) <> cardinality(p_amounts) OR cardinality(v_ids) < 2 THEN
        RAISE EXCEPTION 'a posting has two balances or more, and an amount for each' USING ERRCODE = 'LX004';
    END IF;

    SELECT j.journal_id, j.request_hash, j.reason, j.booked_at, s.horizon, c.stopped_at, ledger.clock() AS at
    INTO v_found
    FROM ledger.sealing s
    LEFT JOIN ledger.community c ON c.community_id = p_community_id
    LEFT JOIN ledger.journal j ON j.journal_id = p_key
    WHERE s.only_row;
    IF v_found.journal_id IS NOT NULL THEN
        IF v_found.request_hash <> p_request_hash THEN
            RAISE EXCEPTION 'key % was used for another request', p_key USING ERRCODE = 'LX001';
        END IF;
        RETURN (p_key, v_found.reason, v_found.booked_at, true, NULL)::ledger.outcome;
    END IF;
    IF p_key IS NULL OR uuid_extract_version(p_key) IS DISTINCT FROM 7 OR v_found.stopped_at IS NOT NULL
        OR uuid_extract_timestamp(p_key) NOT BETWEEN v_found.at - interval '7 days' AND v_found.at + interval '31 days'
        OR current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM ledger.check_key(p_key), ledger.refuse_stopped(p_community_id, v_found.stopped_at),
                ledger.check_isolation();
    END IF;

    -- Later than everything that these balances and the seals have seen, even when the machine's clock was set back.
    v_booked_at := greatest(v_found.at, greatest(v_last_at, v_found.horizon) + interval '1 microsecond');

    FOREACH v_take IN ARRAY p_amounts LOOP
        v_missing := v_missing + coalesce(v_take, 0);
    END LOOP;
    FOR i IN 1 .. cardinality(v_ids) LOOP
        IF p_amounts[i] IS NULL THEN
            v_draws := true;
            v_take := greatest(least(v_missing, v_room[i]), 0);
            v_amounts[i] := -v_take;
            v_missing := v_missing - v_take;
        ELSIF p_amounts[i] < 0 AND -p_amounts[i] > v_room[i] THEN
            v_reason := coalesce(v_reason, ledger.shortage(p_kind));
        ELSIF p_amounts[i] > v_space[i] THEN
            v_reason := coalesce(v_reason, 'limit_reached');
        END IF;
    END LOOP;
    IF v_missing > 0 AND v_draws THEN
        v_reason := coalesce(v_reason, 'insufficient_credits');
    ELSIF v_missing <> 0 THEN
        RAISE EXCEPTION 'the legs of this posting do not sum to zero' USING ERRCODE = 'LX006';
    END IF;
    IF p_kind IN ('hold', 'release', 'expiry') AND v_reason IS DISTINCT FROM 'hold_ended' THEN
        v_reason := coalesce(ledger.hold_forbids(p_kind, p_reference, v_booked_at), v_reason);
    END IF;
    IF p_payee IS NOT NULL AND v_reason IS NULL
        AND EXISTS (SELECT FROM ledger.hold h WHERE h.trade_id = p_reference AND h.payee <> p_payee) THEN
        v_reason := 'other_payee';
    END IF;

    IF v_reason IS NOT NULL THEN
        INSERT INTO ledger.journal
            (booked_at, journal_id, community_id, kind, reason, actor, reference, request_hash, content_hash)
        VALUES (v_booked_at, p_key, p_community_id, p_kind, v_reason, p_actor, p_reference, p_request_hash,
            ledger.content_hash(p_key, p_community_id, p_kind, v_reason, v_booked_at, p_actor, p_reference,
                p_request_hash, NULL));
        RETURN (p_key, v_reason, v_booked_at, false, NULL)::ledger.outcome;
    END IF;

    FOREACH v_id IN ARRAY v_ids LOOP
        v_leg := array_position(p_balance_ids, v_id);
        CONTINUE WHEN v_amounts[v_leg] = 0;
        v_moved := v_moved || v_id;
        v_numbers := v_numbers || v_seqs[v_leg];
        v_moves := v_moves || v_amounts[v_leg];
        v_afters := v_afters || (v_posted[v_leg] + v_amounts[v_leg]);
        v_legs := concat_ws(';', v_legs, concat_ws(':', v_id, v_seqs[v_leg], v_amounts[v_leg],
                                                   v_posted[v_leg] + v_amounts[v_leg]));
    END LOOP;
    WITH moved AS (
        UPDATE ledger.balance
        SET posted = v_afters[array_position(v_moved, balance_id)],
            seq = v_numbers[array_position(v_moved, balance_id)], last_at = v_booked_at
        WHERE balance_id = ANY (v_moved)
    ), booked AS (
        INSERT INTO ledger.entry (balance_id, seq, amount, balance_after, booked_at, journal_id)
        SELECT unnest(v_moved), unnest(v_numbers), unnest(v_moves), unnest(v_afters), v_booked_at, p_key
    )
    INSERT INTO ledger.journal (booked_at, journal_id, community_id, kind, actor, reference, request_hash, content_hash)
    VALUES (v_booked_at, p_key, p_community_id, p_kind, p_actor, p_reference, p_request_hash,
        ledger.content_hash(p_key, p_community_id, p_kind, NULL, v_booked_at, p_actor, p_reference, p_request_hash, v_legs));
    RETURN (p_key, NULL, v_booked_at, false, v_amounts)::ledger.outcome;
END
$$;

RESET ROLE;
