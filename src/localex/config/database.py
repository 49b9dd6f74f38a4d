"""Turns a PostgreSQL address into Django's settings, with a limit on everything that can wait."""

from typing import Any

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from localex.config.environment import SettingsError

SESSION_LIMITS = "-c statement_timeout=15s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s"


def django_database(url: str, *, variable: str, pool_size: int | None) -> dict[str, Any]:
    """Django's entry for `url`; every option of a libpq address is kept.

    `pool_size` is the most connections of this process, None for a plain connection (migrations, single commands).
    Raises SettingsError naming `variable` when the address cannot be read.
    """
    try:
        parts: dict[str, Any] = conninfo_to_dict(url)
    except ProgrammingError:
        raise SettingsError(f"{variable} is wrong: it is not an address that PostgreSQL understands.") from None
    entry: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": str(parts.pop("port", "")),
        # One request is one transaction, committed before the answer leaves.
        "ATOMIC_REQUESTS": True,
        "CONN_HEALTH_CHECKS": pool_size is None,
    }
    options: dict[str, Any] = {"connect_timeout": 5, "application_name": "localex", **parts}
    options["options"] = f"{SESSION_LIMITS} {options.get('options', '')}".strip()
    if pool_size is not None:
        options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 5, "max_idle": 300}
    entry["OPTIONS"] = options
    return entry
