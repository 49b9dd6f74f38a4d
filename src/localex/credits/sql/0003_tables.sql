-- The tables that complete the ledger. Run as ledger_owner. A way back leaves them where they are, so that a second way
-- forth finds them again.

SET LOCAL ROLE ledger_owner;

-- One row per community: whether postings are stopped there. Every posting reads it; it changes a few times in a life.
CREATE TABLE IF NOT EXISTS ledger.community (
    opened_at    timestamptz NOT NULL,
    stopped_at   timestamptz,
    community_id uuid NOT NULL,
    stopped_why  text,
    CONSTRAINT community_pkey PRIMARY KEY (community_id),
    CONSTRAINT community_stop_says_why CHECK ((stopped_at IS NULL) = (stopped_why IS NULL))
);

-- How far the seals reach, in the one row there is. Whatever is booked is later than `horizon`, also when the machine's
-- clock was set back. `barrier`: every transaction before it may not have seen the horizon.
CREATE TABLE IF NOT EXISTS ledger.sealing (
    horizon  timestamptz NOT NULL DEFAULT '-infinity',
    barrier  xid8,
    only_row boolean NOT NULL DEFAULT true,
    CONSTRAINT sealing_pkey PRIMARY KEY (only_row),
    CONSTRAINT sealing_has_one_row CHECK (only_row)
);
ALTER TABLE ledger.sealing DISABLE TRIGGER USER;  -- until 0003_guards.sql puts them (back) on
INSERT INTO ledger.sealing DEFAULT VALUES ON CONFLICT DO NOTHING;

-- What was decided about accounts and communities, and by whom; and until when each hold is (`deadline`: its escrow account;
-- `before` and `after` in microseconds since 1970). Append-only.
CREATE TABLE IF NOT EXISTS ledger.audit (
    audit_id     bigint GENERATED ALWAYS AS IDENTITY,
    at           timestamptz NOT NULL,
    account_id   bigint,
    before       bigint,
    after        bigint,
    community_id uuid,
    actor        uuid,
    what         text NOT NULL,
    words        text,
    CONSTRAINT audit_pkey PRIMARY KEY (audit_id),
    CONSTRAINT audit_says_what CHECK
        (what IN ('credit_line', 'ceiling', 'closed', 'reopened', 'clearing_limit', 'payee', 'deadline', 'stopped',
                  'resumed')),
    CONSTRAINT audit_words_are_short CHECK (length(words) <= 500)
);

-- Of these each hold has one, which is many; the rest are few. `by_time` is for seals.
CREATE INDEX IF NOT EXISTS audit_without_deadlines ON ledger.audit (audit_id) WHERE what <> 'deadline';
CREATE INDEX IF NOT EXISTS audit_by_time ON ledger.audit USING brin (at);

-- What is given once: one starter grant per owner (`about` = the owner), one referral bonus per owner and newcomer.
CREATE TABLE IF NOT EXISTS ledger.bonus (
    community_id uuid NOT NULL,
    owner        uuid NOT NULL,
    about        uuid NOT NULL,
    journal_id   uuid NOT NULL,
    kind         ledger.journal_kind NOT NULL,
    CONSTRAINT bonus_pkey PRIMARY KEY (community_id, owner, kind, about)
);

GRANT SELECT, INSERT ON ledger.community, ledger.audit, ledger.bonus TO ledger_writer;
GRANT SELECT ON ledger.sealing TO ledger_writer;

-- What a batch is made of. `amounts` and `balance_ids` as in ledger.post, but no amount is null; `refused` is a reason
-- that the caller has found already.
CREATE TYPE ledger.request AS (
    key          uuid,
    community_id uuid,
    kind         ledger.journal_kind,
    actor        uuid,
    reference    uuid,
    request_hash bytea,
    balance_ids  bigint[],
    amounts      bigint[],
    refused      ledger.refusal
);

ALTER TABLE ledger.community DISABLE TRIGGER USER;
INSERT INTO ledger.community (community_id, opened_at)
SELECT community_id, opened_at FROM ledger.account WHERE kind = 'issuer'
ON CONFLICT DO NOTHING;

-- The starter grants so far, while postings go on; 0003_partitions.sql adds what came meanwhile. Whoever got two has one
-- row: the first.
ALTER TABLE ledger.bonus DISABLE TRIGGER USER;
INSERT INTO ledger.bonus (community_id, owner, kind, about, journal_id)
SELECT a.community_id, a.owner, j.kind, a.owner, j.journal_id
FROM ledger.journal j
JOIN ledger.entry e ON e.journal_id = j.journal_id
JOIN ledger.account a ON a.account_id = e.balance_id AND a.kind = 'gift'
WHERE j.kind = 'starter_grant' AND j.reason IS NULL
ORDER BY e.booked_at
ON CONFLICT DO NOTHING;

RESET ROLE;
