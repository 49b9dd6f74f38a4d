-- Journal and entry become partitioned by time. Run as ledger_owner.
--
-- No row is rewritten or read: the old table becomes the one partition there is, from MINVALUE to MAXVALUE, which its NOT
-- NULL proves. Statement triggers fire on the table that a statement names, so the parent has its own; row triggers are
-- the partitions'. The first partition's key keeps the name journal_pkey, by which the release before knows a collision.

SET LOCAL ROLE ledger_owner;

-- All locks at once, views included, and never waiting for one while holding another for longer than requests can bear:
-- a reader that has one of these tables and wants the next would wait for this transaction, which waits for the reader.
-- Whoever takes the locks one by one, as the statements below would, makes some request fail with a deadlock.
DO $locks$
DECLARE
    v_usual constant text := current_setting('lock_timeout');
BEGIN
    FOR v_try IN 1 .. 300 LOOP
        BEGIN
            PERFORM set_config('lock_timeout', '100ms', true);
            LOCK TABLE ledger.accounts, ledger.journals, ledger.entries, ledger.holds, ledger.totals, ledger.broken_i1,
                ledger.broken_i2, ledger.broken_i3, ledger.broken_i4, ledger.broken_i5, ledger.broken_i6
                IN ACCESS EXCLUSIVE MODE;
            EXIT;
        EXCEPTION WHEN lock_not_available THEN  -- what it had is given back, and everybody goes on
            IF v_try = 300 THEN
                RAISE;
            END IF;
            PERFORM pg_sleep(0.05 + random() / 10);
        END;
    END LOOP;
    PERFORM set_config('lock_timeout', v_usual, true);
END
$locks$;

-- Within this transaction another table takes the name, so nobody ever misses it.
-- squawk-ignore renaming-table
ALTER TABLE ledger.journal RENAME TO journal_first;
CREATE TABLE ledger.journal (
    LIKE ledger.journal_first, CONSTRAINT journal_key PRIMARY KEY (journal_id)
) PARTITION BY RANGE (journal_id);
ALTER TABLE ledger.journal ATTACH PARTITION ledger.journal_first FOR VALUES FROM (MINVALUE) TO (MAXVALUE);

-- squawk-ignore renaming-table
ALTER TABLE ledger.entry RENAME TO entry_first;
CREATE TABLE ledger.entry (LIKE ledger.entry_first INCLUDING CONSTRAINTS) PARTITION BY RANGE (booked_at);
ALTER TABLE ledger.entry ATTACH PARTITION ledger.entry_first FOR VALUES FROM (MINVALUE) TO (MAXVALUE);

SELECT ledger.guard_table('ledger.journal', true, 'STATEMENT');
SELECT ledger.guard_table('ledger.entry', true, 'STATEMENT');
REVOKE ALL ON ledger.journal_first, ledger.entry_first FROM ledger_writer;
GRANT SELECT, INSERT ON ledger.journal, ledger.entry TO ledger_writer;

-- What was opened after 0003_tables.sql looked for communities. The locks above have let every transaction of before finish.
SET LOCAL ROLE ledger_writer;
SELECT ledger.open_community(a.community_id)
FROM ledger.account a
WHERE a.account_id >= 4611686018427387904 AND a.kind = 'issuer' AND a.owner IS NULL
    AND NOT EXISTS (SELECT FROM ledger.community c WHERE c.community_id = a.community_id);
SET LOCAL ROLE ledger_owner;

-- What was given while 0003_tables.sql looked for starter grants: accounts that changed lately, each by its key.
INSERT INTO ledger.bonus (community_id, owner, kind, about, journal_id)
SELECT a.community_id, a.owner, j.kind, a.owner, j.journal_id
FROM ledger.balance b
JOIN ledger.account a ON a.account_id = b.balance_id AND a.kind = 'gift'
JOIN ledger.entry e ON e.balance_id = b.balance_id AND e.booked_at >= now() - interval '1 hour'
JOIN ledger.journal j ON j.journal_id = e.journal_id AND j.kind = 'starter_grant'
WHERE b.last_at >= now() - interval '1 hour'
ORDER BY e.booked_at
ON CONFLICT DO NOTHING;
SELECT ledger.guard_table('ledger.bonus', true, 'ROW');

RESET ROLE;
