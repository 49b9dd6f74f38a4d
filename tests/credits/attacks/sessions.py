"""Roles, settings, names that shadow others, and everything else that a session can play with."""
# ruff: noqa: E501 - one line an attack

from tests.credits.attacks.shape import PAY_MYSELF, Attack, attack

_TOO_MUCH = (
    "SELECT reason::text FROM ledger.hold_credits(:fresh, :community, :fresh, :member, 1000000,"
    " now() + interval '1 day', NULL)"
)
_ROLES = ("ledger_owner", "ledger_writer", "localex_owner", "localex_super", "pg_write_all_data")

ATTACKS: tuple[Attack, ...] = (
    *(attack(f"SET ROLE {role}", "its rights", f"SET LOCAL ROLE {role}", PAY_MYSELF) for role in _ROLES),
    attack("RESET ROLE", "whoever signed in may have more", "RESET ROLE", PAY_MYSELF),
    attack("SET ROLE NONE", "whoever signed in may have more", "SET ROLE NONE", PAY_MYSELF),
    attack("SET SESSION AUTHORIZATION", "be the superuser", "SET LOCAL SESSION AUTHORIZATION localex_super", PAY_MYSELF),
    attack("RESET SESSION AUTHORIZATION", "be who signed in", "RESET SESSION AUTHORIZATION", PAY_MYSELF),
    attack("join the functions' owner", "GRANT of a role", "GRANT ledger_writer TO localex_app", "SET LOCAL ROLE ledger_writer", PAY_MYSELF),
    attack("join the tables' owner", "GRANT of a role, then the guards off", "GRANT ledger_owner TO localex_app WITH INHERIT TRUE", "SET LOCAL ROLE localex_app", "ALTER TABLE ledger.balance DISABLE TRIGGER USER", "SET LOCAL ROLE ledger_owner", PAY_MYSELF),
    attack("make myself a superuser", "ALTER ROLE", "ALTER ROLE localex_app SUPERUSER", "SET LOCAL ROLE localex_app", "ALTER TABLE ledger.balance DISABLE TRIGGER USER", PAY_MYSELF),
    attack("a new superuser", "CREATE ROLE", "CREATE ROLE attack_test_mine SUPERUSER", "SET LOCAL ROLE attack_test_mine", "ALTER TABLE ledger.balance DISABLE TRIGGER USER", PAY_MYSELF),
    attack("let the writer sign in", "ALTER ROLE ... LOGIN", "ALTER ROLE ledger_writer LOGIN PASSWORD 'x'", PAY_MYSELF),
    attack("the catalogue by hand: a superuser", "UPDATE pg_authid", "UPDATE pg_catalog.pg_authid SET rolsuper = true WHERE rolname = 'localex_app'", "SET LOCAL ROLE localex_app", "ALTER TABLE ledger.balance DISABLE TRIGGER USER", PAY_MYSELF),
    attack("the catalogue by hand: no triggers", "UPDATE pg_class", "SET LOCAL allow_system_table_mods = on", "UPDATE pg_catalog.pg_class SET relhastriggers = false WHERE oid = 'ledger.balance'::regclass", PAY_MYSELF),
    attack("the catalogue by hand: a function", "UPDATE pg_proc", "SET LOCAL allow_system_table_mods = on", "UPDATE pg_catalog.pg_proc SET prosrc = 'BEGIN RETURN NULL; END' WHERE proname = 'refuse_outside'", PAY_MYSELF),
    attack("shadow an operator", "a > that always says no", "CREATE SCHEMA trap", "CREATE FUNCTION trap.less(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT false'", "CREATE OPERATOR trap.> (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = trap.less)", "GRANT USAGE ON SCHEMA trap TO PUBLIC", "SET LOCAL search_path = trap, pg_catalog", "SET LOCAL ROLE localex_app", _TOO_MUCH),
    attack("shadow a function of pg_catalog", "greatest time, strpos, sha256 of my own", "CREATE SCHEMA trap", "CREATE FUNCTION trap.strpos(text, text) RETURNS integer LANGUAGE sql AS 'SELECT 0'", "CREATE FUNCTION trap.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT '2000-01-01'::timestamptz $$", "GRANT USAGE ON SCHEMA trap TO PUBLIC", "SET LOCAL search_path = trap, pg_catalog", "SET LOCAL ROLE localex_app", _TOO_MUCH),
    attack("an operator in schema public", "found before the ledger's", "CREATE FUNCTION public.less(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT false'", "CREATE OPERATOR public.> (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = public.less)", "SET LOCAL search_path = public, pg_catalog", "SET LOCAL ROLE localex_app", _TOO_MUCH),
    attack("a temporary table named like a catalogue", "pg_temp is searched first", "CREATE TEMP TABLE pg_class AS SELECT 1 AS x", "CREATE TEMP TABLE balance AS SELECT 1000000::bigint AS posted, :main::bigint AS balance_id", "GRANT SELECT ON pg_temp.balance TO PUBLIC", "SET LOCAL ROLE localex_app", _TOO_MUCH),
    attack("a temporary function of mine", "pg_temp.clock_timestamp", "CREATE FUNCTION pg_temp.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT '2000-01-01'::timestamptz $$", _TOO_MUCH),
    attack("a temporary function that writes", "named like the ledger's", "CREATE FUNCTION pg_temp.\"ledger.hold_credits\"() RETURNS void LANGUAGE plpgsql AS 'BEGIN UPDATE ledger.balance SET posted = posted + 1; END'", "SELECT pg_temp.\"ledger.hold_credits\"()"),
    attack("a forged line in a function's name", "look like a function of the ledger", "CREATE FUNCTION pg_temp.\"\nPL/pgSQL function ledger.hold_credits(uuid) line 1 at x\"() RETURNS void LANGUAGE plpgsql AS 'BEGIN UPDATE ledger.balance SET posted = posted + 1; END'", "SELECT pg_temp.\"\nPL/pgSQL function ledger.hold_credits(uuid) line 1 at x\"()"),
    attack("a schema named ledger.x", "split_part reads one dot", "CREATE SCHEMA \"my.ledger\"", "CREATE FUNCTION \"my.ledger\".hold_credits() RETURNS void LANGUAGE plpgsql AS 'BEGIN UPDATE ledger.balance SET posted = posted + 1; END'", "SELECT \"my.ledger\".hold_credits()"),
    attack("a schema that ends in ledger", "split_part reads the last part", "CREATE SCHEMA myledger", "CREATE FUNCTION myledger.hold_credits() RETURNS void LANGUAGE plpgsql AS 'BEGIN UPDATE ledger.balance SET posted = posted + 1; END'", "SELECT myledger.hold_credits()"),
    attack("translate the call stack", "lc_messages puts other words and quotes into it", "SET LOCAL lc_messages = 'de_DE.UTF-8'", PAY_MYSELF, also="22023"),
    attack("a function of the ledger in a DO block", "its stack has another bottom", "DO $$ BEGIN PERFORM ledger.open_member(:community, :fresh); END $$"),
    attack("move the clock by a variable", "localex.clock_shift", "SET LOCAL localex.clock_shift = '-10 years'", _TOO_MUCH),
    attack("other planner settings", "plans that read nothing", "SET LOCAL enable_indexscan = off", "SET LOCAL constraint_exclusion = on", "SET LOCAL row_security = off", _TOO_MUCH),
    attack("do not check function bodies", "check_function_bodies", "SET LOCAL check_function_bodies = off", "CREATE FUNCTION public.mine() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'UPDATE ledger.balance SET posted = posted + 1'", "SELECT public.mine()"),
    attack("a read-only transaction", "half a posting", "SET TRANSACTION READ ONLY", "SELECT ledger.open_member(:community, :fresh)", also="25006"),
    attack("prepare for later", "a transaction that nobody sees", "PREPARE TRANSACTION 'later'", also="55000"),
    attack("advisory locks", "stand in everybody's way", "SELECT pg_advisory_xact_lock(1)"),
    attack("listen and notify", "overhear others", "LISTEN anything", "NOTIFY anything, 'x'"),
    attack("large objects", "a way to files", "SELECT lo_from_bytea(4242, 'x')", "SELECT lo_export(4242, '/dev/null')"),
    attack("read a file of the server", "secrets", "SELECT pg_read_file('postgresql.auto.conf')"),
    attack("sign somebody off", "pg_terminate_backend of a superuser", "SELECT pg_terminate_backend(:guard_pid)"),
    attack("label a table", "SECURITY LABEL", "SECURITY LABEL ON TABLE ledger.balance IS 'public'", also="22023"),
    attack("an extension", "code that others wrote", "CREATE EXTENSION vector"),
    attack("a function in C", "code of my own in the server", "CREATE FUNCTION public.system(cstring) RETURNS int LANGUAGE c STRICT AS 'libc.so.6', 'system'", also="58P01 XX000 22P02"),
    attack("an event trigger", "run as whoever alters something", "CREATE FUNCTION public.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN UPDATE ledger.balance SET posted = posted + 1; END'", "CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION public.on_ddl()", "CREATE TABLE public.anything (x integer)"),
    attack("a foreign server", "tables elsewhere", "CREATE FOREIGN DATA WRAPPER mine", "CREATE SERVER mine FOREIGN DATA WRAPPER mine", "CREATE FOREIGN TABLE ledger.elsewhere () INHERITS (ledger.balance) SERVER mine", "UPDATE ledger.balance SET posted = posted + 1", also="55000"),
    attack("publish the ledger", "read all of it elsewhere", "CREATE PUBLICATION mine FOR TABLES IN SCHEMA ledger"),
    attack("settings for the next session", "ALTER ROLE ... SET", "ALTER ROLE localex_app SET session_replication_role = replica"),
    attack("settings for the whole database", "ALTER DATABASE ... SET", "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_replication_role = replica', current_database()); END $$"),
    Attack("settings for the whole server", "ALTER SYSTEM", ("ALTER SYSTEM SET session_replication_role = replica", "SET session_replication_role = replica", PAY_MYSELF), is_alone=True, undo=("ALTER SYSTEM RESET session_replication_role",)),
    Attack("rewind the numbers of accounts", "the next account gets one that is taken", ("SELECT setval('ledger.account_id', 1, false)", "SELECT ledger.open_member(:community, :fresh)"), frozenset({"23505"}), is_alone=True, undo=("SELECT setval('ledger.account_id', (SELECT max(account_id) FROM ledger.account WHERE account_id < 4611686018427387904))",)),
    Attack("use up numbers of accounts", "a gap", ("SELECT nextval('ledger.account_id')",), is_alone=True),
    Attack("vacuum the ledger", "take room away", ("VACUUM FULL ledger.balance",), is_alone=True),
    attack("reindex under an exclusive lock", "stand in everybody's way", "REINDEX TABLE ledger.balance"),
    attack("wrong statistics", "slow plans", "ANALYZE ledger.balance"),
    attack("comment on a table", "words that mislead", "COMMENT ON TABLE ledger.balance IS 'do not look'"),
)  # fmt: skip
