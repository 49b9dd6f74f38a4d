-- The functions and views of the schema `ledger` as they are in force: several migrations define some of them anew.
-- Made from a migrated database by `UPDATE_DOCS=1 pytest tests/credits/test_database_reference.py`; nothing runs it.

CREATE OR REPLACE FUNCTION ledger.balance_at(p_account_id bigint, p_at timestamp with time zone)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION ledger.bound(p_table text, p_at timestamp with time zone)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
    SELECT CASE p_table
        WHEN 'journal' THEN pg_catalog.format('%L::uuid', ledger.lowest_key(p_at))
        ELSE pg_catalog.format('%L::timestamptz', pg_catalog.to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') || ' 00:00:00+00')
    END WHERE p_at IS NOT NULL
$function$;

CREATE OR REPLACE FUNCTION ledger.capture_hold(p_key uuid, p_trade_id uuid, p_payee uuid, p_amount bigint, p_actor uuid)
 RETURNS ledger.outcome
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
BEGIN
    RETURN ledger.pay_out(p_key, ledger.get_hold(p_trade_id), p_payee, p_amount, p_actor,
        ledger.request_hash('capture', p_trade_id::text, p_payee::text, p_amount::text, p_actor::text));
END
$function$;

CREATE OR REPLACE FUNCTION ledger.check_isolation()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'credits move only in READ COMMITTED transactions' USING ERRCODE = 'LX006';
    END IF;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.check_key(p_key uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION ledger.check_payee(p_hold ledger.hold, p_payee uuid)
 RETURNS ledger.refusal
 LANGUAGE sql
 IMMUTABLE
AS $function$ SELECT CASE WHEN p_hold.payee <> p_payee THEN 'other_payee'::ledger.refusal END $function$;

CREATE OR REPLACE FUNCTION ledger.clock()
 RETURNS timestamp with time zone
 LANGUAGE sql
 PARALLEL SAFE
AS $function$ SELECT pg_catalog.clock_timestamp() $function$;

CREATE OR REPLACE FUNCTION ledger.close_member(p_community_id uuid, p_owner uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
DECLARE
    v_main     constant bigint := ledger.get_account(p_community_id, 'main', p_owner);
    v_accounts constant bigint[] := ARRAY[ledger.get_account(p_community_id, 'gift', p_owner), v_main];
BEGIN
    PERFORM FROM ledger.balance WHERE balance_id = ANY (v_accounts) ORDER BY balance_id FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM ledger.hold WHERE community_id = p_community_id AND payer = p_owner AND state = 'held') THEN
        RAISE EXCEPTION 'credits of this member are held' USING ERRCODE = 'LX007';
    END IF;
    UPDATE ledger.balance SET is_open = false WHERE balance_id = ANY (v_accounts) AND is_open;
    IF FOUND THEN
        PERFORM ledger.write_audit('closed', p_community_id, v_main, NULL, NULL, NULL, NULL);
    END IF;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.content_hash(p_journal_id uuid, p_community_id uuid, p_kind ledger.journal_kind, p_reason ledger.refusal, p_booked_at timestamp with time zone, p_actor uuid, p_reference uuid, p_request_hash bytea, p_legs text)
 RETURNS bytea
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.array_to_string(ARRAY[
        p_journal_id::text, p_community_id::text, p_kind::text, p_reason::text,
        (extract(epoch FROM p_booked_at) * 1000000)::bigint::text, p_actor::text, p_reference::text,
        pg_catalog.encode(p_request_hash, 'hex'), p_legs], '|', '-'), 'UTF8'))
$function$;

CREATE OR REPLACE FUNCTION ledger.cut_partitions()
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '1s'
AS $function$
BEGIN
    RETURN ledger.cut_partitions(10000000);
END
$function$;

CREATE OR REPLACE FUNCTION ledger.cut_partitions(p_above bigint)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '1s'
AS $function$
DECLARE
    v_rows bigint;
BEGIN
    -- By size, for nobody may have counted lately: an entry takes 84 bytes.
    SELECT sum(pg_relation_size(inhrelid)) / 84 INTO v_rows FROM pg_inherits WHERE inhparent = 'ledger.entry'::regclass;
    RETURN CASE WHEN v_rows >= p_above THEN ledger.cut_table('journal') + ledger.cut_table('entry') ELSE 0 END;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.cut_table(p_table text)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
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
        IF v_cut > v_from IS NOT FALSE THEN
            EXECUTE format('ALTER TABLE ledger.%I ADD CONSTRAINT %I CHECK (%s) NOT VALID', v_open,
                'ends_' || to_char(v_cut AT TIME ZONE 'UTC', 'YYYY_MM'),
                concat_ws(' AND ', v_column || ' >= ' || ledger.bound(p_table, v_from),
                          v_column || ' < ' || ledger.bound(p_table, v_cut)));
        END IF;
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
$function$;

CREATE OR REPLACE FUNCTION ledger.expire_hold(p_key uuid, p_trade_id uuid)
 RETURNS ledger.outcome
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
BEGIN
    RETURN ledger.give_back(p_key, p_trade_id, 'expiry', NULL, ledger.request_hash('expiry', p_trade_id::text));
END
$function$;

CREATE OR REPLACE FUNCTION ledger.expire_holds(p_older_than interval, p_limit integer)
 RETURNS TABLE(trade_id uuid, journal_id uuid)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
AS $function$
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
        EXCEPTION WHEN OTHERS THEN
            RAISE WARNING 'the hold of trade % cannot be returned: % (%)', v_hold.trade_id, SQLERRM, SQLSTATE;
            CONTINUE;
        END;
        CONTINUE WHEN v_outcome.reason IS NOT NULL;
        trade_id := v_hold.trade_id;
        journal_id := v_outcome.journal_id;
        RETURN NEXT;
        v_returned := v_returned + 1;
        EXIT WHEN v_returned >= p_limit;
    END LOOP;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.extend_hold(p_trade_id uuid, p_expires_at timestamp with time zone)
 RETURNS ledger.refusal
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION ledger.find_account(p_community_id uuid, p_kind ledger.account_kind, p_owner uuid)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION ledger.find_broken(p_name text, p_since timestamp with time zone)
 RETURNS TABLE(community_id uuid, subject text, detail text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET jit TO 'off'
 SET work_mem TO '64MB'
AS $function$
DECLARE
    v_is_full constant boolean := p_since = '-infinity';
BEGIN
    CASE
        WHEN p_name = 'I1' THEN RETURN QUERY SELECT * FROM ledger.broken_i1;
        WHEN p_name = 'I2' AND v_is_full THEN RETURN QUERY SELECT * FROM ledger.broken_i2;
        WHEN p_name = 'I2' THEN RETURN QUERY SELECT * FROM ledger.find_new_i2(p_since);
        WHEN p_name = 'I3' AND v_is_full THEN RETURN QUERY SELECT * FROM ledger.broken_i3;
        WHEN p_name = 'I3' THEN RETURN QUERY SELECT * FROM ledger.find_new_i3(p_since);
        WHEN p_name = 'I4' AND v_is_full THEN RETURN QUERY SELECT * FROM ledger.broken_i4;
        WHEN p_name = 'I4' THEN RETURN QUERY SELECT * FROM ledger.find_new_i4(p_since);
        WHEN p_name = 'I5' THEN RETURN QUERY SELECT * FROM ledger.broken_i5;
        WHEN p_name = 'I6' THEN
            RETURN QUERY SELECT * FROM ledger.broken_i6;
            RETURN QUERY SELECT * FROM ledger.find_ended_i6(p_since);
        WHEN p_name = 'I7' THEN RETURN QUERY SELECT * FROM ledger.find_new_i7(p_since);
        WHEN p_name = 'I8' THEN
            RETURN QUERY SELECT * FROM ledger.find_broken_chain();
            RETURN QUERY SELECT * FROM ledger.find_broken_roots(p_since);
        ELSE RAISE EXCEPTION 'there is no check %', p_name USING ERRCODE = 'LX006';
    END CASE;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.find_broken_chain()
 RETURNS TABLE(community_id uuid, subject text, detail text)
 LANGUAGE sql
 STABLE
AS $function$
    SELECT NULL::uuid, 'seal ' || seal_no,
           CASE WHEN seal_no <> place THEN 'it is number ' || place || ' of the chain'
                WHEN previous <> before THEN 'it does not name the digest of the seal before it'
                WHEN after <> before_until THEN 'it does not begin where the seal before it ends'
                WHEN until > (SELECT sealed FROM ledger.sealing) THEN 'it ends after everything that was sealed'
                ELSE 'its digest does not follow from what it says' END
    FROM (
        SELECT *, row_number() OVER chain AS place, lag(until, 1, '-infinity') OVER chain AS before_until,
               lag(digest, 1, decode(repeat('00', 32), 'hex')) OVER chain AS before
        FROM ledger.seal WINDOW chain AS (ORDER BY seal_no)
    ) s
    WHERE seal_no <> place OR previous <> before OR after <> before_until
       OR until > (SELECT sealed FROM ledger.sealing)
       OR digest <> ledger.seal_digest(seal_no, after, until, leaves, root, sealed_at, previous)
$function$;

CREATE OR REPLACE FUNCTION ledger.find_broken_roots(p_since timestamp with time zone)
 RETURNS TABLE(community_id uuid, subject text, detail text)
 LANGUAGE sql
 STABLE
AS $function$
    WITH chain AS (
        SELECT s.*, row_number() OVER (ORDER BY until) AS bucket FROM ledger.seal s WHERE until > p_since
    ), ends AS (
        SELECT array_agg(until ORDER BY until) AS untils, min(after) AS first_after, max(until) AS last_until FROM chain
    ), leaf AS (
        SELECT l.*, width_bucket(l.at - interval '1 microsecond', ends.untils) + 1 AS bucket
        FROM ends CROSS JOIN LATERAL ledger.seal_leaves(ends.first_after, ends.last_until) l
    ), tree AS (
        SELECT bucket, count(*) AS leaves, ledger.merkle_root(array_agg(leaf ORDER BY at, type, id)) AS root
        FROM leaf GROUP BY bucket
    ), broken AS (
        SELECT c.*, coalesce(t.leaves, 0) AS found
        FROM chain c LEFT JOIN tree t ON t.bucket = c.bucket
        WHERE t.root IS DISTINCT FROM c.root OR t.leaves IS DISTINCT FROM c.leaves
    ), named AS (
        SELECT b.seal_no, l.community_id,
               (ARRAY['account ', 'audit row ', 'journal '])[l.type] || l.id AS subject,
               'it is not as seal ' || b.seal_no || ' sealed it' AS detail
        FROM broken b JOIN leaf l ON l.bucket = b.bucket
        WHERE NOT EXISTS (
            SELECT FROM generate_series(0, b.leaves - 1) place
            WHERE substr(b.marks, (place * 4 + 1)::integer, 4) = substr(l.leaf, 1, 4))
    )
    SELECT n.community_id, n.subject, n.detail FROM named n
    UNION ALL
    SELECT NULL, 'seal ' || b.seal_no,
           CASE WHEN b.found < b.leaves THEN (b.leaves - b.found) || ' of the ' || b.leaves || ' rows that it sealed are gone'
                WHEN b.found > b.leaves THEN (b.found - b.leaves) || ' rows were added to the ' || b.leaves || ' that it sealed'
                ELSE 'its root does not follow from the rows that it sealed' END
    FROM broken b
    WHERE b.found <> b.leaves OR NOT EXISTS (SELECT FROM named n WHERE n.seal_no = b.seal_no)
    UNION ALL
    SELECT l.community_id, (ARRAY['account ', 'audit row ', 'journal '])[l.type] || l.id,
           'it is dated before the end of what was sealed, yet no seal has it'
    FROM ledger.sealing s
    CROSS JOIN LATERAL ledger.seal_leaves(coalesce((SELECT max(until) FROM ledger.seal), '-infinity'), s.sealed) l
$function$;

CREATE OR REPLACE FUNCTION ledger.find_ended_i6(p_since timestamp with time zone)
 RETURNS TABLE(community_id uuid, subject text, detail text)
 LANGUAGE sql
 STABLE
AS $function$
    WITH ended AS MATERIALIZED (
        SELECT h.* FROM ledger.hold h WHERE h.state <> 'held' AND p_since = '-infinity'
        UNION ALL
        SELECT h.* FROM ledger.journal j JOIN ledger.hold h ON h.trade_id = j.reference AND h.community_id = j.community_id
        WHERE p_since > '-infinity' AND j.booked_at > p_since AND j.reason IS NULL AND h.state <> 'held'
          AND j.kind IN ('release', 'refund', 'expiry', 'clearing_out')
    ), went AS (
        SELECT h.trade_id,
               bool_or(d.journal_id = h.ended_by AND d.community_id = h.community_id
                   AND (h.state = 'released') = (d.kind IN ('release', 'clearing_out'))) AS has_end,
               bool_or(e.balance_id <> h.escrow_id AND NOT CASE a.kind
                   WHEN 'gift' THEN a.owner = h.payer
                   WHEN 'main' THEN a.owner = h.payer OR (h.state = 'released' AND (a.owner = h.payee) IS NOT FALSE)
                   WHEN 'fees' THEN h.state = 'released'
                   WHEN 'clearing' THEN d.kind IN ('clearing_out', 'clearing_in')
                   ELSE false END) AS has_strayed,
               bool_or(a.owner = h.payer AND a.kind IN ('gift', 'main')) AS came_back,
               coalesce(sum(e.amount) FILTER (WHERE a.owner = h.payer AND a.kind = 'main'), 0) AS to_main,
               coalesce(sum(e.amount) FILTER (WHERE a.kind = 'fees'), 0) AS fees
        FROM ended h
        JOIN ledger.journal d ON d.reference = h.trade_id AND d.booked_at > p_since AND d.reason IS NULL
            AND d.kind IN ('release', 'refund', 'expiry', 'clearing_out', 'clearing_in')
        JOIN ledger.entry e ON e.journal_id = d.journal_id AND e.booked_at = d.booked_at AND e.booked_at > p_since
        JOIN ledger.account a ON a.account_id = e.balance_id
        GROUP BY h.trade_id
    ), judged AS (
        SELECT h.community_id, h.trade_id,
               CASE WHEN j.journal_id IS NULL THEN 'the hold names no posting that held it'
                    WHEN how.asked IS NULL OR h.from_gift <> coalesce(-given.amount, 0)
                        OR (how.asked = 'before' AND h.payee IS NOT NULL AND named.audit_id IS NULL)
                        THEN 'the hold is not what its posting asked for'
                    WHEN w.has_end IS NOT TRUE THEN 'the hold names no posting that ended it so'
                    WHEN w.has_strayed THEN 'what was held went to an account that the hold does not name'
                    WHEN h.state = 'refunded' AND w.to_main > h.from_main THEN 'more came back to main than came from there'
                    WHEN h.state = 'released' AND NOT w.came_back AND w.fees <> h.buyer_fee + h.seller_fee
                        THEN 'its fees are not those that were paid' END AS detail
        FROM ended h
        LEFT JOIN ledger.journal j ON j.journal_id = h.held_by AND j.reference = h.trade_id AND j.kind = 'hold'
            AND j.community_id = h.community_id AND j.reason IS NULL
        LEFT JOIN LATERAL (SELECT ledger.how_asked(h::ledger.hold, j.request_hash, j.actor) AS asked) how ON true
        LEFT JOIN ledger.account g ON g.community_id = h.community_id AND g.owner = h.payer AND g.kind = 'gift'
        LEFT JOIN ledger.entry given ON given.balance_id = g.account_id AND given.journal_id = h.held_by
            AND given.booked_at = j.booked_at
        LEFT JOIN (SELECT min(audit_id) AS audit_id, words, account_id FROM ledger.audit WHERE what = 'payee'
                   GROUP BY words, account_id) named ON named.words = h.trade_id::text AND named.account_id =
            (SELECT p.account_id FROM ledger.account p
             WHERE p.community_id = h.community_id AND p.owner = h.payee AND p.kind = 'main')
        LEFT JOIN went w ON w.trade_id = h.trade_id
    )
    SELECT community_id, 'escrow of trade ' || trade_id, detail FROM judged WHERE detail IS NOT NULL
$function$;

CREATE OR REPLACE FUNCTION ledger.find_grant(p_key uuid, p_community_id uuid, p_owner uuid)
 RETURNS bigint[]
 LANGUAGE plpgsql
AS $function$
DECLARE
    v_gift   bigint;
    v_issuer bigint;
BEGIN
    SELECT g.account_id, i.account_id INTO v_gift, v_issuer
    FROM ledger.account g
    LEFT JOIN ledger.account i ON i.community_id = p_community_id AND i.kind = 'issuer'
        AND i.owner = ledger.issuer_of(p_key)
    WHERE g.community_id = p_community_id AND g.owner = p_owner AND g.kind = 'gift';
    IF v_gift IS NULL OR v_issuer IS NULL THEN
        v_gift := ledger.get_account(p_community_id, 'gift', p_owner);
        v_issuer := ledger.get_account(p_community_id, 'issuer', NULL);
    END IF;
    RETURN ARRAY[v_gift, v_issuer];
END
$function$;

CREATE OR REPLACE FUNCTION ledger.find_inclusion(p_journal_id uuid)
 RETURNS TABLE(seal_no bigint, place bigint, leaves bigint, path bytea[])
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET jit TO 'off'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION ledger.find_new_i2(p_since timestamp with time zone)
 RETURNS TABLE(community_id uuid, subject text, detail text)
 LANGUAGE sql
 STABLE
AS $function$
    SELECT coalesce(j.community_id, leg.communities[1]), 'journal ' || coalesce(j.journal_id, leg.journal_id),
           CASE WHEN j.journal_id IS NULL THEN leg.legs || ' legs without a journal row'
                WHEN j.reason IS NOT NULL THEN 'refused, yet it has ' || leg.legs || ' legs'
                WHEN leg.legs IS NULL THEN 'posted without a leg'
                WHEN leg.total <> 0 THEN 'its legs sum to ' || leg.total
                WHEN leg.communities <> ARRAY[j.community_id] THEN 'it moves credits of another community'
                ELSE 'its legs have another time' END
    FROM (SELECT * FROM ledger.journal WHERE booked_at > p_since) j
    FULL JOIN (
        SELECT e.journal_id, count(*) AS legs, sum(e.amount) AS total, min(e.booked_at) AS first_at,
               max(e.booked_at) AS last_at, array_agg(DISTINCT a.community_id) AS communities
        FROM ledger.entry e LEFT JOIN ledger.account a ON a.account_id = e.balance_id
        WHERE e.booked_at > p_since
        GROUP BY e.journal_id
    ) leg ON leg.journal_id = j.journal_id
    WHERE j.journal_id IS NULL OR (j.reason IS NULL) <> (leg.legs IS NOT NULL) OR leg.total <> 0
       OR leg.communities <> ARRAY[j.community_id] OR leg.first_at <> j.booked_at OR leg.last_at <> j.booked_at
$function$;

CREATE OR REPLACE FUNCTION ledger.find_new_i3(p_since timestamp with time zone)
 RETURNS TABLE(community_id uuid, subject text, detail text)
 LANGUAGE sql
 STABLE
AS $function$
    SELECT b.community_id, coalesce(a.kind::text, 'unknown') || ' account ' || b.balance_id,
           'its balance is ' || b.posted || ' after ' || b.seq || ' entries, but the last entry says '
               || coalesce(last.balance_after, 0) || ' after ' || coalesce(last.seq, 0)
    FROM ledger.balance b
    LEFT JOIN ledger.account a ON a.account_id = b.balance_id
    LEFT JOIN LATERAL (SELECT e.seq, e.balance_after, e.booked_at FROM ledger.entry e
                       WHERE e.balance_id = b.balance_id ORDER BY e.seq DESC LIMIT 1) last ON true
    WHERE b.last_at > p_since
      AND (b.posted <> coalesce(last.balance_after, 0) OR b.seq <> coalesce(last.seq, 0)
           OR b.last_at <> coalesce(last.booked_at, '-infinity') OR a.community_id IS DISTINCT FROM b.community_id)
$function$;

CREATE OR REPLACE FUNCTION ledger.find_new_i4(p_since timestamp with time zone)
 RETURNS TABLE(community_id uuid, subject text, detail text)
 LANGUAGE sql
 STABLE
AS $function$
    SELECT a.community_id, 'entry ' || e.balance_id || '/' || e.seq,
           CASE WHEN a.account_id IS NULL THEN 'its account does not exist'
                WHEN e.seq <> e.before_seq + 1 THEN 'it follows number ' || e.before_seq
                WHEN e.booked_at <= e.before_at THEN 'it is not later than the entry before it'
                ELSE 'the balance before was ' || e.before || ', so ' || (e.before + e.amount)
                     || ' should follow, not ' || e.balance_after END
    FROM (
        SELECT n.*, coalesce(n.lag_seq, p.seq, 0) AS before_seq,
               coalesce(n.lag_at, p.booked_at, '-infinity') AS before_at, coalesce(n.lag_after, p.balance_after, 0) AS before
        FROM (
            SELECT balance_id, seq, amount, balance_after, booked_at, lag(seq) OVER path AS lag_seq,
                   lag(booked_at) OVER path AS lag_at, lag(balance_after) OVER path AS lag_after
            FROM ledger.entry WHERE booked_at > p_since WINDOW path AS (PARTITION BY balance_id ORDER BY seq)
        ) n
        LEFT JOIN LATERAL (SELECT e.seq, e.booked_at, e.balance_after FROM ledger.entry e
                           WHERE n.lag_seq IS NULL AND e.balance_id = n.balance_id AND e.seq = n.seq - 1 LIMIT 1) p ON true
    ) e
    LEFT JOIN ledger.account a ON a.account_id = e.balance_id
    WHERE a.account_id IS NULL OR e.seq <> e.before_seq + 1 OR e.booked_at <= e.before_at
       OR e.balance_after <> e.before + e.amount
$function$;

CREATE OR REPLACE FUNCTION ledger.find_new_i7(p_since timestamp with time zone)
 RETURNS TABLE(community_id uuid, subject text, detail text)
 LANGUAGE sql
 STABLE
AS $function$
    SELECT j.community_id, 'journal ' || j.journal_id, 'its content hash does not follow from the row and its legs'
    FROM ledger.journal j
    LEFT JOIN (
        SELECT e.journal_id,
               string_agg(concat_ws(':', e.balance_id, e.seq, e.amount, e.balance_after), ';' ORDER BY e.balance_id) AS legs
        FROM ledger.entry e WHERE e.booked_at > p_since GROUP BY e.journal_id
    ) leg ON leg.journal_id = j.journal_id
    WHERE j.booked_at > p_since
      AND j.content_hash <> ledger.content_hash(j.journal_id, j.community_id, j.kind, j.reason, j.booked_at, j.actor,
                                                j.reference, j.request_hash, leg.legs)
$function$;

CREATE OR REPLACE FUNCTION ledger.find_outcome(p_key uuid, p_request_hash bytea)
 RETURNS ledger.outcome
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION ledger.fund_protection(p_key uuid, p_community_id uuid, p_amount bigint, p_source ledger.account_kind, p_actor uuid)
 RETURNS ledger.outcome
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
BEGIN
    IF NOT ledger.is_amount(p_amount, 1) OR p_source IS NULL OR p_source NOT IN ('fees', 'issuer') THEN
        RAISE EXCEPTION 'protection is funded by a positive amount from fees or issuer' USING ERRCODE = 'LX006';
    END IF;
    RETURN ledger.post(p_key, p_community_id, 'protection_funding', p_actor, NULL,
        ledger.request_hash('protection_funding', p_community_id::text, p_amount::text, p_source::text, p_actor::text),
        ARRAY[ledger.get_account(p_community_id, p_source, NULL),
              ledger.get_account(p_community_id, 'protection', NULL)],
        ARRAY[-p_amount, p_amount]);
END
$function$;

CREATE OR REPLACE FUNCTION ledger.get_account(p_community_id uuid, p_kind ledger.account_kind, p_owner uuid)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
DECLARE
    v_account_id constant bigint := ledger.find_account(p_community_id, p_kind, p_owner);
BEGIN
    IF v_account_id IS NULL THEN
        RAISE EXCEPTION 'community % has no % account of owner %', p_community_id, p_kind, p_owner
            USING ERRCODE = 'LX004';
    END IF;
    RETURN v_account_id;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.get_hold(p_trade_id uuid)
 RETURNS ledger.hold
 LANGUAGE plpgsql
AS $function$
DECLARE
    v_hold ledger.hold;
BEGIN
    SELECT * INTO v_hold FROM ledger.hold WHERE trade_id = p_trade_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'trade % has no hold', p_trade_id USING ERRCODE = 'LX005';
    END IF;
    RETURN v_hold;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.give_back(p_key uuid, p_trade_id uuid, p_kind ledger.journal_kind, p_actor uuid, p_hash bytea)
 RETURNS ledger.outcome
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION ledger.grant_credits(p_key uuid, p_community_id uuid, p_owner uuid, p_amount bigint, p_kind ledger.journal_kind, p_actor uuid)
 RETURNS ledger.outcome
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
BEGIN
    IF NOT ledger.is_amount(p_amount, 1) OR (p_kind IN ('starter_grant', 'coordinator_grant')) IS NOT TRUE THEN
        RAISE EXCEPTION 'a grant has a positive amount and a kind of grant, a referral bonus a newcomer'
            USING ERRCODE = 'LX006';
    ELSIF p_kind = 'starter_grant' THEN
        RETURN ledger.grant_once(p_key, p_community_id, p_owner, p_amount, p_kind, p_actor, p_owner,
            ledger.request_hash(p_kind::text, p_community_id::text, p_owner::text, p_amount::text, p_actor::text));
    END IF;
    RETURN ledger.post(p_key, p_community_id, p_kind, p_actor, NULL,
        ledger.request_hash(p_kind::text, p_community_id::text, p_owner::text, p_amount::text, p_actor::text),
        ledger.find_grant(p_key, p_community_id, p_owner), ARRAY[p_amount, -p_amount]);
END
$function$;

CREATE OR REPLACE FUNCTION ledger.grant_credits(p_key uuid, p_community_id uuid, p_owner uuid, p_amount bigint, p_kind ledger.journal_kind, p_actor uuid, p_about uuid)
 RETURNS ledger.outcome
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
BEGIN
    IF NOT ledger.is_amount(p_amount, 1)
        OR (p_kind IN ('starter_grant', 'referral_bonus', 'coordinator_grant')) IS NOT TRUE
        OR (p_kind = 'referral_bonus') <> (p_about IS NOT NULL) OR p_about = p_owner THEN
        RAISE EXCEPTION 'a grant has a positive amount and a kind of grant, a referral bonus a newcomer'
            USING ERRCODE = 'LX006';
    ELSIF p_kind = 'referral_bonus' THEN
        RETURN ledger.grant_once(p_key, p_community_id, p_owner, p_amount, p_kind, p_actor, p_about,
            ledger.request_hash(p_kind::text, p_community_id::text, p_owner::text, p_amount::text, p_actor::text,
                                p_about::text));
    ELSIF p_kind = 'starter_grant' THEN
        RETURN ledger.grant_once(p_key, p_community_id, p_owner, p_amount, p_kind, p_actor, p_owner,
            ledger.request_hash(p_kind::text, p_community_id::text, p_owner::text, p_amount::text, p_actor::text));
    END IF;
    RETURN ledger.post(p_key, p_community_id, p_kind, p_actor, NULL,
        ledger.request_hash(p_kind::text, p_community_id::text, p_owner::text, p_amount::text, p_actor::text),
        ledger.find_grant(p_key, p_community_id, p_owner), ARRAY[p_amount, -p_amount]);
END
$function$;

CREATE OR REPLACE FUNCTION ledger.grant_many(p_keys uuid[], p_community_id uuid, p_owners uuid[], p_amounts bigint[], p_kind ledger.journal_kind, p_actor uuid)
 RETURNS SETOF ledger.outcome
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
DECLARE
    -- One for all of them: other batches use the others.
    v_issuer   bigint;
    v_requests ledger.request[];
    v_outcomes ledger.outcome[];
BEGIN
    IF (p_kind IN ('starter_grant', 'coordinator_grant')) IS NOT TRUE OR NOT ledger.is_list(p_keys)
        OR NOT ledger.is_list(p_owners) OR NOT ledger.is_list(p_amounts) OR cardinality(p_keys) > 1000
        OR cardinality(p_keys) <> cardinality(p_owners) OR cardinality(p_keys) <> cardinality(p_amounts)
        OR EXISTS (SELECT FROM unnest(p_amounts) amount WHERE NOT ledger.is_amount(amount, 1)) THEN
        RAISE EXCEPTION 'a batch has 1 to 1000 grants, each with a key, an owner and a positive amount'
            USING ERRCODE = 'LX006';
    END IF;
    v_issuer := coalesce(ledger.find_account(p_community_id, 'issuer', ledger.issuer_of(p_keys[1])),
                         ledger.get_account(p_community_id, 'issuer', NULL));
    IF p_kind = 'starter_grant' THEN  -- who has had one is known only under the locks
        PERFORM FROM ledger.balance
        WHERE balance_id = ANY (ARRAY(SELECT ledger.get_account(p_community_id, 'gift', owner) FROM unnest(p_owners) owner))
        ORDER BY balance_id FOR NO KEY UPDATE;
    END IF;
    SELECT array_agg((g.key, p_community_id, p_kind, p_actor, NULL,
        ledger.request_hash(p_kind::text, p_community_id::text, g.owner::text, g.amount::text, p_actor::text),
        ARRAY[ledger.get_account(p_community_id, 'gift', g.owner), v_issuer], ARRAY[g.amount, -g.amount],
        CASE WHEN p_kind = 'starter_grant' AND (array_position(p_owners, g.owner) < g.n OR b.owner IS NOT NULL)
             THEN 'already_granted' END)::ledger.request ORDER BY g.n)
    INTO v_requests
    FROM unnest(p_keys, p_owners, p_amounts) WITH ORDINALITY AS g (key, owner, amount, n)
    LEFT JOIN ledger.bonus b ON b.community_id = p_community_id AND b.owner = g.owner AND b.kind = p_kind
        AND b.about = g.owner;
    v_outcomes := ARRAY(SELECT o FROM ledger.post_batch(v_requests, false) o);
    IF p_kind = 'starter_grant' THEN
        INSERT INTO ledger.bonus (community_id, owner, kind, about, journal_id)
        SELECT p_community_id, p_owners[o.n], p_kind, p_owners[o.n], o.journal_id
        FROM unnest(v_outcomes) WITH ORDINALITY AS o (journal_id, reason, booked_at, repeated, amounts, n)
        WHERE o.reason IS NULL AND NOT o.repeated;
    END IF;
    RETURN QUERY SELECT * FROM unnest(v_outcomes);
END
$function$;

CREATE OR REPLACE FUNCTION ledger.grant_once(p_key uuid, p_community_id uuid, p_owner uuid, p_amount bigint, p_kind ledger.journal_kind, p_actor uuid, p_about uuid, p_hash bytea)
 RETURNS ledger.outcome
 LANGUAGE plpgsql
AS $function$
DECLARE
    v_accounts constant bigint[] := ledger.find_grant(p_key, p_community_id, p_owner);
    v_refused  ledger.refusal;
    v_outcome  ledger.outcome;
BEGIN
    PERFORM FROM ledger.balance WHERE balance_id = v_accounts[1] FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM ledger.bonus WHERE community_id = p_community_id AND owner = p_owner
               AND kind = p_kind AND about = p_about) THEN
        v_refused := 'already_granted';
    END IF;
    v_outcome := ledger.post(p_key, p_community_id, p_kind, p_actor, NULL, p_hash, v_accounts,
        ARRAY[p_amount, -p_amount], v_refused);
    IF v_outcome.reason IS NULL AND NOT v_outcome.repeated THEN
        INSERT INTO ledger.bonus (community_id, owner, kind, about, journal_id)
        VALUES (p_community_id, p_owner, p_kind, p_about, p_key);
    END IF;
    RETURN v_outcome;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.guard_table(p_table regclass, p_is_final boolean, p_level text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    v_guards text[] := ARRAY['refuse_outside BEFORE INSERT OR UPDATE', 'refuse_removal BEFORE DELETE OR TRUNCATE'];
    v_guard  text;
BEGIN
    IF p_level = 'ROW' THEN
        v_guards := v_guards || 'refuse_row_removal BEFORE DELETE'::text;
    END IF;
    IF p_is_final THEN
        v_guards := v_guards || 'refuse_update BEFORE UPDATE'::text;
        IF p_level = 'ROW' THEN
            v_guards := v_guards || 'refuse_row_update BEFORE UPDATE'::text;
        END IF;
    END IF;
    FOREACH v_guard IN ARRAY v_guards LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER %s ON %s FOR EACH %s EXECUTE FUNCTION ledger.%I()', v_guard, p_table,
            CASE WHEN v_guard LIKE '%\_row\_%' THEN 'ROW' ELSE 'STATEMENT' END,
            CASE WHEN v_guard LIKE '%outside%' THEN 'refuse_outside' ELSE 'refuse_change' END);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', p_table, split_part(v_guard, ' ', 1));
    END LOOP;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.hold_credits(p_key uuid, p_community_id uuid, p_trade_id uuid, p_payer uuid, p_amount bigint, p_expires_at timestamp with time zone, p_actor uuid)
 RETURNS ledger.outcome
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION ledger.hold_credits(p_key uuid, p_community_id uuid, p_trade_id uuid, p_payer uuid, p_payee uuid, p_price bigint, p_buyer_fee bigint, p_seller_fee bigint, p_expires_at timestamp with time zone, p_actor uuid)
 RETURNS ledger.outcome
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
DECLARE
    v_hash    constant bytea := ledger.request_hash('hold', p_community_id::text, p_trade_id::text, p_payer::text,
        p_payee::text, p_price::text, p_buyer_fee::text, p_seller_fee::text, p_actor::text);
    v_outcome ledger.outcome := ledger.find_outcome(p_key, v_hash);
    v_escrow  bigint;
BEGIN
    IF v_outcome.journal_id IS NOT NULL THEN
        RETURN v_outcome;
    END IF;
    IF p_trade_id IS NULL OR p_payee IS NULL OR NOT ledger.is_amount(p_price, 1) OR NOT ledger.is_amount(p_buyer_fee, 0)
        OR NOT ledger.is_amount(p_seller_fee, 0) OR p_seller_fee > p_price OR NOT ledger.is_deadline(p_expires_at)
        OR p_payee = p_payer THEN
        RAISE EXCEPTION 'a hold has a trade, a payee who is not its payer, a positive price, fees within it, a deadline ahead'
            USING ERRCODE = 'LX006';
    END IF;
    v_escrow := ledger.open_account(p_community_id, 'escrow', p_trade_id);
    v_outcome := ledger.post(p_key, p_community_id, 'hold', p_actor, p_trade_id, v_hash,
        ARRAY[ledger.get_account(p_community_id, 'gift', p_payer), ledger.get_account(p_community_id, 'main', p_payer),
              v_escrow],
        ARRAY[NULL, NULL, p_price + p_buyer_fee]);
    IF v_outcome.reason IS NULL AND NOT v_outcome.repeated THEN
        INSERT INTO ledger.hold (trade_id, community_id, escrow_id, payer, from_gift, from_main, expires_at, held_by,
                                 payee, buyer_fee, seller_fee)
        VALUES (p_trade_id, p_community_id, v_escrow, p_payer, -v_outcome.amounts[1], -v_outcome.amounts[2],
                p_expires_at, p_key, p_payee, p_buyer_fee, p_seller_fee);
    END IF;
    RETURN v_outcome;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.hold_forbids(p_kind ledger.journal_kind, p_trade_id uuid, p_at timestamp with time zone)
 RETURNS ledger.refusal
 LANGUAGE plpgsql
AS $function$
DECLARE
    v_expires_at timestamptz;
BEGIN
    SELECT expires_at INTO v_expires_at FROM ledger.hold WHERE trade_id = p_trade_id;
    RETURN CASE WHEN v_expires_at IS NULL THEN NULL
                WHEN p_kind = 'hold' THEN 'hold_exists'
                WHEN p_kind IN ('release', 'clearing_out') AND v_expires_at <= p_at THEN 'hold_expired'
                WHEN p_kind = 'expiry' AND v_expires_at > p_at THEN 'hold_not_expired' END;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.how_asked(p_hold ledger.hold, p_hash bytea, p_actor uuid)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
    SELECT CASE
        WHEN p_hash = ledger.request_hash('hold', p_hold.community_id::text, p_hold.trade_id::text, p_hold.payer::text,
                p_hold.payee::text, (p_hold.from_gift + p_hold.from_main - p_hold.buyer_fee)::text,
                p_hold.buyer_fee::text, p_hold.seller_fee::text, p_actor::text) THEN 'whole'
        WHEN p_hold.buyer_fee + p_hold.seller_fee = 0 AND p_hash = ledger.request_hash('hold', p_hold.community_id::text,
                p_hold.trade_id::text, p_hold.payer::text, (p_hold.from_gift + p_hold.from_main)::text, p_actor::text)
            THEN 'before' END
$function$;

CREATE OR REPLACE FUNCTION ledger.is_amount(p_amount bigint, p_least bigint)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ SELECT p_amount IS NOT NULL AND p_amount BETWEEN p_least AND 1000000000000000 $function$;

CREATE OR REPLACE FUNCTION ledger.is_deadline(p_at timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
    SELECT p_at IS NOT NULL AND isfinite(p_at) AND p_at > ledger.clock() AND p_at <= ledger.clock() + interval '400 days'
$function$;

CREATE OR REPLACE FUNCTION ledger.is_list(p_list anyarray)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
    SELECT coalesce(array_ndims(p_list) = 1 AND array_lower(p_list, 1) = 1, false) AND array_position(p_list, NULL) IS NULL
$function$;

CREATE OR REPLACE FUNCTION ledger.issuer_of(p_key uuid)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
    SELECT pg_catalog.lpad(((pg_catalog.get_byte(pg_catalog.uuid_send(p_key), 15) & 7) + 1)::text, 32, '0')::uuid
$function$;

CREATE OR REPLACE FUNCTION ledger.link_refusals(p_requests ledger.request[], p_reasons ledger.refusal[])
 RETURNS ledger.request[]
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT array_agg((r.key, r.community_id, r.kind, r.actor, r.reference, r.request_hash, r.balance_ids, r.amounts,
                      coalesce(p_reasons[r.n], 'linked_refused'))::ledger.request ORDER BY r.n)
    FROM unnest(p_requests) WITH ORDINALITY
        AS r (key, community_id, kind, actor, reference, request_hash, balance_ids, amounts, refused, n)
$function$;

CREATE OR REPLACE FUNCTION ledger.list_legs(p_community_id uuid, p_owner uuid, p_tops bigint[], p_bottoms bigint[], p_limit integer)
 RETURNS TABLE(account_kind ledger.account_kind, seq bigint, amount bigint, balance_after bigint, booked_at timestamp with time zone, journal_id uuid, kind ledger.journal_kind, reference uuid)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
AS $function$
DECLARE
    v_account record;
    v_until   timestamptz;
    v_since   timestamptz;
    v_legs    ledger.entry[];
    v_lowest  uuid;
    v_highest uuid;
BEGIN
    FOR v_account IN
        SELECT a.account_id, a.kind, b.seq, b.last_at,
               p_tops[CASE a.kind WHEN 'gift' THEN 1 ELSE 2 END] AS top,
               p_bottoms[CASE a.kind WHEN 'gift' THEN 1 ELSE 2 END] AS bottom
        FROM ledger.account a JOIN ledger.balance b ON b.balance_id = a.account_id
        WHERE a.community_id = p_community_id AND a.owner = p_owner AND a.kind IN ('gift', 'main')
    LOOP
        CONTINUE WHEN v_account.top <= v_account.bottom OR v_account.seq <= v_account.bottom;
        v_until := 'infinity';
        v_since := v_account.last_at - interval '40 days';
        IF v_account.top < v_account.seq THEN
            v_until := (SELECT e.booked_at FROM ledger.entry e
                        WHERE e.balance_id = v_account.account_id AND e.seq = v_account.top LIMIT 1);
            v_since := v_until - interval '40 days';
        END IF;
        v_legs := ARRAY(SELECT e FROM ledger.entry e
                        WHERE e.balance_id = v_account.account_id AND e.seq <= v_account.top AND e.seq > v_account.bottom
                          AND e.booked_at <= v_until AND e.booked_at >= v_since
                        ORDER BY e.seq DESC LIMIT p_limit);
        IF cardinality(v_legs) < p_limit AND coalesce(v_legs[cardinality(v_legs)].seq, v_account.top) > v_account.bottom + 1
        THEN
            v_legs := v_legs || ARRAY(SELECT e FROM ledger.entry e
                        WHERE e.balance_id = v_account.account_id AND e.seq <= v_account.top AND e.seq > v_account.bottom
                          AND (e.booked_at < v_since) IS NOT FALSE
                        ORDER BY e.seq DESC LIMIT p_limit - cardinality(v_legs));
        END IF;
        v_lowest := (SELECT l.journal_id FROM unnest(v_legs) l ORDER BY l.journal_id LIMIT 1);
        v_highest := (SELECT l.journal_id FROM unnest(v_legs) l ORDER BY l.journal_id DESC LIMIT 1);
        RETURN QUERY
            SELECT v_account.kind, l.seq, l.amount, l.balance_after, l.booked_at, l.journal_id, j.kind, j.reference
            FROM unnest(v_legs) l
            CROSS JOIN LATERAL (
                SELECT journal.kind, journal.reference FROM ledger.journal
                WHERE journal.journal_id = l.journal_id AND journal.journal_id >= v_lowest AND journal.journal_id <= v_highest
                LIMIT 1
            ) j
            ORDER BY l.seq DESC;
    END LOOP;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.lowest_key(p_at timestamp with time zone)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT (pg_catalog.lpad(pg_catalog.to_hex((extract(epoch FROM p_at) * 1000)::bigint), 12, '0')
            || pg_catalog.repeat('0', 20))::uuid
$function$;

CREATE OR REPLACE FUNCTION ledger.merkle_level(p_nodes bytea[])
 RETURNS bytea[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
    SELECT array_agg(CASE WHEN other IS NULL THEN node ELSE sha256('\x01'::bytea || node || other) END ORDER BY place)
    FROM (
        SELECT t.node, t.place, lead(t.node) OVER (ORDER BY t.place) AS other
        FROM unnest(p_nodes) WITH ORDINALITY AS t (node, place)
    ) pair
    WHERE place % 2 = 1
$function$;

CREATE OR REPLACE FUNCTION ledger.merkle_path(p_leaves bytea[], p_place bigint)
 RETURNS bytea[]
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION ledger.merkle_root(p_leaves bytea[])
 RETURNS bytea
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION ledger.microseconds(p_time timestamp with time zone)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
    SELECT CASE WHEN p_time = '-infinity' THEN '-' ELSE (extract(epoch FROM p_time) * 1000000)::bigint::text END
$function$;

CREATE OR REPLACE FUNCTION ledger.name_payee(p_trade_id uuid, p_payee uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION ledger.next_moment()
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
AS $function$
DECLARE
    v_moment timestamptz;
BEGIN
    PERFORM pg_current_xact_id();
    SELECT greatest(ledger.clock(), horizon + interval '1 microsecond') INTO v_moment FROM ledger.sealing WHERE only_row;
    PERFORM ledger.check_isolation();
    RETURN v_moment;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.open_account(p_community_id uuid, p_kind ledger.account_kind, p_owner uuid)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION ledger.open_clearing(p_community_id uuid, p_counterpart uuid, p_credit_limit bigint, p_actor uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
DECLARE
    v_account bigint;
    v_balance record;
BEGIN
    IF NOT ledger.is_amount(p_credit_limit, 0) OR p_counterpart IS NULL OR p_counterpart = p_community_id THEN
        RAISE EXCEPTION 'clearing is with another community, up to a limit of zero to 10^15' USING ERRCODE = 'LX006';
    END IF;
    PERFORM ledger.get_account(p_community_id, 'issuer', NULL);
    v_account := ledger.open_account(p_community_id, 'clearing', p_counterpart);
    SELECT posted, ceiling INTO v_balance FROM ledger.balance WHERE balance_id = v_account FOR NO KEY UPDATE;
    IF abs(v_balance.posted) > p_credit_limit THEN
        RAISE EXCEPTION 'more than % of the clearing limit is in use', p_credit_limit USING ERRCODE = 'LX011';
    END IF;
    UPDATE ledger.balance SET floor = -p_credit_limit, ceiling = p_credit_limit WHERE balance_id = v_account;
    PERFORM ledger.write_audit('clearing_limit', p_community_id, v_account, v_balance.ceiling, p_credit_limit, p_actor, NULL);
END
$function$;

CREATE OR REPLACE FUNCTION ledger.open_community(p_community_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION ledger.open_member(p_community_id uuid, p_owner uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
BEGIN
    IF p_owner IS NULL THEN
        RAISE EXCEPTION 'a member account has an owner' USING ERRCODE = 'LX006';
    END IF;
    PERFORM ledger.open_account(p_community_id, 'gift', p_owner);
    PERFORM ledger.open_account(p_community_id, 'main', p_owner);
END
$function$;

CREATE OR REPLACE FUNCTION ledger.pay_out(p_key uuid, p_hold ledger.hold, p_payee uuid, p_part bigint, p_actor uuid, p_hash bytea)
 RETURNS ledger.outcome
 LANGUAGE plpgsql
AS $function$
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
    v_outcome := ledger.post(p_key, p_hold.community_id, 'release', p_actor, p_hold.trade_id, p_hash, v_accounts,
        v_amounts, ledger.check_payee(p_hold, p_payee));
    IF v_outcome.reason IS NULL AND NOT v_outcome.repeated THEN
        UPDATE ledger.hold SET state = 'released', ended_by = p_key WHERE trade_id = p_hold.trade_id;
    END IF;
    RETURN v_outcome;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.pay_protection(p_key uuid, p_community_id uuid, p_owner uuid, p_amount bigint, p_reference uuid, p_actor uuid)
 RETURNS ledger.outcome
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
BEGIN
    IF NOT ledger.is_amount(p_amount, 1) THEN
        RAISE EXCEPTION 'a pay-out is a positive amount' USING ERRCODE = 'LX006';
    END IF;
    RETURN ledger.post(p_key, p_community_id, 'protection', p_actor, p_reference,
        ledger.request_hash('protection', p_community_id::text, p_owner::text, p_amount::text, p_reference::text,
                            p_actor::text),
        ARRAY[ledger.get_account(p_community_id, 'main', p_owner),
              ledger.get_account(p_community_id, 'protection', NULL)],
        ARRAY[p_amount, -p_amount]);
END
$function$;

CREATE OR REPLACE FUNCTION ledger.post(p_key uuid, p_community_id uuid, p_kind ledger.journal_kind, p_actor uuid, p_reference uuid, p_request_hash bytea, p_balance_ids bigint[], p_amounts bigint[], p_refused ledger.refusal DEFAULT NULL::ledger.refusal)
 RETURNS ledger.outcome
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION ledger.post_batch(p_requests ledger.request[], p_linked boolean)
 RETURNS SETOF ledger.outcome
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION ledger.post_of_release_0_1_0(p_key uuid, p_community_id uuid, p_kind ledger.journal_kind, p_actor uuid, p_reference uuid, p_request_hash bytea, p_balance_ids bigint[], p_amounts bigint[])
 RETURNS ledger.outcome
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION ledger.refund_hold(p_key uuid, p_trade_id uuid, p_actor uuid)
 RETURNS ledger.outcome
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
BEGIN
    RETURN ledger.give_back(p_key, p_trade_id, 'refund', p_actor,
        ledger.request_hash('refund', p_trade_id::text, p_actor::text));
END
$function$;

CREATE OR REPLACE FUNCTION ledger.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    RAISE EXCEPTION 'ledger.% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'LX009', HINT = 'A wrong posting is put right by a second posting.';
END
$function$;

CREATE OR REPLACE FUNCTION ledger.refuse_outside()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    v_stack text;
    v_outer text;
BEGIN
    GET DIAGNOSTICS v_stack = PG_CONTEXT;
    v_outer := split_part(v_stack, E'\n', -1);
    IF current_user <> 'ledger_writer' OR strpos(v_outer, '"') > 0 OR strpos(v_outer, '''') > 0
        OR strpos('abcdefghijklmnopqrstuvwxyz0123456789_.', right(split_part(v_outer, 'ledger.', 1), 1)) > 0
        OR strpos(',hold_credits,release_hold,grant_credits,capture_hold,refund_hold,extend_hold,grant_many,expire_hold,'
            'expire_holds,release_across,open_community,open_member,close_member,reopen_member,set_credit_line,'
            'set_ceiling,fund_protection,pay_protection,open_clearing,name_payee,seal_step,stop_postings,resume_postings,',
            ',' || split_part(split_part(v_outer, 'ledger.', 2), '(', 1) || ',') = 0
    THEN
        RAISE EXCEPTION 'ledger.% changes only through the functions of the ledger: % is refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'LX009', HINT =
            'Call the function as a statement of its own, with log_parameter_max_length_on_error = 0.';
    END IF;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.refuse_stopped(p_community_id uuid, p_stopped_at timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF p_stopped_at IS NOT NULL THEN
        RAISE EXCEPTION 'postings of community % are stopped since %', p_community_id, p_stopped_at
            USING ERRCODE = 'LX010';
    END IF;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.release_across(p_key_out uuid, p_key_in uuid, p_trade_id uuid, p_payee_community uuid, p_payee uuid, p_actor uuid)
 RETURNS SETOF ledger.outcome
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
DECLARE
    v_hold     constant ledger.hold := ledger.get_hold(p_trade_id);
    v_held     constant bigint := v_hold.from_gift + v_hold.from_main;
    v_amount   constant bigint := v_held - v_hold.buyer_fee - v_hold.seller_fee;
    v_hash     constant bytea := ledger.request_hash('release_across', p_key_out::text, p_key_in::text,
        p_trade_id::text, p_payee_community::text, p_payee::text, p_actor::text);
    v_accounts bigint[] := ARRAY[v_hold.escrow_id, ledger.get_account(v_hold.community_id, 'clearing', p_payee_community)];
    v_amounts  bigint[] := ARRAY[-v_held, v_amount];
    v_outcomes ledger.outcome[];
BEGIN
    IF (p_key_out = p_key_in) IS NOT FALSE OR v_amount <= 0 THEN
        RAISE EXCEPTION 'two keys, and something left to pay after the fees' USING ERRCODE = 'LX006';
    END IF;
    IF v_held > v_amount THEN
        v_accounts := v_accounts || ledger.get_account(v_hold.community_id, 'fees', NULL);
        v_amounts := v_amounts || (v_held - v_amount);
    END IF;
    v_outcomes := ARRAY(SELECT o FROM ledger.post_batch(ARRAY[
        (p_key_out, v_hold.community_id, 'clearing_out', p_actor, p_trade_id, v_hash, v_accounts, v_amounts,
         ledger.check_payee(v_hold, p_payee)),
        (p_key_in, p_payee_community, 'clearing_in', p_actor, p_trade_id, v_hash,
         ARRAY[ledger.get_account(p_payee_community, 'clearing', v_hold.community_id),
               ledger.get_account(p_payee_community, 'main', p_payee)], ARRAY[-v_amount, v_amount], NULL)
        ]::ledger.request[], true) o);
    IF v_outcomes[1].reason IS NULL AND NOT v_outcomes[1].repeated THEN
        UPDATE ledger.hold SET state = 'released', ended_by = p_key_out WHERE trade_id = p_trade_id;
    END IF;
    RETURN QUERY SELECT * FROM unnest(v_outcomes);
END
$function$;

CREATE OR REPLACE FUNCTION ledger.release_hold(p_key uuid, p_trade_id uuid, p_payee uuid, p_actor uuid)
 RETURNS ledger.outcome
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
DECLARE
    v_hold constant ledger.hold := ledger.get_hold(p_trade_id);
BEGIN
    RETURN ledger.pay_out(p_key, v_hold, p_payee, v_hold.from_gift + v_hold.from_main - v_hold.buyer_fee, p_actor,
        ledger.request_hash('release', p_trade_id::text, p_payee::text, p_actor::text));
END
$function$;

CREATE OR REPLACE FUNCTION ledger.reopen_member(p_community_id uuid, p_owner uuid, p_actor uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
DECLARE
    v_main     constant bigint := ledger.get_account(p_community_id, 'main', p_owner);
    v_accounts constant bigint[] := ARRAY[ledger.get_account(p_community_id, 'gift', p_owner), v_main];
BEGIN
    PERFORM FROM ledger.balance WHERE balance_id = ANY (v_accounts) ORDER BY balance_id FOR NO KEY UPDATE;
    UPDATE ledger.balance SET is_open = true WHERE balance_id = ANY (v_accounts) AND NOT is_open;
    IF FOUND THEN
        PERFORM ledger.write_audit('reopened', p_community_id, v_main, NULL, NULL, p_actor, NULL);
    END IF;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.request_hash(VARIADIC p_parts text[])
 RETURNS bytea
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT pg_catalog.substr(
        pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.array_to_string(p_parts, '|', '-'), 'UTF8')), 1, 16)
$function$;

CREATE OR REPLACE FUNCTION ledger.resume_postings(p_community_id uuid, p_actor uuid, p_words text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION ledger.room_in_main(p_balance_ids bigint[], p_main bigint, p_amount bigint)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM FROM ledger.balance WHERE balance_id = ANY (p_balance_ids) ORDER BY balance_id FOR NO KEY UPDATE;
    RETURN (SELECT greatest(least(p_amount, ceiling - posted), 0) FROM ledger.balance WHERE balance_id = p_main);
END
$function$;

CREATE OR REPLACE FUNCTION ledger.seal_digest(p_seal_no bigint, p_after timestamp with time zone, p_until timestamp with time zone, p_leaves bigint, p_root bytea, p_sealed_at timestamp with time zone, p_previous bytea)
 RETURNS bytea
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
    SELECT pg_catalog.sha256(pg_catalog.convert_to('localex-seal-1|' || pg_catalog.encode(p_previous, 'hex') || '|'
        || pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.concat_ws('|', p_seal_no,
            ledger.microseconds(p_after), ledger.microseconds(p_until), p_leaves, pg_catalog.encode(p_root, 'hex'),
            ledger.microseconds(p_sealed_at)), 'UTF8')), 'hex'), 'UTF8'))
$function$;

CREATE OR REPLACE FUNCTION ledger.seal_leaves(p_after timestamp with time zone, p_until timestamp with time zone)
 RETURNS TABLE(at timestamp with time zone, type smallint, id text, community_id uuid, leaf bytea)
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION ledger.seal_step()
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET jit TO 'off'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION ledger.set_ceiling(p_community_id uuid, p_owner uuid, p_ceiling bigint, p_actor uuid, p_words text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
DECLARE
    v_main    constant bigint := ledger.get_account(p_community_id, 'main', p_owner);
    v_balance record;
BEGIN
    IF p_ceiling IS NOT NULL AND NOT ledger.is_amount(p_ceiling, 0) THEN
        RAISE EXCEPTION 'a ceiling is zero or more, and at most 10^15' USING ERRCODE = 'LX006';
    END IF;
    SELECT posted, ceiling INTO v_balance FROM ledger.balance WHERE balance_id = v_main FOR NO KEY UPDATE;
    IF v_balance.posted > p_ceiling THEN
        RAISE EXCEPTION 'there is more than % in the account', p_ceiling USING ERRCODE = 'LX011';
    END IF;
    UPDATE ledger.balance SET ceiling = p_ceiling WHERE balance_id = v_main;
    PERFORM ledger.write_audit('ceiling', p_community_id, v_main, v_balance.ceiling, p_ceiling, p_actor, p_words);
END
$function$;

CREATE OR REPLACE FUNCTION ledger.set_credit_line(p_community_id uuid, p_owner uuid, p_credit_limit bigint, p_actor uuid, p_words text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
DECLARE
    v_main    constant bigint := ledger.get_account(p_community_id, 'main', p_owner);
    v_balance record;
BEGIN
    IF NOT ledger.is_amount(p_credit_limit, 0) THEN
        RAISE EXCEPTION 'a credit line is zero or more, and at most 10^15' USING ERRCODE = 'LX006';
    END IF;
    SELECT posted, floor INTO v_balance FROM ledger.balance WHERE balance_id = v_main FOR NO KEY UPDATE;
    IF v_balance.posted < -p_credit_limit THEN
        RAISE EXCEPTION 'more than % of the credit line is in use', p_credit_limit USING ERRCODE = 'LX011';
    END IF;
    UPDATE ledger.balance SET floor = -p_credit_limit WHERE balance_id = v_main;
    PERFORM ledger.write_audit('credit_line', p_community_id, v_main, -v_balance.floor, p_credit_limit, p_actor, p_words);
END
$function$;

CREATE OR REPLACE FUNCTION ledger.share_of_fee(p_fee bigint, p_part bigint, p_price bigint)
 RETURNS bigint
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
DECLARE
    v_share constant bigint := div(p_fee::numeric * p_part, p_price);
    v_rest  constant numeric := p_fee::numeric * p_part - v_share::numeric * p_price;
BEGIN
    RETURN v_share + CASE WHEN 2 * v_rest > p_price OR (2 * v_rest = p_price AND v_share % 2 = 1) THEN 1 ELSE 0 END;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.shortage(p_kind ledger.journal_kind)
 RETURNS ledger.refusal
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
    SELECT (CASE WHEN p_kind IN ('release', 'refund', 'expiry', 'clearing_out') THEN 'hold_ended'
                 WHEN p_kind = 'clearing_in' THEN 'limit_reached' ELSE 'insufficient_credits' END)::ledger.refusal
$function$;

CREATE OR REPLACE FUNCTION ledger.stop_postings(p_community_id uuid, p_words text)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    v_stopped uuid[];
    v_at      timestamptz;
BEGIN
    IF coalesce(p_words, '') = '' THEN
        RAISE EXCEPTION 'a stop says why' USING ERRCODE = 'LX006';
    END IF;
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
$function$;

CREATE OR REPLACE FUNCTION ledger.write_audit(p_what text, p_community_id uuid, p_account_id bigint, p_before bigint, p_after bigint, p_actor uuid, p_words text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    v_moment constant timestamptz := ledger.next_moment();
BEGIN
    INSERT INTO ledger.audit (at, what, community_id, account_id, before, after, actor, words)
    VALUES (v_moment, p_what, p_community_id, p_account_id, p_before, p_after, p_actor, p_words);
END
$function$;

CREATE OR REPLACE VIEW ledger.accounts AS
 SELECT a.account_id,
    a.community_id,
    a.owner,
    a.kind,
    b.posted,
    b.floor,
    b.ceiling,
    b.posted - b.floor AS available,
    b.seq AS entry_count,
    NULLIF(b.last_at, '-infinity'::timestamp with time zone) AS last_at,
    a.opened_at,
    b.is_open
   FROM ledger.account a
     JOIN ledger.balance b ON b.balance_id = a.account_id;

CREATE OR REPLACE VIEW ledger.audits AS
 SELECT audit_id,
    at,
    community_id,
    what,
    account_id,
    before,
    after,
    actor,
    words
   FROM ledger.audit;

CREATE OR REPLACE VIEW ledger.bonuses AS
 SELECT community_id,
    owner,
    kind,
    about,
    journal_id
   FROM ledger.bonus;

CREATE OR REPLACE VIEW ledger.broken_i1 AS
 SELECT community_id,
    'community '::text || community_id AS subject,
    'its balances sum to '::text || total AS detail
   FROM ledger.totals
  WHERE total <> 0::numeric;

CREATE OR REPLACE VIEW ledger.broken_i2 AS
 SELECT COALESCE(j.community_id, leg.communities[1]) AS community_id,
    'journal '::text || COALESCE(j.journal_id, leg.journal_id) AS subject,
        CASE
            WHEN j.journal_id IS NULL THEN leg.legs || ' legs without a journal row'::text
            WHEN j.reason IS NOT NULL THEN ('refused, yet it has '::text || leg.legs) || ' legs'::text
            WHEN leg.legs IS NULL THEN 'posted without a leg'::text
            WHEN leg.total <> 0::numeric THEN 'its legs sum to '::text || leg.total
            WHEN leg.communities <> ARRAY[j.community_id] THEN 'it moves credits of another community'::text
            ELSE 'its legs have another time'::text
        END AS detail
   FROM ledger.journal j
     FULL JOIN ( SELECT e.journal_id,
            count(*) AS legs,
            sum(e.amount) AS total,
            min(e.booked_at) AS first_at,
            max(e.booked_at) AS last_at,
            array_agg(DISTINCT a.community_id) AS communities
           FROM ledger.entry e
             LEFT JOIN ledger.account a ON a.account_id = e.balance_id
          GROUP BY e.journal_id) leg ON leg.journal_id = j.journal_id
  WHERE j.journal_id IS NULL OR (j.reason IS NULL) <> (leg.legs IS NOT NULL) OR leg.total <> 0::numeric OR leg.communities <> ARRAY[j.community_id] OR leg.first_at <> j.booked_at OR leg.last_at <> j.booked_at
UNION ALL
 SELECT j.community_id,
    'journal '::text || j.journal_id AS subject,
    'a starter grant, yet its member is down as without one until later'::text AS detail
   FROM ledger.journal j
     JOIN ledger.entry e ON e.journal_id = j.journal_id AND e.booked_at = j.booked_at
     JOIN ledger.account a ON a.account_id = e.balance_id AND a.kind = 'gift'::ledger.account_kind
  WHERE j.kind = 'starter_grant'::ledger.journal_kind AND j.reason IS NULL AND NOT (EXISTS ( SELECT
           FROM ledger.bonus b
             JOIN ledger.journal first ON first.journal_id = b.journal_id
          WHERE b.community_id = a.community_id AND b.owner = a.owner AND b.kind = 'starter_grant'::ledger.journal_kind AND b.about = a.owner AND first.booked_at <= j.booked_at))
UNION ALL
 SELECT b.community_id,
    'journal '::text || b.journal_id AS subject,
    ((('a '::text || b.kind) || ' of '::text) || b.owner) || ' names it, but it is none'::text AS detail
   FROM ledger.bonus b
     LEFT JOIN ledger.journal j ON j.journal_id = b.journal_id AND j.kind = b.kind AND j.community_id = b.community_id AND j.reason IS NULL
  WHERE j.journal_id IS NULL;

CREATE OR REPLACE VIEW ledger.broken_i3 AS
 SELECT a.community_id,
    (a.kind || ' account '::text) || a.account_id AS subject,
        CASE
            WHEN b.balance_id IS NULL THEN 'it has no balance'::text
            WHEN b.seq <> COALESCE(e.entries, 0::bigint) THEN (('it counts '::text || b.seq) || ' entries but has '::text) || COALESCE(e.entries, 0::bigint)
            WHEN b.posted::numeric <> COALESCE(e.total, 0::numeric) THEN (('its balance is '::text || b.posted) || ' but its entries sum to '::text) || COALESCE(e.total, 0::numeric)
            WHEN b.posted <> COALESCE(last.balance_after, 0::bigint) THEN (('its balance is '::text || b.posted) || ' but the last entry says '::text) || last.balance_after
            WHEN b.community_id <> a.community_id THEN 'its balance belongs to another community'::text
            ELSE (('it moved last at '::text || b.last_at) || ' but its last entry is of '::text) || COALESCE(last.booked_at, '-infinity'::timestamp with time zone)
        END AS detail
   FROM ledger.account a
     LEFT JOIN ledger.balance b ON b.balance_id = a.account_id
     LEFT JOIN ( SELECT entry.balance_id,
            count(*) AS entries,
            sum(entry.amount) AS total,
            max(entry.seq) AS last_seq
           FROM ledger.entry
          GROUP BY entry.balance_id) e ON e.balance_id = a.account_id
     LEFT JOIN ledger.entry last ON last.balance_id = e.balance_id AND last.seq = e.last_seq
  WHERE b.balance_id IS NULL OR b.seq <> COALESCE(e.entries, 0::bigint) OR b.posted::numeric <> COALESCE(e.total, 0::numeric) OR b.posted <> COALESCE(last.balance_after, 0::bigint) OR b.community_id <> a.community_id OR b.last_at <> COALESCE(last.booked_at, '-infinity'::timestamp with time zone);

CREATE OR REPLACE VIEW ledger.broken_i4 AS
 SELECT a.community_id,
    (('entry '::text || e.balance_id) || '/'::text) || e.seq AS subject,
        CASE
            WHEN a.account_id IS NULL THEN 'its account does not exist'::text
            WHEN e.seq <> e.place THEN ('it is number '::text || e.place) || ' of its account'::text
            WHEN e.booked_at <= e.before_at THEN 'it is not later than the entry before it'::text
            ELSE (((('the balance before was '::text || e.before) || ', so '::text) || (e.before + e.amount)) || ' should follow, not '::text) || e.balance_after
        END AS detail
   FROM ( SELECT entry.balance_id,
            entry.seq,
            entry.amount,
            entry.balance_after,
            entry.booked_at,
            row_number() OVER path AS place,
            lag(entry.booked_at, 1, '-infinity'::timestamp with time zone) OVER path AS before_at,
            lag(entry.balance_after, 1, 0::bigint) OVER path AS before
           FROM ledger.entry
          WINDOW path AS (PARTITION BY entry.balance_id ORDER BY entry.seq)) e
     LEFT JOIN ledger.account a ON a.account_id = e.balance_id
  WHERE a.account_id IS NULL OR e.seq <> e.place OR e.booked_at <= e.before_at OR e.balance_after <> (e.before + e.amount);

CREATE OR REPLACE VIEW ledger.broken_i5 AS
 SELECT a.community_id,
    (a.kind || ' account '::text) || a.account_id AS subject,
        CASE
            WHEN b.posted < b.floor OR b.posted > b.ceiling OR b.floor IS NULL AND (a.kind <> ALL (ARRAY['issuer'::ledger.account_kind, 'clearing'::ledger.account_kind])) THEN (((('its balance is '::text || b.posted) || ', allowed '::text) || COALESCE(b.floor::text, 'any'::text)) || ' to '::text) || COALESCE(b.ceiling::text, 'any'::text)
            WHEN b.is_open = (NOT shut.closed IS DISTINCT FROM 'closed'::text) THEN ('it is '::text ||
            CASE
                WHEN b.is_open THEN 'open'::text
                ELSE 'closed'::text
            END) || ', the audit says otherwise'::text
            ELSE ((('it may go from '::text || COALESCE(b.floor::text, 'any'::text)) || ' to '::text) || COALESCE(b.ceiling::text, 'any'::text)) || ', which the audit does not say'::text
        END AS detail
   FROM ledger.account a
     JOIN ledger.balance b ON b.balance_id = a.account_id
     LEFT JOIN ( SELECT audit.account_id,
            (array_agg(audit.after ORDER BY audit.audit_id DESC) FILTER (WHERE audit.what = ANY (ARRAY['credit_line'::text, 'clearing_limit'::text])))[1] AS lowest,
            (array_agg(audit.after ORDER BY audit.audit_id DESC) FILTER (WHERE audit.what = ANY (ARRAY['ceiling'::text, 'clearing_limit'::text])))[1] AS highest
           FROM ledger.audit
          WHERE audit.account_id IS NOT NULL
          GROUP BY audit.account_id) said ON said.account_id = a.account_id
     LEFT JOIN ( SELECT m.community_id,
            m.owner,
            (array_agg(u.what ORDER BY u.audit_id DESC))[1] AS closed
           FROM ledger.audit u
             JOIN ledger.account m ON m.account_id = u.account_id
          WHERE u.what = ANY (ARRAY['closed'::text, 'reopened'::text])
          GROUP BY m.community_id, m.owner) shut ON shut.community_id = a.community_id AND shut.owner = a.owner AND (a.kind = ANY (ARRAY['main'::ledger.account_kind, 'gift'::ledger.account_kind]))
  WHERE b.posted < b.floor OR b.posted > b.ceiling OR b.floor IS NULL AND (a.kind <> ALL (ARRAY['issuer'::ledger.account_kind, 'clearing'::ledger.account_kind])) OR b.is_open = (NOT shut.closed IS DISTINCT FROM 'closed'::text) OR b.floor IS DISTINCT FROM
        CASE
            WHEN a.kind <> 'issuer'::ledger.account_kind THEN - COALESCE(said.lowest, 0::bigint)
            ELSE NULL::bigint
        END OR b.ceiling IS DISTINCT FROM said.highest
UNION ALL
 SELECT c.community_id,
    'community '::text || c.community_id AS subject,
        CASE
            WHEN c.stopped_at IS NULL THEN 'it posts'::text
            ELSE 'it is stopped'::text
        END || ', the audit says otherwise'::text AS detail
   FROM ledger.community c
     LEFT JOIN LATERAL ( SELECT u.what
           FROM ledger.audit u
          WHERE u.community_id = c.community_id AND (u.what = ANY (ARRAY['stopped'::text, 'resumed'::text]))
          ORDER BY u.audit_id DESC
         LIMIT 1) said ON true
  WHERE (c.stopped_at IS NOT NULL) <> (NOT said.what IS DISTINCT FROM 'stopped'::text)
UNION ALL
 SELECT NULL::uuid AS community_id,
    'horizon of the seals'::text AS subject,
    ('it is '::text || s.horizon) || ', not between the last seal and now'::text AS detail
   FROM ledger.sealing s
  WHERE s.horizon < COALESCE(( SELECT max(seal.until) AS max
           FROM ledger.seal), '-infinity'::timestamp with time zone) OR s.horizon > (ledger.clock() + '01:00:00'::interval);

CREATE OR REPLACE VIEW ledger.broken_i6 AS
 SELECT a.community_id,
    'escrow of trade '::text || a.owner AS subject,
        CASE
            WHEN h.trade_id IS NULL THEN b.posted || ' lie there without a hold'::text
            WHEN h.state <> 'held'::ledger.hold_state THEN ((('the hold is '::text || h.state) || ', yet '::text) || b.posted) || ' lie there'::text
            WHEN b.posted <> (h.from_gift + h.from_main) THEN (('held are '::text || (h.from_gift + h.from_main)) || ', there lie '::text) || b.posted
            ELSE ('the hold expired at '::text || h.expires_at) || ' and was not returned'::text
        END AS detail
   FROM ledger.account a
     JOIN ledger.balance b ON b.balance_id = a.account_id
     LEFT JOIN ledger.hold h ON h.escrow_id = a.account_id
  WHERE a.kind = 'escrow'::ledger.account_kind AND
        CASE
            WHEN h.trade_id IS NULL OR h.state <> 'held'::ledger.hold_state THEN b.posted <> 0
            ELSE b.posted <> (h.from_gift + h.from_main) OR h.expires_at < (ledger.clock() - '01:00:00'::interval) AND NOT (EXISTS ( SELECT
               FROM ledger.community c
              WHERE c.community_id = a.community_id AND c.stopped_at IS NOT NULL))
        END
UNION ALL
 SELECT h.community_id,
    'escrow of trade '::text || h.trade_id AS subject,
        CASE
            WHEN j.journal_id IS NULL THEN 'the hold names no posting that held it'::text
            ELSE 'the hold is not what its posting asked for'::text
        END AS detail
   FROM ledger.hold h
     LEFT JOIN ledger.journal j ON j.journal_id = h.held_by AND j.reference = h.trade_id AND j.kind = 'hold'::ledger.journal_kind AND j.community_id = h.community_id AND j.reason IS NULL
     CROSS JOIN LATERAL ( SELECT ledger.how_asked(h.*, j.request_hash, j.actor) AS asked) how
  WHERE h.state = 'held'::ledger.hold_state AND (j.journal_id IS NULL OR how.asked IS NULL OR how.asked = 'before'::text AND h.payee IS NOT NULL AND NOT (EXISTS ( SELECT
           FROM ledger.audit u
             JOIN ledger.account p ON p.account_id = u.account_id
          WHERE u.what = 'payee'::text AND u.words = h.trade_id::text AND p.community_id = h.community_id AND p.owner = h.payee AND p.kind = 'main'::ledger.account_kind)) OR h.from_gift <> COALESCE(( SELECT - e.amount
           FROM ledger.account g
             JOIN ledger.entry e ON e.balance_id = g.account_id
          WHERE g.community_id = h.community_id AND g.owner = h.payer AND g.kind = 'gift'::ledger.account_kind AND e.journal_id = h.held_by AND e.booked_at = j.booked_at), 0::bigint));

CREATE OR REPLACE VIEW ledger.communities AS
 SELECT community_id,
    opened_at,
    stopped_at,
    stopped_why
   FROM ledger.community;

CREATE OR REPLACE VIEW ledger.entries AS
 SELECT balance_id AS account_id,
    seq,
    amount,
    balance_after,
    booked_at,
    journal_id
   FROM ledger.entry;

CREATE OR REPLACE VIEW ledger.holds AS
 SELECT trade_id,
    community_id,
    payer,
    escrow_id,
    from_gift + from_main AS amount,
    from_gift,
    from_main,
    expires_at,
    state,
    held_by,
    ended_by,
    payee,
    from_gift + from_main - buyer_fee AS price,
    buyer_fee,
    seller_fee
   FROM ledger.hold;

CREATE OR REPLACE VIEW ledger.journals AS
 SELECT journal_id,
    community_id,
    kind,
    reason,
    booked_at,
    actor,
    reference,
    request_hash,
    content_hash
   FROM ledger.journal;

CREATE OR REPLACE VIEW ledger.seals AS
 SELECT seal_no,
    NULLIF(after, '-infinity'::timestamp with time zone) AS after,
    until,
    leaves,
    root,
    previous,
    digest,
    sealed_at
   FROM ledger.seal;

CREATE OR REPLACE VIEW ledger.totals AS
 SELECT a.community_id,
    - sum(b.posted) FILTER (WHERE a.kind = 'issuer'::ledger.account_kind) AS issued,
    COALESCE(sum(b.posted) FILTER (WHERE a.kind = ANY (ARRAY['main'::ledger.account_kind, 'gift'::ledger.account_kind])), 0::numeric) AS with_members,
    COALESCE(sum(b.posted) FILTER (WHERE a.kind = 'escrow'::ledger.account_kind), 0::numeric) AS held,
    COALESCE(sum(b.posted) FILTER (WHERE a.kind = ANY (ARRAY['fees'::ledger.account_kind, 'protection'::ledger.account_kind, 'clearing'::ledger.account_kind])), 0::numeric) AS with_community,
    sum(b.posted) AS total,
    COALESCE(sum(b.posted) FILTER (WHERE a.kind = 'fees'::ledger.account_kind), 0::numeric) AS fees,
    COALESCE(sum(b.posted) FILTER (WHERE a.kind = 'protection'::ledger.account_kind), 0::numeric) AS protection,
    COALESCE(sum(b.posted) FILTER (WHERE a.kind = 'clearing'::ledger.account_kind), 0::numeric) AS clearing
   FROM ledger.account a
     JOIN ledger.balance b ON b.balance_id = a.account_id
  GROUP BY a.community_id;
