-- More of what the checks find. Run as ledger_owner.
--
-- A row that may change (a balance's limits, a hold, a bonus) can be damaged by somebody who switches the guards off and on
-- again. Each is compared with what cannot change: the audit, the journal with its hashes, the entries (see also broken_i2
-- and broken_i3 in 0003_views.sql).

SET LOCAL ROLE ledger_owner;

-- As in 0001_checks.sql, and: the limits of an account, whether it is open, and whether, since when and why a community is
-- stopped are as the last audit row about it says; without one a floor is zero (the issuer has none), there is no ceiling,
-- the account is open, and the community posts. What is said of main holds for the gift account: they are closed together.
-- Every community with accounts has its row, without which nobody could stop it; it was opened when its first issuer was
-- (by one call, or by the migration that met it half open). The horizon, too, is where it can be (an hour is left to a clock that was set back).
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
    FROM ledger.audit WHERE what IN ('credit_line', 'ceiling', 'clearing_limit') GROUP BY account_id
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
       CASE WHEN (c.stopped_at IS NOT NULL) = (said.what IS NOT DISTINCT FROM 'stopped')
            THEN 'it is stopped since ' || c.stopped_at || ' (' || c.stopped_why || ')'
            WHEN c.stopped_at IS NULL THEN 'it posts' ELSE 'it is stopped' END || ', the audit says otherwise'
FROM ledger.community c
LEFT JOIN (
    SELECT DISTINCT ON (u.community_id) u.community_id, u.what, u.at, u.words
    FROM ledger.audit u WHERE u.what IN ('stopped', 'resumed') ORDER BY u.community_id, u.audit_id DESC
) said ON said.community_id = c.community_id
WHERE (c.stopped_at IS NOT NULL) <> (said.what IS NOT DISTINCT FROM 'stopped')
   OR c.stopped_at <> said.at OR c.stopped_why <> said.words
UNION ALL
SELECT a.community_id, 'community ' || a.community_id, 'it has ' || a.accounts || ' accounts, but no row of its own'
FROM (SELECT community_id, count(*) AS accounts FROM ledger.account GROUP BY community_id) a
WHERE NOT EXISTS (SELECT FROM ledger.community c WHERE c.community_id = a.community_id)
UNION ALL
SELECT c.community_id, 'community ' || c.community_id,
       'it says that it was opened at ' || c.opened_at || ', its first issuer ' || coalesce(a.opened_at::text, 'never was')
FROM ledger.community c
LEFT JOIN ledger.account a ON a.community_id = c.community_id AND a.kind = 'issuer' AND a.owner IS NULL
WHERE (c.opened_at BETWEEN a.opened_at - interval '1 hour' AND a.opened_at + interval '1 day') IS NOT TRUE
UNION ALL
-- Without the time, which each seal moves on: what somebody lets go on knowing it must read the same the next time.
SELECT NULL, 'horizon of the seals',
       CASE WHEN s.horizon > ledger.clock() THEN 'it lies ahead of the clock, so that all that is booked is dated ahead'
            ELSE 'it lies before the end of the last seal' END
FROM ledger.sealing s
WHERE s.horizon < coalesce((SELECT max(until) FROM ledger.seal), '-infinity')
   OR s.horizon > ledger.clock() + interval '1 hour';

-- As in 0001_checks.sql, and: a hold that is under way says what was asked for when it was made (the request hash of its
-- posting, which the seals cover), and what came from gift and from main is what the entries say. The payee of a hold
-- that was made without one may have been named later, once, with an audit row. The deadline is the newest that the audit
-- has of the escrow account; only a hold of the release before may have none. Holds that ended: ledger.find_ended_i6.
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
            WHEN end_at.has_moved THEN 'its deadline is ' || h.expires_at || ', which the audit does not say'
            ELSE 'the hold is not what its posting asked for' END
FROM ledger.hold h
LEFT JOIN ledger.journal j ON j.journal_id = h.held_by AND j.reference = h.trade_id AND j.kind = 'hold'
    AND j.community_id = h.community_id AND j.reason IS NULL
LEFT JOIN (
    SELECT DISTINCT ON (u.account_id) u.account_id, u.after
    FROM ledger.audit u JOIN ledger.hold o ON o.escrow_id = u.account_id AND o.state = 'held'
    WHERE u.what = 'deadline' ORDER BY u.account_id, u.audit_id DESC
) due ON due.account_id = h.escrow_id
CROSS JOIN LATERAL (SELECT ledger.how_asked(h, j.request_hash, j.actor) AS asked) how
CROSS JOIN LATERAL (
    SELECT CASE WHEN due.account_id IS NULL THEN how.asked <> 'before'
                ELSE due.after IS DISTINCT FROM extract(epoch FROM h.expires_at) * 1000000 END AS has_moved
) end_at
WHERE h.state = 'held' AND (j.journal_id IS NULL OR how.asked IS NULL OR end_at.has_moved
    OR (how.asked = 'before' AND h.payee IS NOT NULL AND NOT EXISTS (
        SELECT FROM ledger.audit u JOIN ledger.account p ON p.account_id = u.account_id
        WHERE u.what = 'payee' AND u.words = h.trade_id::text AND p.community_id = h.community_id AND p.owner = h.payee
          AND p.kind = 'main'))
    OR h.from_gift <> coalesce((
        SELECT -e.amount FROM ledger.account g JOIN ledger.entry e ON e.balance_id = g.account_id
        WHERE g.community_id = h.community_id AND g.owner = h.payer AND g.kind = 'gift' AND e.journal_id = h.held_by
          AND e.booked_at = j.booked_at), 0));

-- Accounts that were closed before there was an audit get their row now, so that a check knows who closed none.
SET LOCAL ROLE ledger_owner;
ALTER TABLE ledger.audit DISABLE TRIGGER USER;
SET LOCAL ROLE ledger_writer;
SELECT ledger.write_audit('closed', a.community_id, a.account_id, NULL, NULL, NULL, 'before there was an audit')
FROM ledger.account a JOIN ledger.balance b ON b.balance_id = a.account_id
WHERE a.kind = 'main' AND NOT b.is_open
  AND (SELECT u.what FROM ledger.audit u WHERE u.account_id = a.account_id AND u.what IN ('closed', 'reopened')
       ORDER BY u.audit_id DESC LIMIT 1) IS DISTINCT FROM 'closed';
-- And deadlines that moved while the release before was back, which writes none down.
SELECT ledger.write_audit('deadline', h.community_id, h.escrow_id, due.after,
                          (extract(epoch FROM h.expires_at) * 1000000)::bigint, NULL, 'while the release before ran')
FROM ledger.hold h
JOIN (SELECT DISTINCT ON (account_id) account_id, after FROM ledger.audit
      WHERE what = 'deadline' ORDER BY account_id, audit_id DESC) due ON due.account_id = h.escrow_id
WHERE due.after IS DISTINCT FROM extract(epoch FROM h.expires_at) * 1000000;
SET LOCAL ROLE ledger_owner;
SELECT ledger.guard_table('ledger.audit', true, 'ROW');
RESET ROLE;
