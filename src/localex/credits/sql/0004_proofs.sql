-- What a proof needs from the tables, and stopping: run as ledger_owner, ledger_writer and ledger_auditor.

SET LOCAL ROLE ledger_owner;
GRANT CREATE ON SCHEMA ledger TO ledger_auditor;
SET LOCAL ROLE ledger_writer;

-- Stops every posting of a community, or of all when it is null; those stopped already stay as they are. Answers how
-- many were stopped now. `p_words`: why, for people, at most 500 characters. An audit row for each.
-- A community with accounts whose row is gone (somebody took it away) gets one first: whatever a check finds, it can be
-- stopped. A posting that is under way may still commit. Raises LX004 for a community without accounts. Locks: the rows of
-- the communities, in the order of their ids.
CREATE FUNCTION ledger.stop_postings(p_community_id uuid, p_words text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_stopped uuid[];
    v_at      timestamptz;
BEGIN
    IF coalesce(p_words, '') = '' THEN
        RAISE EXCEPTION 'a stop says why' USING ERRCODE = 'LX006';
    END IF;
    INSERT INTO ledger.community (community_id, opened_at)
    SELECT a.community_id, coalesce(min(a.opened_at) FILTER (WHERE a.kind = 'issuer' AND a.owner IS NULL), min(a.opened_at))
    FROM ledger.account a
    WHERE (a.community_id = p_community_id OR p_community_id IS NULL)
      AND NOT EXISTS (SELECT FROM ledger.community c WHERE c.community_id = a.community_id)
    GROUP BY a.community_id ORDER BY a.community_id
    ON CONFLICT DO NOTHING;
    PERFORM FROM ledger.community WHERE community_id = p_community_id OR p_community_id IS NULL
        ORDER BY community_id FOR NO KEY UPDATE;
    IF NOT FOUND AND p_community_id IS NOT NULL THEN
        RAISE EXCEPTION 'community % was never opened', p_community_id USING ERRCODE = 'LX004';
    END IF;
    v_at := ledger.next_moment();
    WITH stopped AS (
        UPDATE ledger.community SET stopped_at = v_at, stopped_why = left(p_words, 500)
        WHERE (community_id = p_community_id OR p_community_id IS NULL) AND stopped_at IS NULL
        RETURNING community_id
    )
    SELECT array_agg(community_id ORDER BY community_id) INTO v_stopped FROM stopped;
    INSERT INTO ledger.audit (at, community_id, what, words)
    SELECT v_at, community_id, 'stopped', left(p_words, 500) FROM unnest(v_stopped) community_id;
    RETURN coalesce(cardinality(v_stopped), 0);
END
$$;

-- Lets a community post again; whether it was stopped. `p_words`: why that is right. An audit row. Whether the checks
-- hold is the caller's question (localex.credits.stops). Locks: the row of the community.
CREATE FUNCTION ledger.resume_postings(p_community_id uuid, p_actor uuid, p_words text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_was timestamptz;
BEGIN
    IF coalesce(p_words, '') = '' THEN
        RAISE EXCEPTION 'resuming says why' USING ERRCODE = 'LX006';
    END IF;
    SELECT stopped_at INTO v_was FROM ledger.community WHERE community_id = p_community_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'community % was never opened', p_community_id USING ERRCODE = 'LX004';
    ELSIF v_was IS NULL THEN
        RETURN false;
    END IF;
    UPDATE ledger.community SET stopped_at = NULL, stopped_why = NULL WHERE community_id = p_community_id;
    INSERT INTO ledger.audit (at, community_id, what, actor, words)
    VALUES (ledger.next_moment(), p_community_id, 'resumed', p_actor, left(p_words, 500));
    RETURN true;
END
$$;

SET LOCAL ROLE ledger_auditor;

-- Where a posting is in its seal: number of the seal, place of its leaf (from 0), number of leaves, and the inclusion
-- proof. No row: there is no such posting, or it is not sealed yet. Reads all leaves of that seal (at most 100,000: half
-- a second). `digests of other rows` is all that it gives away.
CREATE FUNCTION ledger.find_inclusion(p_journal_id uuid)
RETURNS TABLE (seal_no bigint, place bigint, leaves bigint, path bytea[])
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
SET jit = off
AS $$
DECLARE
    v_booked_at constant timestamptz := (SELECT j.booked_at FROM ledger.journal j WHERE j.journal_id = p_journal_id);
    v_seal      ledger.seal;
    v_leaves    bytea[];
    v_ids       text[];
BEGIN
    SELECT * INTO v_seal FROM ledger.seal s WHERE s.until >= v_booked_at ORDER BY s.until LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT array_agg(l.leaf ORDER BY l.at, l.type, l.id), array_agg(l.id ORDER BY l.at, l.type, l.id)
    INTO v_leaves, v_ids FROM ledger.seal_leaves(v_seal.after, v_seal.until) l;
    place := array_position(v_ids, p_journal_id::text) - 1;
    RETURN QUERY SELECT v_seal.seal_no, place, cardinality(v_leaves)::bigint, ledger.merkle_path(v_leaves, place);
END
$$;

RESET ROLE;
