-- How the schema `ledger` is built: one line a row, 'what: how it is'. See catalogue.py.
--
-- Partitions are all alike, whatever their number and names, and the mark at which the
-- next one will be cut off (`ends_...`) comes and goes. A function's text counts without its line breaks, because the
-- clock that `rehearsal` puts back has others.
--
-- Roles belong to the whole server, and two of them have another name on each installation. `the application` is who
-- signs in, is a member of ledger_app and keeps the runs of checks: the oldest, should there be several. Left out of the
-- members are superusers, the database's owner (who migrates; what it is a member of depends on who made the roles), who
-- cannot connect to this database, and of the owner's own members those who may create roles: a hosted server's people.
WITH RECURSIVE base AS (
    SELECT oid, datdba FROM pg_catalog.pg_database WHERE datname = current_database()
), ours AS (
    SELECT oid, rolname FROM pg_catalog.pg_roles WHERE rolname IN ('ledger_owner', 'ledger_writer', 'ledger_app', 'ledger_auditor')
), below (role, member) AS (
    SELECT m.roleid, m.member FROM pg_catalog.pg_auth_members m WHERE m.roleid IN (SELECT oid FROM ours UNION SELECT datdba FROM base)
    UNION SELECT b.role, m.member FROM below b JOIN pg_catalog.pg_auth_members m ON m.roleid = b.member, base WHERE b.member <> datdba
), application AS (
    SELECT r.* FROM below b JOIN pg_catalog.pg_roles r ON r.oid = b.member, base
    WHERE b.role = (SELECT oid FROM ours WHERE rolname = 'ledger_app') AND rolcanlogin AND r.oid <> datdba
      AND has_database_privilege(r.oid, base.oid, 'CONNECT')
      AND has_table_privilege(r.oid, to_regclass('public.credits_checkrun'), 'INSERT') IS NOT FALSE
    ORDER BY r.oid LIMIT 1
), above (role) AS (
    SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN application a ON a.oid = m.member
    UNION SELECT m.roleid FROM above JOIN pg_catalog.pg_auth_members m ON m.member = above.role
), called (role, name) AS (
    SELECT r.oid, CASE WHEN r.oid = a.oid THEN 'the application' WHEN r.oid = datdba THEN 'the database''s owner' ELSE r.rolname END
    FROM base CROSS JOIN pg_catalog.pg_roles r LEFT JOIN application a ON true
), relation AS (
    SELECT c.*, CASE WHEN c.relispartition THEN 'partition of ' || i.inhparent::regclass
                            ELSE 'ledger.' || c.relname END AS name
    FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid
    WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind NOT IN ('i', 'I', 'c')
), kind (letter, word) AS (
    VALUES ('r', 'table'), ('p', 'partitioned table'), ('v', 'view'), ('S', 'sequence'), ('m', 'materialised view'),
           ('f', 'foreign table')
), right_of (what, acl) AS (
    SELECT 'schema ledger', nspacl FROM pg_catalog.pg_namespace WHERE nspname = 'ledger'
    UNION ALL SELECT name, relacl FROM relation
    UNION ALL SELECT p.oid::regprocedure::text, coalesce(proacl, acldefault('f', proowner)) FROM pg_catalog.pg_proc p
        WHERE pronamespace = 'ledger'::regnamespace
    UNION ALL SELECT format('%s.%I', r.name, attname), attacl FROM pg_catalog.pg_attribute a JOIN relation r ON r.oid = attrelid
        WHERE attacl IS NOT NULL
)
SELECT format('schema ledger: owner %s', nspowner::regrole) FROM pg_catalog.pg_namespace WHERE nspname = 'ledger'
UNION SELECT format('right on %s: %s may %s', what, CASE grantee WHEN 0 THEN 'everybody' ELSE grantee::regrole::text END,
    string_agg(DISTINCT lower(privilege_type) || CASE WHEN is_grantable THEN ' and pass it on' ELSE '' END, ', '))
    FROM right_of, aclexplode(acl) GROUP BY what, grantee
UNION SELECT format('%s %s: owner %s%s%s%s %s', word, name, relowner::regrole,
    CASE relpersistence WHEN 'p' THEN '' ELSE ', not kept in a crash' END,
    CASE WHEN relrowsecurity OR relforcerowsecurity THEN ', row security' ELSE '' END,
    CASE WHEN relkind <> 'v' AND relhasrules THEN ', rules' ELSE '' END,
    CASE WHEN relkind = 'v' THEN md5(pg_get_viewdef(oid)) ELSE reloptions::text END)
    FROM relation JOIN kind ON letter = relkind
UNION SELECT format('right on what is to come of %s%s: %s %s', defaclrole::regrole,
    CASE WHEN defaclnamespace = 0 THEN '' ELSE ' in ' || defaclnamespace::regnamespace END, defaclobjtype, defaclacl)
    FROM pg_catalog.pg_default_acl
    WHERE defaclnamespace = 'ledger'::regnamespace OR defaclrole::regrole::text LIKE 'ledger\_%'
UNION SELECT format('column %s.%I: %s%s %s', name, attname, format_type(atttypid, atttypmod),
    CASE WHEN attnotnull THEN ' not null' ELSE '' END, concat(attidentity, attgenerated, pg_get_expr(adbin, adrelid)))
    FROM pg_catalog.pg_attribute a JOIN relation r ON r.oid = attrelid LEFT JOIN pg_catalog.pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attnum > 0 AND NOT attisdropped AND relkind <> 'S'
UNION SELECT format('constraint on %s: %s%s', name, CASE WHEN relispartition THEN '' ELSE conname || ' ' END,
    pg_get_constraintdef(k.oid)) FROM pg_catalog.pg_constraint k JOIN relation r ON r.oid = conrelid WHERE contype <> 'n'
    AND conname !~ '^ends_'
UNION SELECT format('index on %s: %s', name, split_part(pg_get_indexdef(indexrelid), ' USING ', 2))
    FROM pg_catalog.pg_index JOIN relation r ON r.oid = indrelid
UNION SELECT format('trigger %s on %s: %s %s %s', tgname, name, CASE tgenabled WHEN 'A' THEN 'always' WHEN 'D' THEN 'switched off'
    WHEN 'O' THEN 'not for replicas' ELSE 'for replicas only' END, tgtype, tgfoid::regproc)
    FROM pg_catalog.pg_trigger t JOIN relation r ON r.oid = tgrelid WHERE NOT tgisinternal
UNION SELECT format('rule on %s: %s', name, rulename) FROM pg_catalog.pg_rewrite JOIN relation r ON r.oid = ev_class
    WHERE rulename <> '_RETURN'
UNION SELECT format('policy on %s: %s', name, polname) FROM pg_catalog.pg_policy JOIN relation r ON r.oid = polrelid
UNION SELECT format('child of %s: %s', inhparent::regclass, inhrelid::regclass) FROM pg_catalog.pg_inherits
    JOIN pg_catalog.pg_class c ON c.oid = inhrelid JOIN relation r ON r.oid = inhparent WHERE NOT c.relispartition
UNION SELECT format('function %s: %s, owner %s, %s%s%s %s %s', p.oid::regprocedure, pg_get_function_result(p.oid), proowner::regrole,
    lanname, concat(CASE WHEN prosecdef THEN ', security definer' END, CASE WHEN proleakproof THEN ', leakproof' END), CASE WHEN proisstrict THEN ', strict' ELSE '' END,
    concat(provolatile, proparallel, proconfig::text), md5(btrim(regexp_replace(prosrc, '\s+', ' ', 'g'))))
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = prolang WHERE pronamespace = 'ledger'::regnamespace
UNION SELECT format('type ledger.%I: owner %s %s', typname, typowner::regrole, coalesce(
    (SELECT string_agg(enumlabel, ' ' ORDER BY enumsortorder) FROM pg_catalog.pg_enum WHERE enumtypid = t.oid),
    (SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
     FROM pg_catalog.pg_attribute WHERE attrelid = typrelid AND attnum > 0)))
    FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_class c ON c.oid = typrelid
    WHERE typnamespace = 'ledger'::regnamespace AND typcategory <> 'A' AND coalesce(c.relkind, 'c') = 'c'
UNION SELECT format('role %s: %s', name, coalesce(nullif(concat_ws(', ', CASE WHEN rolsuper THEN 'a superuser' END,
    CASE WHEN rolcanlogin AND name <> 'the application' THEN 'able to sign in' END, CASE WHEN rolcreaterole THEN 'able to create roles' END,
    CASE WHEN rolcreatedb THEN 'able to create databases' END, CASE WHEN rolbypassrls THEN 'above row security' END,
    CASE WHEN rolreplication THEN 'able to replicate' END), ''), 'without power of its own'))
    FROM pg_catalog.pg_roles r JOIN called c ON c.role = r.oid
    WHERE r.oid IN (SELECT oid FROM ours UNION SELECT oid FROM application)
UNION SELECT format('member of %s: %s', of.name, who.name) FROM below b JOIN called of ON of.role = b.role
    JOIN called who ON who.role = b.member JOIN pg_catalog.pg_roles r ON r.oid = b.member, base
    WHERE r.oid <> datdba AND (r.oid IN (SELECT oid FROM ours UNION SELECT oid FROM application)
        OR NOT rolsuper AND has_database_privilege(r.oid, base.oid, 'CONNECT') AND (b.role <> datdba OR NOT rolcreaterole))
UNION SELECT format('member of %s: the application', name) FROM above JOIN called USING (role)
UNION SELECT format('right on parameter %s: %s may %s', parname, coalesce(name, 'everybody'), lower(privilege_type))
    FROM pg_catalog.pg_parameter_acl CROSS JOIN aclexplode(paracl) LEFT JOIN called ON role = grantee
    WHERE grantee = 0 OR grantee IN (SELECT oid FROM ours UNION SELECT oid FROM application UNION SELECT role FROM above)
UNION SELECT format('sequence %s: from %s by %s, %s to %s%s', name, seqstart, seqincrement, seqmin, seqmax,
    CASE WHEN seqcycle THEN ', over and over' ELSE '' END) FROM pg_catalog.pg_sequence JOIN relation r ON r.oid = seqrelid
UNION SELECT format('setting of %s: %s', coalesce(name, 'everybody'), word) FROM base, pg_catalog.pg_db_role_setting
    LEFT JOIN called ON role = setrole CROSS JOIN unnest(setconfig) word
    WHERE setdatabase IN (0, base.oid) AND word ~ '^session_replication_role=' AND (setrole IN (0, datdba)
        OR setrole IN (SELECT oid FROM ours UNION SELECT oid FROM application UNION SELECT role FROM above))
UNION SELECT format('event trigger %s: %s, %s %s', evtname, evtevent, evtfoid::regproc, evtenabled)
    FROM pg_catalog.pg_event_trigger e WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend
        WHERE classid = 'pg_event_trigger'::regclass AND objid = e.oid AND deptype = 'e')
UNION SELECT format('trigger %s on runs of checks: %s %s %s', tgname, tgenabled, tgtype, tgfoid::regproc)
    FROM pg_catalog.pg_trigger WHERE tgrelid = to_regclass('public.credits_checkrun') AND NOT tgisinternal
UNION SELECT format('rule on runs of checks: %s', rulename) FROM pg_catalog.pg_rewrite
    WHERE ev_class = to_regclass('public.credits_checkrun')
UNION SELECT format('policy on runs of checks: %s', polname) FROM pg_catalog.pg_policy
    WHERE polrelid = to_regclass('public.credits_checkrun')
ORDER BY 1
