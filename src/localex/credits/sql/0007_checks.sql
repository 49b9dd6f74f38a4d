-- More of what the checks find, and refunds that a ceiling cannot stop. Run as ledger_owner and ledger_writer.
--
-- A row that may change (a balance's limits, a hold, a bonus) can be damaged by somebody who switches the guards off and on
-- again. Now each is compared with what cannot change: the audit, the journal with its hashes, the entries.

SET LOCAL ROLE ledger_owner;
GRANT CREATE ON SCHEMA ledger TO ledger_writer;

-- As in 0001_checks.sql, and: what is given once has its bonus, and a bonus has its posting. Members who got two starter
-- grants before there were bonuses are down with the first.
CREATE OR REPLACE VIEW ledger.broken_i2 AS
SELECT coalesce(j.community_id, leg.communities[1]) AS community_id,
       'journal ' || coalesce(j.journal_id, leg.journal_id) AS subject,
       CASE WHEN j.journal_id IS NULL THEN leg.legs || ' legs without a journal row'
            WHEN j.reason IS NOT NULL THEN 'refused, yet it has ' || leg.legs || ' legs'
            WHEN leg.legs IS NULL THEN 'posted without a leg'
            WHEN leg.total <> 0 THEN 'its legs sum to ' || leg.total
            WHEN leg.communities <> ARRAY[j.community_id] THEN 'it moves credits of another community'
            ELSE 'its legs have another time' END AS detail
FROM ledger.journal j
FULL JOIN (
    SELECT e.journal_id, count(*) AS legs, sum(e.amount) AS total, min(e.booked_at) AS first_at,
           max(e.booked_at) AS last_at, array_agg(DISTINCT a.community_id) AS communities
    FROM ledger.entry e LEFT JOIN ledger.account a ON a.account_id = e.balance_id
    GROUP BY e.journal_id
) leg ON leg.journal_id = j.journal_id
WHERE j.journal_id IS NULL OR (j.reason IS NULL) <> (leg.legs IS NOT NULL) OR leg.total <> 0
   OR leg.communities <> ARRAY[j.community_id] OR leg.first_at <> j.booked_at OR leg.last_at <> j.booked_at
UNION ALL
SELECT j.community_id, 'journal ' || j.journal_id, 'a starter grant, yet its member is down as without one until later'
FROM ledger.journal j
JOIN ledger.entry e ON e.journal_id = j.journal_id AND e.booked_at = j.booked_at
JOIN ledger.account a ON a.account_id = e.balance_id AND a.kind = 'gift'
WHERE j.kind = 'starter_grant' AND j.reason IS NULL
  AND NOT EXISTS (SELECT FROM ledger.bonus b JOIN ledger.journal first ON first.journal_id = b.journal_id
                  WHERE b.community_id = a.community_id AND b.owner = a.owner AND b.kind = 'starter_grant'
                    AND b.about = a.owner AND first.booked_at <= j.booked_at)
UNION ALL
SELECT b.community_id, 'journal ' || b.journal_id, 'a ' || b.kind || ' of ' || b.owner || ' names it, but it is none'
FROM ledger.bonus b
LEFT JOIN ledger.journal j ON j.journal_id = b.journal_id AND j.kind = b.kind AND j.community_id = b.community_id
    AND j.reason IS NULL
WHERE j.journal_id IS NULL;

-- As in 0001_checks.sql, and: a balance has moved last when its last entry says, in its account's community.
CREATE OR REPLACE VIEW ledger.broken_i3 AS
SELECT a.community_id, a.kind || ' account ' || a.account_id AS subject,
       CASE WHEN b.balance_id IS NULL THEN 'it has no balance'
            WHEN b.seq <> coalesce(e.entries, 0) THEN 'it counts ' || b.seq || ' entries but has ' || coalesce(e.entries, 0)
            WHEN b.posted <> coalesce(e.total, 0) THEN 'its balance is ' || b.posted || ' but its entries sum to ' || coalesce(e.total, 0)
            WHEN b.posted <> coalesce(last.balance_after, 0)
                THEN 'its balance is ' || b.posted || ' but the last entry says ' || last.balance_after
            WHEN b.community_id <> a.community_id THEN 'its balance belongs to another community'
            ELSE 'it moved last at ' || b.last_at || ' but its last entry is of ' || coalesce(last.booked_at, '-infinity') END
       AS detail
FROM ledger.account a
LEFT JOIN ledger.balance b ON b.balance_id = a.account_id
LEFT JOIN (SELECT balance_id, count(*) AS entries, sum(amount) AS total, max(seq) AS last_seq
           FROM ledger.entry GROUP BY balance_id) e ON e.balance_id = a.account_id
LEFT JOIN ledger.entry last ON last.balance_id = e.balance_id AND last.seq = e.last_seq
WHERE b.balance_id IS NULL OR b.seq <> coalesce(e.entries, 0) OR b.posted <> coalesce(e.total, 0)
   OR b.posted <> coalesce(last.balance_after, 0) OR b.community_id <> a.community_id
   OR b.last_at <> coalesce(last.booked_at, '-infinity');

-- As in 0001_checks.sql, and: the limits of an account, whether it is open, and whether a community is stopped are as the
-- last audit row about it says; without one a floor is zero (the issuer has none), there is no ceiling, and the account is
-- open. What is said of main holds for the gift account: they are closed together. The horizon, too, is where it can be
-- (an hour is left to a clock that was set back).
CREATE OR REPLACE VIEW ledger.broken_i5 AS
SELECT a.community_id, a.kind || ' account ' || a.account_id AS subject,
       CASE WHEN b.posted < b.floor OR b.posted > b.ceiling OR (b.floor IS NULL AND a.kind NOT IN ('issuer', 'clearing'))
            THEN 'its balance is ' || b.posted || ', allowed ' || coalesce(b.floor::text, 'any') || ' to ' || coalesce(b.ceiling::text, 'any')
            WHEN b.is_open = (shut.closed IS NOT DISTINCT FROM 'closed')
                THEN 'it is ' || CASE WHEN b.is_open THEN 'open' ELSE 'closed' END || ', the audit says otherwise'
            ELSE 'it may go from ' || coalesce(b.floor::text, 'any') || ' to ' || coalesce(b.ceiling::text, 'any')
                || ', which the audit does not say' END AS detail
FROM ledger.account a
JOIN ledger.balance b ON b.balance_id = a.account_id
LEFT JOIN (
    SELECT account_id,
           (array_agg(after ORDER BY audit_id DESC) FILTER (WHERE what IN ('credit_line', 'clearing_limit')))[1] AS lowest,
           (array_agg(after ORDER BY audit_id DESC) FILTER (WHERE what IN ('ceiling', 'clearing_limit')))[1] AS highest
    FROM ledger.audit WHERE account_id IS NOT NULL GROUP BY account_id
) said ON said.account_id = a.account_id
LEFT JOIN (
    SELECT m.community_id, m.owner, (array_agg(u.what ORDER BY u.audit_id DESC))[1] AS closed
    FROM ledger.audit u JOIN ledger.account m ON m.account_id = u.account_id
    WHERE u.what IN ('closed', 'reopened') GROUP BY m.community_id, m.owner
) shut ON shut.community_id = a.community_id AND shut.owner = a.owner AND a.kind IN ('main', 'gift')
WHERE b.posted < b.floor OR b.posted > b.ceiling OR (b.floor IS NULL AND a.kind NOT IN ('issuer', 'clearing'))
   OR b.is_open = (shut.closed IS NOT DISTINCT FROM 'closed')
   OR b.floor IS DISTINCT FROM (CASE WHEN a.kind <> 'issuer' THEN -coalesce(said.lowest, 0) END)
   OR b.ceiling IS DISTINCT FROM said.highest
UNION ALL
SELECT c.community_id, 'community ' || c.community_id,
       CASE WHEN c.stopped_at IS NULL THEN 'it posts' ELSE 'it is stopped' END || ', the audit says otherwise'
FROM ledger.community c
LEFT JOIN LATERAL (SELECT u.what FROM ledger.audit u WHERE u.community_id = c.community_id
                   AND u.what IN ('stopped', 'resumed') ORDER BY u.audit_id DESC LIMIT 1) said ON true
WHERE (c.stopped_at IS NOT NULL) <> (said.what IS NOT DISTINCT FROM 'stopped')
UNION ALL
SELECT NULL, 'horizon of the seals', 'it is ' || s.horizon || ', not between the last seal and now'
FROM ledger.sealing s
WHERE s.horizon < coalesce((SELECT max(until) FROM ledger.seal), '-infinity')
   OR s.horizon > ledger.clock() + interval '1 hour';

-- As in 0001_checks.sql, and: a hold that is under way says what was asked for when it was made (the request hash of its
-- posting, which the seals cover), and what came from gift and from main is what the entries say. The payee of a hold
-- that was made without one may have been named later, once, with an audit row. Holds that ended: ledger.find_ended_i6.
CREATE OR REPLACE VIEW ledger.broken_i6 AS
SELECT a.community_id, 'escrow of trade ' || a.owner AS subject,
       CASE WHEN h.trade_id IS NULL THEN b.posted || ' lie there without a hold'
            WHEN h.state <> 'held' THEN 'the hold is ' || h.state || ', yet ' || b.posted || ' lie there'
            WHEN b.posted <> h.from_gift + h.from_main THEN 'held are ' || (h.from_gift + h.from_main) || ', there lie ' || b.posted
            ELSE 'the hold expired at ' || h.expires_at || ' and was not returned' END AS detail
FROM ledger.account a
JOIN ledger.balance b ON b.balance_id = a.account_id
LEFT JOIN ledger.hold h ON h.escrow_id = a.account_id
WHERE a.kind = 'escrow' AND CASE
    WHEN h.trade_id IS NULL OR h.state <> 'held' THEN b.posted <> 0
    -- Nothing can be returned while postings are stopped.
    ELSE b.posted <> h.from_gift + h.from_main OR h.expires_at < ledger.clock() - interval '1 hour'
        AND NOT EXISTS (SELECT FROM ledger.community c
                        WHERE c.community_id = a.community_id AND c.stopped_at IS NOT NULL) END
UNION ALL
SELECT h.community_id, 'escrow of trade ' || h.trade_id,
       CASE WHEN j.journal_id IS NULL THEN 'the hold names no posting that held it'
            ELSE 'the hold is not what its posting asked for' END
FROM ledger.hold h
LEFT JOIN ledger.journal j ON j.journal_id = h.held_by AND j.reference = h.trade_id AND j.kind = 'hold'
    AND j.community_id = h.community_id AND j.reason IS NULL
CROSS JOIN LATERAL (SELECT ledger.how_asked(h, j.request_hash, j.actor) AS asked) how
WHERE h.state = 'held' AND (j.journal_id IS NULL OR how.asked IS NULL
    OR (how.asked = 'before' AND h.payee IS NOT NULL AND NOT EXISTS (
        SELECT FROM ledger.audit u JOIN ledger.account p ON p.account_id = u.account_id
        WHERE u.what = 'payee' AND u.words = h.trade_id::text AND p.community_id = h.community_id AND p.owner = h.payee
          AND p.kind = 'main'))
    OR h.from_gift <> coalesce((
        SELECT -e.amount FROM ledger.account g JOIN ledger.entry e ON e.balance_id = g.account_id
        WHERE g.community_id = h.community_id AND g.owner = h.payer AND g.kind = 'gift' AND e.journal_id = h.held_by
          AND e.booked_at = j.booked_at), 0));

RESET ROLE;
-- Accounts that were closed before there was an audit get their row now, so that a check knows who closed none.
SET LOCAL ROLE ledger_owner;
ALTER TABLE ledger.audit DISABLE TRIGGER USER;
SET LOCAL ROLE ledger_writer;
SELECT ledger.write_audit('closed', a.community_id, a.account_id, NULL, NULL, NULL, 'before there was an audit')
FROM ledger.account a JOIN ledger.balance b ON b.balance_id = a.account_id
WHERE a.kind = 'main' AND NOT b.is_open
  AND (SELECT u.what FROM ledger.audit u WHERE u.account_id = a.account_id AND u.what IN ('closed', 'reopened')
       ORDER BY u.audit_id DESC LIMIT 1) IS DISTINCT FROM 'closed';
SET LOCAL ROLE ledger_owner;
SELECT ledger.guard_table('ledger.audit', true, 'ROW');
SET LOCAL ROLE ledger_writer;

GRANT EXECUTE ON FUNCTION ledger.request_hash TO ledger_owner, ledger_auditor, ledger_app;
SET LOCAL ROLE ledger_auditor;
GRANT EXECUTE ON FUNCTION ledger.how_asked TO ledger_owner, ledger_app;
SET LOCAL ROLE ledger_writer;

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

COMMENT ON FUNCTION ledger.request_hash IS
    'Half of a SHA-256 over the parts of a request, joined by bars; null parts as a hyphen. The checks recompute it.';

COMMENT ON FUNCTION ledger.room_in_main IS
    'How much of an amount the main account of a payer can take below its ceiling, under the locks of the posting to come.';

-- As in 0003_operations.sql, and: what main cannot take below its ceiling goes back to gift.
CREATE OR REPLACE FUNCTION ledger.give_back(
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

-- As in 0003_operations.sql, and: what main cannot take below its ceiling goes back to gift.
CREATE OR REPLACE FUNCTION ledger.pay_out(
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
    v_outcome := ledger.post(p_key, p_hold.community_id, 'release', p_actor, p_hold.trade_id, p_hash, v_accounts,
        v_amounts, ledger.check_payee(p_hold, p_payee));
    IF v_outcome.reason IS NULL AND NOT v_outcome.repeated THEN
        UPDATE ledger.hold SET state = 'released', ended_by = p_key WHERE trade_id = p_hold.trade_id;
    END IF;
    RETURN v_outcome;
END
$$;

RESET ROLE;
SET LOCAL ROLE ledger_owner;
REVOKE CREATE ON SCHEMA ledger FROM ledger_writer;
RESET ROLE;
REVOKE ALL ON FUNCTION ledger.room_in_main(bigint[], bigint, bigint) FROM PUBLIC;
