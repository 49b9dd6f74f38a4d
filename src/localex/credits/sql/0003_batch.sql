-- Many postings with one lock pass, and one write each to balances, entries and journal. Run as ledger_writer.

SET LOCAL ROLE ledger_writer;

-- The same requests, for a second try: those without a reason are refused because another one was.
CREATE FUNCTION ledger.link_refusals(p_requests ledger.request[], p_reasons ledger.refusal[]) RETURNS ledger.request[]
LANGUAGE sql IMMUTABLE
AS $$
    SELECT array_agg((r.key, r.community_id, r.kind, r.actor, r.reference, r.request_hash, r.balance_ids, r.amounts,
                      coalesce(p_reasons[r.n], 'linked_refused'))::ledger.request ORDER BY r.n)
    FROM unnest(p_requests) WITH ORDINALITY
        AS r (key, community_id, kind, actor, reference, request_hash, balance_ids, amounts, refused, n)
$$;

-- Posts many transfers, or records why each was refused; one outcome per request, in the order asked for.
--
-- A later request sees what the earlier ones did: a balance that they drained, a key that they used. No savepoints: a
-- request that is refused leaves the others as they are. What ledger.post rejects (LX...) rejects the whole batch, for
-- it is a defect of the caller. `p_linked`: all or none; when one is refused, the others are refused as linked_refused.
--
-- Locks: the balances of all requests in the order of their ids, FOR NO KEY UPDATE, until the transaction ends.
CREATE FUNCTION ledger.post_batch(p_requests ledger.request[], p_linked boolean) RETURNS SETOF ledger.outcome
LANGUAGE plpgsql
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    -- The locked balances, in the order of their ids; what changes is kept up to date in memory.
    v_ids         bigint[];
    v_communities uuid[];
    v_open        boolean[];
    v_floors      bigint[];
    v_ceilings    bigint[];
    v_posted      bigint[];
    v_seqs        bigint[];
    v_last_ats    timestamptz[];
    -- Per request: what was found under its key, and what comes of it.
    v_found       uuid[];
    v_hashes      bytea[];
    v_reasons     ledger.refusal[];
    v_times       timestamptz[];
    v_texts       text[];
    v_is_new      boolean[];
    v_keys        uuid[] := '{}';
    -- The entries to write.
    v_of          bigint[] := '{}';
    v_numbers     bigint[] := '{}';
    v_amounts     bigint[] := '{}';
    v_afters      bigint[] := '{}';
    v_entry_ats   timestamptz[] := '{}';
    v_entry_keys  uuid[] := '{}';
    v_request     ledger.request;
    v_n           integer := 0;
    v_twin        integer;
    v_place       integer;
    v_total       bigint;
    v_legs        text[];
    v_reason      ledger.refusal;
    v_at          timestamptz;
    v_now         timestamptz;
    v_horizon     timestamptz;
BEGIN
    SELECT array_agg(b.balance_id), array_agg(b.community_id), array_agg(b.is_open),
           array_agg(coalesce(b.floor, -9223372036854775807)), array_agg(coalesce(b.ceiling, 9223372036854775807)),
           array_agg(b.posted), array_agg(b.seq), array_agg(b.last_at)
    INTO v_ids, v_communities, v_open, v_floors, v_ceilings, v_posted, v_seqs, v_last_ats
    FROM (SELECT * FROM ledger.balance
          WHERE balance_id = ANY (ARRAY(SELECT unnest(r.balance_ids) FROM unnest(p_requests) r))
          ORDER BY balance_id FOR NO KEY UPDATE) b;

    -- In a statement that begins after the locks were granted, as in ledger.post.
    SELECT array_agg(j.journal_id ORDER BY r.n), array_agg(j.request_hash ORDER BY r.n),
           array_agg(j.reason ORDER BY r.n), array_agg(j.booked_at ORDER BY r.n),
           array_fill(true, ARRAY[count(*)::integer]), array_fill(NULL::text, ARRAY[count(*)::integer]),
           min(s.horizon), ledger.clock()
    INTO v_found, v_hashes, v_reasons, v_times, v_is_new, v_texts, v_horizon, v_now
    FROM unnest(p_requests) WITH ORDINALITY
        AS r (key, community_id, kind, actor, reference, request_hash, balance_ids, amounts, refused, n)
    CROSS JOIN ledger.sealing s
    LEFT JOIN ledger.journal j ON j.journal_id = r.key
    WHERE s.only_row;

    FOREACH v_request IN ARRAY p_requests LOOP
        v_n := v_n + 1;
        v_twin := array_position(v_keys, v_request.key);
        v_keys := v_keys || v_request.key;
        IF v_request.request_hash
            <> (CASE WHEN v_twin IS NULL THEN v_hashes[v_n] ELSE (p_requests[v_twin]).request_hash END) THEN
            RAISE EXCEPTION 'key % was used for another request', v_request.key USING ERRCODE = 'LX001';
        ELSIF v_twin IS NOT NULL OR v_found[v_n] IS NOT NULL THEN
            v_is_new[v_n] := false;
            IF v_twin IS NOT NULL THEN
                v_reasons[v_n] := v_reasons[v_twin];
                v_times[v_n] := v_times[v_twin];
            END IF;
            CONTINUE;
        END IF;
        PERFORM ledger.check_key(v_request.key), ledger.check_isolation();
        PERFORM ledger.refuse_stopped(c.community_id, c.stopped_at)
        FROM ledger.community c WHERE c.community_id = v_request.community_id;

        v_reason := v_request.refused;
        v_at := v_horizon;
        v_total := 0;
        FOR i IN 1 .. cardinality(v_request.balance_ids) LOOP
            v_place := array_position(v_ids, v_request.balance_ids[i]);
            IF v_place IS NULL OR v_communities[v_place] <> v_request.community_id
                OR array_position(v_request.balance_ids, v_request.balance_ids[i]) < i THEN
                RAISE EXCEPTION 'balance % is unknown here or named twice', v_request.balance_ids[i] USING ERRCODE = 'LX004';
            END IF;
            v_total := v_total + v_request.amounts[i];
            v_at := greatest(v_at, v_last_ats[v_place]);
            IF NOT v_open[v_place] THEN
                v_reason := 'account_closed';
            ELSIF v_request.amounts[i] < 0 AND v_posted[v_place] + v_request.amounts[i] < v_floors[v_place] THEN
                v_reason := coalesce(v_reason, ledger.shortage(v_request.kind));
            ELSIF v_request.amounts[i] > 0 AND v_posted[v_place] + v_request.amounts[i] > v_ceilings[v_place] THEN
                v_reason := coalesce(v_reason, 'limit_reached');
            END IF;
        END LOOP;
        IF v_total IS DISTINCT FROM 0 OR cardinality(v_request.balance_ids) IS DISTINCT FROM cardinality(v_request.amounts)
            OR cardinality(v_request.amounts) < 2 THEN
            RAISE EXCEPTION 'the legs of this posting do not sum to zero' USING ERRCODE = 'LX006';
        END IF;
        v_at := greatest(v_now, v_at + interval '1 microsecond');
        IF v_request.kind = 'clearing_out' AND v_reason IS DISTINCT FROM 'hold_ended' THEN
            v_reason := coalesce(ledger.hold_forbids(v_request.kind, v_request.reference, v_at), v_reason);
        END IF;
        v_reasons[v_n] := v_reason;
        v_times[v_n] := v_at;
        CONTINUE WHEN v_reason IS NOT NULL;

        v_legs := '{}';
        FOR i IN 1 .. cardinality(v_request.balance_ids) LOOP
            CONTINUE WHEN v_request.amounts[i] = 0;
            v_place := array_position(v_ids, v_request.balance_ids[i]);
            v_posted[v_place] := v_posted[v_place] + v_request.amounts[i];
            v_seqs[v_place] := v_seqs[v_place] + 1;
            v_last_ats[v_place] := v_at;
            v_of := v_of || v_ids[v_place];
            v_numbers := v_numbers || v_seqs[v_place];
            v_amounts := v_amounts || v_request.amounts[i];
            v_afters := v_afters || v_posted[v_place];
            v_entry_ats := v_entry_ats || v_at;
            v_entry_keys := v_entry_keys || v_request.key;
            v_legs := v_legs || concat_ws(':', v_ids[v_place], v_seqs[v_place], v_request.amounts[i], v_posted[v_place]);
        END LOOP;
        v_texts[v_n] := (SELECT string_agg(leg, ';' ORDER BY split_part(leg, ':', 1)::bigint) FROM unnest(v_legs) leg);
    END LOOP;

    IF p_linked AND array_position(v_reasons, NULL) IS NOT NULL AND cardinality(array_remove(v_reasons, NULL)) > 0 THEN
        -- Nothing was written yet, and the locks stay: the same again, with a reason for each.
        RETURN QUERY SELECT * FROM ledger.post_batch(ledger.link_refusals(p_requests, v_reasons), false);
        RETURN;
    END IF;

    UPDATE ledger.balance b SET posted = new.posted, seq = new.seq, last_at = new.last_at
    FROM unnest(v_ids, v_posted, v_seqs, v_last_ats) AS new (balance_id, posted, seq, last_at)
    WHERE b.balance_id = new.balance_id AND b.seq <> new.seq;
    INSERT INTO ledger.entry (balance_id, seq, amount, balance_after, booked_at, journal_id)
    SELECT * FROM unnest(v_of, v_numbers, v_amounts, v_afters, v_entry_ats, v_entry_keys);
    INSERT INTO ledger.journal
        (booked_at, journal_id, community_id, kind, reason, actor, reference, request_hash, content_hash)
    SELECT v_times[r.n], r.key, r.community_id, r.kind, v_reasons[r.n], r.actor, r.reference, r.request_hash,
           ledger.content_hash(r.key, r.community_id, r.kind, v_reasons[r.n], v_times[r.n], r.actor, r.reference,
                               r.request_hash, v_texts[r.n])
    FROM unnest(p_requests) WITH ORDINALITY
        AS r (key, community_id, kind, actor, reference, request_hash, balance_ids, amounts, refused, n)
    WHERE v_is_new[r.n];

    RETURN QUERY
    SELECT r.key, v_reasons[r.n], v_times[r.n], NOT v_is_new[r.n],
           CASE WHEN v_is_new[r.n] AND v_reasons[r.n] IS NULL THEN r.amounts END
    FROM unnest(p_requests) WITH ORDINALITY
        AS r (key, community_id, kind, actor, reference, request_hash, balance_ids, amounts, refused, n)
    ORDER BY r.n;
END
$$;

RESET ROLE;
