-- The checker: I1 to I8 over everything, or over what was booked after a time. Run as ledger_auditor, after 0004_proofs.
--
-- All answer with the rows that break an invariant: community_id (null: unknown), subject (which row, in words), detail
-- (what is wrong with it). Each is one statement over whole sets in one snapshot. The views broken_i1 to broken_i6 are
-- the definitions over everything; the functions here are the same over what is new, and I7 and I8.

SET LOCAL ROLE ledger_auditor;

-- I2 over postings after p_since, without what is given once (ledger.find_bonuses_i2).
CREATE FUNCTION ledger.find_new_i2(p_since timestamptz)
RETURNS TABLE (community_id uuid, subject text, detail text)
LANGUAGE sql STABLE
AS $$
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
$$;

-- I2, what is given once, of postings after p_since: each has its bonus, which says what was asked for under its key (the
-- request hash, which the seals cover): of which member, for which newcomer. With '-infinity' also the other way: a bonus
-- that fits no posting keeps a member from what is due, or its posting from being found.
--
-- The release before wrote no bonus down. Its referral bonuses named no newcomer; of a member who got two starter grants
-- the first is down, and those that it gave came from the first issuer.
CREATE FUNCTION ledger.find_bonuses_i2(p_since timestamptz)
RETURNS TABLE (community_id uuid, subject text, detail text)
LANGUAGE sql STABLE
AS $$
    WITH given AS MATERIALIZED (
        SELECT j.journal_id, j.community_id, j.kind, j.booked_at, j.actor, j.request_hash,
               (array_agg(a.owner) FILTER (WHERE a.kind = 'gift'))[1] AS owner,
               (array_agg(e.amount) FILTER (WHERE a.kind = 'gift'))[1] AS amount,
               bool_or(a.kind = 'issuer' AND a.owner IS NULL) AS is_of_first_issuer
        FROM ledger.journal j
        JOIN ledger.entry e ON e.journal_id = j.journal_id AND e.booked_at = j.booked_at AND e.booked_at > p_since
        JOIN ledger.account a ON a.account_id = e.balance_id
        WHERE j.booked_at > p_since AND j.kind IN ('starter_grant', 'referral_bonus') AND j.reason IS NULL
        GROUP BY j.journal_id, j.community_id, j.kind, j.booked_at, j.actor, j.request_hash
    )
    SELECT g.community_id, 'journal ' || g.journal_id,
           'a ' || g.kind || ' of ' || coalesce(g.owner::text, 'nobody') || ' that is not down as given'
    FROM given g
    LEFT JOIN ledger.bonus b ON b.community_id = g.community_id AND b.owner = g.owner AND b.kind = g.kind
        AND b.journal_id = g.journal_id
    WHERE b.journal_id IS NULL AND NOT CASE g.kind
        WHEN 'starter_grant' THEN g.is_of_first_issuer AND EXISTS (
            SELECT FROM ledger.bonus o JOIN ledger.journal f ON f.journal_id = o.journal_id
            WHERE o.community_id = g.community_id AND o.owner = g.owner AND o.kind = 'starter_grant' AND o.about = g.owner
              AND f.booked_at < g.booked_at)
        ELSE g.request_hash = ledger.request_hash(g.kind::text, g.community_id::text, g.owner::text, g.amount::text,
                                                  g.actor::text) END
    UNION ALL
    SELECT b.community_id, 'journal ' || b.journal_id,
           'down as a ' || b.kind || ' of ' || b.owner
               || CASE b.kind WHEN 'starter_grant' THEN '' ELSE ' for ' || b.about END
               || CASE WHEN g.journal_id IS NULL THEN ', but it is none' ELSE ', which nobody asked for' END
    FROM ledger.bonus b
    LEFT JOIN given g ON g.journal_id = b.journal_id AND g.kind = b.kind AND g.community_id = b.community_id
        AND g.owner = b.owner
    WHERE (p_since = '-infinity' OR g.journal_id IS NOT NULL)
      AND CASE b.kind
          WHEN 'starter_grant' THEN b.about = b.owner AND g.request_hash = ledger.request_hash(g.kind::text,
              g.community_id::text, g.owner::text, g.amount::text, g.actor::text)
          ELSE g.request_hash = ledger.request_hash(g.kind::text, g.community_id::text, g.owner::text, g.amount::text,
              g.actor::text, b.about::text) END IS NOT TRUE
$$;

-- I3 over balances that moved after p_since, by their last entry only; their sums are a matter of the full check.
CREATE FUNCTION ledger.find_new_i3(p_since timestamptz)
RETURNS TABLE (community_id uuid, subject text, detail text)
LANGUAGE sql STABLE
AS $$
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
$$;

-- I4 over entries after p_since; the first of each account is compared with the entry before it.
CREATE FUNCTION ledger.find_new_i4(p_since timestamptz)
RETURNS TABLE (community_id uuid, subject text, detail text)
LANGUAGE sql STABLE
AS $$
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
$$;

-- How a hold was asked for by the posting that made it: 'whole', or 'before' by the release before, which named no payee;
-- null: not as the hold says now. No table is read.
CREATE FUNCTION ledger.how_asked(p_hold ledger.hold, p_hash bytea, p_actor uuid) RETURNS text
LANGUAGE sql STABLE
AS $$
    SELECT CASE
        WHEN p_hash = ledger.request_hash('hold', p_hold.community_id::text, p_hold.trade_id::text, p_hold.payer::text,
                p_hold.payee::text, (p_hold.from_gift + p_hold.from_main - p_hold.buyer_fee)::text,
                p_hold.buyer_fee::text, p_hold.seller_fee::text, p_actor::text) THEN 'whole'
        WHEN p_hold.buyer_fee + p_hold.seller_fee = 0 AND p_hash = ledger.request_hash('hold', p_hold.community_id::text,
                p_hold.trade_id::text, p_hold.payer::text, (p_hold.from_gift + p_hold.from_main)::text, p_actor::text)
            THEN 'before' END
$$;

-- I6 over holds that ended after p_since: each still says what was asked for when it was made, and what lay in escrow went
-- to the accounts of its payee and payer (and fees, clearing), as its end says, before or after its deadline, as the audit
-- says. So a hold that somebody changed, used and changed back is found as well. And every posting after p_since that held
-- credits has its hold, so one that somebody removed is found.
CREATE FUNCTION ledger.find_ended_i6(p_since timestamptz)
RETURNS TABLE (community_id uuid, subject text, detail text)
LANGUAGE sql STABLE
AS $$
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
               bool_or(d.kind = 'expiry') FILTER (WHERE d.kind <> 'refund') AS has_expired,
               max(d.booked_at) FILTER (WHERE d.journal_id = h.ended_by) AS ended_at,
               bool_or(a.owner = h.payer AND a.kind IN ('gift', 'main')) AS came_back,
               coalesce(sum(e.amount) FILTER (WHERE a.owner = h.payer AND a.kind = 'main'), 0) AS to_main,
               coalesce(sum(e.amount) FILTER (WHERE a.kind = 'fees'), 0) AS fees
        FROM ended h
        JOIN ledger.journal d ON d.reference = h.trade_id AND d.booked_at > p_since AND d.reason IS NULL
            AND d.kind IN ('release', 'refund', 'expiry', 'clearing_out', 'clearing_in')
        JOIN ledger.entry e ON e.journal_id = d.journal_id AND e.booked_at = d.booked_at AND e.booked_at > p_since
        JOIN ledger.account a ON a.account_id = e.balance_id
        GROUP BY h.trade_id
    ), due AS (
        SELECT DISTINCT ON (u.account_id) u.account_id, u.after
        FROM ledger.audit u JOIN ended h ON h.escrow_id = u.account_id
        WHERE u.what = 'deadline' ORDER BY u.account_id, u.audit_id DESC
    ), judged AS (
        SELECT h.community_id, h.trade_id,
               CASE WHEN j.journal_id IS NULL THEN 'the hold names no posting that held it'
                    WHEN how.asked IS NULL OR h.from_gift <> coalesce(-given.amount, 0)
                        OR (how.asked = 'before' AND h.payee IS NOT NULL AND named.audit_id IS NULL)
                        THEN 'the hold is not what its posting asked for'
                    WHEN CASE WHEN due.account_id IS NULL THEN how.asked <> 'before'
                              ELSE due.after IS DISTINCT FROM extract(epoch FROM h.expires_at) * 1000000 END
                        THEN 'its deadline is ' || h.expires_at || ', which the audit does not say'
                    WHEN w.has_end IS NOT TRUE THEN 'the hold names no posting that ended it so'
                    WHEN w.has_expired <> (due.after <= extract(epoch FROM w.ended_at) * 1000000)
                        THEN 'it ended at ' || w.ended_at || ', on the wrong side of its deadline'
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
        LEFT JOIN due ON due.account_id = h.escrow_id
        LEFT JOIN went w ON w.trade_id = h.trade_id
    )
    SELECT community_id, 'escrow of trade ' || trade_id, detail FROM judged WHERE detail IS NOT NULL
    UNION ALL
    SELECT j.community_id, 'escrow of trade ' || coalesce(j.reference::text, 'unknown'),
           'journal ' || j.journal_id || ' held credits, its hold is gone'
    FROM ledger.journal j
    WHERE j.booked_at > p_since AND j.kind = 'hold' AND j.reason IS NULL
      AND NOT EXISTS (SELECT FROM ledger.hold h WHERE h.trade_id = j.reference AND h.held_by = j.journal_id)
$$;

-- I7: the content hash of every journal row, posted or refused, recomputes from the row and its legs.
CREATE FUNCTION ledger.find_new_i7(p_since timestamptz)
RETURNS TABLE (community_id uuid, subject text, detail text)
LANGUAGE sql STABLE
AS $$
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
$$;

-- I8, the chain: every seal follows from the one before it, and the horizon is not behind them.
CREATE FUNCTION ledger.find_broken_chain()
RETURNS TABLE (community_id uuid, subject text, detail text)
LANGUAGE sql STABLE
AS $$
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
$$;

-- I8, the rows: what the seals that end after p_since sealed is still there, unchanged, and nothing was added.
--
-- One pass over all leaves: the seal of each is found by binary search among the ends (a seal ends with its last
-- microsecond, hence the one taken off). A row that is named has another digest than any that its seal marked.
CREATE FUNCTION ledger.find_broken_roots(p_since timestamptz)
RETURNS TABLE (community_id uuid, subject text, detail text)
LANGUAGE sql STABLE
AS $$
    WITH chain AS (
        SELECT s.*, row_number() OVER (ORDER BY until) AS bucket FROM ledger.seal s WHERE until > p_since
    ), ends AS (
        SELECT array_agg(until ORDER BY until) AS untils, min(after) AS first_after, max(until) AS last_until FROM chain
    ), leaf AS (
        SELECT l.*, width_bucket(l.at - interval '1 microsecond', ends.untils) + 1 AS bucket
        FROM ends CROSS JOIN LATERAL ledger.seal_leaves(ends.first_after, ends.last_until) l
    ), tree AS (
        SELECT bucket, count(*) AS leaves, ledger.merkle_root(array_agg(leaf ORDER BY at, type, id)) AS root,
               string_agg(substr(leaf, 1, 4), NULL ORDER BY at, type, id) AS marks
        FROM leaf GROUP BY bucket
    ), broken AS (
        SELECT c.*, coalesce(t.leaves, 0) AS found, t.root IS NOT DISTINCT FROM c.root AS has_root
        FROM chain c LEFT JOIN tree t ON t.bucket = c.bucket
        WHERE t.root IS DISTINCT FROM c.root OR t.leaves IS DISTINCT FROM c.leaves OR t.marks IS DISTINCT FROM c.marks
    ), mark AS (  -- taken apart once: a seal has up to 100,000
        SELECT DISTINCT b.bucket, m[1] AS mark
        FROM broken b CROSS JOIN LATERAL regexp_matches(encode(b.marks, 'hex'), '.{8}', 'g') m
        WHERE NOT b.has_root
    ), named AS (
        SELECT b.seal_no, l.community_id,
               (ARRAY['account ', 'audit row ', 'journal '])[l.type] || l.id AS subject,
               'it is not as seal ' || b.seal_no || ' sealed it' AS detail
        FROM broken b JOIN leaf l ON l.bucket = b.bucket
        LEFT JOIN mark m ON m.bucket = l.bucket AND m.mark = encode(substr(l.leaf, 1, 4), 'hex')
        WHERE NOT b.has_root AND m.mark IS NULL
    )
    SELECT n.community_id, n.subject, n.detail FROM named n
    UNION ALL
    SELECT NULL, 'seal ' || b.seal_no,
           CASE WHEN b.found < b.leaves THEN (b.leaves - b.found) || ' of the ' || b.leaves || ' rows that it sealed are gone'
                WHEN b.found > b.leaves THEN (b.found - b.leaves) || ' rows were added to the ' || b.leaves || ' that it sealed'
                WHEN b.has_root THEN 'its marks do not follow from the rows that it sealed'
                ELSE 'its root does not follow from the rows that it sealed' END
    FROM broken b
    WHERE b.found <> b.leaves OR NOT EXISTS (SELECT FROM named n WHERE n.seal_no = b.seal_no)
    UNION ALL
    SELECT l.community_id, (ARRAY['account ', 'audit row ', 'journal '])[l.type] || l.id,
           'it is dated before the end of what was sealed, yet no seal has it'
    FROM ledger.sealing s
    CROSS JOIN LATERAL ledger.seal_leaves(coalesce((SELECT max(until) FROM ledger.seal), '-infinity'), s.sealed) l
$$;

-- The rows that break the invariant p_name ('I1' to 'I8'). `p_since`: '-infinity' looks at everything; a time at what was
-- booked after it (I2, I3, I4, I7, I8, and of I6 the holds that ended). I1, I5, what lies in escrow and the chain of seals
-- are always looked at in full. A change by hand to what is older (an entry's amount, a bonus, a hold that has ended) is
-- left to the next full check, every night. Locks nothing. Raises LX006 for another name.
CREATE FUNCTION ledger.find_broken(p_name text, p_since timestamptz)
RETURNS TABLE (community_id uuid, subject text, detail text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
SET jit = off
SET work_mem = '64MB'
AS $$
DECLARE
    v_is_full constant boolean := p_since = '-infinity';
BEGIN
    CASE
        WHEN p_name = 'I1' THEN RETURN QUERY SELECT * FROM ledger.broken_i1;
        WHEN p_name = 'I2' THEN
            IF v_is_full THEN
                RETURN QUERY SELECT * FROM ledger.broken_i2;
            ELSE
                RETURN QUERY SELECT * FROM ledger.find_new_i2(p_since);
            END IF;
            RETURN QUERY SELECT * FROM ledger.find_bonuses_i2(p_since);
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
$$;

RESET ROLE;
