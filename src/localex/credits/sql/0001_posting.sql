-- The one function that moves credits, and what it is made of. Run as ledger_writer.
--
-- Functions that a caller may name are SECURITY DEFINER with a pinned search_path. The others run inside those, with
-- their rights and path. None is STABLE that reads a table: it must see what was committed while a lock was awaited.

SET LOCAL ROLE ledger_owner;
GRANT USAGE, CREATE ON SCHEMA ledger TO ledger_writer;
GRANT USAGE ON SEQUENCE ledger.account_id, ledger.system_account_id TO ledger_writer;
GRANT SELECT, INSERT ON ledger.account, ledger.balance, ledger.journal, ledger.entry, ledger.hold TO ledger_writer;
GRANT UPDATE (posted, seq, last_at, is_open) ON ledger.balance TO ledger_writer;
GRANT UPDATE (state, ended_by, expires_at) ON ledger.hold TO ledger_writer;
SET LOCAL ROLE ledger_writer;

-- Digest of what was asked for, so that a key cannot be used for two different things: half of a SHA-256, which is
-- plenty to tell requests apart and saves 16 bytes a posting. Arguments: the parts of the request as text, none of which
-- can hold a bar. A deadline is not part of it: a retry is made later than the first try and would name a later one.
CREATE FUNCTION ledger.request_hash(VARIADIC p_parts text[]) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT pg_catalog.substr(
        pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.array_to_string(p_parts, '|', '-'), 'UTF8')), 1, 16)
$$;

-- Digest of what was booked: the journal row and, for each leg in the order of balance ids, 'balance:seq:amount:after'.
-- Times count as whole microseconds since 1970, so that no session setting changes the text.
CREATE FUNCTION ledger.content_hash(
    p_journal_id uuid, p_community_id uuid, p_kind ledger.journal_kind, p_reason ledger.refusal,
    p_booked_at timestamptz, p_actor uuid, p_reference uuid, p_request_hash bytea, p_legs text
) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.array_to_string(ARRAY[
        p_journal_id::text, p_community_id::text, p_kind::text, p_reason::text,
        (extract(epoch FROM p_booked_at) * 1000000)::bigint::text, p_actor::text, p_reference::text,
        pg_catalog.encode(p_request_hash, 'hex'), p_legs], '|', '-'), 'UTF8'))
$$;

-- The outcome of an earlier posting under this key, or null when there was none.
-- Raises LX001 when the key was used for another request.
CREATE FUNCTION ledger.find_outcome(p_key uuid, p_request_hash bytea) RETURNS ledger.outcome
LANGUAGE plpgsql
AS $$
DECLARE
    v_journal ledger.journal;
BEGIN
    SELECT * INTO v_journal FROM ledger.journal WHERE journal_id = p_key;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF v_journal.request_hash <> p_request_hash THEN
        RAISE EXCEPTION 'key % was used for another request', p_key USING ERRCODE = 'LX001';
    END IF;
    RETURN (v_journal.journal_id, v_journal.reason, v_journal.booked_at, true, NULL)::ledger.outcome;
END
$$;

-- Raises LX003 unless the key is a UUIDv7, LX002 when its time is more than 7 days ago (a request as old as that is
-- never executed: its first try may have been forgotten by everybody else) or more than 31 days ahead.
CREATE FUNCTION ledger.check_key(p_key uuid) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_now constant timestamptz := ledger.clock();
BEGIN
    IF p_key IS NULL OR uuid_extract_version(p_key) IS DISTINCT FROM 7 THEN
        RAISE EXCEPTION 'key % is not a UUID of version 7', p_key USING ERRCODE = 'LX003';
    END IF;
    IF uuid_extract_timestamp(p_key) NOT BETWEEN v_now - interval '7 days' AND v_now + interval '31 days' THEN
        RAISE EXCEPTION 'key % was not made within the last 7 days', p_key USING ERRCODE = 'LX002';
    END IF;
END
$$;

-- Posts one transfer, or records why it was refused. Nothing else inserts journal rows or entries or moves balances.
--
--   p_key           the caller's UUIDv7: the journal's identity; the same key never posts twice
--   p_reference     what the posting is about: a trade, or null
--   p_balance_ids   the balances that take part, each once
--   p_amounts       hundredths for each: positive receives, negative gives, NULL gives what is still missing for the
--                   sum to be zero, up to what it has above its floor; several NULLs are drawn in the order given
--
-- Locks: the balances in the order of their ids, FOR NO KEY UPDATE, until the transaction ends.
-- Refuses (a journal row with a reason, no legs): see the comments below. Raises: LX001 key used for another request,
-- LX002 key too old, LX003 not a key, LX004 unknown balance, LX006 legs that make no transfer.
--
-- Two sessions with the same key: both lock the same balances, so the second finds the first's journal row when it
-- looks again, in a statement that starts after the lock was granted. Same key, other balances: the primary key of
-- journal lets only one in.
--
-- The planner settings make every statement go by key, once and for all. Left alone, the planner cannot know how many
-- balances an array names, so it plans each call anew (0.25 ms of 0.6 ms), or keeps a plan that reads whole tables,
-- made while they were empty.
CREATE FUNCTION ledger.post(
    p_key uuid, p_community_id uuid, p_kind ledger.journal_kind, p_actor uuid, p_reference uuid,
    p_request_hash bytea, p_balance_ids bigint[], p_amounts bigint[]
) RETURNS ledger.outcome
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    v_outcome   ledger.outcome;
    v_balance   record;
    v_locked    integer := 0;
    v_amounts   bigint[] := p_amounts;
    v_room      bigint[] := p_amounts;      -- what each may give; null without a floor
    v_space     bigint[] := p_amounts;      -- what each may still receive; null without a ceiling
    v_missing   bigint := 0;
    v_take      bigint;
    v_last_at   timestamptz := '-infinity';
    v_booked_at timestamptz;
    v_reason    ledger.refusal;
BEGIN
    v_outcome := ledger.find_outcome(p_key, p_request_hash);
    IF v_outcome.journal_id IS NOT NULL THEN
        RETURN v_outcome;
    END IF;
    PERFORM ledger.check_key(p_key);

    FOR v_balance IN
        SELECT b.*, array_position(p_balance_ids, b.balance_id) AS leg
        FROM ledger.balance b WHERE b.balance_id = ANY (p_balance_ids)
        ORDER BY b.balance_id FOR NO KEY UPDATE
    LOOP
        v_locked := v_locked + 1;
        v_room[v_balance.leg] := v_balance.posted - v_balance.floor;
        v_space[v_balance.leg] := v_balance.ceiling - v_balance.posted;
        v_last_at := greatest(v_last_at, v_balance.last_at);
        IF NOT v_balance.is_open THEN
            v_reason := 'account_closed';
        END IF;
        IF v_balance.community_id <> p_community_id THEN
            RAISE EXCEPTION 'balance % belongs to another community', v_balance.balance_id USING ERRCODE = 'LX004';
        END IF;
    END LOOP;
    IF v_locked <> cardinality(p_balance_ids) OR v_locked <> cardinality(p_amounts) OR v_locked < 2 THEN
        RAISE EXCEPTION 'a balance of this posting is unknown or named twice' USING ERRCODE = 'LX004';
    END IF;

    v_outcome := ledger.find_outcome(p_key, p_request_hash);
    IF v_outcome.journal_id IS NOT NULL THEN
        RETURN v_outcome;
    END IF;

    -- Later than everything that these balances have seen, even when the machine's clock was set back.
    v_booked_at := greatest(ledger.clock(), v_last_at + interval '1 microsecond');

    SELECT coalesce(sum(a), 0) INTO v_missing FROM unnest(p_amounts) a;
    FOR i IN 1 .. v_locked LOOP
        IF p_amounts[i] IS NULL THEN
            v_take := greatest(least(v_missing, v_room[i]), 0);
            v_amounts[i] := -v_take;
            v_missing := v_missing - v_take;
        ELSIF p_amounts[i] < 0 AND -p_amounts[i] > v_room[i] THEN
            -- Only an escrow gives credits for a release or a refund: when they are gone, its hold has ended.
            v_reason := coalesce(v_reason, CASE WHEN p_kind IN ('release', 'refund')
                                           THEN 'hold_ended' ELSE 'insufficient_credits' END::ledger.refusal);
        ELSIF p_amounts[i] > v_space[i] THEN
            v_reason := coalesce(v_reason, 'limit_reached');
        END IF;
    END LOOP;
    IF v_missing > 0 AND array_position(p_amounts, NULL) IS NOT NULL THEN
        v_reason := coalesce(v_reason, 'insufficient_credits');
    ELSIF v_missing <> 0 THEN
        RAISE EXCEPTION 'the legs of this posting do not sum to zero' USING ERRCODE = 'LX006';
    END IF;
    IF p_kind = 'hold' AND EXISTS (SELECT FROM ledger.hold WHERE trade_id = p_reference) THEN
        v_reason := 'hold_exists';
    ELSIF p_kind = 'release' AND v_reason IS DISTINCT FROM 'hold_ended'
        AND EXISTS (SELECT FROM ledger.hold WHERE trade_id = p_reference AND expires_at <= v_booked_at) THEN
        v_reason := 'hold_expired';
    END IF;

    IF v_reason IS NOT NULL THEN
        INSERT INTO ledger.journal
            (booked_at, journal_id, community_id, kind, reason, actor, reference, request_hash, content_hash)
        VALUES (v_booked_at, p_key, p_community_id, p_kind, v_reason, p_actor, p_reference, p_request_hash,
            ledger.content_hash(p_key, p_community_id, p_kind, v_reason, v_booked_at, p_actor, p_reference,
                p_request_hash, NULL));
        RETURN (p_key, v_reason, v_booked_at, false, NULL)::ledger.outcome;
    END IF;

    WITH moved AS (
        UPDATE ledger.balance b
        SET posted = b.posted + leg.amount, seq = b.seq + 1, last_at = v_booked_at
        FROM unnest(p_balance_ids, v_amounts) AS leg (balance_id, amount)
        WHERE b.balance_id = leg.balance_id AND leg.amount <> 0
        RETURNING b.balance_id, b.seq, leg.amount, b.posted
    ), booked AS (
        INSERT INTO ledger.entry (balance_id, seq, amount, balance_after, booked_at, journal_id)
        SELECT balance_id, seq, amount, posted, v_booked_at, p_key FROM moved
    )
    INSERT INTO ledger.journal (booked_at, journal_id, community_id, kind, actor, reference, request_hash, content_hash)
    SELECT v_booked_at, p_key, p_community_id, p_kind, p_actor, p_reference, p_request_hash,
        ledger.content_hash(p_key, p_community_id, p_kind, NULL, v_booked_at, p_actor, p_reference, p_request_hash,
            string_agg(concat_ws(':', balance_id, seq, amount, posted), ';' ORDER BY balance_id))
    FROM moved;
    RETURN (p_key, NULL, v_booked_at, false, v_amounts)::ledger.outcome;
END
$$;

COMMENT ON FUNCTION ledger.post IS
    'Posts one transfer or records its refusal. Called by the functions below only; not granted to the application.';

RESET ROLE;
