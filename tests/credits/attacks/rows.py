"""Rows changed, removed or made by hand, with every kind of statement that can."""
# ruff: noqa: E501 - one line an attack

from tests.credits.attacks.shape import BACKDATE, PAY_MYSELF, Attack, attack

_JOURNAL = "INSERT INTO ledger.journal (booked_at, journal_id, community_id, kind, request_hash, content_hash)"
_ENTRY = "INSERT INTO ledger.entry (balance_id, seq, amount, balance_after, booked_at, journal_id)"
_HOLD = (
    "INSERT INTO ledger.hold (trade_id, community_id, escrow_id, payer, from_gift, from_main, expires_at, held_by)"
    " VALUES (uuidv7(), :community, :main, :member, 1, 1, now() + interval '1 day', :journal)"
)
_FORGED_POSTING = (
    "WITH moved AS (UPDATE ledger.balance b SET posted = posted + leg.amount, seq = seq + 1, last_at = now()"
    " FROM (VALUES (:main::bigint, 500), (:issuer::bigint, -500)) leg (id, amount) WHERE b.balance_id = leg.id"
    " RETURNING b.balance_id, b.seq, leg.amount, b.posted), booked AS ("
    f"{_ENTRY} SELECT balance_id, seq, amount, posted, now(), :fresh FROM moved)"
    f" {_JOURNAL} VALUES (now(), :fresh, :community, 'coordinator_grant', '', '')"
)

ATTACKS: tuple[Attack, ...] = (
    attack("raise a balance", "credits out of nothing", PAY_MYSELF),
    attack(
        "move between two balances", "a transfer without a posting",
        "UPDATE ledger.balance SET posted = posted + CASE balance_id WHEN :main THEN 5 ELSE -5 END"
        " WHERE balance_id IN (:main, :gift)",
    ),
    attack(
        "lower a floor", "spend what one does not have",
        "UPDATE ledger.balance SET floor = -100000 WHERE balance_id = :main",
    ),
    attack(
        "set a ceiling", "keep somebody from being paid",
        "UPDATE ledger.balance SET ceiling = posted WHERE balance_id = :main",
    ),
    attack(
        "close an account by hand", "shut a member out",
        "UPDATE ledger.balance SET is_open = false WHERE balance_id = :main",
    ),
    attack("an update that changes nothing", "find a hole in the guard", "UPDATE ledger.balance SET is_open = is_open"),
    attack(
        "rewind a counter", "overwrite the last entry with the next",
        "UPDATE ledger.balance SET seq = seq - 1 WHERE balance_id = :gift",
    ),
    attack(
        "turn the clock of a balance", "make every later posting wrong",
        "UPDATE ledger.balance SET last_at = 'infinity' WHERE balance_id = :gift",
    ),
    attack("change an entry", "a larger amount in the books", "UPDATE ledger.entry SET amount = 999 WHERE balance_id = :gift"),
    attack("backdate an entry", "another day in the books", BACKDATE),
    attack("hand entries over", "somebody else's income", "UPDATE ledger.entry SET balance_id = :payee_main WHERE balance_id = :main"),
    attack("backdate a posting", "another day in the journal", "UPDATE ledger.journal SET booked_at = booked_at - interval '1 day'"),
    attack("call a refusal posted", "a posting that never was", "UPDATE ledger.journal SET reason = NULL WHERE reason IS NOT NULL"),
    attack("call a posting refused", "a debt forgotten", "UPDATE ledger.journal SET reason = 'hold_ended' WHERE journal_id = :grant"),
    attack("change who did it", "blame somebody else", "UPDATE ledger.journal SET actor = :payee WHERE journal_id = :grant"),
    attack("change the hash of a request", "use a key again", "UPDATE ledger.journal SET request_hash = '' WHERE journal_id = :grant"),
    attack("take over an account", "somebody else's credits", "UPDATE ledger.account SET owner = uuidv7() WHERE account_id = :main"),
    attack("make an account an issuer", "no floor", "UPDATE ledger.account SET kind = 'issuer', owner = NULL WHERE account_id = :main"),
    attack("lengthen a hold", "keep credits from their owner", "UPDATE ledger.hold SET expires_at = now() + interval '1 year'"),
    attack("call a hold done", "leave credits in escrow for ever", "UPDATE ledger.hold SET state = 'released', ended_by = held_by WHERE trade_id = :trade"),
    attack("call a done hold open", "release twice", "UPDATE ledger.hold SET state = 'held', ended_by = NULL WHERE trade_id = :done"),
    attack("hold for another payer", "a refund to myself", "UPDATE ledger.hold SET payer = :payee WHERE trade_id = :trade"),
    *(attack(f"delete from {table}", "forget", f"DELETE FROM ledger.{table}") for table in ("account", "balance", "journal", "entry", "hold")),
    *(attack(f"truncate {table}", "forget everything at once", f"TRUNCATE ledger.{table} CASCADE") for table in ("account", "balance", "journal", "entry", "hold")),
    attack("truncate all in one", "forget everything at once", "TRUNCATE ledger.entry, ledger.journal, ledger.hold, ledger.balance, ledger.account RESTART IDENTITY"),
    attack("delete one posting whole", "a payment that never was", "WITH legs AS (DELETE FROM ledger.entry WHERE journal_id = :grant) DELETE FROM ledger.journal WHERE journal_id = :grant"),
    attack("forge an account", "a second purse", "INSERT INTO ledger.account (account_id, community_id, owner, kind, opened_at) VALUES (999999, :community, uuidv7(), 'main', now())"),
    attack("forge a balance", "a purse with something in it", "INSERT INTO ledger.balance (balance_id, community_id, posted) VALUES (:spare, :community, 500)"),
    attack("forge a journal row", "use up somebody's key", f"{_JOURNAL} VALUES (now(), :fresh, :community, 'hold', '', '')"),
    attack("forge an entry", "an income without a posting", f"{_ENTRY} VALUES (:main, 999, 500, 500, now(), :grant)"),
    attack("forge a hold", "take credits out by releasing it", _HOLD),
    attack("forge a whole posting", "all rows as the function writes them", _FORGED_POSTING),
    attack("insert or update", "hide the update in an insert", "INSERT INTO ledger.balance (balance_id, community_id) VALUES (:main, :community) ON CONFLICT (balance_id) DO UPDATE SET posted = 500"),
    attack("merge", "hide the update in a MERGE", "MERGE INTO ledger.balance b USING (VALUES (:main::bigint)) v (id) ON b.balance_id = v.id WHEN MATCHED THEN UPDATE SET posted = posted + 500"),
    attack("merge that deletes", "hide the delete in a MERGE", "MERGE INTO ledger.entry e USING (VALUES (:gift::bigint)) v (id) ON e.balance_id = v.id WHEN MATCHED THEN DELETE"),
    attack("write in a CTE", "hide the update in a query", "WITH moved AS (UPDATE ledger.balance SET posted = posted + 1 RETURNING 1) SELECT count(*) FROM moved"),
    attack("delete by a cursor", "WHERE CURRENT OF", "DECLARE c CURSOR FOR SELECT * FROM ledger.entry FOR UPDATE", "FETCH c", "DELETE FROM ledger.entry WHERE CURRENT OF c", also="0A000"),
    attack("update by a prepared statement", "planned earlier, run later", "PREPARE pay_myself AS UPDATE ledger.balance SET posted = posted + 500", "EXECUTE pay_myself"),
    attack("update in a DO block", "a stack of its own", "DO $$ BEGIN UPDATE ledger.balance SET posted = posted + 1; END $$"),
    attack(
        "forge the call stack in a statement", "look like a function of the ledger",
        "DO $$ BEGIN EXECUTE 'UPDATE ledger.balance SET posted = posted + 1"
        " /* \"\nPL/pgSQL function ledger.hold_credits(uuid) line 1 at SQL statement */'; END $$",
    ),
    attack(
        "forge the call stack by a parameter", "look like a function of the ledger",
        "SET LOCAL log_parameter_max_length_on_error = -1",
        ("UPDATE ledger.balance SET posted = posted + 1 WHERE %s <> ''",
         "x\nPL/pgSQL function ledger.hold_credits(uuid) line 1 at SQL statement"),
    ),
    attack("swallow the refusal", "go on after the guard said no", "DO $$ BEGIN BEGIN UPDATE ledger.balance SET posted = posted + 1; EXCEPTION WHEN OTHERS THEN NULL; END; END $$"),
    attack("take back to a savepoint", "keep what came before the refusal", "SAVEPOINT s", PAY_MYSELF, "ROLLBACK TO s"),
    attack("defer the constraints", "be wrong until the end", "SET CONSTRAINTS ALL DEFERRED", PAY_MYSELF),
    attack("COPY entries in", "rows without INSERT", ("COPY ledger.entry (balance_id, seq, amount, balance_after, booked_at, journal_id) FROM STDIN", ":main\t999\t500\t500\t2026-01-01\t:grant\n")),
    attack("COPY balances in", "rows without INSERT", ("COPY ledger.balance (balance_id, community_id, posted) FROM STDIN", ":spare\t:community\t500\n")),
    attack("COPY with frozen rows", "rows that every snapshot sees", ("COPY ledger.hold (trade_id) FROM STDIN (FREEZE)", ":fresh\n"), also="55000 0A000"),
    attack("COPY from a program", "run something on the server", "COPY ledger.entry FROM PROGRAM 'true'"),
    attack("COPY to a program", "take the books out and run something", "COPY ledger.hold TO PROGRAM 'cat > /dev/null'"),
    attack("COPY to a file", "leave the books on the server's disk", "COPY ledger.balance TO '/dev/null'"),
    attack("lock a table", "stand in everybody's way", "LOCK TABLE ledger.balance IN ACCESS EXCLUSIVE MODE"),
    attack("lock rows", "stand in everybody's way", "SELECT * FROM ledger.balance FOR UPDATE"),
    attack("write through a public view", "the views are the face", "UPDATE ledger.entries SET amount = 1 WHERE account_id = :gift"),
    attack("delete through a public view", "the views are the face", "DELETE FROM ledger.holds"),
    attack("a view of my own over the table", "write through it", "CREATE TEMP VIEW mine AS SELECT * FROM ledger.balance", "UPDATE mine SET posted = posted + 500 WHERE balance_id = :main"),
)  # fmt: skip
