-- The guards again, for more functions and more tables. Run as ledger_owner.

SET LOCAL ROLE ledger_owner;

-- As in 0001_guards.sql, with the names of all functions that write. One string instead of an array: a comma cannot be
-- part of a name in a call stack but between quotes, and a quote is refused anyway.
CREATE OR REPLACE FUNCTION ledger.refuse_outside() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_stack text;
    v_outer text;
BEGIN
    GET DIAGNOSTICS v_stack = PG_CONTEXT;
    v_outer := split_part(v_stack, E'\n', -1);
    IF current_user <> 'ledger_writer' OR strpos(v_outer, '"') > 0 OR strpos(v_outer, '''') > 0
        OR strpos('abcdefghijklmnopqrstuvwxyz0123456789_.', right(split_part(v_outer, 'ledger.', 1), 1)) > 0
        OR strpos(',hold_credits,release_hold,grant_credits,capture_hold,refund_hold,extend_hold,grant_many,expire_hold,'
            'expire_holds,release_across,open_community,open_member,close_member,reopen_member,set_credit_line,'
            'set_ceiling,fund_protection,pay_protection,open_clearing,name_payee,seal_step,stop_postings,resume_postings,',
            ',' || split_part(split_part(v_outer, 'ledger.', 2), '(', 1) || ',') = 0
    THEN
        RAISE EXCEPTION 'ledger.% changes only through the functions of the ledger: % is refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'LX009', HINT =
            'Call the function as a statement of its own, with log_parameter_max_length_on_error = 0.';
    END IF;
    RETURN NULL;
END
$$;

-- Puts the guards on a table: `p_level` STATEMENT for a partitioned one (its partitions have their own), ROW for any
-- other. `p_is_final`: its rows never change either. ENABLE ALWAYS, as in 0001_guards.sql.
CREATE FUNCTION ledger.guard_table(p_table regclass, p_is_final boolean, p_level text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_guards text[] := ARRAY['refuse_outside BEFORE INSERT OR UPDATE', 'refuse_removal BEFORE DELETE OR TRUNCATE'];
    v_guard  text;
BEGIN
    IF p_level = 'ROW' THEN
        v_guards := v_guards || 'refuse_row_removal BEFORE DELETE'::text;
    END IF;
    IF p_is_final THEN
        v_guards := v_guards || 'refuse_update BEFORE UPDATE'::text;
        IF p_level = 'ROW' THEN
            v_guards := v_guards || 'refuse_row_update BEFORE UPDATE'::text;
        END IF;
    END IF;
    FOREACH v_guard IN ARRAY v_guards LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER %s ON %s FOR EACH %s EXECUTE FUNCTION ledger.%I()', v_guard, p_table,
            CASE WHEN v_guard LIKE '%\_row\_%' THEN 'ROW' ELSE 'STATEMENT' END,
            CASE WHEN v_guard LIKE '%outside%' THEN 'refuse_outside' ELSE 'refuse_change' END);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', p_table, split_part(v_guard, ' ', 1));
    END LOOP;
END
$$;

SELECT ledger.guard_table('ledger.community', false, 'ROW');
SELECT ledger.guard_table('ledger.sealing', false, 'ROW');
SELECT ledger.guard_table('ledger.audit', true, 'ROW');

RESET ROLE;
