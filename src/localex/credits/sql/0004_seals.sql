-- Seals: chained digests over everything that can no longer change. Run as ledger_owner, then as ledger_writer.
--
-- Triggers and privileges stop everybody but a superuser. A seal makes what a superuser changes visible: it digests the
-- rows of a span of time, and the digest of the seal before it, and is published outside the database. Three kinds of
-- rows are sealed, each by a digest of its own (its leaf): journal rows (posted and refused, by content_hash), accounts,
-- and audit rows. The formats are in docs/seals.md.

SET LOCAL ROLE ledger_owner;

-- Everything booked up to here is in a seal, or nothing was booked. Behind `horizon` while a seal is being made.
ALTER TABLE ledger.sealing ADD COLUMN sealed timestamptz NOT NULL DEFAULT '-infinity';

-- `marks`: the first four bytes of each leaf in order. They prove nothing; they let the checker say which row it was.
CREATE TABLE ledger.seal (
    seal_no   bigint NOT NULL,
    after     timestamptz NOT NULL,
    until     timestamptz NOT NULL,
    leaves    bigint NOT NULL,
    root      bytea NOT NULL,
    previous  bytea NOT NULL,
    digest    bytea NOT NULL,
    sealed_at timestamptz NOT NULL,
    marks     bytea NOT NULL,
    CONSTRAINT seal_pkey PRIMARY KEY (seal_no),
    CONSTRAINT seal_ends_once UNIQUE (until),
    CONSTRAINT seal_numbers_from_one CHECK (seal_no > 0),
    CONSTRAINT seal_seals_something CHECK (leaves > 0 AND after < until)
);

SELECT ledger.guard_table('ledger.seal', true, 'ROW');

CREATE VIEW ledger.seals AS
SELECT seal_no, nullif(after, '-infinity') AS after, until, leaves, root, previous, digest, sealed_at FROM ledger.seal;

COMMENT ON VIEW ledger.seals IS 'Every seal, chained by its digest. Look-up: seal_no; the one of a time: the first with until at or after it.';
COMMENT ON COLUMN ledger.seals.seal_no IS 'Number of the seal: 1, 2, 3 and so on without a gap.';
COMMENT ON COLUMN ledger.seals.after IS 'It begins after this time, where the seal before it ends; null: the first, from the beginning.';
COMMENT ON COLUMN ledger.seals.until IS 'It seals what was booked up to this time, inclusive.';
COMMENT ON COLUMN ledger.seals.leaves IS 'How many rows it seals.';
COMMENT ON COLUMN ledger.seals.root IS 'Root of the Merkle tree (RFC 9162) over the digests of these rows.';
COMMENT ON COLUMN ledger.seals.previous IS 'Digest of the seal before it; zeros for the first.';
COMMENT ON COLUMN ledger.seals.digest IS 'SHA-256 of this seal and of the one before it (function ledger.seal_digest).';
COMMENT ON COLUMN ledger.seals.sealed_at IS 'When it was made, by the database''s clock.';

GRANT SELECT, INSERT ON ledger.seal TO ledger_writer;
GRANT UPDATE (sealed) ON ledger.sealing TO ledger_writer;
GRANT SELECT ON ledger.seals TO ledger_app;
GRANT SELECT ON ledger.seal, ledger.seals TO ledger_auditor;
GRANT CREATE ON SCHEMA ledger TO ledger_writer;
SET LOCAL ROLE ledger_writer;

-- Whole microseconds since 1970, so that no session setting changes the text; '-' for the beginning of time.
CREATE FUNCTION ledger.microseconds(p_time timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN p_time = '-infinity' THEN '-' ELSE (extract(epoch FROM p_time) * 1000000)::bigint::text END
$$;

-- What is sealed of the span (p_after, p_until], in no order; (at, type, id) is one. `leaf` is the digest of the row: of
-- a byte that names its type (2 account, 3 audit row, 4 posting) and the digest of its text. So no text of one type can
-- pass for one of another. What people write is hashed before it is joined: no words can look like further parts.
-- With the rights of the caller. Index: BRIN on the times.
CREATE FUNCTION ledger.seal_leaves(p_after timestamptz, p_until timestamptz)
RETURNS TABLE (at timestamptz, type smallint, id text, community_id uuid, leaf bytea)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT a.opened_at, 1::smallint, a.account_id::text COLLATE "C", a.community_id,
           pg_catalog.sha256('\x02'::bytea || pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.array_to_string(
               ARRAY['account', a.account_id::text, a.community_id::text, a.owner::text, a.kind::text,
               ledger.microseconds(a.opened_at)], '|', '-'), 'UTF8')))
    FROM ledger.account a WHERE a.opened_at > p_after AND a.opened_at <= p_until
    UNION ALL
    SELECT u.at, 2::smallint, u.audit_id::text COLLATE "C", u.community_id,
           pg_catalog.sha256('\x03'::bytea || pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.array_to_string(
               ARRAY['audit', u.audit_id::text, ledger.microseconds(u.at), u.community_id::text, u.what,
               u.account_id::text, u.before::text, u.after::text, u.actor::text,
               pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(u.words, 'UTF8')), 'hex')], '|', '-'), 'UTF8')))
    FROM ledger.audit u WHERE u.at > p_after AND u.at <= p_until
    UNION ALL
    SELECT j.booked_at, 3::smallint, j.journal_id::text COLLATE "C", j.community_id,
           pg_catalog.sha256('\x04'::bytea || j.content_hash)
    FROM ledger.journal j WHERE j.booked_at > p_after AND j.booked_at <= p_until
$$;

-- Root of the Merkle tree over these leaves, by RFC 9162, section 2.1.1: a leaf hashes with 0x00 before it, a node with
-- 0x01. Pairing level by level, an odd last node going up as it is, gives the tree of the RFC. A few statements over
-- whole levels, whatever the number of leaves.
CREATE FUNCTION ledger.merkle_root(p_leaves bytea[]) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    v_level bytea[];
BEGIN
    SELECT array_agg(sha256('\x00'::bytea || t.leaf) ORDER BY t.place) INTO v_level
    FROM unnest(p_leaves) WITH ORDINALITY AS t (leaf, place);
    WHILE cardinality(v_level) > 1 LOOP
        v_level := ledger.merkle_level(v_level);
    END LOOP;
    RETURN coalesce(v_level[1], sha256(''));
END
$$;

-- The next level of a Merkle tree.
CREATE FUNCTION ledger.merkle_level(p_nodes bytea[]) RETURNS bytea[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT array_agg(CASE WHEN other IS NULL THEN node ELSE sha256('\x01'::bytea || node || other) END ORDER BY place)
    FROM (
        SELECT t.node, t.place, lead(t.node) OVER (ORDER BY t.place) AS other
        FROM unnest(p_nodes) WITH ORDINALITY AS t (node, place)
    ) pair
    WHERE place % 2 = 1
$$;

-- The inclusion proof of the leaf at p_place (from 0), by RFC 9162, section 2.1.3: the sibling on each level, lowest first.
CREATE FUNCTION ledger.merkle_path(p_leaves bytea[], p_place bigint) RETURNS bytea[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    v_level bytea[];
    v_place bigint := p_place;
    v_path  bytea[] := '{}';
BEGIN
    SELECT array_agg(sha256('\x00'::bytea || t.leaf) ORDER BY t.place) INTO v_level
    FROM unnest(p_leaves) WITH ORDINALITY AS t (leaf, place);
    WHILE cardinality(v_level) > 1 LOOP
        IF v_place # 1 < cardinality(v_level) THEN
            v_path := v_path || v_level[(v_place # 1) + 1];
        END IF;
        v_level := ledger.merkle_level(v_level);
        v_place := v_place >> 1;
    END LOOP;
    RETURN v_path;
END
$$;

-- The digest of a seal: of what it says, then of that and the digest before it. Two steps, so that a proof needs only 32
-- bytes for each later seal.
CREATE FUNCTION ledger.seal_digest(
    p_seal_no bigint, p_after timestamptz, p_until timestamptz, p_leaves bigint, p_root bytea, p_sealed_at timestamptz,
    p_previous bytea
) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT pg_catalog.sha256(pg_catalog.convert_to('localex-seal-1|' || pg_catalog.encode(p_previous, 'hex') || '|'
        || pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.concat_ws('|', p_seal_no,
            ledger.microseconds(p_after), ledger.microseconds(p_until), p_leaves, pg_catalog.encode(p_root, 'hex'),
            ledger.microseconds(p_sealed_at)), 'UTF8')), 'hex'), 'UTF8'))
$$;

-- Makes the next step towards the next seal; called again and again, each time in a transaction of its own. Answers
-- 'cut', 'barrier', 'waiting' (a posting from before the cut is still under way), 'sealed N', 'empty' (nothing was booked
-- since) or 'busy' (somebody else seals, or the clock is shifted for a rehearsal).
--
-- Why nothing can be missed:
--   1. cut: horizon := T, committed. A posting locks its balances, which gives it a transaction id, and reads the horizon
--      and the clock in later statements. If it sees T it books later than T.
--   2. barrier: a transaction that begins when the cut is committed takes an id of its own, b. A posting that did not see
--      T read the horizon before the cut committed, so it had its id before b was given: its id is below b. (The xmax of
--      a snapshot would not do: it is one past the highest id that has ended, and a posting under way may be above it.)
--   3. seal: once the xmin of a new snapshot is at least b, all transactions below b have ended; what they booked can be
--      seen, and everything that is booked from now on is later than T. So the rows of (sealed, T] are complete for ever.
-- It needs no lock that a posting waits for. A step that is killed is made again. A barrier that is not below the xmax
-- of a snapshot is another cluster's (this database was restored from a dump) and is set anew; in that cluster nobody
-- can be under way who has not seen T.
--
-- A seal has at most 100,000 leaves (and those of the same microsecond); the steps after it make the next at once.
CREATE FUNCTION ledger.seal_step() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
SET jit = off
AS $$
DECLARE
    v_sealing ledger.sealing;
    v_last    ledger.seal;
    v_until   timestamptz;
    v_leaves  bytea[];
    v_marks   bytea;
    v_root    bytea;
    v_now     timestamptz;
BEGIN
    IF pg_current_xact_id_if_assigned() IS NOT NULL OR current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a step of sealing is a transaction of its own' USING ERRCODE = 'LX006';
    END IF;
    -- Held until the transaction has left the list of running ones, so the next step begins after this one's commit.
    IF NOT pg_try_advisory_xact_lock(hashtextextended('localex.ledger.seal', 0)) THEN
        RETURN 'busy';
    END IF;
    SELECT * INTO STRICT v_sealing FROM ledger.sealing;

    IF v_sealing.sealed >= v_sealing.horizon THEN
        UPDATE ledger.sealing SET horizon = greatest(ledger.clock(), horizon + interval '1 microsecond'), barrier = NULL;
        RETURN 'cut';
    ELSIF v_sealing.barrier IS NULL OR v_sealing.barrier >= pg_snapshot_xmax(pg_current_snapshot()) THEN
        UPDATE ledger.sealing SET barrier = pg_current_xact_id();
        RETURN 'barrier';
    ELSIF pg_snapshot_xmin(pg_current_snapshot()) < v_sealing.barrier THEN
        RETURN 'waiting';
    END IF;

    v_until := coalesce((SELECT at FROM ledger.seal_leaves(v_sealing.sealed, v_sealing.horizon)
                         ORDER BY at OFFSET 99999 LIMIT 1), v_sealing.horizon);
    SELECT array_agg(leaf ORDER BY at, type, id), string_agg(substr(leaf, 1, 4), NULL ORDER BY at, type, id)
    INTO v_leaves, v_marks
    FROM ledger.seal_leaves(v_sealing.sealed, v_until);
    UPDATE ledger.sealing SET sealed = v_until;
    IF v_leaves IS NULL THEN
        RETURN 'empty';
    END IF;
    SELECT * INTO v_last FROM ledger.seal ORDER BY seal_no DESC LIMIT 1;
    v_last.seal_no := coalesce(v_last.seal_no, 0) + 1;
    v_last.digest := coalesce(v_last.digest, decode(repeat('00', 32), 'hex'));
    v_last.until := coalesce(v_last.until, '-infinity');
    v_root := ledger.merkle_root(v_leaves);
    v_now := ledger.clock();
    INSERT INTO ledger.seal (seal_no, after, until, leaves, root, previous, digest, sealed_at, marks)
    VALUES (v_last.seal_no, v_last.until, v_until, cardinality(v_leaves), v_root, v_last.digest,
            ledger.seal_digest(v_last.seal_no, v_last.until, v_until, cardinality(v_leaves), v_root, v_now, v_last.digest),
            v_now, v_marks);
    RETURN 'sealed ' || v_last.seal_no;
END
$$;

RESET ROLE;
