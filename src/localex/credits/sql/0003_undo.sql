-- The way back to 0001. Run by the migrating role.
--
-- Every posting is kept, and so are the tables that the release before does not know: audit, bonuses, stops. What it
-- would get wrong stops the way back. After this file the migration runs the files of 0001 for guards, functions and views.

SET LOCAL ROLE ledger_owner;

DO $$
BEGIN
    IF EXISTS (SELECT FROM ledger.account WHERE kind = 'clearing') THEN
        RAISE EXCEPTION 'the ledger has clearing accounts, which the release before cannot hold; it stays as it is';
    ELSIF EXISTS (SELECT FROM ledger.hold WHERE state = 'held' AND buyer_fee + seller_fee > 0) THEN
        RAISE EXCEPTION 'fees are held, which the release before would pay to the sellers; the ledger stays as it is';
    ELSIF EXISTS (SELECT FROM ledger.community WHERE stopped_at IS NOT NULL) THEN
        RAISE EXCEPTION 'postings are stopped, which the release before does not know; the ledger stays as it is';
    END IF;
END
$$;

DROP VIEW ledger.communities, ledger.audits, ledger.bonuses, ledger.journals, ledger.entries, ledger.holds, ledger.totals,
    ledger.accounts, ledger.broken_i1, ledger.broken_i2, ledger.broken_i3, ledger.broken_i4, ledger.broken_i5,
    ledger.broken_i6;

-- The first partitions become the tables again, with the rows of the others.
DO $$
DECLARE
    v_table text;
    v_part  record;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['journal', 'entry'] LOOP
        EXECUTE format('ALTER TABLE ledger.%I DETACH PARTITION ledger.%I', v_table, v_table || '_first');
        EXECUTE format('ALTER TABLE ledger.%I DISABLE TRIGGER USER', v_table || '_first');
        FOR v_part IN
            SELECT conname FROM pg_constraint
            WHERE conrelid = format('ledger.%I', v_table || '_first')::regclass AND conname LIKE 'ends\_%'
        LOOP
            EXECUTE format('ALTER TABLE ledger.%I DROP CONSTRAINT %I', v_table || '_first', v_part.conname);
        END LOOP;
        EXECUTE format('INSERT INTO ledger.%I SELECT * FROM ledger.%I', v_table || '_first', v_table);
        EXECUTE format('DROP TABLE ledger.%I', v_table);
        EXECUTE format('ALTER TABLE ledger.%I RENAME TO %I', v_table || '_first', v_table);
        EXECUTE format('ALTER TABLE ledger.%I ENABLE ALWAYS TRIGGER refuse_outside, ENABLE ALWAYS TRIGGER refuse_removal, '
                       'ENABLE ALWAYS TRIGGER refuse_row_removal, ENABLE ALWAYS TRIGGER refuse_update, '
                       'ENABLE ALWAYS TRIGGER refuse_row_update', v_table);
    END LOOP;
END
$$;
REVOKE UPDATE (floor, ceiling) ON ledger.balance FROM ledger_writer;
REVOKE UPDATE (payee) ON ledger.hold FROM ledger_writer;
RESET ROLE;

DO $$
DECLARE
    v_function record;
BEGIN
    FOR v_function IN
        SELECT oid::regprocedure AS name FROM pg_proc
        WHERE pronamespace = 'ledger'::regnamespace AND proname NOT IN ('clock', 'refuse_change', 'refuse_outside')
    LOOP
        EXECUTE format('DROP FUNCTION %s', v_function.name);
    END LOOP;
END
$$;
DROP TYPE ledger.request;
