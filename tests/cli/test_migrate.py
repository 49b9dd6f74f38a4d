"""`localex migrate` on real databases."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from localex.embedded import roles
from localex.embedded.errors import ExitCode
from localex.embedded.fingerprints import schema_fingerprint
from localex.embedded.schema_state import read_schema_state
from tests.cli.conftest import Run
from tests.servers import Servers


def count_migrations(servers: Servers, database: str) -> int:
    """How many migrations the database says it has."""
    with servers.connect(roles.OWNER, database) as owner:
        row = owner.execute("SELECT count(*) FROM django_migrations").fetchone()
    assert row is not None
    return int(row[0])


def test_from_empty_to_complete(localex: Run, empty_database: str, servers: Servers) -> None:
    planned = localex(empty_database, "migrate", "--plan")
    assert planned.returncode == 0, planned.stderr
    assert "migrations would run" in planned.stdout
    with servers.connect(roles.OWNER, empty_database) as owner:
        assert owner.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,)
        assert read_schema_state(owner) == {}

    done = localex(empty_database, "migrate")
    assert done.returncode == 0, done.stderr
    assert f"Ran {count_migrations(servers, empty_database)} migrations." in done.stdout
    with servers.connect(roles.APP, empty_database) as app:
        assert read_schema_state(app)["fingerprint"] == schema_fingerprint()
        app.execute("SELECT count(*) FROM members_user")

    for words in (("migrate",), ("migrate", "--plan")):
        assert "The database is up to date." in localex(empty_database, *words).stdout


def test_the_plan_says_what_it_does_to_what_is_there(localex: Run, database: str, servers: Servers) -> None:
    with servers.connect(roles.OWNER, database) as owner:
        owner.execute("DROP TABLE notifications_mail, notifications_notice CASCADE")
        owner.execute("DELETE FROM django_migrations WHERE app = 'notifications'")
        owner.execute("ANALYZE members_member")
    planned = localex(database, "migrate", "--plan")
    assert planned.returncode == 0, planned.stderr
    (row,) = [line for line in planned.stdout.splitlines() if "0001_initial" in line]
    assert "notifications" in row
    assert "makes a table" in row
    assert "members_member (about 0 rows): writing waits" in planned.stdout  # it gets a foreign key that points to it


def test_an_empty_database_where_there_was_one(localex: Run, servers: Servers, tmp_path: Path) -> None:
    with servers.scratch_database(migrated=False) as first, servers.scratch_database(migrated=False) as second:
        home = {"LOCALEX_DATA_DIR": str(tmp_path)}
        assert localex(first, "migrate", **home).returncode == 0
        for words in (("migrate",), ("migrate", "--plan")):
            refused = localex(second, *words, **home)
            assert refused.returncode == ExitCode.DAMAGED
            assert "The database is empty, but the installation in" in refused.stderr
            assert "localex migrate --new" in refused.stderr
        with servers.connect(roles.OWNER, second) as owner:
            assert owner.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,)
        assert localex(first, "migrate", **home).returncode == 0
        done = localex(second, "migrate", "--new", **home)
        assert done.returncode == 0, done.stderr


def test_a_statement_that_takes_too_long_ends(localex: Run, database: str, servers: Servers) -> None:
    with servers.connect(roles.OWNER, database) as owner:
        # The table that lists the migrations becomes slow to write.
        owner.execute(
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(30); RETURN NEW; END'"
        )
        owner.execute("DROP TABLE notifications_mail, notifications_notice CASCADE")
        owner.execute("DELETE FROM django_migrations WHERE app = 'notifications'")
        owner.execute("CREATE TRIGGER slow BEFORE INSERT ON django_migrations EXECUTE FUNCTION slow()")
    done = localex(database, "migrate", LOCALEX_MIGRATION_TIMEOUT_S="1")
    assert done.returncode == ExitCode.MIGRATION_FAILED
    assert "took longer than LOCALEX_MIGRATION_TIMEOUT_S allows and was rolled back" in done.stderr


def test_two_at_once_run_each_migration_once(localex: Run, empty_database: str) -> None:
    with ThreadPoolExecutor() as threads:
        both = list(threads.map(lambda _: localex(empty_database, "migrate"), range(2)))
    assert [done.returncode for done in both] == [0, 0], [done.stderr for done in both]
    assert sorted("up to date" in done.stdout for done in both) == [False, True]


def test_a_newer_schema_is_refused_and_left_alone(localex: Run, database: str, servers: Servers) -> None:
    with servers.connect(roles.OWNER, database) as owner:
        owner.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('credits', '9999_later', now())")
    before = count_migrations(servers, database)
    for words in (("migrate",), ("migrate", "--plan")):
        done = localex(database, *words)
        assert done.returncode == ExitCode.NEWER_VERSION
        assert "made by a newer LocalEx: it has credits.9999_later" in done.stderr
        assert "Traceback" not in done.stderr
    assert count_migrations(servers, database) == before


def test_a_database_that_is_not_there(localex: Run, servers: Servers) -> None:
    done = localex("nowhere", "migrate")
    assert done.returncode == ExitCode.PART_FAILED
    assert 'database "nowhere" does not exist' in done.stderr
    assert servers.cluster.secrets.read("owner_password") not in done.stderr


def test_a_failed_migration_says_why(localex: Run, empty_database: str, servers: Servers) -> None:
    with servers.connect(roles.OWNER, empty_database) as owner:
        owner.execute("CREATE TABLE members_user (id int)")
    done = localex(empty_database, "migrate")
    assert done.returncode == ExitCode.MIGRATION_FAILED
    assert 'relation "members_user" already exists' in done.stderr
    assert "run `localex migrate` again" in done.stderr


def test_a_wrong_setting_is_named(localex: Run, database: str) -> None:
    done = localex(database, "migrate", LOCALEX_STAFF_PATH="no/slashes")
    assert done.returncode == ExitCode.SETTINGS
    assert "LOCALEX_STAFF_PATH is wrong" in done.stderr
    assert "no/slashes" not in done.stderr
