-- The public face: what may be read, by the application, an auditor, or a report. Run as ledger_owner.

SET LOCAL ROLE ledger_owner;

CREATE VIEW ledger.accounts AS
SELECT a.account_id, a.community_id, a.owner, a.kind, b.posted, b.floor, b.ceiling, b.posted - b.floor AS available,
       b.seq AS entry_count, nullif(b.last_at, '-infinity') AS last_at, a.opened_at, b.is_open
FROM ledger.account a JOIN ledger.balance b ON b.balance_id = a.account_id;

COMMENT ON VIEW ledger.accounts IS 'Every account with its balance. Look-up: (community_id, owner, kind) or account_id.';
COMMENT ON COLUMN ledger.accounts.account_id IS 'Number of the account and of its balance; also its place in the order of locks.';
COMMENT ON COLUMN ledger.accounts.community_id IS 'The community, which is also the unit: sums over several mean nothing.';
COMMENT ON COLUMN ledger.accounts.owner IS 'Pseudonym of the member (main, gift), the trade (escrow), or null (the community itself).';
COMMENT ON COLUMN ledger.accounts.kind IS 'main, gift: a member''s. escrow: a trade''s. issuer: where credits come from. fees, protection, clearing.';
COMMENT ON COLUMN ledger.accounts.posted IS 'Balance in hundredths. The issuer''s is negative: what it has given out.';
COMMENT ON COLUMN ledger.accounts.floor IS 'The balance never goes below this; null: no floor (issuer).';
COMMENT ON COLUMN ledger.accounts.ceiling IS 'The balance never goes above this; null: no ceiling.';
COMMENT ON COLUMN ledger.accounts.available IS 'What can be given away now, in hundredths; null without a floor.';
COMMENT ON COLUMN ledger.accounts.entry_count IS 'How many entries the account has; the number of the last one.';
COMMENT ON COLUMN ledger.accounts.last_at IS 'When the last entry was booked; null before the first.';
COMMENT ON COLUMN ledger.accounts.opened_at IS 'When the account was opened.';
COMMENT ON COLUMN ledger.accounts.is_open IS 'A closed account takes part in no posting.';

CREATE VIEW ledger.journals AS
SELECT journal_id, community_id, kind, reason, booked_at, actor, reference, request_hash, content_hash
FROM ledger.journal;

COMMENT ON VIEW ledger.journals IS 'Every attempt to post, refused ones too. Look-up: journal_id.';
COMMENT ON COLUMN ledger.journals.journal_id IS 'The caller''s UUIDv7: identity, idempotency key and rough time order.';
COMMENT ON COLUMN ledger.journals.community_id IS 'The community in which it happened.';
COMMENT ON COLUMN ledger.journals.kind IS 'What was to be done.';
COMMENT ON COLUMN ledger.journals.reason IS 'Null: posted. Else why it was refused; it has no entries then.';
COMMENT ON COLUMN ledger.journals.booked_at IS 'By the database''s clock, later than every earlier entry of the same balances.';
COMMENT ON COLUMN ledger.journals.actor IS 'Pseudonym of who asked; null: the system.';
COMMENT ON COLUMN ledger.journals.reference IS 'The trade that it is about, or null.';
COMMENT ON COLUMN ledger.journals.request_hash IS 'Half of a SHA-256 of the request, so that a key cannot be used for two things.';
COMMENT ON COLUMN ledger.journals.content_hash IS 'SHA-256 of the row and its legs (function ledger.content_hash).';

CREATE VIEW ledger.entries AS
SELECT balance_id AS account_id, seq, amount, balance_after, booked_at, journal_id FROM ledger.entry;

COMMENT ON VIEW ledger.entries IS 'Every leg of every posting. Look-up: (account_id, seq), also backwards.';
COMMENT ON COLUMN ledger.entries.account_id IS 'The account.';
COMMENT ON COLUMN ledger.entries.seq IS 'Number of the entry within its account: 1, 2, 3 and so on without a gap.';
COMMENT ON COLUMN ledger.entries.amount IS 'Hundredths; positive came in, negative went out, never zero.';
COMMENT ON COLUMN ledger.entries.balance_after IS 'The account''s balance after this entry, in hundredths.';
COMMENT ON COLUMN ledger.entries.booked_at IS 'As in the journal; strictly increasing within an account.';
COMMENT ON COLUMN ledger.entries.journal_id IS 'The posting that it belongs to.';

CREATE VIEW ledger.holds AS
SELECT trade_id, community_id, payer, escrow_id, from_gift + from_main AS amount, from_gift, from_main, expires_at,
       state, held_by, ended_by
FROM ledger.hold;

COMMENT ON VIEW ledger.holds IS 'Credits set aside, one row per trade. Look-up: trade_id; open ones also (community_id, payer).';
COMMENT ON COLUMN ledger.holds.trade_id IS 'The trade.';
COMMENT ON COLUMN ledger.holds.community_id IS 'Its community.';
COMMENT ON COLUMN ledger.holds.payer IS 'Pseudonym of the member whose credits they are until released.';
COMMENT ON COLUMN ledger.holds.escrow_id IS 'The account where they lie.';
COMMENT ON COLUMN ledger.holds.amount IS 'Hundredths held.';
COMMENT ON COLUMN ledger.holds.from_gift IS 'How much of it came from the gift account, in hundredths.';
COMMENT ON COLUMN ledger.holds.from_main IS 'How much of it came from the main account, in hundredths.';
COMMENT ON COLUMN ledger.holds.expires_at IS 'From this moment of the database''s clock on it can only be refunded.';
COMMENT ON COLUMN ledger.holds.state IS 'held, released (to the payee) or refunded (to the payer).';
COMMENT ON COLUMN ledger.holds.held_by IS 'The posting that set them aside.';
COMMENT ON COLUMN ledger.holds.ended_by IS 'The posting that released or refunded them; null while held.';

CREATE VIEW ledger.totals AS
SELECT a.community_id,
       -sum(posted) FILTER (WHERE kind = 'issuer') AS issued,
       coalesce(sum(posted) FILTER (WHERE kind IN ('main', 'gift')), 0) AS with_members,
       coalesce(sum(posted) FILTER (WHERE kind = 'escrow'), 0) AS held,
       coalesce(sum(posted) FILTER (WHERE kind IN ('fees', 'protection', 'clearing')), 0) AS with_community,
       sum(posted) AS total
FROM ledger.account a JOIN ledger.balance b ON b.balance_id = a.account_id
GROUP BY a.community_id;

COMMENT ON VIEW ledger.totals IS 'One row per community: where its credits are, in hundredths.';
COMMENT ON COLUMN ledger.totals.community_id IS 'The community.';
COMMENT ON COLUMN ledger.totals.issued IS 'Everything that the issuer has given out.';
COMMENT ON COLUMN ledger.totals.with_members IS 'In main and gift accounts.';
COMMENT ON COLUMN ledger.totals.held IS 'In escrow for trades under way.';
COMMENT ON COLUMN ledger.totals.with_community IS 'In fees, protection and clearing.';
COMMENT ON COLUMN ledger.totals.total IS 'Always zero: the issuer''s negative balance against all the others.';

RESET ROLE;
