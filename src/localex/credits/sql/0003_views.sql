-- The public face again. Run as ledger_owner.
--
-- A view follows the table that it was made over, also when that is renamed, so those over journal and entry are made
-- anew over the partitioned ones. New columns come last.

SET LOCAL ROLE ledger_owner;

CREATE OR REPLACE VIEW ledger.holds AS
SELECT trade_id, community_id, payer, escrow_id, from_gift + from_main AS amount, from_gift, from_main, expires_at,
       state, held_by, ended_by, payee, from_gift + from_main - buyer_fee AS price, buyer_fee, seller_fee
FROM ledger.hold;

COMMENT ON COLUMN ledger.holds.state IS 'held, released (in full or part to the payee) or refunded (to the payer, or expired).';
COMMENT ON COLUMN ledger.holds.ended_by IS 'The posting that released, refunded or expired them; null while held.';
COMMENT ON COLUMN ledger.holds.payee IS 'Pseudonym of the only member to whom they can go; null: not said (an older release).';
COMMENT ON COLUMN ledger.holds.price IS 'What the trade costs without the buyer''s fee, in hundredths; at most this can be captured.';
COMMENT ON COLUMN ledger.holds.buyer_fee IS 'Held on top of the price for the fees account, in hundredths.';
COMMENT ON COLUMN ledger.holds.seller_fee IS 'What the fees account takes of the price, in hundredths.';

CREATE OR REPLACE VIEW ledger.totals AS
SELECT a.community_id,
       -sum(posted) FILTER (WHERE kind = 'issuer') AS issued,
       coalesce(sum(posted) FILTER (WHERE kind IN ('main', 'gift')), 0) AS with_members,
       coalesce(sum(posted) FILTER (WHERE kind = 'escrow'), 0) AS held,
       coalesce(sum(posted) FILTER (WHERE kind IN ('fees', 'protection', 'clearing')), 0) AS with_community,
       sum(posted) AS total,
       coalesce(sum(posted) FILTER (WHERE kind = 'fees'), 0) AS fees,
       coalesce(sum(posted) FILTER (WHERE kind = 'protection'), 0) AS protection,
       coalesce(sum(posted) FILTER (WHERE kind = 'clearing'), 0) AS clearing
FROM ledger.account a JOIN ledger.balance b ON b.balance_id = a.account_id
GROUP BY a.community_id;

COMMENT ON COLUMN ledger.totals.with_community IS 'In fees, protection and clearing together.';
COMMENT ON COLUMN ledger.totals.fees IS 'In the fees account.';
COMMENT ON COLUMN ledger.totals.protection IS 'In the protection account.';
COMMENT ON COLUMN ledger.totals.clearing IS 'In clearing accounts; negative: members got more from other communities than they paid there.';

CREATE VIEW ledger.communities AS
SELECT community_id, opened_at, stopped_at, stopped_why FROM ledger.community;

COMMENT ON VIEW ledger.communities IS 'Every community of the ledger. Look-up: community_id.';
COMMENT ON COLUMN ledger.communities.community_id IS 'The community.';
COMMENT ON COLUMN ledger.communities.opened_at IS 'When its accounts were opened.';
COMMENT ON COLUMN ledger.communities.stopped_at IS 'Since when nothing can be posted here; null: postings go on.';
COMMENT ON COLUMN ledger.communities.stopped_why IS 'Why postings are stopped, in words; null: they are not.';

CREATE VIEW ledger.audits AS
SELECT audit_id, at, community_id, what, account_id, before, after, actor, words FROM ledger.audit;

COMMENT ON VIEW ledger.audits IS 'What was decided about accounts and communities, and the deadlines of holds. Append-only. Look-up: audit_id.';
COMMENT ON COLUMN ledger.audits.audit_id IS 'Number of the decision; rises, with gaps.';
COMMENT ON COLUMN ledger.audits.at IS 'When, by the database''s clock.';
COMMENT ON COLUMN ledger.audits.community_id IS 'The community; null: all.';
COMMENT ON COLUMN ledger.audits.what IS 'credit_line, ceiling, closed, reopened, clearing_limit, payee, deadline, stopped or resumed.';
COMMENT ON COLUMN ledger.audits.account_id IS 'The account; null: the whole community.';
COMMENT ON COLUMN ledger.audits.before IS 'The limit before, in hundredths; of a deadline microseconds since 1970; null: none.';
COMMENT ON COLUMN ledger.audits.after IS 'The limit since then, in hundredths; of a deadline microseconds since 1970; null: none.';
COMMENT ON COLUMN ledger.audits.actor IS 'Pseudonym of who decided; null: the system.';
COMMENT ON COLUMN ledger.audits.words IS 'The reason that was given.';

CREATE VIEW ledger.bonuses AS
SELECT community_id, owner, kind, about, journal_id FROM ledger.bonus;

COMMENT ON VIEW ledger.bonuses IS 'What a member is given only once. Look-up: (community_id, owner, kind, about).';
COMMENT ON COLUMN ledger.bonuses.community_id IS 'The community.';
COMMENT ON COLUMN ledger.bonuses.owner IS 'Pseudonym of the member who got it.';
COMMENT ON COLUMN ledger.bonuses.kind IS 'starter_grant or referral_bonus.';
COMMENT ON COLUMN ledger.bonuses.about IS 'The newcomer of a referral; of a starter grant the member.';
COMMENT ON COLUMN ledger.bonuses.journal_id IS 'The posting.';

-- As in 0001_checks.sql, over the partitions. What is given once: ledger.find_bonuses_i2.
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
   OR leg.communities <> ARRAY[j.community_id] OR leg.first_at <> j.booked_at OR leg.last_at <> j.booked_at;

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

RESET ROLE;
