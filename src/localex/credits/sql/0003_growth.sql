-- Partitions by month, made ahead. Run as ledger_owner, who alone may alter the tables.

SET LOCAL ROLE ledger_owner;

-- The lowest key of a moment: a UUIDv7 begins with the milliseconds since 1970.
CREATE FUNCTION ledger.lowest_key(p_at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE
AS $$
    SELECT (pg_catalog.lpad(pg_catalog.to_hex((extract(epoch FROM p_at) * 1000)::bigint), 12, '0')
            || pg_catalog.repeat('0', 20))::uuid
$$;

-- A moment as a bound of a partition of `p_table`, quoted; null for null.
CREATE FUNCTION ledger.bound(p_table text, p_at timestamptz) RETURNS text
LANGUAGE sql STABLE
AS $$
    SELECT CASE p_table
        WHEN 'journal' THEN pg_catalog.format('%L::uuid', ledger.lowest_key(p_at))
        ELSE pg_catalog.format('%L::timestamptz', pg_catalog.to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') || ' 00:00:00+00')
    END WHERE p_at IS NOT NULL
$$;

-- Takes one step towards a partition more for `p_table` (journal or entry); the number of partitions made, 0 or 1, and
-- null when there was nothing to do, and no lock taken.
--
-- The last partition is open to the future. It is cut at the first of a month (UTC) at least 35 days ahead, while nothing
-- lies behind: keys may be 31 days ahead. Three steps, each a transaction of its own and each with brief locks only:
-- forbid rows behind the cut (not validated), read the partition to validate that (postings go on), and then take it out
-- and put it back with its end, which the constraint proves, together with the new last partition.
CREATE FUNCTION ledger.cut_table(p_table text) RETURNS integer
LANGUAGE plpgsql
AS $$
DECLARE
    v_column constant text := CASE p_table WHEN 'journal' THEN 'journal_id' ELSE 'booked_at' END;
    v_cut    timestamptz;
    v_from   timestamptz;
    v_open   text;
    v_next   text;
    v_ends   record;
    v_bounds text[];
BEGIN
    SELECT c.relname INTO STRICT v_open FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = format('ledger.%I', p_table)::regclass
        AND pg_get_expr(c.relpartbound, c.oid) LIKE '%TO (MAXVALUE)';
    v_from := to_date(substring(v_open FROM '_(\d{4}_\d\d)$'), 'YYYY_MM')::timestamp AT TIME ZONE 'UTC';
    SELECT conname, convalidated INTO v_ends FROM pg_constraint
    WHERE conrelid = format('ledger.%I', v_open)::regclass AND conname LIKE 'ends_%';
    v_cut := to_date(substring(v_ends.conname FROM 5), '_YYYY_MM')::timestamp AT TIME ZONE 'UTC';
    IF v_cut < ledger.clock() + interval '32 days' THEN
        -- A step of long ago: by now a posting may want to lie behind it.
        EXECUTE format('ALTER TABLE ledger.%I DROP CONSTRAINT %I', v_open, v_ends.conname);
        v_cut := NULL;
    END IF;
    IF v_cut IS NULL THEN
        v_cut := date_trunc('month', ledger.clock() + interval '35 days', 'UTC');
        IF v_cut < ledger.clock() + interval '35 days' THEN
            v_cut := (v_cut AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC';
        END IF;
        IF v_cut <= v_from THEN
            RETURN NULL;
        END IF;
        EXECUTE format('ALTER TABLE ledger.%I ADD CONSTRAINT %I CHECK (%s) NOT VALID', v_open,
            'ends_' || to_char(v_cut AT TIME ZONE 'UTC', 'YYYY_MM'),
            concat_ws(' AND ', v_column || ' >= ' || ledger.bound(p_table, v_from),
                      v_column || ' < ' || ledger.bound(p_table, v_cut)));
        RETURN 0;
    END IF;
    IF NOT v_ends.convalidated THEN
        EXECUTE format('ALTER TABLE ledger.%I VALIDATE CONSTRAINT %I', v_open, v_ends.conname);
        RETURN 0;
    END IF;

    v_next := p_table || to_char(v_cut AT TIME ZONE 'UTC', '_YYYY_MM');
    v_bounds := ARRAY[coalesce(ledger.bound(p_table, v_from), 'MINVALUE'), ledger.bound(p_table, v_cut)];
    EXECUTE format('ALTER TABLE ledger.%I DETACH PARTITION ledger.%I', p_table, v_open);
    EXECUTE format('ALTER TABLE ledger.%I ATTACH PARTITION ledger.%I FOR VALUES FROM (%s) TO (%s)', p_table, v_open,
        v_bounds[1], v_bounds[2]);
    EXECUTE format('ALTER TABLE ledger.%I DROP CONSTRAINT %I', v_open, v_ends.conname);
    EXECUTE format('CREATE TABLE ledger.%I (LIKE ledger.%I INCLUDING ALL)', v_next, v_open);
    EXECUTE format('ALTER TABLE ledger.%I ATTACH PARTITION ledger.%I FOR VALUES FROM (%s) TO (MAXVALUE)', p_table, v_next,
        v_bounds[2]);
    PERFORM ledger.guard_table(format('ledger.%I', v_next)::regclass, true, 'ROW');
    EXECUTE format('GRANT SELECT ON ledger.%I TO ledger_auditor', v_next);
    RETURN 1;
END
$$;

-- Takes one step towards the next month's partitions, once there are more than `p_above` entries; how many it made, or
-- null when there is nothing to do. Of one table only: who holds entry and wants journal would wait for a transaction that
-- has journal and waits for entry, and both would end in a deadlock.
CREATE FUNCTION ledger.cut_partitions(p_above bigint) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '1s'
AS $$
DECLARE
    v_rows bigint;
BEGIN
    -- By size, for nobody may have counted lately: an entry takes 84 bytes.
    SELECT sum(pg_relation_size(inhrelid)) / 84 INTO v_rows FROM pg_inherits WHERE inhparent = 'ledger.entry'::regclass;
    RETURN CASE WHEN v_rows >= p_above THEN coalesce(ledger.cut_table('journal'), ledger.cut_table('entry')) END;
END
$$;

-- Takes one step towards the next month's partitions, once there are more than 10 million entries; how many it made (0 or
-- 1), or null when there is nothing to do. A daily job calls it until then, each time in a transaction of its own, for
-- three steps each of journal and entry; a call alters one of them only. Waits at most a second for a lock and raises 55P03
-- then: call it again later.
CREATE FUNCTION ledger.cut_partitions() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '1s'
AS $$
BEGIN
    RETURN ledger.cut_partitions(10000000);
END
$$;

RESET ROLE;
