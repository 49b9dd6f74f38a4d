-- The four roles of the ledger. None can sign in; they say who may do what.
--
--   ledger_owner    owns the schema and its tables; only migrations act as it
--   ledger_writer   owns the functions: INSERT, and UPDATE of a balance and of a hold's end, nothing else
--   ledger_app      may call the functions and read the views; the application's sign-in role is a member
--   ledger_auditor  may read everything
--
-- Roles belong to the whole cluster, so several databases may be migrated at the same time: whoever comes second
-- finds the role, or waits for the first and then finds it.

DO $roles$
DECLARE
    v_role text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['ledger_owner', 'ledger_writer', 'ledger_app', 'ledger_auditor'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = v_role) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- another migration made it a moment ago
        END;
    END LOOP;

    -- Since PostgreSQL 16 the maker of a role may hand it out but neither act as it nor have its rights. The migrating
    -- role needs both for the two roles that own things. A superuser has them anyway.
    FOREACH v_role IN ARRAY ARRAY['ledger_owner', 'ledger_writer'] LOOP
        FOR v_try IN 1 .. 20 LOOP
            EXIT WHEN pg_has_role(current_user, v_role, 'SET') AND pg_has_role(current_user, v_role, 'USAGE');
            BEGIN
                EXECUTE format('GRANT %I TO %I WITH INHERIT TRUE, SET TRUE', v_role, current_user);
            EXCEPTION WHEN unique_violation OR internal_error THEN
                PERFORM pg_sleep(0.05);  -- "tuple concurrently updated": another migration grants the same
            END;
        END LOOP;
    END LOOP;
END
$roles$;
