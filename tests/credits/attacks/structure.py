"""Guards taken away, tables altered, functions replaced: what needs ownership, with the harm that it is for."""
# ruff: noqa: E501 - one line an attack

from tests.credits.attacks.shape import BACKDATE, PAY_MYSELF, Attack, asleep, attack

_NO_GUARD = "RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
_KEEP_ROW = "RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
_GRANT = "SELECT reason::text FROM ledger.grant_credits(:fresh, :community, :member, 50, 'coordinator_grant', NULL)"
# Every hash made anew, as somebody would who has read how they are made.
_HASHES = (
    "UPDATE ledger.journal j SET content_hash = ledger.content_hash(j.journal_id, j.community_id, j.kind, j.reason,"
    " j.booked_at, j.actor, j.reference, j.request_hash, (SELECT string_agg(concat_ws(':', balance_id, seq, amount,"
    " balance_after), ';' ORDER BY balance_id) FROM ledger.entry e WHERE e.journal_id = j.journal_id))"
)
_BOTH = "CASE balance_id WHEN :gift THEN 50 ELSE -50 END"
_ALL = asleep("account", "balance", "journal", "entry", "hold")

ATTACKS: tuple[Attack, ...] = (
    attack("switch the guards off", "then raise a balance", *asleep("balance"), PAY_MYSELF),
    attack("switch one guard off", "then claim that more is held", "ALTER TABLE ledger.hold DISABLE TRIGGER refuse_outside", "UPDATE ledger.hold SET from_main = from_main + 1 WHERE trade_id = :trade"),
    attack("switch all triggers off", "the foreign keys' as well", "ALTER TABLE ledger.balance DISABLE TRIGGER ALL", "DELETE FROM ledger.balance WHERE balance_id = :gift"),
    attack("play a replica", "session_replication_role", "SET LOCAL session_replication_role = replica", PAY_MYSELF),
    attack("play a replica to guards made weaker", "ENABLE TRIGGER instead of ALWAYS", "ALTER TABLE ledger.balance ENABLE TRIGGER refuse_outside", "SET LOCAL session_replication_role = replica", PAY_MYSELF, also="42501"),
    attack("drop a guard", "then raise a balance", "DROP TRIGGER refuse_outside ON ledger.balance", PAY_MYSELF),
    attack("drop the guard's function", "and all its triggers", "DROP FUNCTION ledger.refuse_outside CASCADE", PAY_MYSELF),
    attack("replace the guard's function", "by one that says yes", f"CREATE OR REPLACE FUNCTION ledger.refuse_outside() {_NO_GUARD}", PAY_MYSELF),
    attack("replace the other guard's function", "by one that says yes", f"CREATE OR REPLACE FUNCTION ledger.refuse_change() {_KEEP_ROW}", f"CREATE OR REPLACE FUNCTION ledger.refuse_outside() {_NO_GUARD}", BACKDATE),
    attack("rename the guard away", "its triggers follow it", "ALTER FUNCTION ledger.refuse_outside() RENAME TO once", PAY_MYSELF),
    attack("lift the floor", "drop the CHECK, go below zero", "ALTER TABLE ledger.balance DROP CONSTRAINT balance_within_limits", *asleep("balance"), "UPDATE ledger.balance SET posted = -500 WHERE balance_id = :gift"),
    attack("drop the key of the journal", "the same key twice", "ALTER TABLE ledger.journal DROP CONSTRAINT journal_key CASCADE", "ALTER TABLE ledger.journal_first DROP CONSTRAINT IF EXISTS journal_pkey", *asleep("journal"), "INSERT INTO ledger.journal SELECT * FROM ledger.journal WHERE journal_id = :grant"),
    attack("rewrite a table", "ALTER TYPE ... USING fires no trigger", "ALTER TABLE ledger.hold ALTER COLUMN from_main TYPE bigint USING from_main + 1", also="0A000"),
    attack("rewrite amounts", "ALTER TYPE ... USING fires no trigger", "ALTER TABLE ledger.entry ADD COLUMN x bigint, ALTER COLUMN amount TYPE bigint USING amount * 2", also="0A000"),
    attack("rewrite the type of an amount", "drop what depends on it first", "DROP VIEW ledger.entries CASCADE", "ALTER TABLE ledger.entry ALTER COLUMN amount TYPE numeric USING amount * 2", also="0A000"),
    attack("drop a column", "and its past", "ALTER TABLE ledger.journal DROP COLUMN actor CASCADE"),
    attack("add a column", "a place for lies", "ALTER TABLE ledger.entry ADD COLUMN x integer DEFAULT 1"),
    attack("a default for new balances", "every new account is born with credits", "ALTER TABLE ledger.balance ALTER COLUMN posted SET DEFAULT 1000", "SET LOCAL ROLE localex_app", "SELECT ledger.open_member(:community, :fresh)"),
    attack("rename a kind", "what it was becomes something else", "ALTER TYPE ledger.journal_kind RENAME VALUE 'starter_grant' TO 'gift_from_the_mayor'"),
    attack("swap a table", "a copy with better numbers", "CREATE TABLE ledger.copy (LIKE ledger.hold INCLUDING ALL)", "INSERT INTO ledger.copy SELECT * FROM ledger.hold", "UPDATE ledger.copy SET from_main = from_main + 1 WHERE state = 'held'", "ALTER TABLE ledger.hold RENAME TO old_hold", "ALTER TABLE ledger.copy RENAME TO hold", "CREATE OR REPLACE VIEW ledger.broken_i6 AS " + "SELECT h.community_id, 'escrow of trade ' || h.trade_id AS subject, 'x' AS detail FROM ledger.hold h JOIN ledger.balance b ON b.balance_id = h.escrow_id WHERE h.state = 'held' AND b.posted <> h.from_gift + h.from_main"),
    attack("a child table", "rows that the parent shows and no guard sees", "CREATE TABLE ledger.child () INHERITS (ledger.balance)", "INSERT INTO ledger.child (balance_id, community_id, posted) VALUES (:main, :community, 500)"),
    attack("drop a table", "forget", "DROP TABLE ledger.entry CASCADE"),
    attack("drop the schema", "forget all", "DROP SCHEMA ledger CASCADE"),
    attack("rename the schema", "put another in its place", "ALTER SCHEMA ledger RENAME TO old", "CREATE SCHEMA ledger"),
    attack("a table among the ledger's", "make room in its schema", "CREATE TABLE ledger.mine (x integer)"),
    attack("an unlogged table", "lose it at the next crash", "ALTER TABLE ledger.hold SET UNLOGGED"),
    attack("a rule that eats postings", "ON INSERT DO INSTEAD NOTHING", "CREATE RULE eat AS ON INSERT TO ledger.hold DO INSTEAD NOTHING", "SET LOCAL ROLE localex_app", "SELECT reason::text FROM ledger.hold_credits(:fresh, :community, :fresh, :member, 7, now() + interval '1 day', NULL)"),
    attack("a trigger that changes amounts", "as they are booked", "CREATE FUNCTION ledger.more() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.amount := NEW.amount + 1; RETURN NEW; END'", "GRANT EXECUTE ON FUNCTION ledger.more TO ledger_writer", "CREATE TRIGGER more BEFORE INSERT ON ledger.entry FOR EACH ROW EXECUTE FUNCTION ledger.more()", "SET LOCAL ROLE localex_app", _GRANT),
    attack("row security", "hide rows from the functions, then post", "ALTER TABLE ledger.journal ENABLE ROW LEVEL SECURITY", "ALTER TABLE ledger.journal FORCE ROW LEVEL SECURITY", "SET LOCAL ROLE localex_app", _GRANT),
    attack("a view with a trigger in a table's place", "writes go elsewhere", "ALTER TABLE ledger.hold RENAME TO real_hold", "CREATE VIEW ledger.hold AS SELECT * FROM ledger.real_hold WHERE false", "SET LOCAL ROLE localex_app", "SELECT ledger.refund_hold(:fresh, :trade, NULL)"),
    attack("replace the posting function", "one that only says it posted", "DROP FUNCTION ledger.post CASCADE", PAY_MYSELF),
    attack("replace a function of the ledger", "write under its name", "CREATE OR REPLACE FUNCTION ledger.open_community(p_community_id uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN UPDATE ledger.balance SET posted = posted + 500 WHERE community_id = p_community_id AND balance_id < 4611686018427387904; END'", "SELECT ledger.open_community(:community)"),
    attack("a function with the name of another", "write under its name", "CREATE FUNCTION ledger.hold_credits() RETURNS void LANGUAGE sql AS 'UPDATE ledger.balance SET posted = 1'"),
    attack("replace the hash", "every posting gets the same", "CREATE OR REPLACE FUNCTION ledger.content_hash(p_journal_id uuid, p_community_id uuid, p_kind ledger.journal_kind, p_reason ledger.refusal, p_booked_at timestamptz, p_actor uuid, p_reference uuid, p_request_hash bytea, p_legs text) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT '\\x00'::bytea $$", *asleep("journal"), "UPDATE ledger.journal SET actor = :payee, content_hash = '\\x00'"),
    attack("replace a view", "show other numbers", "DO $$ BEGIN EXECUTE 'CREATE OR REPLACE VIEW ledger.totals AS SELECT * FROM (' || rtrim(pg_get_viewdef('ledger.totals'::regclass), ';') || ') t LIMIT 0'; END $$"),
    attack("replace one check, then harm", "blind the checker", "CREATE OR REPLACE VIEW ledger.broken_i1 AS SELECT NULL::uuid AS community_id, NULL::text AS subject, NULL::text AS detail WHERE false", *asleep("balance"), PAY_MYSELF),
    attack("replace all checks, then harm", "blind the checker", "CREATE OR REPLACE FUNCTION ledger.find_broken(p_name text, p_since timestamptz) RETURNS TABLE (community_id uuid, subject text, detail text) LANGUAGE sql AS 'SELECT NULL::uuid, NULL::text, NULL::text WHERE false'", *asleep("balance"), PAY_MYSELF),
    attack("a hash for the checker that fits everything", "blind I7", "CREATE OR REPLACE FUNCTION ledger.find_new_i7(p_since timestamptz) RETURNS TABLE (community_id uuid, subject text, detail text) LANGUAGE sql AS 'SELECT NULL::uuid, NULL::text, NULL::text WHERE false'", *asleep("journal"), "UPDATE ledger.journal SET actor = :payee WHERE journal_id = :grant"),
    attack("book in another time", "replace the clock, then post", "CREATE OR REPLACE FUNCTION ledger.clock() RETURNS timestamptz LANGUAGE sql AS $$ SELECT '2001-01-01'::timestamptz $$", "SELECT ledger.grant_credits(:fresh, :community, :member, 50, 'coordinator_grant', NULL)", also="LX002"),
    attack("own a table", "ALTER ... OWNER", "ALTER TABLE ledger.balance OWNER TO localex_app", "ALTER TABLE ledger.balance DISABLE TRIGGER USER", PAY_MYSELF),
    attack("own the functions", "ALTER ... OWNER", "ALTER FUNCTION ledger.close_member OWNER TO localex_app"),
    attack("reassign everything", "REASSIGN OWNED", "REASSIGN OWNED BY ledger_owner TO localex_app", "SET LOCAL ROLE localex_app", "ALTER TABLE ledger.balance DISABLE TRIGGER USER", PAY_MYSELF),
    attack("drop what the functions' owner owns", "nobody can post", "DROP OWNED BY ledger_writer CASCADE"),
    attack("grant the tables away", "privileges without the guard", "GRANT ALL ON ALL TABLES IN SCHEMA ledger TO localex_app", "SET LOCAL ROLE localex_app", PAY_MYSELF),
    attack("grant the inner functions away", "post what one likes", "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger TO localex_app", "SET LOCAL ROLE localex_app", "SELECT ledger.post(:fresh, :community, 'coordinator_grant', NULL, NULL, '', ARRAY[:main::bigint, :issuer::bigint], ARRAY[500::bigint, -500::bigint])"),
    attack("privileges for what is to come", "ALTER DEFAULT PRIVILEGES", "ALTER DEFAULT PRIVILEGES FOR ROLE ledger_owner GRANT ALL ON TABLES TO localex_app"),
    attack("rewrite history whole", "amounts, balances, every hash", *_ALL, f"UPDATE ledger.entry SET amount = amount + {_BOTH} WHERE journal_id = :grant", f"UPDATE ledger.entry SET balance_after = balance_after + {_BOTH} WHERE balance_id IN (:gift, :issuer) AND booked_at >= (SELECT booked_at FROM ledger.journal WHERE journal_id = :grant)", f"UPDATE ledger.balance SET posted = posted + {_BOTH} WHERE balance_id IN (:gift, :issuer)", _HASHES),
    attack("re-date history whole", "times and every hash", *_ALL, "UPDATE ledger.entry SET booked_at = booked_at - interval '1 day'", "UPDATE ledger.journal SET booked_at = booked_at - interval '1 day'", _HASHES),
    attack("blame somebody else, hash and all", "another actor in the past", *_ALL, "UPDATE ledger.journal SET actor = :payee WHERE journal_id = :grant", _HASHES),
    attack("forget a refusal", "a row that nothing else names", *asleep("journal"), "DELETE FROM ledger.journal WHERE reason IS NOT NULL"),
    attack("forget an empty account", "a row that nothing else names", *asleep("account", "balance"), "DELETE FROM ledger.balance WHERE balance_id = :empty", "DELETE FROM ledger.account WHERE account_id = :empty"),
    attack("hand an account over", "owner changed, nothing else", *asleep("account"), "UPDATE ledger.account SET owner = :fresh WHERE account_id = :payee_main"),
)  # fmt: skip
