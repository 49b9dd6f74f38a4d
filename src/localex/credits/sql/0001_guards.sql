-- What nobody may do, whoever they are. Run as ledger_owner.
--
-- Privileges already stop the application. These triggers stop the roles that privileges do not: the functions' owner
-- with a statement of its own, and the tables' owner or a superuser by mistake. ENABLE ALWAYS keeps them awake when
-- session_replication_role is 'replica'. SQLSTATE LX009 is theirs alone.

SET LOCAL ROLE ledger_owner;

CREATE FUNCTION ledger.refuse_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'ledger.% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'LX009', HINT = 'A wrong posting is put right by a second posting.';
END
$$;

-- Lets a statement through only when it runs inside one of the ledger's functions.
--
-- Being ledger_writer is not enough, for that role could be taken by whoever administers roles, and a session variable
-- could be set by anybody. What cannot be forged is the call stack that PostgreSQL itself reports: its last line is the
-- outermost call. It must be a function that only this schema's owner can make, and hold no quote, because everything
-- that a caller can smuggle into a stack (statement texts, parameters, names chosen for the purpose) ends in one.
-- So the functions must be called by a plain statement, not from a DO block or another function.
CREATE FUNCTION ledger.refuse_outside() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_stack text;
    v_outer text;
BEGIN
    GET DIAGNOSTICS v_stack = PG_CONTEXT;
    v_outer := split_part(v_stack, E'\n', -1);
    -- One expression of plain string functions: this runs three times a posting. A regular expression would cost a tenth
    -- of the posting rate.
    IF current_user <> 'ledger_writer' OR strpos(v_outer, '"') > 0 OR strpos(v_outer, '''') > 0
        OR strpos('abcdefghijklmnopqrstuvwxyz0123456789_.', right(split_part(v_outer, 'ledger.', 1), 1)) > 0
        OR split_part(split_part(v_outer, 'ledger.', 2), '(', 1) <> ALL (
            '{open_community,open_member,close_member,grant_credits,hold_credits,extend_hold,release_hold,'
            'refund_hold}'::text[])
    THEN
        RAISE EXCEPTION 'ledger.% changes only through the functions of the ledger: % is refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'LX009', HINT =
            'Call the function as a statement of its own, with log_parameter_max_length_on_error = 0.';
    END IF;
    RETURN NULL;
END
$$;

DO $guards$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['account', 'balance', 'journal', 'entry', 'hold'] LOOP
        EXECUTE format('CREATE TRIGGER refuse_outside BEFORE INSERT OR UPDATE ON ledger.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_outside()', v_table);
        EXECUTE format('CREATE TRIGGER refuse_removal BEFORE DELETE OR TRUNCATE ON ledger.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()', v_table);
        EXECUTE format('CREATE TRIGGER refuse_row_removal BEFORE DELETE ON ledger.%I '
                       'FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change()', v_table);
        EXECUTE format('ALTER TABLE ledger.%I ENABLE ALWAYS TRIGGER refuse_outside, '
                       'ENABLE ALWAYS TRIGGER refuse_removal, ENABLE ALWAYS TRIGGER refuse_row_removal', v_table);
    END LOOP;
    -- Nothing ever updates these, not even the posting function. Row-level as well, because partitions (one day) get
    -- copies of row triggers only.
    FOREACH v_table IN ARRAY ARRAY['account', 'journal', 'entry'] LOOP
        EXECUTE format('CREATE TRIGGER refuse_update BEFORE UPDATE ON ledger.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()', v_table);
        EXECUTE format('CREATE TRIGGER refuse_row_update BEFORE UPDATE ON ledger.%I '
                       'FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change()', v_table);
        EXECUTE format('ALTER TABLE ledger.%I ENABLE ALWAYS TRIGGER refuse_update, '
                       'ENABLE ALWAYS TRIGGER refuse_row_update', v_table);
    END LOOP;
END
$guards$;

RESET ROLE;
