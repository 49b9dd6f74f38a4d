-- The invariants, each as a view of the rows that break it: empty views mean an honest ledger. Run as ledger_owner.
--
-- All have the same columns: community_id, subject (which row, in words), detail (what is wrong with it). Each is one
-- statement, so it sees one snapshot, and works on whole sets: a million entries take a few seconds, not a round each.

SET LOCAL ROLE ledger_owner;

CREATE VIEW ledger.broken_i1 AS
SELECT community_id, 'community ' || community_id AS subject, 'its balances sum to ' || total AS detail
FROM ledger.totals WHERE total <> 0;
COMMENT ON VIEW ledger.broken_i1 IS 'The balances of a community sum to zero.';

CREATE VIEW ledger.broken_i2 AS
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
   OR leg.communities <> ARRAY[j.community_id] OR leg.first_at <> j.booked_at OR leg.last_at <> j.booked_at;
COMMENT ON VIEW ledger.broken_i2 IS 'A posted journal row has legs that sum to zero, and nothing else has legs.';

CREATE VIEW ledger.broken_i3 AS
SELECT a.community_id, a.kind || ' account ' || a.account_id AS subject,
       CASE WHEN b.balance_id IS NULL THEN 'it has no balance'
            WHEN b.seq <> coalesce(e.entries, 0) THEN 'it counts ' || b.seq || ' entries but has ' || coalesce(e.entries, 0)
            WHEN b.posted <> coalesce(e.total, 0) THEN 'its balance is ' || b.posted || ' but its entries sum to ' || coalesce(e.total, 0)
            ELSE 'its balance is ' || b.posted || ' but the last entry says ' || last.balance_after END AS detail
FROM ledger.account a
LEFT JOIN ledger.balance b ON b.balance_id = a.account_id
LEFT JOIN (SELECT balance_id, count(*) AS entries, sum(amount) AS total, max(seq) AS last_seq
           FROM ledger.entry GROUP BY balance_id) e ON e.balance_id = a.account_id
LEFT JOIN ledger.entry last ON last.balance_id = e.balance_id AND last.seq = e.last_seq
WHERE b.balance_id IS NULL OR b.seq <> coalesce(e.entries, 0) OR b.posted <> coalesce(e.total, 0)
   OR b.posted <> coalesce(last.balance_after, 0);
COMMENT ON VIEW ledger.broken_i3 IS 'A balance equals the sum of its entries and what the last one says.';

CREATE VIEW ledger.broken_i4 AS
SELECT a.community_id, 'entry ' || e.balance_id || '/' || e.seq AS subject,
       CASE WHEN a.account_id IS NULL THEN 'its account does not exist'
            WHEN e.seq <> e.place THEN 'it is number ' || e.place || ' of its account'
            WHEN e.booked_at <= e.before_at THEN 'it is not later than the entry before it'
            ELSE 'the balance before was ' || e.before || ', so ' || (e.before + e.amount) || ' should follow, not ' || e.balance_after
       END AS detail
FROM (
    SELECT balance_id, seq, amount, balance_after, booked_at, row_number() OVER path AS place,
           lag(booked_at, 1, '-infinity') OVER path AS before_at, lag(balance_after, 1, 0::bigint) OVER path AS before
    FROM ledger.entry WINDOW path AS (PARTITION BY balance_id ORDER BY seq)
) e
LEFT JOIN ledger.account a ON a.account_id = e.balance_id
WHERE a.account_id IS NULL OR e.seq <> e.place OR e.booked_at <= e.before_at OR e.balance_after <> e.before + e.amount;
COMMENT ON VIEW ledger.broken_i4 IS 'Entries of an account are numbered without a gap, later each time, and carry the balance forward.';

CREATE VIEW ledger.broken_i5 AS
SELECT a.community_id, a.kind || ' account ' || a.account_id AS subject,
       'its balance is ' || b.posted || ', allowed ' || coalesce(b.floor::text, 'any') || ' to ' || coalesce(b.ceiling::text, 'any') AS detail
FROM ledger.account a JOIN ledger.balance b ON b.balance_id = a.account_id
WHERE b.posted < b.floor OR b.posted > b.ceiling OR (b.floor IS NULL AND a.kind NOT IN ('issuer', 'clearing'));
COMMENT ON VIEW ledger.broken_i5 IS 'No balance is below its floor or above its ceiling.';

-- A hold that has expired may wait an hour for the one who returns it: the worker may just have been restarted.
CREATE VIEW ledger.broken_i6 AS
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
    ELSE b.posted <> h.from_gift + h.from_main OR h.expires_at < ledger.clock() - interval '1 hour' END;
COMMENT ON VIEW ledger.broken_i6 IS 'What lies in escrow belongs to a hold that is neither done nor expired.';

RESET ROLE;
