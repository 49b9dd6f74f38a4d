-- The tables of the ledger. Run as ledger_owner.
--
-- Amounts are whole hundredths of a credit. The unit of an account is its community: credits of two communities never
-- meet in one sum. Owners are pseudonymous numbers; nothing here says who a person is.

CREATE SCHEMA ledger AUTHORIZATION ledger_owner;
SET LOCAL ROLE ledger_owner;

COMMENT ON SCHEMA ledger IS
    'Double-entry ledger of credits. Singular names are tables (nobody reads them), plural names are views (the public face).';

CREATE TYPE ledger.account_kind AS ENUM ('main', 'gift', 'escrow', 'issuer', 'fees', 'protection', 'clearing');
CREATE TYPE ledger.journal_kind AS ENUM
    ('starter_grant', 'referral_bonus', 'coordinator_grant', 'hold', 'release', 'refund');
CREATE TYPE ledger.refusal AS ENUM
    ('account_closed', 'hold_exists', 'hold_ended', 'hold_expired', 'insufficient_credits', 'limit_reached');
CREATE TYPE ledger.hold_state AS ENUM ('held', 'released', 'refunded');

-- What a posting answers. `amounts` are the legs as booked, in the order asked for; null for a repeated key.
CREATE TYPE ledger.outcome AS (
    journal_id uuid,
    reason     ledger.refusal,
    booked_at  timestamptz,
    repeated   boolean,
    amounts    bigint[]
);

-- Locks are taken in the order of ids. Accounts that everybody uses get the highest ids, so that they are locked last
-- and for the shortest time.
CREATE SEQUENCE ledger.account_id AS bigint MAXVALUE 4611686018427387903;
CREATE SEQUENCE ledger.system_account_id AS bigint START 4611686018427387904 MINVALUE 4611686018427387904;

CREATE TABLE ledger.account (
    account_id   bigint NOT NULL,
    community_id uuid NOT NULL,
    owner        uuid,
    kind         ledger.account_kind NOT NULL,
    opened_at    timestamptz NOT NULL,
    CONSTRAINT account_pkey PRIMARY KEY (account_id),
    CONSTRAINT account_one_of_a_kind UNIQUE NULLS NOT DISTINCT (community_id, owner, kind),
    CONSTRAINT account_has_owner CHECK ((owner IS NOT NULL) = (kind IN ('main', 'gift', 'escrow'))),
    CONSTRAINT account_system_ids_last CHECK
        ((account_id >= 4611686018427387904) = (kind IN ('issuer', 'fees', 'protection', 'clearing')))
);

-- The only mutable row of the ledger, one per account. No index but the key, and room on the page, so that every
-- update stays within its page (HOT) and leaves no index entry behind.
CREATE TABLE ledger.balance (
    balance_id   bigint NOT NULL,
    posted       bigint NOT NULL DEFAULT 0,
    floor        bigint DEFAULT 0,
    ceiling      bigint,
    seq          bigint NOT NULL DEFAULT 0,
    last_at      timestamptz NOT NULL DEFAULT '-infinity',
    community_id uuid NOT NULL,
    is_open      boolean NOT NULL DEFAULT true,
    CONSTRAINT balance_pkey PRIMARY KEY (balance_id),
    CONSTRAINT balance_of_account FOREIGN KEY (balance_id) REFERENCES ledger.account (account_id),
    CONSTRAINT balance_above_floor CHECK (floor IS NULL OR posted >= floor),
    CONSTRAINT balance_below_ceiling CHECK (ceiling IS NULL OR posted <= ceiling)
) WITH (fillfactor = 60);

-- One row for every attempt to post, refused ones included. No foreign key joins entry to journal: only one function
-- writes either, in one statement, and the key would cost a third of the posting rate (docs/performance.md); check I2
-- finds a leg without its journal.
CREATE TABLE ledger.journal (
    booked_at    timestamptz NOT NULL,
    journal_id   uuid NOT NULL,
    community_id uuid NOT NULL,
    kind         ledger.journal_kind NOT NULL,
    reason       ledger.refusal,
    actor        uuid,
    reference    uuid,
    request_hash bytea NOT NULL,
    content_hash bytea NOT NULL,
    CONSTRAINT journal_pkey PRIMARY KEY (journal_id)
);

CREATE TABLE ledger.entry (
    balance_id    bigint NOT NULL,
    seq           bigint NOT NULL,
    amount        bigint NOT NULL,
    balance_after bigint NOT NULL,
    booked_at     timestamptz NOT NULL,
    journal_id    uuid NOT NULL,
    CONSTRAINT entry_pkey PRIMARY KEY (balance_id, seq),
    CONSTRAINT entry_moves_something CHECK (amount <> 0)
);

-- Credits set aside for one trade. They lie in the trade's own escrow account, so holding too much or releasing twice
-- is an overdraft that the balance's CHECK stops. What lies there decides; `state` is for readers.
CREATE TABLE ledger.hold (
    trade_id     uuid NOT NULL,
    community_id uuid NOT NULL,
    escrow_id    bigint NOT NULL,
    payer        uuid NOT NULL,
    from_gift    bigint NOT NULL,
    from_main    bigint NOT NULL,
    expires_at   timestamptz NOT NULL,
    state        ledger.hold_state NOT NULL DEFAULT 'held',
    held_by      uuid NOT NULL,
    ended_by     uuid,
    CONSTRAINT hold_pkey PRIMARY KEY (trade_id),
    CONSTRAINT hold_has_own_escrow UNIQUE (escrow_id),
    CONSTRAINT hold_of_escrow FOREIGN KEY (escrow_id) REFERENCES ledger.account (account_id),
    CONSTRAINT hold_holds_something CHECK (from_gift >= 0 AND from_main >= 0 AND from_gift + from_main > 0),
    CONSTRAINT hold_ends_by_a_posting CHECK ((state = 'held') = (ended_by IS NULL))
);

-- What a member has set aside right now: a handful of rows, whatever the member's history.
CREATE INDEX hold_open_by_payer ON ledger.hold (community_id, payer) WHERE state = 'held';

-- The ledger's only clock. Postings are stamped and holds expire by the database's time, never by the caller's.
CREATE FUNCTION ledger.clock() RETURNS timestamptz
LANGUAGE sql VOLATILE PARALLEL SAFE
AS $$ SELECT pg_catalog.clock_timestamp() $$;

RESET ROLE;
