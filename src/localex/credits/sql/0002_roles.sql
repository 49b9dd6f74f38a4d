-- The auditor owns the functions that check, so the migrating role must be able to act as it (see 0001_roles.sql).

DO $roles$
BEGIN
    FOR v_try IN 1 .. 20 LOOP
        EXIT WHEN pg_has_role(current_user, 'ledger_auditor', 'SET')
              AND pg_has_role(current_user, 'ledger_auditor', 'USAGE');
        BEGIN
            EXECUTE format('GRANT ledger_auditor TO %I WITH INHERIT TRUE, SET TRUE', current_user);
        EXCEPTION WHEN unique_violation OR internal_error THEN
            PERFORM pg_sleep(0.05);  -- "tuple concurrently updated": another migration grants the same
        END;
    END LOOP;
END
$roles$;
