"""Every test runs against real PostgreSQL and Redis, as the application's role (see tests/servers.py).

How it fits into pytest: Django reads its settings from the environment, so the addresses must be there before Django
is set up. They are known before the servers run (paths and passwords are chosen here), so `pytest_configure` below sets
them, and pytest-django, whose own hook runs last, finds Django configured. The servers themselves start when the first
test asks for the database, or at once in the controller of a parallel run, which tells its workers the path.

- `db` (pytest-django): a transaction that is rolled back. The usual choice.
- `committed_db`: really commits, for races, the worker, and other processes. Nothing is cleaned up, because the
  application's role may not TRUNCATE: make a community of your own and look only at it.
- `database`, `empty_database`: one that nobody else uses, for other processes and for tests that change the schema.
- `servers`: addresses of any role, and `scratch_database()`, which the two are made with.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers import RunningServers, Servers

RUNNING = pytest.StashKey[RunningServers]()
SERVERS = pytest.StashKey[Servers]()
# How much a test does, not how the application is set up.
KEPT = {"LOCALEX_MACHINE"}


def _is_controller_of_workers(config: pytest.Config) -> bool:
    return bool(config.getoption("numprocesses", None)) and not hasattr(config, "workerinput")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the addresses of this process, before Django reads them."""
    if os.environ.get("DJANGO_SETTINGS_MODULE"):
        # pytest-django has then read the settings before this, and the tests would meet the database that they name.
        raise pytest.UsageError("Unset DJANGO_SETTINGS_MODULE: the tests bring their own database and settings.")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell takes SIGINT from what it runs in the background. Children would inherit that, and PostgreSQL, which
        # is stopped by it, would not hear it before it has set itself up.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    worker_input: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker_input is not None:
        servers = Servers(root=Path(worker_input["localex_root"]), worker=worker_input["workerid"])
    else:
        running = config.stash[RUNNING] = RunningServers()
        servers = Servers(root=running.root)
        if _is_controller_of_workers(config):
            # It runs no test itself, and its workers inherit its environment: leave that alone.
            running.start()
            return
    config.stash[SERVERS] = servers
    for name in [name for name in os.environ if name.startswith(("LOCALEX_", "PG")) or name == "EMAIL_URL"]:
        if name not in KEPT:
            del os.environ[name]
    os.environ.update(servers.environment())
    # WhiteNoise warns about a missing folder, and warnings are errors.
    Path(os.environ["LOCALEX_DATA_DIR"], "static").mkdir(parents=True, exist_ok=True)
    import django
    from django.conf import settings

    django.setup()
    # Pages name their style sheets as they are: nothing is collected, except once in web/test_static.py.
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where the servers are."""
    node.workerinput["localex_root"] = str(node.config.stash[RUNNING].root)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Let go of the connections, then stop the servers."""
    if SERVERS in config.stash:
        from django.db import connections

        for connection in connections.all(initialized_only=True):
            connection.close()
            connection.close_pool()  # type: ignore[attr-defined]
    if RUNNING in config.stash:
        config.stash[RUNNING].stop()


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Servers:
    """The running servers, with this process's own database."""
    if RUNNING in request.config.stash:
        request.config.stash[RUNNING].start()
    found = request.config.stash[SERVERS]
    found.clone(found.database)
    return found


@pytest.fixture
def database(servers: Servers) -> Iterator[str]:
    """The name of a migrated database that nobody else uses."""
    with servers.scratch_database() as name:
        yield name


@pytest.fixture
def empty_database(servers: Servers) -> Iterator[str]:
    """The name of a database without any table."""
    with servers.scratch_database(migrated=False) as name:
        yield name


@pytest.fixture(scope="session")
def django_db_setup(servers: Servers) -> None:
    """Instead of pytest-django's own: the database is a clone, and Django may not make one."""


@pytest.fixture
def committed_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Access to the database without a transaction around the test; what it commits stays, but out of the way.

    Jobs go, because a later test that runs the worker until it is idle would do this one's work; communities close,
    because visitors are shown an open one.
    """
    from django.db import connections

    from localex.communities.models import Community
    from localex.jobs.models import Job

    with django_db_blocker.unblock():
        yield
        Job.objects.all().delete()
        Community.objects.update(is_open=False)
        for connection in connections.all(initialized_only=True):
            connection.close()
